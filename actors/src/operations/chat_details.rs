//! What is known of one chat.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{COMMON_MAX, ChatDetails, ChatId, ChatIdKind, ChatPage};

/// Answers all that is known of a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetChat {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for GetChat {
    const DECLARATION: Declaration = Declaration::new(
        "get_chat",
        "Get all that is known of a chat: what it is, who may do what, how the account keeps it.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = ChatDetails;

    in_chat!();

    leaves_out!();
}

impl AccountOperation for GetChat {
    async fn run(self, call: AccountCall) -> Result<ChatDetails, Error> {
        call.chat_details(self.chat_id).await
    }
}

/// Lists the groups that the account and a person are both in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListCommonChats {
    account_id: AccountReference,
    /// The person.
    chat_id: ChatId,
    /// How many: 100 if absent, and at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListCommonChats {
    const DECLARATION: Declaration = Declaration::new(
        "list_common_chats",
        "List the groups that the account and a person are both in.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/common",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = ChatPage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        match self.chat_id.kind() {
            ChatIdKind::User(_) => Ok(()),
            _ => Err(Error::invalid("chatId", "must be the id of a person")),
        }
    }

    fn next_cursor(page: &ChatPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for ListCommonChats {
    async fn run(self, call: AccountCall) -> Result<ChatPage, Error> {
        call.common_chats(self.chat_id, self.cursor.as_deref(), self.limit.unwrap_or(COMMON_MAX).clamp(1, COMMON_MAX)).await
    }
}
