//! The address book of an account.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::ContactPage;

/// How many contacts one call gives, unless fewer are asked for.
const LIMIT_MAX: u32 = 1_000;

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

    fn account(&self) -> Option<AccountReference> {
        Some(self.account_id)
    }

    fn next_cursor(page: &ContactPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for GetContacts {
    async fn run(self, call: AccountCall) -> Result<ContactPage, Error> {
        call.contacts(self.cursor.as_deref(), self.limit.unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX)).await
    }
}
