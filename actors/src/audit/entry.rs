//! What an entry says. Never message text, never a secret.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approvals::ApprovalId;
use crate::error::Code;
use crate::identity::{AccountId, KeyId, UserId};

/// Which part of a call an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A mutation is about to happen.
    Intent,
    /// A mutation has ended.
    Outcome,
    /// A call was refused before it could happen, or waits for a person's approval.
    Denied,
    /// A call came again and was answered with what its first answer was; nothing happened.
    Replayed,
    /// A policy was asked about a call, and did not keep it from happening; or nothing was to happen.
    Weighed,
    /// Something that no caller asked for, such as the repair of this log.
    Event,
}

/// The code of an outcome that nobody knows: the server was ended while the call was at work.
const UNKNOWN: &str = "unknown";

/// One entry, before it has its place in the chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Which part of the call.
    pub phase: Phase,
    /// Whose call.
    pub user_id: UserId,
    /// The agent's key, if an agent called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_id: Option<KeyId>,
    /// The operation's name.
    pub operation: Cow<'static, str>,
    /// The method of its REST route.
    pub method: Cow<'static, str>,
    /// The path that was asked for, without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The account that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The first chat that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The result's code: `ok`, or the error's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// The result's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The sequence number of the intent that an outcome belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// The approval that the call waits for or is made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
}

impl AuditEntry {
    /// The entry of the same call, which waits for this approval or is made by it.
    pub fn under(self, approval: ApprovalId) -> Self {
        Self { approval_id: Some(approval), ..self }
    }

    /// The entry of the same call's refusal.
    pub fn denied(self, code: Code) -> Self {
        Self { phase: Phase::Denied, code: Some(code.name().into()), status: Some(code.status()), ..self }
    }

    /// The entry of the same call's having been compared with a policy, with what came of that.
    pub fn weighed(self, code: &'static str) -> Self {
        Self { phase: Phase::Weighed, code: Some(code.into()), status: None, ..self }
    }

    /// The entry of the same call's being answered again.
    pub fn replayed(self, code: &'static str, status: u16) -> Self {
        Self { phase: Phase::Replayed, code: Some(code.into()), status: Some(status), ..self }
    }

    /// The entry of the same call's end. It is short: its intent says the rest.
    pub fn outcome(self, intent: u64, code: &'static str, status: u16) -> Self {
        Self { status: Some(status), ..self.ended(intent, code) }
    }

    /// The entry of the end of a call of which nobody knows how it ended.
    pub fn unknown(self, intent: u64) -> Self {
        self.ended(intent, UNKNOWN)
    }

    fn ended(self, intent: u64, code: &'static str) -> Self {
        let (path, chat_id, request_id) = (None, None, None);
        Self {
            phase: Phase::Outcome,
            code: Some(code.into()),
            status: None,
            intent: Some(intent),
            path,
            chat_id,
            request_id,
            ..self
        }
    }
}

/// One call as its user reads it in the log: the intent or refusal, with the outcome where it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// The entry's place in the log.
    pub seq: u64,
    /// When it was written (Unix milliseconds).
    pub ts: u64,
    /// Whether it is of a mutation (`intent`, with how it ended), of a refusal (`denied`), of a call that was answered again
    /// (`replayed`), or of one that a policy was asked about (`weighed`).
    pub phase: Phase,
    /// Whose call.
    pub user_id: String,
    /// The agent's key; `null` for a human.
    pub agent_key_id: Option<String>,
    /// The operation's name.
    pub operation: String,
    /// The method of its REST route.
    pub method: String,
    /// The path that was asked for, without its query.
    #[serde(default)]
    pub path: String,
    /// The account that it names.
    pub account_id: Option<String>,
    /// The first chat that it names.
    pub chat_id: Option<i64>,
    /// The request's id.
    pub request_id: Option<String>,
    /// `ok`, `abandoned` for work that was given up because its caller had gone, `shadow` where a rule of the key's policy would have refused
    /// the call if it were not on trial, `dry_run` where nothing was to happen, `unknown` where the server was ended during the call,
    /// or the error's code; `null` while the call is at work.
    pub code: Option<String>,
    /// The HTTP status; `null` while the call is at work, and where its outcome is unknown.
    pub status: Option<u16>,
    /// The approval that the call waited for (`approval_required`) or was made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
}
