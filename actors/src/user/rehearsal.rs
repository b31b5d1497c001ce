//! What would come of a call: everything that is decided about it, and nothing that it does.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::caller::Caller;
use crate::error::Error;
use crate::operation::{Answer, Body, Invocation};
use crate::policy::{Decision, Reason, Verdict};
use crate::user::UserContext;
use crate::user::authorize::{Permit, consider};
use crate::user::policies::Weighing;

/// What would come of a call. Nothing has happened, and nothing was drawn from any limit.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// Always `true`.
    dry_run: bool,
    /// The operation that was asked for.
    operation: &'static str,
    /// What would happen: `allow` and `shadow` let the call go on, `ask` needs a person's approval, `deny` is a refusal.
    decision: Decision,
    /// Whether a person would have to approve it.
    approval_needed: bool,
    /// The rules of the policy that apply, those that allow left out; the strictest first.
    reasons: Vec<Reason>,
    /// The refusal that does not come from the policy, such as a scope that the key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
}

/// A refusal, as the call itself would be answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The code.
    code: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong.
    detail: String,
}

impl Rehearsal {
    fn of(operation: &'static str, verdict: Verdict) -> Self {
        let approval_needed = verdict.decision == Decision::Ask;
        Self { dry_run: true, operation, decision: verdict.decision, approval_needed, reasons: verdict.reasons, refusal: None }
    }

    /// Of a call that is refused before any policy is asked.
    pub(crate) fn refused(operation: &'static str, error: &Error) -> Self {
        let code = error.code();
        let refusal = Refused { code: code.name(), status: code.status(), detail: error.detail().to_owned() };
        let verdict = Verdict { decision: Decision::Deny, reasons: Vec::new() };
        Self { refusal: Some(refusal), ..Self::of(operation, verdict) }
    }

    /// As the answer to a call.
    pub(super) fn answer(&self) -> Result<Answer, Error> {
        let body = Body::Json(serde_json::to_vec(self).map_err(Error::internal)?);
        Ok(Answer { status: 200, headers: Vec::new(), body, next_cursor: None, told_of: Vec::new() })
    }
}

impl UserContext {
    /// Decides about a call as if it were made by this caller from this address. What the call asks of Telegram to be decided is asked.
    ///
    /// # Errors
    /// The refusal that the call would meet before any policy is asked.
    pub(crate) async fn rehearse(
        &self,
        caller: &Caller,
        invocation: Invocation,
        address: Option<IpAddr>,
    ) -> Result<Rehearsal, Error> {
        let Permit { account, policy, reasons: needed, .. } = consider(self, caller, &invocation)?;
        let Invocation { declaration, touched, arguments, .. } = invocation;
        let weighing = policy.zip(caller.key_id().cloned());
        let weighing = weighing.map(|(policy, key)| Weighing::new(policy, key, declaration, touched, &arguments, address, false));
        let verdict = match &weighing {
            Some(weighing) => self.weigh(weighing, caller, account.as_ref()).await,
            None => Verdict::default(),
        };
        let needed = needed.into_iter().map(|reason| Reason {
            rule: reason.rule.into_owned(),
            decision: Decision::Ask,
            explanation: reason.detail,
        });
        Ok(Rehearsal::of(declaration.name, verdict.and(needed)))
    }
}
