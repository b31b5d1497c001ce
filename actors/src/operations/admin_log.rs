//! What happened in supergroups and channels, for their administrators.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{ADMIN_LOG_PAGE_MAX, AdminLogKind, AdminLogPage, AdminLogQuery, ChatId};

/// How many entries are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 50;

/// The longest text to look for, in characters.
const QUERY_CHARS_MAX: usize = 128;

/// Lists what happened in a supergroup or a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAdminLog {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only entries of these kinds, separated by commas: join, leave, invite, restrict, unrestrict, ban, unban, promote, demote, info,
    /// settings, pin, edit, delete, group_call, invite_link, send, topic, subscription, rank.
    #[serde(default)]
    kinds: Option<String>,
    /// Only what this user did.
    #[serde(default)]
    by_user_id: Option<i64>,
    /// Only entries with this text in them: at most 128 characters.
    #[serde(default)]
    query: Option<String>,
    /// How many: 50 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The kinds that a list names.
fn kinds(list: &str) -> Result<Vec<AdminLogKind>, Error> {
    let unknown = || {
        let known: Vec<String> = AdminLogKind::ALL.iter().map(|kind| kind.name()).collect();
        Error::invalid("kinds", format!("must be names out of {}, separated by commas", known.join(", ")))
    };
    // There is no need to name a kind twice, nor more of them than there are.
    if list.split(',').count() > AdminLogKind::ALL.len() {
        return Err(unknown());
    }
    list.split(',').map(|name| AdminLogKind::named(name.trim()).ok_or_else(unknown)).collect()
}

impl Operation for ListAdminLog {
    const DECLARATION: Declaration = Declaration::new(
        "list_admin_log",
        "List what happened in a supergroup or a channel in the last two days, the latest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/admin-log",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Read,
    );
    type Output = AdminLogPage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        if self.query.as_ref().is_some_and(|query| query.chars().count() > QUERY_CHARS_MAX) {
            return Err(Error::invalid("query", format!("must have at most {QUERY_CHARS_MAX} characters")));
        }
        if self.by_user_id.is_some_and(|user_id| user_id <= 0) {
            return Err(Error::invalid("byUserId", "must be a user's id"));
        }
        self.kinds.as_deref().map(kinds).transpose().map(|_| ())
    }

    fn next_cursor(page: &AdminLogPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListAdminLog {
    async fn run(self, call: AccountCall) -> Result<AdminLogPage, Error> {
        let query = AdminLogQuery {
            kinds: self.kinds.as_deref().map(kinds).transpose()?.unwrap_or_default(),
            by_user_id: self.by_user_id,
            text: self.query.unwrap_or_default().trim().to_owned(),
        };
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, ADMIN_LOG_PAGE_MAX);
        call.admin_log(self.chat_id, &query, self.cursor.as_deref(), limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_list_of_names() {
        assert_eq!(kinds("ban, invite_link").unwrap(), [AdminLogKind::Ban, AdminLogKind::InviteLink]);
        for list in ["", "ban,", "kick", &"ban,".repeat(100)] {
            assert_eq!(kinds(list).unwrap_err().field(), Some("kinds"), "{list}");
        }
    }
}
