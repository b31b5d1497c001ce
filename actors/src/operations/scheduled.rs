//! Messages that are to be sent later. `send_message` and its kin schedule them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::valid_message_id;
use crate::account::AccountCall;
use crate::error::Error;
use crate::leave_out::LeaveOut;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::{ChatId, Message};

/// The messages that wait in a chat.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledList {
    /// The messages, the next to be sent first. Their ids are for the operations on scheduled messages only.
    items: Vec<Message>,
    /// Always `null`: Telegram gives all of them at once.
    next_cursor: Option<String>,
}

/// Lists the messages that are to be sent later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListScheduled {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for ListScheduled {
    const DECLARATION: Declaration = Declaration::new(
        "list_scheduled",
        "List the messages of a chat that are to be sent later, the next one first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/scheduled",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = ScheduledList;

    in_chat!();

    leaves_out!();
}

impl AccountOperation for ListScheduled {
    async fn run(self, call: AccountCall) -> Result<ScheduledList, Error> {
        Ok(ScheduledList { items: call.scheduled_messages(self.chat_id).await?, next_cursor: None })
    }
}

/// Deletes a message that is to be sent later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteScheduled {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The message, as the list of scheduled messages names it.
    message_id: i32,
}

impl Operation for DeleteScheduled {
    const DECLARATION: Declaration = Declaration::new(
        "delete_scheduled",
        "Delete a message that is to be sent later.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/scheduled/{messageId}",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for DeleteScheduled {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_scheduled(self.chat_id, self.message_id).await
    }
}

/// Sends a message at once that was to be sent later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendScheduledNow {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The message, as the list of scheduled messages names it.
    message_id: i32,
}

impl Operation for SendScheduledNow {
    const DECLARATION: Declaration = Declaration::new(
        "send_scheduled_now",
        "Send a message at once that was to be sent later.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/scheduled/{messageId}/send",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .relays();
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for SendScheduledNow {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.send_scheduled(self.chat_id, self.message_id).await
    }
}

impl LeaveOut for ScheduledList {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.items.leave_out(sight)
    }
}
