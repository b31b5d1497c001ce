//! Finding chats.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::FoundChat;

/// How many results are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 20;

/// The most results that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: u32 = 100;

/// The longest text to search for, in characters.
const QUERY_CHARACTERS_MAX: usize = 256;

/// Finds people, groups and channels by name or username.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GlobalSearch {
    account_id: AccountReference,
    /// What to search for: at most 256 characters. A blank text finds nothing.
    #[serde(default)]
    q: String,
    /// How many results: 20 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
}

impl Operation for GlobalSearch {
    const DECLARATION: Declaration = Declaration::new(
        "global_search",
        "Find people, groups and channels by name or username.",
        Method::Get,
        "/accounts/{accountId}/search",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = Vec<FoundChat>;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        check_query(&self.q)
    }
}

impl AccountOperation for GlobalSearch {
    async fn run(self, call: AccountCall) -> Result<Vec<FoundChat>, Error> {
        if self.q.trim().is_empty() {
            return Ok(Vec::new());
        }
        call.search_chats(self.q.trim(), self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)).await
    }
}

/// Checks how long a text is that is searched for.
pub(super) fn check_query(query: &str) -> Result<(), Error> {
    if query.chars().count() > QUERY_CHARACTERS_MAX {
        return Err(Error::invalid("q", format!("must have at most {QUERY_CHARACTERS_MAX} characters")));
    }
    Ok(())
}
