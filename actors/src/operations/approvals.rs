//! Approvals: what agents' calls wait for, and what a person decides about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::approvals::{Approval as Kept, ApprovalId, ApprovalState, Reason};
use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Body, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::user::{UserCall, Verdict};

/// What an agent is told on these routes.
const HUMAN_ONLY: Access = Access::Human("Agent keys cannot list or decide approvals");

/// Approvals of one page: by default, and at most.
const PAGE_LENGTH: u32 = 20;
const PAGE_LENGTH_MAX: u32 = 100;

/// How a call that was approved ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalOutcome {
    /// The status that the call would have been answered with.
    status: u16,
    /// `ok`, or the error's code.
    code: String,
    /// What is wrong, or why the answer is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What the call answers, for the agent that made it. An answer that holds a secret, or that needed `security:read`, is given once,
    /// for ten minutes; others for a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    body: Option<Box<RawValue>>,
}

/// A call that waits for a person, or did. What only people see is left out for agents.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    id: ApprovalId,
    state: ApprovalState,
    /// The operation that is asked for.
    operation: String,
    /// The agent's key that asks.
    key_id: KeyId,
    /// The account that the call touches.
    account_id: Option<AccountId>,
    /// The chats that it names.
    chat_ids: Vec<i64>,
    /// The call's exact arguments. For people only.
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Map<String, Value>>,
    /// The digest of the exact call, which approving and denying must name. For people only.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Why a person is asked. For people only.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<Reason>>,
    /// The id of the request that asked.
    request_id: String,
    /// When it was asked for (Unix seconds).
    asked_at: u64,
    /// From when it cannot be given any more (Unix seconds).
    expires_at: u64,
    /// When a person decided (Unix seconds).
    decided_at: Option<u64>,
    /// When it ended: was carried out, denied or expired (Unix seconds).
    ended_at: Option<u64>,
    /// How the call ended, once it was carried out.
    outcome: Option<ApprovalOutcome>,
}

impl Approval {
    fn for_person(kept: Kept) -> Self {
        let arguments = match &kept.arguments {
            Value::Object(members) => members.clone(),
            _ => Map::new(),
        };
        let (digest, reasons) = (kept.digest.clone(), kept.reasons.clone());
        Self { arguments: Some(arguments), digest: Some(digest), reasons: Some(reasons), ..Self::for_agent(kept) }
    }

    fn for_agent(kept: Kept) -> Self {
        let outcome = kept.code.zip(kept.status);
        let outcome = outcome.map(|(code, status)| ApprovalOutcome { status, code, detail: kept.detail, body: None });
        Self {
            id: kept.id,
            state: kept.state,
            operation: kept.operation,
            key_id: kept.key_id,
            account_id: kept.account_id,
            chat_ids: kept.chat_ids,
            arguments: None,
            digest: None,
            reasons: None,
            request_id: kept.request_id,
            asked_at: kept.asked_at,
            expires_at: kept.expires_at,
            decided_at: kept.decided_at,
            ended_at: kept.ended_at,
            outcome,
        }
    }
}

/// A page of approvals.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalPage {
    /// The approvals, the newest first.
    items: Vec<Approval>,
    /// Where to go on; none on the last page.
    next_cursor: Option<ApprovalId>,
}

fn state(text: Option<&str>) -> Result<Option<ApprovalState>, Error> {
    let known = |text: &str| ApprovalState::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, state)| state);
    let refused = || Error::invalid("state", "must be pending, approved, denied, expired, done, failed or unknown");
    text.map(|text| known(text).ok_or_else(refused)).transpose()
}

fn place(text: Option<&str>) -> Result<Option<ApprovalId>, Error> {
    text.map(|text| text.parse().map_err(|error| Error::invalid("cursor", error))).transpose()
}

/// Lists what agents' calls wait for, and what became of those of the last day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListApprovals {
    /// Only those in this state, such as `pending`.
    state: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100, 20 by default.
    limit: Option<u32>,
}

