//! The address book of an account.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{BlockedPage, Chat, ContactPage};

/// How many contacts one call gives, unless fewer are asked for.
const LIMIT_MAX: u32 = 1_000;

/// How many contacts a search gives when no limit is asked for, and at most.
const FOUND_DEFAULT: u32 = 20;
const FOUND_MAX: u32 = 100;

/// How many blocked people one call gives, unless fewer are asked for: Telegram's own limit.
const BLOCKED_MAX: u32 = 100;

/// The longest text to search for, in characters.
const QUERY_CHARACTERS_MAX: usize = 256;

/// Lists the address book.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetContacts {
    account_id: AccountReference,
    /// How many contacts: 1000 if absent, and at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for GetContacts {
    const DECLARATION: Declaration = Declaration::new(
        "get_contacts",
        "List the address book of an account.",
        Method::Get,
        "/accounts/{accountId}/contacts",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = ContactPage;

    in_account!();

    leaves_out!();

    fn next_cursor(page: &ContactPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for GetContacts {
    async fn run(self, call: AccountCall) -> Result<ContactPage, Error> {
        call.contacts(self.cursor.as_deref(), self.limit.unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX)).await
    }
}

/// Finds contacts by name or username.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchContacts {
    account_id: AccountReference,
    /// What to search for: at most 256 characters. A blank text finds nothing.
    #[serde(default)]
    q: String,
    /// How many results: 20 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
}

impl Operation for SearchContacts {
    const DECLARATION: Declaration = Declaration::new(
        "search_contacts",
        "Find contacts by name or username.",
        Method::Get,
        "/accounts/{accountId}/contacts/search",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = Vec<Chat>;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        if self.q.chars().count() > QUERY_CHARACTERS_MAX {
            return Err(Error::invalid("q", format!("must have at most {QUERY_CHARACTERS_MAX} characters")));
        }
        Ok(())
    }
}

impl AccountOperation for SearchContacts {
    async fn run(self, call: AccountCall) -> Result<Vec<Chat>, Error> {
        if self.q.trim().is_empty() {
            return Ok(Vec::new());
        }
        call.search_contacts(self.q.trim(), self.limit.unwrap_or(FOUND_DEFAULT).clamp(1, FOUND_MAX)).await
    }
}

/// Lists the people whom the account blocks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListBlocked {
    account_id: AccountReference,
    /// How many: 100 if absent, and at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListBlocked {
    const DECLARATION: Declaration = Declaration::new(
        "list_blocked",
        "List the people whom an account blocks, the latest first.",
        Method::Get,
        "/accounts/{accountId}/blocked",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = BlockedPage;

    in_account!();

    leaves_out!();

    fn next_cursor(page: &BlockedPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for ListBlocked {
    async fn run(self, call: AccountCall) -> Result<BlockedPage, Error> {
        call.blocked(self.cursor.as_deref(), self.limit.unwrap_or(BLOCKED_MAX).clamp(1, BLOCKED_MAX)).await
    }
}
