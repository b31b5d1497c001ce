//! What the account shows of itself, and to whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{AccountCall, EditedProfile, ProfileEdit};
use crate::error::Error;
use crate::leave_out::LeaveOut;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::{ChatId, PrivacyAudience, PrivacyKey, PrivacyRules, PrivacySetting};

/// Telegram's own limits, in characters. The bio's is that of Telegram Premium: others have 70, which Telegram itself tells.
const NAME_CHARACTERS_MAX: usize = 64;
const BIO_CHARACTERS_MAX: usize = 140;
const USERNAME_BYTES_MAX: usize = 32;

/// The most users, and the most chats, that one rule names.
const NAMED_MAX: usize = 1_000;

/// Changes the account's name, bio and username. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateProfile {
    account_id: AccountReference,
    /// The first name: 1 to 64 characters.
    #[serde(default)]
    first_name: Option<String>,
    /// The last name: at most 64 characters; empty for none.
    #[serde(default)]
    last_name: Option<String>,
    /// What the account says of itself: at most 70 characters, 140 with Telegram Premium; empty for nothing.
    #[serde(default)]
    bio: Option<String>,
    /// The username, with or without the at sign: 4 to 32 of a-z, A-Z, 0-9 and _, the first a letter; empty for none.
    #[serde(default)]
    username: Option<String>,
}

impl Operation for UpdateProfile {
    const DECLARATION: Declaration = Declaration::new(
        "update_profile",
        "Change the account's name, bio and username, and tell what became of each.",
        Method::Patch,
        "/accounts/{accountId}/profile",
        Access::Scope(Scope::ProfileWrite),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = EditedProfile;

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        let too_long = |text: &Option<String>, most: usize| text.as_ref().is_some_and(|text| text.trim().chars().count() > most);
        if self.first_name.as_ref().is_some_and(|name| name.trim().is_empty()) || too_long(&self.first_name, NAME_CHARACTERS_MAX)
        {
            return Err(Error::invalid("firstName", format!("must have 1 to {NAME_CHARACTERS_MAX} characters")));
        }
        if too_long(&self.last_name, NAME_CHARACTERS_MAX) {
            return Err(Error::invalid("lastName", format!("must have at most {NAME_CHARACTERS_MAX} characters")));
        }
        if too_long(&self.bio, BIO_CHARACTERS_MAX) {
            return Err(Error::invalid("bio", format!("must have at most {BIO_CHARACTERS_MAX} characters")));
        }
        if self.username.as_deref().is_some_and(|username| !is_username(without_at(username))) {
            let rule = format!("must have 4 to {USERNAME_BYTES_MAX} of a-z, A-Z, 0-9 and _, the first a letter, or be empty");
            return Err(Error::invalid("username", rule));
        }
        if [&self.first_name, &self.last_name, &self.bio, &self.username].into_iter().all(Option::is_none) {
            return Err(Error::invalid("firstName", "give at least one of firstName, lastName, bio and username"));
        }
        Ok(())
    }
}

fn without_at(username: &str) -> &str {
    let username = username.trim();
    username.strip_prefix('@').unwrap_or(username)
}

/// Whether Telegram may take a text for a username; an empty one stands for none.
fn is_username(text: &str) -> bool {
    let plain = text.bytes().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == b'_');
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    text.is_empty() || (plain && begins && (4..=USERNAME_BYTES_MAX).contains(&text.len()))
}

impl AccountOperation for UpdateProfile {
    async fn run(self, call: AccountCall) -> Result<EditedProfile, Error> {
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let edit = ProfileEdit {
            first_name: trimmed(self.first_name),
            last_name: trimmed(self.last_name),
            bio: trimmed(self.bio),
            username: self.username.map(|username| without_at(&username).to_owned()),
        };
        call.update_profile(&edit).await
    }
}

/// Gives the account a photo. The body is the image.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetProfilePhoto {
    account_id: AccountReference,
}

impl Operation for SetProfilePhoto {
    const DECLARATION: Declaration = Declaration::new(
        "set_profile_photo",
        "Give the account a photo: the body is the image, JPEG or PNG, of at most 10 MiB. Earlier photos are kept behind it.",
        Method::Put,
        "/accounts/{accountId}/profile/photo",
        Access::Scope(Scope::ProfileWrite),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204)
    // Again it would be a second photo.
    .repetition(Repetition::Never)
    .takes_bytes();
    type Output = ();

    in_account!();
}

impl AccountOperation for SetProfilePhoto {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.set_own_photo().await
    }
}

/// Deletes the account's current photo.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteProfilePhoto {
    account_id: AccountReference,
}

impl Operation for DeleteProfilePhoto {
    const DECLARATION: Declaration = Declaration::new(
        "delete_profile_photo",
        "Delete the account's current photo; the one before it, if there is one, takes its place.",
        Method::Delete,
        "/accounts/{accountId}/profile/photo",
        Access::Scope(Scope::ProfileWrite),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204)
    // Again it would delete the photo before.
    .repetition(Repetition::Never);
    type Output = ();

