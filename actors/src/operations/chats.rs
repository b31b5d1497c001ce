//! Chats: what an account takes part in.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::{AccountCall, ChatQuery};
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::{ChatFilter, ChatPage, ChatType};

/// How many chats are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 200;

/// The most chats that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: u32 = 500;

/// Where a list of chats comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatSource {
    /// What was read last, while nothing in it has changed; Telegram otherwise. Where Telegram cannot be asked, what is kept of the
    /// list: the header `Age` then says how many seconds ago it was read.
    #[default]
    Cache,
    /// Telegram.
    Live,
}

/// Lists an account's chats, most recent first, the pinned ones before all others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListChats {
    account_id: AccountReference,
    /// Where the list comes from.
    #[serde(default)]
    source: ChatSource,
    /// Only people, only groups (supergroups among them), or only channels.
    #[serde(default, rename = "type")]
    chat_type: Option<ChatType>,
    /// Only chats with something unread, which a mark is too; or only those without.
    #[serde(default)]
    unread: Option<bool>,
    /// Only chats in the archive, or only those that are not.
    #[serde(default)]
    archived: Option<bool>,
    /// How many chats: 200 if absent, at most 500. With a filter a page may be shorter; the list goes on while there is a cursor.
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

    leaves_out!();

    fn age_secs(page: &ChatPage) -> Option<u64> {
        page.age_secs()
    }

    fn next_cursor(page: &ChatPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for ListChats {
    async fn run(self, call: AccountCall) -> Result<ChatPage, Error> {
        let filter = ChatFilter { chat_type: self.chat_type, unread: self.unread, archived: self.archived };
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let cursor = self.cursor.as_deref();
        call.chats(ChatQuery { filter, cursor, limit, live: self.source == ChatSource::Live }).await
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
