//! How an account keeps its chats: archived, silent, marked unread, pinned.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::ChatId;

/// A time that never comes, as Telegram writes it.
const FOREVER: i32 = i32::MAX;

/// Moves a chat into the archive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for ArchiveChat {
    const DECLARATION: Declaration = Declaration::new(
        "archive_chat",
        "Move a chat into the archive.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/archive",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for ArchiveChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.archive_chat(self.chat_id, true).await
    }
}

/// Takes a chat out of the archive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnarchiveChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for UnarchiveChat {
    const DECLARATION: Declaration = Declaration::new(
        "unarchive_chat",
        "Take a chat out of the archive.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/archive",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for UnarchiveChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.archive_chat(self.chat_id, false).await
    }
}

/// Turns a chat's notifications off.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MuteChat {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Until when (Unix seconds): for good if absent.
    #[serde(default)]
    until: Option<i32>,
}

impl Operation for MuteChat {
    const DECLARATION: Declaration = Declaration::new(
        "mute_chat",
        "Turn a chat's notifications off.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/mute",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        match self.until {
            Some(until) if until <= 0 => Err(Error::invalid("until", "must be a time in Unix seconds")),
            _ => Ok(()),
        }
    }
}

impl AccountOperation for MuteChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mute_chat(self.chat_id, self.until.unwrap_or(FOREVER)).await
    }
}

/// Turns a chat's notifications on again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmuteChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for UnmuteChat {
    const DECLARATION: Declaration = Declaration::new(
        "unmute_chat",
        "Turn a chat's notifications on again.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/mute",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for UnmuteChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mute_chat(self.chat_id, 0).await
    }
}

/// Marks a chat unread.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkChatUnread {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for MarkChatUnread {
    const DECLARATION: Declaration = Declaration::new(
        "mark_chat_unread",
        "Mark a chat unread.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/unread",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for MarkChatUnread {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mark_chat_unread(self.chat_id, true).await
    }
}

/// Takes the unread mark from a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmarkChatUnread {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for UnmarkChatUnread {
    const DECLARATION: Declaration = Declaration::new(
        "unmark_chat_unread",
        "Take the unread mark from a chat.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/unread",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for UnmarkChatUnread {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mark_chat_unread(self.chat_id, false).await
    }
}

/// Pins a chat to the top of the list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for PinChat {
    const DECLARATION: Declaration = Declaration::new(
        "pin_chat",
        "Pin a chat to the top of the list.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/pin",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for PinChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.pin_chat(self.chat_id, true).await
    }
}

/// Unpins a chat from the top of the list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnpinChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for UnpinChat {
    const DECLARATION: Declaration = Declaration::new(
        "unpin_chat",
        "Unpin a chat from the top of the list.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/pin",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for UnpinChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.pin_chat(self.chat_id, false).await
    }
}
