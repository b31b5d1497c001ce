//! Changing what was sent: editing and deleting messages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::check_text;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::{ChatId, Deleted, Message};

/// How many messages one call may name: what Telegram takes at once.
const MESSAGES_MAX: usize = 100;

/// Whether a call may name these messages.
pub(super) fn check_message_ids(message_ids: &[i32]) -> Result<(), Error> {
    if message_ids.is_empty() || message_ids.len() > MESSAGES_MAX {
        return Err(Error::invalid("messageIds", format!("must name 1 to {MESSAGES_MAX} messages")));
    }
    if message_ids.iter().any(|id| *id <= 0) {
        return Err(Error::invalid("messageIds", "must be positive"));
    }
    Ok(())
}

/// Replaces the text of a message that this account sent.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditMessage {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// The new text or caption: not blank, at most 4096 UTF-16 code units.
    text: String,
}

impl Operation for EditMessage {
    const DECLARATION: Declaration = Declaration::new(
        "edit_message",
        "Replace the text of a message that this account sent.",
        Method::Patch,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}",
        Access::Scope(Scope::MessagesEdit),
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        check_text(&self.text)
    }
}

impl AccountOperation for EditMessage {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.edit_message(self.chat_id, self.message_id, &self.text).await
    }
}

/// Deletes messages of a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteMessages {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Which: 1 to 100 of this chat. Those that it does not have are passed over.
    message_ids: Vec<i32>,
    /// For everybody, not for this account alone. In a supergroup or channel it is always for everybody.
    #[serde(default)]
    revoke: bool,
}

impl Operation for DeleteMessages {
    const DECLARATION: Declaration = Declaration::new(
        "delete_messages",
        "Delete messages of a chat.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/messages/delete",
        Access::Scope(Scope::MessagesDelete),
        Effect::Destructive,
    )
    .repetition(Repetition::Harmless);
    type Output = Deleted;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        check_message_ids(&self.message_ids)
    }
}

impl AccountOperation for DeleteMessages {
    async fn run(self, call: AccountCall) -> Result<Deleted, Error> {
        call.delete_messages(self.chat_id, &self.message_ids, self.revoke).await
    }
}

/// Deletes all messages of a chat, and keeps the chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteHistory {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only up to and including this message.
    #[serde(default)]
    max_id: Option<i32>,
    /// For everybody, not for this account alone.
    #[serde(default)]
    revoke: bool,
}

impl Operation for DeleteHistory {
    const DECLARATION: Declaration = Declaration::new(
        "delete_history",
        "Delete all messages of a chat, and keep the chat.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/history/delete",
        Access::Scope(Scope::MessagesDelete),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        match self.max_id {
            Some(max_id) if max_id <= 0 => Err(Error::invalid("maxId", "must be positive")),
            _ => Ok(()),
        }
    }
}

impl AccountOperation for DeleteHistory {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_history(self.chat_id, self.max_id.unwrap_or(0), self.revoke).await
    }
}
