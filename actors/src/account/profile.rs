//! What the account shows of itself, and to whom.

use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::chat_profile::{EditOutcome, EditStatus, Tally, noted};
use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{Connection, PrivacyKey, PrivacyRules, PrivacySetting};

/// What is to change.
#[derive(Default)]
pub(crate) struct ProfileEdit {
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) bio: Option<String>,
    pub(crate) username: Option<String>,
}

/// What became of each field that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditedProfile {
    /// The name: first, last, or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<EditOutcome>,
    /// The bio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<EditOutcome>,
    /// The username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<EditOutcome>,
}

impl AccountContext {
    /// Changes what the account shows of itself, field by field. What fails keeps nothing else from being done.
    ///
    /// # Errors
    /// That of the first field, when every field failed.
    pub(crate) async fn update_profile(&self, edit: &ProfileEdit) -> Result<EditedProfile, Error> {
        let mut tally = Tally::default();
        let mut edited = EditedProfile::default();
        let method = "account.updateProfile";
        if edit.first_name.is_some() || edit.last_name.is_some() {
            let (first, last) = (edit.first_name.as_deref(), edit.last_name.as_deref());
            let call = async |connection: &Connection| connection.set_name(first, last).await;
            edited.name = Some(tally.count(self.repeatable(method, call).await.map(|()| EditStatus::Changed)));
        }
        if let Some(bio) = &edit.bio {
            let call = async |connection: &Connection| connection.set_bio(bio).await;
            edited.bio = Some(tally.count(self.repeatable(method, call).await.map(|()| EditStatus::Changed)));
        }
        if let Some(username) = &edit.username {
            let call = async |connection: &Connection| noted(connection.set_username(username).await);
            edited.username = Some(tally.count(self.repeatable("account.updateUsername", call).await));
        }
        self.refresh_person().await;
        tally.outcome(edited)
    }

    /// Whom the account lets see and do things: everything there is, or one thing.
    pub(crate) async fn privacy(&self, key: Option<PrivacyKey>) -> Result<Vec<PrivacySetting>, Error> {
        let keys = key.map_or_else(|| PrivacyKey::ALL.to_vec(), |key| vec![key]);
        let all = async |connection: &Connection| try_join_all(keys.iter().map(|key| connection.privacy(*key))).await;
        self.repeatable("account.getPrivacy", all).await
    }

    /// Replaces whom the account lets see or do something.
    pub(crate) async fn set_privacy(&self, key: PrivacyKey, rules: &PrivacyRules) -> Result<PrivacySetting, Error> {
        self.repeatable("account.setPrivacy", async |connection| connection.set_privacy(key, rules).await).await
    }
}
