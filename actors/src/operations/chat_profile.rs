//! What a group or a channel shows of itself, and what its members may do.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::{AccountCall, ChatEdit, EditedChat};
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{ChatId, PermissionChanges};

/// Telegram's own limits, in characters.
const TITLE_CHARACTERS_MAX: usize = 128;
const ABOUT_CHARACTERS_MAX: usize = 255;

/// How long slow mode can make members wait, in seconds.
const SLOW_MODES: [i32; 8] = [0, 5, 10, 30, 60, 300, 900, 3_600];

/// Changes a group or a channel. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditChat {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The title: 1 to 128 characters.
    #[serde(default)]
    title: Option<String>,
    /// The description: at most 255 characters; empty for none.
    #[serde(default)]
    about: Option<String>,
    /// How long each member of a supergroup waits between two messages: 0 (not at all), 5, 10, 30, 60, 300, 900 or 3600 seconds.
    #[serde(default)]
    slow_mode_secs: Option<i32>,
    /// Whether a supergroup has topics. Its owner decides that.
    #[serde(default)]
    is_forum: Option<bool>,
    /// What members may do. Permissions that are left out stay.
    #[serde(default)]
    permissions: Option<PermissionChanges>,
}

impl Operation for EditChat {
    const DECLARATION: Declaration = Declaration::new(
        "edit_chat",
        "Change the title, the description, slow mode, topics and the members' permissions of a group or channel, and tell what became of each.",
        Method::Patch,
        "/accounts/{accountId}/chats/{chatId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = EditedChat;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if let Some(title) = &self.title
            && (title.trim().is_empty() || title.trim().chars().count() > TITLE_CHARACTERS_MAX)
        {
            return Err(Error::invalid("title", format!("must have 1 to {TITLE_CHARACTERS_MAX} characters")));
        }
        if self.about.as_ref().is_some_and(|about| about.chars().count() > ABOUT_CHARACTERS_MAX) {
            return Err(Error::invalid("about", format!("must have at most {ABOUT_CHARACTERS_MAX} characters")));
        }
        if self.slow_mode_secs.is_some_and(|seconds| !SLOW_MODES.contains(&seconds)) {
            let rule = format!("must be one of {}", SLOW_MODES.map(|seconds| seconds.to_string()).join(", "));
            return Err(Error::invalid("slowModeSecs", rule));
        }
        if self.permissions.as_ref().is_some_and(PermissionChanges::is_empty) {
            return Err(Error::invalid("permissions", "must name at least one permission, such as sendMedia"));
        }
        let other = self.slow_mode_secs.is_some() || self.is_forum.is_some() || self.permissions.is_some();
        if self.title.is_none() && self.about.is_none() && !other {
            return Err(Error::invalid("title", "give at least one of title, about, slowModeSecs, isForum and permissions"));
        }
        Ok(())
    }
}

impl AccountOperation for EditChat {
    async fn run(self, call: AccountCall) -> Result<EditedChat, Error> {
        let edit = ChatEdit {
            title: self.title.map(|title| title.trim().to_owned()),
            about: self.about.map(|about| about.trim().to_owned()),
            slow_mode_secs: self.slow_mode_secs,
            is_forum: self.is_forum,
            permissions: self.permissions,
        };
        call.edit_chat(self.chat_id, &edit).await
    }
}
