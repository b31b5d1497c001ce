//! Members of groups and channels: listing, adding, removing, banning, promoting.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::telegram::{AddedMembers, AdminRight, Ban, ChatId, MEMBERS_PAGE_MAX, MemberFilter, MemberPage, Permission, Promotion};

/// How many members are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 100;

/// The longest text to look for, in characters.
const QUERY_CHARS_MAX: usize = 128;

/// The most people that one call adds.
const ADDED_MAX: usize = 100;

/// Telegram's own limit for an administrator's title, in characters.
const RANK_CHARS_MAX: usize = 16;

/// The most rights or permissions in one list.
const FLAGS_MAX: usize = 64;

/// The operations of this family name their account and their chat alike.
macro_rules! on_chat {
    () => {
        fn account(&self) -> Option<AccountReference> {
            Some(self.account_id)
        }

        fn chats(&self) -> Vec<ChatId> {
            vec![self.chat_id]
        }
    };
}

/// Lists members of a group or a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListMembers {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Whom: everybody if absent.
    #[serde(default)]
    filter: MemberFilter,
    /// Only those whose name or username has this text; not with the filter `admins`.
    #[serde(default)]
    query: Option<String>,
    /// How many members: 100 if absent, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListMembers {
    const DECLARATION: Declaration = Declaration::new(
        "list_members",
        "List the members of a group or a channel: all, the administrators, the banned or the restricted, or by name.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/members",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = MemberPage;

    on_chat!();

    fn validate(&self) -> Result<(), Error> {
        let query = self.query.as_deref().unwrap_or_default();
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(Error::invalid("query", format!("must have at most {QUERY_CHARS_MAX} characters")));
        }
        if !query.is_empty() && self.filter == MemberFilter::Admins {
            return Err(Error::invalid("query", "cannot be combined with the filter admins"));
        }
        Ok(())
    }

    fn next_cursor(page: &MemberPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListMembers {
    async fn run(self, call: AccountCall) -> Result<MemberPage, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, MEMBERS_PAGE_MAX);
        let query = self.query.unwrap_or_default();
        call.members(self.chat_id, self.filter, query.trim(), self.cursor.as_deref(), limit).await
    }
}

/// Adds people to a group or a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddMembers {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Whom: 1 to 100 ids of users whom the account has met.
    user_ids: Vec<i64>,
}

impl Operation for AddMembers {
    const DECLARATION: Declaration = Declaration::new(
        "add_members",
        "Add people to a group or a channel, and tell who could not be added.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/members",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = AddedMembers;

    on_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.user_ids.is_empty() || self.user_ids.len() > ADDED_MAX {
            return Err(Error::invalid("userIds", format!("must hold 1 to {ADDED_MAX} ids")));
        }
        Ok(())
    }
}

impl AccountOperation for AddMembers {
    async fn run(mut self, call: AccountCall) -> Result<AddedMembers, Error> {
        self.user_ids.sort_unstable();
        self.user_ids.dedup();
        call.add_members(self.chat_id, &self.user_ids).await
    }
}

/// Removes a member, who may come back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveMember {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The member's user id.
    user_id: i64,
}

impl Operation for RemoveMember {
    const DECLARATION: Declaration = Declaration::new(
        "remove_member",
        "Remove a member from a group or a channel; they may come back.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/members/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    on_chat!();
}

impl AccountOperation for RemoveMember {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.remove_member(self.chat_id, self.user_id).await
    }
}

/// Bans somebody from a group or a channel, or restricts what a member may do there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BanMember {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The user's id.
    user_id: i64,
    /// When it ends (Unix seconds); never if absent.
    #[serde(default)]
    until: Option<i32>,
    /// What the member may still do; absent for a ban, after which they are out.
    #[serde(default)]
    permissions: Option<Vec<Permission>>,
}

impl Operation for BanMember {
    const DECLARATION: Declaration = Declaration::new(
        "ban_member",
        "Ban somebody from a group or a channel, or restrict what a member may do there.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/bans/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    on_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.until.is_some_and(|until| u64::try_from(until).map_or(true, |until| until <= now_secs())) {
            return Err(Error::invalid("until", "must be in the future"));
        }
        if self.permissions.as_ref().is_some_and(|permissions| permissions.len() > FLAGS_MAX) {
            return Err(Error::invalid("permissions", format!("must hold at most {FLAGS_MAX}")));
        }
        Ok(())
    }
}

impl AccountOperation for BanMember {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let ban = Ban { until: self.until.unwrap_or(0), permissions: self.permissions };
        call.ban_member(self.chat_id, self.user_id, &ban).await
    }
}

/// Lifts a ban or a restriction.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnbanMember {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The user's id.
    user_id: i64,
}

impl Operation for UnbanMember {
    const DECLARATION: Declaration = Declaration::new(
        "unban_member",
        "Lift the ban or the restriction of somebody in a supergroup or a channel.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/bans/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    on_chat!();
}

impl AccountOperation for UnbanMember {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.unban_member(self.chat_id, self.user_id).await
    }
}

/// Makes somebody an administrator, or changes what one may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromoteAdmin {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The user's id.
    user_id: i64,
    /// What they may do: everything but anonymity and making administrators, if absent. Not in a basic group.
    #[serde(default)]
    rights: Option<Vec<AdminRight>>,
    /// A title to be shown beside the name: at most 16 characters. Not in a basic group.
    #[serde(default)]
    rank: Option<String>,
}

impl Operation for PromoteAdmin {
    const DECLARATION: Declaration = Declaration::new(
        "promote_admin",
        "Make somebody an administrator of a group or a channel, or change what one may do.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/admins/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    on_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.rights.as_ref().is_some_and(|rights| rights.is_empty() || rights.len() > FLAGS_MAX) {
            return Err(Error::invalid("rights", format!("must hold 1 to {FLAGS_MAX}")));
        }
        if self.rank.as_ref().is_some_and(|rank| rank.chars().count() > RANK_CHARS_MAX) {
            return Err(Error::invalid("rank", format!("must have at most {RANK_CHARS_MAX} characters")));
        }
        Ok(())
    }
}

impl AccountOperation for PromoteAdmin {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let promotion = Promotion { rights: self.rights, rank: self.rank };
        call.promote_admin(self.chat_id, self.user_id, &promotion).await
    }
}

/// Makes an administrator a member again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoteAdmin {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The administrator's user id.
    user_id: i64,
}

impl Operation for DemoteAdmin {
    const DECLARATION: Declaration = Declaration::new(
        "demote_admin",
        "Make an administrator of a group or a channel a member again.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/admins/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    on_chat!();
}

impl AccountOperation for DemoteAdmin {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.demote_admin(self.chat_id, self.user_id).await
    }
}
