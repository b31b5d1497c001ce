//! Chats: what an account takes part in.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::ChatPage;

/// How many chats are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 200;

/// The most chats that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: u32 = 500;

/// Where a list of chats comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatSource {
    /// What was read last, if it was read since the account connected; Telegram otherwise.
    #[default]
    Cache,
    /// Telegram.
    Live,
}

/// Lists an account's chats, most recent first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListChats {
    account_id: AccountReference,
    /// Where the list comes from.
    #[serde(default)]
    source: ChatSource,
    /// How many chats: 200 if absent, at most 500.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListChats {
    const DECLARATION: Declaration = Declaration::new(
        "list_chats",
        "List the chats of an account, most recent first.",
        Method::Get,
        "/accounts/{accountId}/chats",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = ChatPage;

    in_account!();

    fn next_cursor(page: &ChatPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for ListChats {
    async fn run(self, call: AccountCall) -> Result<ChatPage, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        call.chats(self.cursor.as_deref(), limit, self.source == ChatSource::Live).await
    }
}

/// Begins to read all chats in the background, so that every chat can be named afterwards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartLoadingChats {
    account_id: AccountReference,
}

impl Operation for StartLoadingChats {
    const DECLARATION: Declaration = Declaration::new(
        "start_loading_chats",
        "Begin to read all chats of an account in the background.",
        Method::Post,
        "/accounts/{accountId}/chats/load",
        Access::Scope(Scope::ChatsRead),
        Effect::Write,
    )
    .success(202)
    .repetition(Repetition::Harmless);
    type Output = ();

    in_account!();
}

impl AccountOperation for StartLoadingChats {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.start_loading_chats().await
    }
}
