//! Messages: reading and marking read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::{ChatId, Message};

/// How many messages are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 50;

/// The most messages that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: u32 = 200;

/// Telegram's own limit for the text of a message, in UTF-16 code units.
const TEXT_UNITS_MAX: usize = 4_096;

/// Whether a message may have this text.
pub(super) fn check_text(text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid("text", "must not be blank"));
    }
    if text.encode_utf16().count() > TEXT_UNITS_MAX {
        return Err(Error::invalid("text", format!("must have at most {TEXT_UNITS_MAX} UTF-16 code units")));
    }
    Ok(())
}

/// Reads messages of a chat, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetMessages {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only messages older than this one.
    #[serde(default)]
    offset_id: Option<i32>,
    /// How many messages: 50 if absent, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Only messages of this forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for GetMessages {
    const DECLARATION: Declaration = Declaration::new(
        "get_messages",
        "Read messages of a chat, newest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    )
    .query_spellings(&[("offset_id", "offsetId"), ("topic_id", "topicId")]);
    type Output = Vec<Message>;

    in_chat!();
}

impl AccountOperation for GetMessages {
    async fn run(self, call: AccountCall) -> Result<Vec<Message>, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        call.history(self.chat_id, self.offset_id.unwrap_or(0), limit, self.topic_id).await
    }
}

/// Marks the messages of a chat read, up to and including one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkMessagesRead {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The newest message to mark.
    max_id: i32,
}

impl Operation for MarkMessagesRead {
    const DECLARATION: Declaration = Declaration::new(
        "mark_messages_read",
        "Mark the messages of a chat read, up to and including one.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/read",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204)
    .repetition(Repetition::Harmless);
    type Output = ();

    in_chat!();
}

impl AccountOperation for MarkMessagesRead {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mark_read(self.chat_id, self.max_id).await
    }
}