    in_account!();
}

impl AccountOperation for DeleteProfilePhoto {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_own_photo().await
    }
}

/// Tells whom the account lets see and do things.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPrivacy {
    account_id: AccountReference,
    /// Of one thing only: of everything if absent.
    #[serde(default)]
    key: Option<PrivacyKey>,
}

/// Whom an account lets see and do things.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivacySettings {
    /// One for each thing.
    pub settings: Vec<PrivacySetting>,
}

impl Operation for GetPrivacy {
    const DECLARATION: Declaration = Declaration::new(
        "get_privacy",
        "Tell whom the account lets see and do things, such as its phone number and adding it to groups.",
        Method::Get,
        "/accounts/{accountId}/privacy",
        Access::Scope(Scope::ProfileWrite),
        Effect::Read,
    );
    type Output = PrivacySettings;

    in_account!();

    leaves_out!();
}

impl AccountOperation for GetPrivacy {
    async fn run(self, call: AccountCall) -> Result<PrivacySettings, Error> {
        Ok(PrivacySettings { settings: call.privacy(self.key).await? })
    }
}

/// Replaces whom the account lets see or do one thing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetPrivacy {
    account_id: AccountReference,
    /// What.
    key: PrivacyKey,
    /// Whom it is for.
    audience: PrivacyAudience,
    /// Users whom it is for in any case: at most 1000.
    #[serde(default)]
    allow_user_ids: Vec<i64>,
    /// Users whom it is not for in any case: at most 1000.
    #[serde(default)]
    deny_user_ids: Vec<i64>,
    /// Groups whose members it is for in any case: at most 1000.
    #[serde(default)]
    allow_chat_ids: Vec<ChatId>,
    /// Groups whose members it is not for: at most 1000.
    #[serde(default)]
    deny_chat_ids: Vec<ChatId>,
    /// Whether it is for subscribers of Telegram Premium in any case.
    #[serde(default)]
    allow_premium: bool,
    /// Whether it is for bots in any case.
    #[serde(default)]
    allow_bots: bool,
    /// Whether it is not for bots.
    #[serde(default)]
    deny_bots: bool,
    /// Whether it is not for who is in the address book.
    #[serde(default)]
    deny_contacts: bool,
}

impl Operation for SetPrivacy {
    const DECLARATION: Declaration = Declaration::new(
        "set_privacy",
        "Replace whom the account lets see or do one thing.",
        Method::Put,
        "/accounts/{accountId}/privacy",
        Access::Scope(Scope::ProfileWrite),
        Effect::Destructive,
    )
    .rate(RateClass::Account);
    type Output = PrivacySetting;

    in_account!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        let Self { allow_user_ids, deny_user_ids, allow_chat_ids, deny_chat_ids, .. } = self;
        for (field, ids) in [("allowUserIds", allow_user_ids), ("denyUserIds", deny_user_ids)] {
            if ids.len() > NAMED_MAX || ids.iter().any(|id| *id <= 0) {
                return Err(Error::invalid(field, format!("must be at most {NAMED_MAX} ids of users")));
            }
        }
        for (field, ids) in [("allowChatIds", allow_chat_ids), ("denyChatIds", deny_chat_ids)] {
            if ids.len() > NAMED_MAX || ids.iter().any(|id| id.value() > 0) {
                return Err(Error::invalid(field, format!("must be at most {NAMED_MAX} ids of groups")));
            }
        }
        if allow_user_ids.iter().any(|id| deny_user_ids.contains(id)) {
            return Err(Error::invalid("denyUserIds", "names a user whom allowUserIds names too"));
        }
        if allow_chat_ids.iter().any(|id| deny_chat_ids.contains(id)) {
            return Err(Error::invalid("denyChatIds", "names a chat that allowChatIds names too"));
        }
        if self.allow_bots && self.deny_bots {
            return Err(Error::invalid("denyBots", "contradicts allowBots"));
        }
        Ok(())
    }
}

impl AccountOperation for SetPrivacy {
    async fn run(self, call: AccountCall) -> Result<PrivacySetting, Error> {
        let rules = PrivacyRules {
            audience: self.audience,
            allow_user_ids: self.allow_user_ids,
            deny_user_ids: self.deny_user_ids,
            allow_chat_ids: self.allow_chat_ids,
            deny_chat_ids: self.deny_chat_ids,
            allow_premium: self.allow_premium,
            allow_bots: self.allow_bots,
            deny_bots: self.deny_bots,
            deny_contacts: self.deny_contacts,
        };
        call.set_privacy(self.key, &rules).await
    }
}

impl LeaveOut for PrivacySettings {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.settings.leave_out(sight)
    }
}
