//! Invite links of groups and channels, and the people who ask to come in by them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{
    ChatAddress, ChatId, INVITES_PAGE_MAX, InviteLink, InviteLinkPage, InviteTerms, JoinRequestPage, RevokedInvite,
};

/// How many links or requests are given when no limit is asked for.
const LIMIT_DEFAULT: u32 = 50;

/// Telegram's own limit for the name of a link, in characters.
const TITLE_CHARS_MAX: usize = 32;

/// Telegram's own limit for how many people may come by a link.
const USAGE_LIMIT_MAX: i32 = 99_999;

/// The longest text to look for, in characters.
const QUERY_CHARS_MAX: usize = 128;

/// The hash in a link, or in the end of one.
fn hash_of(field: &str, text: &str) -> Result<String, Error> {
    // An end alone can look like a username or a phone number.
    for address in [text.to_owned(), format!("https://t.me/joinchat/{text}")] {
        if let Some(ChatAddress::Invite(hash)) = ChatAddress::parse(&address) {
            return Ok(hash);
        }
    }
    Err(Error::invalid(field, "must be an invite link, or the end of one"))
}

/// The hash in a link that may be absent.
fn optional_hash(field: &str, text: Option<&String>) -> Result<Option<String>, Error> {
    text.map(|text| hash_of(field, text)).transpose()
}

fn check_terms(terms: &InviteTerms) -> Result<(), Error> {
    if terms.title.as_ref().is_some_and(|title| title.chars().count() > TITLE_CHARS_MAX) {
        return Err(Error::invalid("title", format!("must have at most {TITLE_CHARS_MAX} characters")));
    }
    if terms.expire_date.is_some_and(|date| date < 0) {
        return Err(Error::invalid("expireDate", "must be a time in Unix seconds, or 0 for never"));
    }
    if terms.usage_limit.is_some_and(|limit| !(0..=USAGE_LIMIT_MAX).contains(&limit)) {
        return Err(Error::invalid("usageLimit", format!("must be 1 to {USAGE_LIMIT_MAX}, or 0 for no limit")));
    }
    if terms.request_needed == Some(true) && terms.usage_limit.is_some_and(|limit| limit > 0) {
        return Err(Error::invalid("usageLimit", "cannot be combined with requestNeeded"));
    }
    Ok(())
}

/// Lists the invite links of a group or a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListInviteLinks {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The administrator who made them: the account itself if absent. Only the chat's owner sees the links of others.
    #[serde(default)]
    admin_id: Option<i64>,
    /// The revoked ones, instead of those that stand.
    #[serde(default)]
    revoked: bool,
    /// How many: 50 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListInviteLinks {
    const DECLARATION: Declaration = Declaration::new(
        "list_invite_links",
        "List the invite links of a group or a channel that an administrator made.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/invites",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Read,
    );
    type Output = InviteLinkPage;

    in_chat!();

    fn next_cursor(page: &InviteLinkPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListInviteLinks {
    async fn run(self, call: AccountCall) -> Result<InviteLinkPage, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, INVITES_PAGE_MAX);
        call.invite_links(self.chat_id, self.admin_id, self.revoked, self.cursor.as_deref(), limit).await
    }
}

/// Makes an invite link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateInviteLink {
    account_id: AccountReference,
    chat_id: ChatId,
    /// A name that only administrators see: at most 32 characters.
    #[serde(default)]
    title: Option<String>,
    /// When it stops working (Unix seconds): never if absent.
    #[serde(default)]
    expire_date: Option<i32>,
    /// How many people may come by it: as many as like if absent. Not together with `requestNeeded`.
    #[serde(default)]
    usage_limit: Option<i32>,
    /// Whether an administrator must let in who comes by it.
    #[serde(default)]
    request_needed: bool,
}

impl CreateInviteLink {
    fn terms(&self) -> InviteTerms {
        InviteTerms {
            title: self.title.clone(),
            expire_date: self.expire_date,
            usage_limit: self.usage_limit,
            request_needed: Some(self.request_needed),
        }
    }
}

impl Operation for CreateInviteLink {
    const DECLARATION: Declaration = Declaration::new(
        "create_invite_link",
        "Make an invite link of a group or a channel.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/invites",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Never);
    type Output = InviteLink;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        check_terms(&self.terms())
    }
}

impl AccountOperation for CreateInviteLink {
    async fn run(self, call: AccountCall) -> Result<InviteLink, Error> {
        call.create_invite_link(self.chat_id, &self.terms()).await
    }
}

/// Changes an invite link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditInviteLink {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The link's end, or the whole link with its slashes encoded.
    hash: String,
    /// A name that only administrators see; an empty one is none.
    #[serde(default)]
    title: Option<String>,
    /// When it stops working (Unix seconds); 0 for never.
    #[serde(default)]
    expire_date: Option<i32>,
    /// How many people may come by it; 0 for as many as like.
    #[serde(default)]
    usage_limit: Option<i32>,
    /// Whether an administrator must let in who comes by it.
    #[serde(default)]
    request_needed: Option<bool>,
}

