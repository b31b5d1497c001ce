//! Leaving and deleting chats.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass};
use crate::scope::Scope;
use crate::telegram::ChatId;

/// Leaves a group or channel, or deletes a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteChat {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Whether to take it from the others too: a private chat's messages, or a group or channel that the account owns.
    #[serde(default)]
    for_everyone: bool,
}

impl Operation for DeleteChat {
    const DECLARATION: Declaration = Declaration::new(
        "delete_chat",
        "Leave a group or channel and delete it from the account's list, or delete a private chat.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}",
        Access::Scope(Scope::ChatsDelete),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for DeleteChat {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_chat(self.chat_id, self.for_everyone).await
    }
}