impl Operation for ListApprovals {
    const DECLARATION: Declaration = Declaration::new(
        "list_approvals",
        "List the calls of agents that wait for a person, and those of the last day, the newest first.",
        Method::Get,
        "/approvals",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = ApprovalPage;

    fn validate(&self) -> Result<(), Error> {
        state(self.state.as_deref())?;
        place(self.cursor.as_deref()).map(|_| ())
    }

    fn next_cursor(output: &ApprovalPage) -> Option<String> {
        output.next_cursor.map(|cursor| cursor.to_string())
    }
}

impl UserOperation for ListApprovals {
    async fn run(self, call: UserCall) -> Result<ApprovalPage, Error> {
        let (state, before) = (state(self.state.as_deref())?, place(self.cursor.as_deref())?);
        let limit = usize::try_from(self.limit.unwrap_or(PAGE_LENGTH).clamp(1, PAGE_LENGTH_MAX)).unwrap_or(1);
        let mut ids = call.approvals.newest(state, before, limit);
        let more = ids.len() > limit;
        ids.truncate(limit);
        let mut items = Vec::with_capacity(ids.len());
        for id in &ids {
            match call.approvals.read(*id).await {
                Ok(kept) => items.push(Approval::for_person(kept)),
                // It was forgotten meanwhile.
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ApprovalPage { items, next_cursor: ids.last().copied().filter(|_| more) })
    }
}

/// Reads an approval. A person sees exactly what would happen; the agent that asked sees how far it is and what came of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetApproval {
    /// The approval's id.
    approval_id: String,
}

impl Operation for GetApproval {
    const DECLARATION: Declaration = Declaration::new(
        "get_approval",
        "Read an approval: a person sees the exact call, the agent that asked its state and outcome.",
        Method::Get,
        "/approvals/{approvalId}",
        Access::Authenticated,
        Effect::Read,
    );
    type Output = Approval;
}

impl UserOperation for GetApproval {
    async fn run(self, call: UserCall) -> Result<Approval, Error> {
        let kept = call.approval_for(call.caller(), &self.approval_id).await?;
        if call.caller().key_id().is_none() {
            return Ok(Approval::for_person(kept));
        }
        let (id, is_done) = (kept.id, kept.state == ApprovalState::Done);
        let mut approval = Approval::for_agent(kept);
        if let Some(outcome) = approval.outcome.as_mut().filter(|_| is_done) {
            match call.approved_outcome(id).await {
                Ok(answer) => {
                    if let Body::Json(json) = answer.body {
                        let json = String::from_utf8(json).map_err(Error::internal)?;
                        outcome.body = Some(RawValue::from_string(json).map_err(Error::internal)?);
                    }
                }
                Err(error) if error.code() == Code::AnswerNotKept => outcome.detail = Some(error.detail().to_owned()),
                Err(error) => return Err(error),
            }
        }
        Ok(approval)
    }
}

macro_rules! verdict {
    ($(#[doc = $documentation:literal])+ $operation:ident, $name:literal, $summary:literal, $path:literal, $verdict:ident) => {
        $(#[doc = $documentation])+
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $operation {
            /// The approval's id.
            approval_id: String,
            /// The digest of the call that the person saw, as the approval tells it.
            digest: String,
        }

        impl Operation for $operation {
            const DECLARATION: Declaration =
                Declaration::new($name, $summary, Method::Post, $path, HUMAN_ONLY, Effect::Write).repetition(Repetition::Harmless);
            type Output = Approval;

            fn validate(&self) -> Result<(), Error> {
                check_digest(&self.digest)
            }
        }

        impl UserOperation for $operation {
            async fn run(self, call: UserCall) -> Result<Approval, Error> {
                let kept = call.approval_for(call.caller(), &self.approval_id).await?;
                call.decide(kept.id, &self.digest, Verdict::$verdict).await.map(Approval::for_person)
            }
        }
    };
}

/// A digest is 64 lower-case hexadecimal digits.
fn check_digest(digest: &str) -> Result<(), Error> {
    let fits = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(()) } else { Err(Error::invalid("digest", "must be the approval's digest: 64 lower-case hexadecimal digits")) }
}

verdict!(
    /// Approves a call: exactly the one that has this digest, once.
    ApproveCall,
    "approve_call",
    "Approve a call of an agent: exactly what has this digest runs once, with the rights that the agent's key has now.",
    "/approvals/{approvalId}/approve",
    Approve
);
verdict!(
    /// Denies a call.
    DenyCall,
    "deny_call",
    "Deny a call of an agent: it never runs.",
    "/approvals/{approvalId}/deny",
    Deny
);