impl EditInviteLink {
    fn terms(&self) -> InviteTerms {
        let Self { title, expire_date, usage_limit, request_needed, .. } = self;
        InviteTerms {
            title: title.clone(),
            expire_date: *expire_date,
            usage_limit: *usage_limit,
            request_needed: *request_needed,
        }
    }
}

impl Operation for EditInviteLink {
    const DECLARATION: Declaration = Declaration::new(
        "edit_invite_link",
        "Change an invite link. What is left out stays as it is.",
        Method::Patch,
        "/accounts/{accountId}/chats/{chatId}/invites/{hash}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = InviteLink;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        hash_of("hash", &self.hash)?;
        check_terms(&self.terms())
    }
}

impl AccountOperation for EditInviteLink {
    async fn run(self, call: AccountCall) -> Result<InviteLink, Error> {
        call.edit_invite_link(self.chat_id, &hash_of("hash", &self.hash)?, &self.terms()).await
    }
}

/// Revokes an invite link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeInviteLink {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The link's end, or the whole link with its slashes encoded.
    hash: String,
}

impl Operation for RevokeInviteLink {
    const DECLARATION: Declaration = Declaration::new(
        "revoke_invite_link",
        "Revoke an invite link. A permanent one is replaced by another.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/invites/{hash}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account);
    type Output = RevokedInvite;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        hash_of("hash", &self.hash).map(|_| ())
    }
}

impl AccountOperation for RevokeInviteLink {
    async fn run(self, call: AccountCall) -> Result<RevokedInvite, Error> {
        call.revoke_invite_link(self.chat_id, &hash_of("hash", &self.hash)?).await
    }
}

/// Lists who asks to be let in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListJoinRequests {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only those who came by this invite link.
    #[serde(default)]
    link: Option<String>,
    /// Only those whose name or username begins so.
    #[serde(default)]
    query: Option<String>,
    /// How many: 50 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListJoinRequests {
    const DECLARATION: Declaration = Declaration::new(
        "list_join_requests",
        "List the people who ask to be let into a group or a channel.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/join-requests",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Read,
    );
    type Output = JoinRequestPage;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.query.as_ref().is_some_and(|query| query.chars().count() > QUERY_CHARS_MAX) {
            return Err(Error::invalid("query", format!("must have at most {QUERY_CHARS_MAX} characters")));
        }
        optional_hash("link", self.link.as_ref()).map(|_| ())
    }

    fn next_cursor(page: &JoinRequestPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListJoinRequests {
    async fn run(self, call: AccountCall) -> Result<JoinRequestPage, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, INVITES_PAGE_MAX);
        let hash = optional_hash("link", self.link.as_ref())?;
        let query = self.query.unwrap_or_default();
        call.join_requests(self.chat_id, hash.as_deref(), query.trim(), self.cursor.as_deref(), limit).await
    }
}

/// What is decided of a request to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// They are let in.
    Approve,
    /// They are not.
    Decline,
}

/// Decides a request to be let in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecideJoinRequest {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Who asked.
    user_id: i64,
    /// Whether they are let in.
    decision: Decision,
}

impl Operation for DecideJoinRequest {
    const DECLARATION: Declaration = Declaration::new(
        "decide_join_request",
        "Let somebody in who asked for it, or decline.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/join-requests/{userId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless)
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for DecideJoinRequest {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.decide_join_request(self.chat_id, self.user_id, self.decision == Decision::Approve).await
    }
}

/// Decides all requests to be let in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecideJoinRequests {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Whether they are let in.
    decision: Decision,
    /// Only those who came by this invite link.
    #[serde(default)]
    link: Option<String>,
}

impl Operation for DecideJoinRequests {
    const DECLARATION: Declaration = Declaration::new(
        "decide_join_requests",
        "Let everybody in who asked for it, or decline them all.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/join-requests",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless)
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        optional_hash("link", self.link.as_ref()).map(|_| ())
    }
}

impl AccountOperation for DecideJoinRequests {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let hash = optional_hash("link", self.link.as_ref())?;
        call.decide_join_requests(self.chat_id, hash.as_deref(), self.decision == Decision::Approve).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_named_whole_or_by_its_end() {
        for text in ["https://t.me/+AbCdEf-9", "t.me/joinchat/AbCdEf-9", "+AbCdEf-9", "AbCdEf-9"] {
            assert_eq!(hash_of("hash", text).unwrap(), "AbCdEf-9", "{text}");
        }
        // An end that could be a phone number or a username is an end here.
        assert_eq!(hash_of("hash", "12345678").unwrap(), "12345678");
        assert_eq!(hash_of("hash", "AbCdEfGhIj").unwrap(), "AbCdEfGhIj");
        for text in ["", "short", "https://example.org/+AbCdEf-9", "a b c d e f g"] {
            assert_eq!(hash_of("hash", text).unwrap_err().field(), Some("hash"), "{text}");
        }
    }
}
