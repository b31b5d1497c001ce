//! Calls in groups: who is in them. Audio is not carried.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::operations::calls::declared;
use crate::scope::Scope;
use crate::telegram::{CallAddress, ChatId, GroupCallInfo, GroupCallPage};

/// Telegram's own limit for a title, in characters.
const TITLE_CHARACTERS_MAX: usize = 64;

/// How many participants a page has, and at most.
const PAGE_LENGTH: u32 = 100;
const PAGE_LENGTH_MAX: u32 = 200;

/// The longest cursor, in bytes.
const CURSOR_BYTES_MAX: usize = 256;

/// Begins a call in a group or a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroupCall {
    account_id: AccountReference,
    /// Where.
    chat_id: ChatId,
    /// A title of its own: not blank, at most 64 characters.
    #[serde(default)]
    title: Option<String>,
}

impl Operation for CreateGroupCall {
    const DECLARATION: Declaration =
        declared("create_group_call", "Begin a call in a group or a channel.", "/accounts/{accountId}/group-calls");
    type Output = GroupCallInfo;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        match &self.title {
            Some(title) if title.trim().is_empty() || title.chars().count() > TITLE_CHARACTERS_MAX => {
                Err(Error::invalid("title", format!("must not be blank, and have at most {TITLE_CHARACTERS_MAX} characters")))
            }
            _ => Ok(()),
        }
    }
}

impl AccountOperation for CreateGroupCall {
    async fn run(self, call: AccountCall) -> Result<GroupCallInfo, Error> {
        call.create_group_call(self.chat_id, self.title).await
    }
}

/// Comes into a group call as the account itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinGroupCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
    /// What shows that the account was told of it.
    access_hash: i64,
    /// The chat that it is in.
    chat_id: ChatId,
    /// Whether to come in muted.
    #[serde(default)]
    muted: bool,
}

impl Operation for JoinGroupCall {
    const DECLARATION: Declaration =
        declared("join_group_call", "Come into a group call.", "/accounts/{accountId}/group-calls/join")
            .repetition(Repetition::Harmless);
    type Output = GroupCallInfo;

    in_chat!();
}

impl AccountOperation for JoinGroupCall {
    async fn run(self, call: AccountCall) -> Result<GroupCallInfo, Error> {
        let address = CallAddress { id: self.call_id, access_hash: self.access_hash };
        call.join_group_call(address, self.chat_id, self.muted).await
    }
}

/// Leaves a group call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaveGroupCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
}

impl Operation for LeaveGroupCall {
    const DECLARATION: Declaration =
        declared("leave_group_call", "Leave a group call.", "/accounts/{accountId}/group-calls/leave")
            .success(204)
            .repetition(Repetition::Harmless);
    type Output = ();

    in_account!();
}

impl AccountOperation for LeaveGroupCall {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.leave_group_call(self.call_id).await
    }
}

/// Mutes the account in a group call, or lets it be heard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MuteGroupCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
    /// Whether to be muted.
    muted: bool,
}

impl Operation for MuteGroupCall {
    const DECLARATION: Declaration = declared(
        "mute_group_call",
        "Mute the account in a group call, or let it be heard.",
        "/accounts/{accountId}/group-calls/mute",
    )
    .success(204)
    .repetition(Repetition::Harmless);
    type Output = ();

    in_account!();
}

impl AccountOperation for MuteGroupCall {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.mute_in_group_call(self.call_id, self.muted).await
    }
}

/// Lists who takes part in a group call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListGroupCallParticipants {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
    /// What shows that the account was told of it.
    access_hash: i64,
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// How many: 1 to 200; 100 if absent.
    #[serde(default)]
    limit: Option<u32>,
}

impl Operation for ListGroupCallParticipants {
    const DECLARATION: Declaration = Declaration::new(
        "list_group_call_participants",
        "List who takes part in a group call.",
        Method::Get,
        "/accounts/{accountId}/group-calls/participants",
        Access::Scope(Scope::CallsUse),
        Effect::Read,
    );
    type Output = GroupCallPage;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        match &self.cursor {
            Some(cursor) if cursor.is_empty() || cursor.len() > CURSOR_BYTES_MAX => {
                Err(Error::invalid("cursor", "is not one that this list gave"))
            }
            _ => Ok(()),
        }
    }

    fn next_cursor(page: &GroupCallPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for ListGroupCallParticipants {
    async fn run(self, call: AccountCall) -> Result<GroupCallPage, Error> {
        let address = CallAddress { id: self.call_id, access_hash: self.access_hash };
        let limit = self.limit.unwrap_or(PAGE_LENGTH).clamp(1, PAGE_LENGTH_MAX);
        call.group_call_participants(address, self.cursor.as_deref(), limit).await
    }
}
