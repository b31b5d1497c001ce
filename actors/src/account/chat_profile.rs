//! Changes of what a group or a channel shows of itself, and of what its members may do.

use schemars::JsonSchema;
use serde::Serialize;

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, Connection, PermissionChanges, TelegramError};

/// What is to change.
#[derive(Debug, Default)]
pub(crate) struct ChatEdit {
    pub(crate) title: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) slow_mode_secs: Option<i32>,
    pub(crate) is_forum: Option<bool>,
    pub(crate) permissions: Option<PermissionChanges>,
}

/// What became of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditStatus {
    /// It is as it was asked for, and was not before.
    Changed,
    /// It was so already.
    Unchanged,
    /// It is as it was.
    Failed,
}

/// What became of one field, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditOutcome {
    /// What became of it.
    pub status: EditStatus,
    /// Why it failed: the code that a call for this field alone would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it failed, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of each field that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditedChat {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<EditOutcome>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<EditOutcome>,
    /// Slow mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_mode_secs: Option<EditOutcome>,
    /// Whether it has topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_forum: Option<EditOutcome>,
    /// What members may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<EditOutcome>,
}

impl AccountContext {
    /// Changes a group or a channel, field by field. What fails keeps nothing else from being done.
    ///
    /// # Errors
    /// That of the first field, when every field failed.
    pub(crate) async fn edit_chat(&self, chat: ChatId, edit: &ChatEdit) -> Result<EditedChat, Error> {
        let mut tally = Tally::default();
        let mut edited = EditedChat::default();
        if let Some(title) = &edit.title {
            let method = "channels.editTitle";
            let call = async |connection: &Connection| noted(connection.edit_chat_title(chat, title).await);
            edited.title = Some(tally.count(self.repeatable(method, call).await));
        }
        if let Some(about) = &edit.about {
            let method = "messages.editChatAbout";
            let call = async |connection: &Connection| noted(connection.edit_chat_about(chat, about).await);
            edited.about = Some(tally.count(self.repeatable(method, call).await));
        }
        if let Some(seconds) = edit.slow_mode_secs {
            let method = "channels.toggleSlowMode";
            let call = async |connection: &Connection| noted(connection.set_slow_mode(chat, seconds).await);
            edited.slow_mode_secs = Some(tally.count(self.repeatable(method, call).await));
        }
        if let Some(is_forum) = edit.is_forum {
            let method = "channels.toggleForum";
            let call = async |connection: &Connection| noted(connection.set_forum(chat, is_forum).await);
            edited.is_forum = Some(tally.count(self.repeatable(method, call).await));
        }
        if let Some(permissions) = &edit.permissions {
            let method = "messages.editChatDefaultBannedRights";
            let call = async |connection: &Connection| noted(connection.edit_permissions(chat, permissions).await);
            edited.permissions = Some(tally.count(self.repeatable(method, call).await));
        }
        self.chats_changed();
        tally.outcome(edited)
    }
}

/// That nothing had to change is no error here.
pub(super) fn noted(outcome: Result<(), TelegramError>) -> Result<EditStatus, TelegramError> {
    match outcome {
        Ok(()) => Ok(EditStatus::Changed),
        Err(error) if error.is_not_modified() => Ok(EditStatus::Unchanged),
        Err(error) => Err(error),
    }
}

/// Whether anything was done, and what failed first.
#[derive(Default)]
pub(super) struct Tally {
    done: bool,
    first_error: Option<Error>,
}

impl Tally {
    /// What became of all fields, unless every one failed: then why the first did.
    pub(super) fn outcome<T>(self, edited: T) -> Result<T, Error> {
        match self.first_error {
            Some(error) if !self.done => Err(error),
            _ => Ok(edited),
        }
    }

    /// Counts what became of one field.
    pub(super) fn count(&mut self, outcome: Result<EditStatus, Error>) -> EditOutcome {
        match outcome {
            Ok(status) => {
                self.done = true;
                EditOutcome { status, code: None, error: None }
            }
            Err(error) => {
                let (code, told) = (error.code().name().to_owned(), error.detail().to_owned());
                self.first_error.get_or_insert(error);
                EditOutcome { status: EditStatus::Failed, code: Some(code), error: Some(told) }
            }
        }
    }
}
