//! Pinned messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::{LIMIT_DEFAULT, LIMIT_MAX, valid_message_id};
use crate::account::AccountCall;
use crate::error::Error;
use crate::leave_out::LeaveOut;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::{ChatId, Message, MessageKind, MessageSearch, PinOptions};

/// Pins a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinMessage {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// Whether to notify nobody.
    #[serde(default)]
    silent: bool,
    /// Whether to pin it for this account alone. In a private chat only.
    #[serde(default)]
    one_side: bool,
}

impl Operation for PinMessage {
    const DECLARATION: Declaration = Declaration::new(
        "pin_message",
        "Pin a message.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/pin",
        Access::Scope(Scope::MessagesEdit),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.one_side && self.chat_id.value() < 0 {
            return Err(Error::invalid("oneSide", "is for private chats only"));
        }
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for PinMessage {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let options = PinOptions { silent: self.silent, one_side: self.one_side };
        call.pin_message(self.chat_id, self.message_id, options).await
    }
}

/// Unpins a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnpinMessage {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for UnpinMessage {
    const DECLARATION: Declaration = Declaration::new(
        "unpin_message",
        "Unpin a message.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/pin",
        Access::Scope(Scope::MessagesEdit),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for UnpinMessage {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.unpin_message(self.chat_id, self.message_id).await
    }
}

/// Unpins all messages of a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnpinAll {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only those of this forum topic.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for UnpinAll {
    const DECLARATION: Declaration = Declaration::new(
        "unpin_all",
        "Unpin all messages of a chat.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/pins",
        Access::Scope(Scope::MessagesEdit),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for UnpinAll {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.unpin_all(self.chat_id, self.topic_id).await
    }
}

/// A page of pinned messages, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinnedPage {
    /// The messages.
    items: Vec<Message>,
    /// Where the next page begins, if there may be one.
    next_cursor: Option<String>,
}

/// Lists the pinned messages of a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListPinned {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only those of this forum topic.
    #[serde(default)]
    topic_id: Option<i32>,
    /// How many messages: 50 if absent, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListPinned {
    const DECLARATION: Declaration = Declaration::new(
        "list_pinned",
        "List the pinned messages of a chat, newest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/pins",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = PinnedPage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)
    }

    fn next_cursor(page: &PinnedPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListPinned {
    async fn run(self, call: AccountCall) -> Result<PinnedPage, Error> {
        let search = MessageSearch { kind: Some(MessageKind::Pinned), topic_id: self.topic_id, ..MessageSearch::default() };
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let page = call.search_messages(self.chat_id, &search, self.cursor.as_deref(), limit).await?;
        let next_cursor = page.next_cursor();
        Ok(PinnedPage { items: page.into_messages(), next_cursor })
    }
}

impl LeaveOut for PinnedPage {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.items.leave_out(sight)
    }
}
