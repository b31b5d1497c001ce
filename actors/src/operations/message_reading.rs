//! What there is to know of one message: itself, what stands around it, its link, and who read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::valid_message_id;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{ChatId, Message, MessageContext, Reader};

/// How many messages on each side of one are given when no number is asked for, and at most.
const NEIGHBOURS_DEFAULT: u32 = 10;
const NEIGHBOURS_MAX: u32 = 50;

/// Reads one message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetMessage {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for GetMessage {
    const DECLARATION: Declaration = Declaration::new(
        "get_message",
        "Read one message.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = Message;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for GetMessage {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.message(self.chat_id, self.message_id).await
    }
}

/// Reads a message with those before and after it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetMessageContext {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// How many messages before it: 10 if absent, at most 50.
    #[serde(default)]
    before: Option<u32>,
    /// How many messages after it: 10 if absent, at most 50.
    #[serde(default)]
    after: Option<u32>,
    /// Only messages of this forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for GetMessageContext {
    const DECLARATION: Declaration = Declaration::new(
        "get_message_context",
        "Read a message with those before and after it.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/context",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = MessageContext;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)?;
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for GetMessageContext {
    async fn run(self, call: AccountCall) -> Result<MessageContext, Error> {
        let number = |asked: Option<u32>| asked.unwrap_or(NEIGHBOURS_DEFAULT).min(NEIGHBOURS_MAX);
        let counts = (number(self.before), number(self.after));
        call.message_context(self.chat_id, self.message_id, counts, self.topic_id).await
    }
}

/// A message's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MessageLink {
    /// The `https://t.me` link. Of a private channel or supergroup only its members can use it.
    link: String,
}

/// Gives the link of a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetMessageLink {
    account_id: AccountReference,
    /// A supergroup or channel: messages of private chats and basic groups have no links.
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for GetMessageLink {
    const DECLARATION: Declaration = Declaration::new(
        "get_message_link",
        "Give the t.me link of a message of a supergroup or channel.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/link",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = MessageLink;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for GetMessageLink {
    async fn run(self, call: AccountCall) -> Result<MessageLink, Error> {
        Ok(MessageLink { link: call.message_link(self.chat_id, self.message_id).await? })
    }
}

/// Who read a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReaderList {
    /// The readers.
    items: Vec<Reader>,
    /// Always `null`: Telegram gives all of them at once.
    next_cursor: Option<String>,
}

/// Lists who has read a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetReadReceipts {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for GetReadReceipts {
    const DECLARATION: Declaration = Declaration::new(
        "get_read_receipts",
        "List who has read a message: in a private chat, or a small group, and for as long as Telegram keeps it.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/readers",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = ReaderList;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for GetReadReceipts {
    async fn run(self, call: AccountCall) -> Result<ReaderList, Error> {
        Ok(ReaderList { items: call.message_readers(self.chat_id, self.message_id).await?, next_cursor: None })
    }
}
