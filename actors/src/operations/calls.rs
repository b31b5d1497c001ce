//! Calls between two people: their signalling. Audio is not carried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{AccountCall, CallInfo};
use crate::error::{Code, Error};
use crate::leave_out::LeaveOut;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::{ChatId, ChatIdKind, HangUp};

/// The length of one side's half of a key, in bytes.
const HALF_BYTES: usize = 256;

const NO_AUDIO: &str = "This server carries the signalling of calls, not their audio";

/// What all that acts on calls declares alike.
pub(super) const fn declared(name: &'static str, summary: &'static str, path: &'static str) -> Declaration {
    Declaration::new(name, summary, Method::Post, path, Access::Scope(Scope::CallsUse), Effect::Write).rate(RateClass::Account)
}

/// The calls of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallList {
    /// Those that are there now: a call that is over is forgotten.
    items: Vec<CallInfo>,
    /// Always `null`: an account has a handful of calls at most.
    next_cursor: Option<String>,
}

/// Lists the calls of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListCalls {
    account_id: AccountReference,
}

impl Operation for ListCalls {
    const DECLARATION: Declaration = Declaration::new(
        "list_calls",
        "List the calls that the account makes or receives now.",
        Method::Get,
        "/accounts/{accountId}/calls",
        Access::Scope(Scope::CallsUse),
        Effect::Read,
    );
    type Output = CallList;

    in_account!();

    leaves_out!();
}

impl AccountOperation for ListCalls {
    async fn run(self, call: AccountCall) -> Result<CallList, Error> {
        Ok(CallList { items: call.phone_calls(), next_cursor: None })
    }
}

/// Calls somebody.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestCall {
    account_id: AccountReference,
    /// Whom: a user whom the account knows.
    user_id: ChatId,
    /// With video.
    #[serde(default)]
    is_video: bool,
}

impl Operation for RequestCall {
    const DECLARATION: Declaration = declared("request_call", "Call somebody.", "/accounts/{accountId}/calls/request");
    type Output = CallInfo;

    in_account!();

    fn chats(&self) -> Vec<ChatId> {
        vec![self.user_id]
    }

    fn validate(&self) -> Result<(), Error> {
        match self.user_id.kind() {
            ChatIdKind::User(_) => Ok(()),
            _ => Err(Error::invalid("userId", "must be the id of a user")),
        }
    }
}

impl AccountOperation for RequestCall {
    async fn run(self, call: AccountCall) -> Result<CallInfo, Error> {
        call.request_call(self.user_id.value(), self.is_video).await
    }
}

/// Accepts a call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
}

impl Operation for AcceptCall {
    const DECLARATION: Declaration = declared("accept_call", "Accept a call that comes.", "/accounts/{accountId}/calls/accept")
        .repetition(Repetition::Harmless);
    type Output = CallInfo;

    in_account!();

    fn touches_unnamed(&self) -> bool {
        true
    }
}

impl AccountOperation for AcceptCall {
    async fn run(self, call: AccountCall) -> Result<CallInfo, Error> {
        call.accept_call(self.call_id).await
    }
}

/// Confirms a call of the account's own that the other side has accepted, so that both sides have a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
    /// The other side's half of the key, as the call has it: 256 bytes. It is compared with what Telegram told; if absent, that is taken.
    #[serde(rename = "gB", default)]
    g_b: Option<Vec<u8>>,
}

impl Operation for ConfirmCall {
    const DECLARATION: Declaration =
        declared("confirm_call", "Confirm a call that was accepted.", "/accounts/{accountId}/calls/confirm")
            .repetition(Repetition::Harmless);
    type Output = CallInfo;

    in_account!();

    fn touches_unnamed(&self) -> bool {
        true
    }

    fn validate(&self) -> Result<(), Error> {
        match &self.g_b {
            Some(half) if half.len() != HALF_BYTES => Err(Error::invalid("gB", format!("must have {HALF_BYTES} bytes"))),
            _ => Ok(()),
        }
    }
}

impl AccountOperation for ConfirmCall {
    async fn run(self, call: AccountCall) -> Result<CallInfo, Error> {
        call.confirm_call(self.call_id, self.g_b.as_deref()).await
    }
}

/// Ends a call, or declines it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscardCall {
    account_id: AccountReference,
    /// Which.
    call_id: i64,
    /// Why: `hangup`, `missed`, `disconnect` or `busy`. Anything else is `hangup`.
    #[serde(default)]
    reason: Option<String>,
}

impl Operation for DiscardCall {
    const DECLARATION: Declaration =
        declared("discard_call", "End a call, or decline it.", "/accounts/{accountId}/calls/discard")
            .success(204)
            .repetition(Repetition::Harmless);
    type Output = ();

    in_account!();
}

impl AccountOperation for DiscardCall {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let reason = match self.reason.as_deref() {
            Some("missed") => HangUp::Missed,
            Some("disconnect") => HangUp::Disconnect,
            Some("busy") => HangUp::Busy,
            _ => HangUp::HangUp,
        };
        call.discard_call(self.call_id, reason).await
    }
}

/// Refused: there is no audio here. The route exists because clients of other builds call it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCallVolume {
    account_id: AccountReference,
}

impl Operation for SetCallVolume {
    const DECLARATION: Declaration =
        declared("set_call_volume", "Refused: this server carries no audio.", "/accounts/{accountId}/calls/volume")
            .own_codes(&[Code::NotImplemented])
            .success(204);
    type Output = ();

    in_account!();
}

impl AccountOperation for SetCallVolume {
    async fn run(self, _call: AccountCall) -> Result<(), Error> {
        Err(Error::new(Code::NotImplemented, NO_AUDIO))
    }
}

/// Refused: there is no audio here. The route exists because clients of other builds call it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MuteCall {
    account_id: AccountReference,
}

impl Operation for MuteCall {
    const DECLARATION: Declaration =
        declared("mute_call", "Refused: this server carries no audio.", "/accounts/{accountId}/calls/mute")
            .own_codes(&[Code::NotImplemented])
            .success(204);
    type Output = ();

    in_account!();
}

impl AccountOperation for MuteCall {
    async fn run(self, _call: AccountCall) -> Result<(), Error> {
        Err(Error::new(Code::NotImplemented, NO_AUDIO))
    }
}

impl LeaveOut for CallList {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.items.retain(|call| !sight.hides_user(call.peer_user_id));
        Ok(())
    }
}
