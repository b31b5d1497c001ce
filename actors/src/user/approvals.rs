//! How a call comes to wait for a person, what a person decides, and how what is approved is carried out.
//!
//! Each step is durable before the next: the audit log has the question, the approval is kept, the agent is told. A decision is kept, then
//! carried out; what is approved and not carried out is taken up again when the user's actor starts. `road` and `idempotency` see to it
//! that the call itself happens once.

use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::approvals::{Approval, ApprovalId, ApprovalState, Known, Reason, WaitingApproval, digest, not_found};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::events::{EventName, NewEvent};
use crate::gateway::{Reply, RequestFacts};
use crate::idempotency::IdempotencyKey;
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Answer, Declaration, Invocation};
use crate::runtime::{crash_point, now_secs};
use crate::telegram::ChatId;
use crate::user::UserContext;
use crate::user::authorize::Denial;
use crate::user::road::{self, Waiting};

/// For how long an approved call is tried again that cannot be made at this moment, in seconds.
const TRIED_SECS: u64 = 600;

/// The longest wait between two tries.
const WAIT_SECS_MAX: u64 = 30;

/// After so long it is looked again whether something is due.
const LOOK_SECS_MAX: u64 = 3_600;

/// A call as a person is asked about it.
pub(super) struct Question {
    pub(super) arguments: Value,
    pub(super) account_id: Option<AccountId>,
    pub(super) chats: Vec<ChatId>,
    pub(super) facts: RequestFacts,
    /// Why a person is asked; with none, nobody is.
    pub(super) reasons: Vec<Reason>,
    /// Whether it can wait for an answer.
    pub(super) can_wait: bool,
}

/// What is done for a person who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approve,
    Deny,
}

/// What events tell of an approval.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    approval_id: ApprovalId,
    key_id: &'a KeyId,
    operation: &'a str,
    state: ApprovalState,
    expires_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

impl UserContext {
    /// Whether the call of an agent has waited for a person under this idempotency key: then that says what it is answered.
    pub(super) fn has_waited(&self, caller: &Caller, facts: &RequestFacts) -> bool {
        self.waited(caller, facts).is_some()
    }

    fn waited(&self, caller: &Caller, facts: &RequestFacts) -> Option<Known> {
        self.approvals.of_idempotency_key(caller.key_id()?, facts.idempotency_key.as_ref().map(IdempotencyKey::as_str)?)
    }

    /// Answers a call that has waited under its idempotency key, as far as it has come.
    pub(super) async fn answer_by_approval(
        self: &Rc<Self>,
        entry: AuditEntry,
        caller: &Caller,
        invocation: &Invocation,
        facts: &RequestFacts,
        waiting: Waiting,
    ) {
        let Some((known, key_id)) = self.waited(caller, facts).zip(caller.key_id()) else {
            let error =
                Error::new(Code::RequestInProgress, "The call's approval has just ended: send it again").retry_after_secs(1);
            return road::refuse(self, Denial { error, limits: waiting.limits }, entry, true, waiting.reply);
        };
        let entry = entry.under(known.id);
        let error = match known.state {
            _ if known.digest != digest(key_id, invocation.declaration.name, &invocation.arguments) => Error::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used for another request: use a new key for a new request",
            ),
            ApprovalState::Pending | ApprovalState::Approved => required(&known),
            ApprovalState::Denied => Error::new(Code::ApprovalDenied, "A person has denied this call"),
            ApprovalState::Expired | ApprovalState::Done | ApprovalState::Failed | ApprovalState::Unknown => {
                let result = self.approved_outcome(known.id).await;
                let code = result.as_ref().map_or_else(|error| error.code().name(), |_| "ok");
                let status = result.as_ref().map_or_else(|error| error.code().status(), |answer| answer.status);
                if let Err(failure) = self.environment.audit.append(entry.replayed(code, status)).await {
                    tracing::error!(%failure, "a repetition could not be audited");
                }
                return road::answer(waiting.reply, Reply { replayed: true, ..Reply::new(result, waiting.limits) });
            }
        };
        road::refuse(self, Denial { error, limits: waiting.limits }, entry, true, waiting.reply);
    }

    /// Keeps a call that a person must approve, and answers that it waits. The question is in the audit log first.
    pub(super) async fn ask_for_approval(
        self: &Rc<Self>,
        entry: AuditEntry,
        caller: &Caller,
        declaration: &'static Declaration,
        question: Question,
        waiting: Waiting,
    ) {
        let Waiting { reply, limits } = waiting;
        let kept = match self.draft_approval(caller, declaration, question) {
            Ok(approval) => self.keep_approval(entry.clone(), approval).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(known) => road::answer(reply, Reply::new(Err(required(&known)), limits)),
            Err(error) => road::refuse(self, Denial { error, limits }, entry, true, reply),
        }
    }

    fn draft_approval(&self, caller: &Caller, declaration: &'static Declaration, question: Question) -> Result<Approval, Error> {
        let Question { arguments, account_id, chats, facts, reasons, can_wait } = question;
        if !can_wait {
            let detail = "A person must approve this, and a call with a file or a stream cannot wait for that: send a file by its URL, \
                          or ask for another key";
            return Err(Error::new(Code::HumanOnly, detail));
        }
        let key_id =
            caller.key_id().cloned().ok_or_else(|| Error::internal("a person is asked for approval of a person's call"))?;
        let asked_at = now_secs();
        let approval = Approval {
            id: ApprovalId::generate()?,
            operation: declaration.name.to_owned(),
            digest: digest(&key_id, declaration.name, &arguments),
            key_id,
            arguments,
            account_id,
            chat_ids: chats.iter().map(|chat| chat.value()).collect(),
            reasons,
            path: facts.path,
            request_id: facts.request_id,
            address: facts.address,
            idempotency_key: facts.idempotency_key.map(|key| key.as_str().to_owned()),
            is_shown_once: holds_secret(declaration, &chats),
            asked_at,
            expires_at: asked_at.saturating_add(self.environment.settings.limits.approvals.lifetime.as_secs()),
            decided_at: None,
            ended_at: None,
            state: ApprovalState::Pending,
            code: None,
            status: None,
            detail: None,
        };
        approval.fit()
    }

    async fn keep_approval(&self, entry: AuditEntry, approval: Approval) -> Result<Known, Error> {
        let limits = self.environment.settings.limits.approvals;
        let waiting = self.approvals.waiting(&approval, limits)?;
        let id = waiting.as_ref().map_or(approval.id, |waiting| waiting.id);
        self.environment.audit.append(entry.denied(Code::ApprovalRequired).under(id)).await?;
        if let Some(waiting) = waiting {
            return Ok(waiting);
        }
        crash_point(&["approval-audited"]);
        let known = self.approvals.add(&approval, limits).await?;
        crash_point(&["approval-kept"]);
        self.tell_of_approval(EventName::ApprovalRequired, &approval);
        Ok(known)
    }

    /// What became of a call that was carried out, as its agent is answered. An answer that holds a secret is given once.
    pub(crate) async fn approved_outcome(&self, id: ApprovalId) -> Result<Answer, Error> {
        let approval = self.approvals.read(id).await?;
        let ended = self.approved_end(id).await?.flatten();
        if approval.is_shown_once && approval.state == ApprovalState::Done {
            if !self.approvals.take_answer(id) {
                return Err(Error::new(Code::AnswerNotKept, "The call was carried out, and its answer was shown before"));
            }
            self.forget_approved_answer(id).await?;
        }
        match ended {
            Some(ended) => ended.answer(),
            None => Err(failure(&approval)),
        }
    }

    /// Decides about an approval, for a person who saw what has this digest; durable when this returns. What is approved is carried out
    /// behind the answer.
    pub(crate) async fn decide(self: &Rc<Self>, id: ApprovalId, digest: &str, verdict: Verdict) -> Result<Approval, Error> {
        let now = now_secs();
        let decided = self.approvals.change(id, |approval| {
            if approval.state != ApprovalState::Pending {
                let state = approval.state.name();
                return Err(Error::new(Code::Conflict, format!("This approval does not wait any more: it is {state}")));
            }
            if now >= approval.expires_at {
                return Err(Error::new(Code::Conflict, "This approval has expired"));
            }
            if approval.digest != digest {
                return Err(
                    Error::new(Code::Conflict, "The digest is not that of this call: read the approval again").in_field("digest")
                );
            }
            approval.decided_at = Some(now);
            match verdict {
                Verdict::Approve => approval.state = ApprovalState::Approved,
                Verdict::Deny => {
                    (approval.state, approval.ended_at) = (ApprovalState::Denied, Some(now));
                }
            }
            Ok(())
        });
        let approval = decided.await?;
        crash_point(&["approval-decided"]);
        self.tell_of_approval(EventName::ApprovalDecided, &approval);
        if verdict == Verdict::Approve {
            self.tasks.spawn(Rc::clone(self).carry_out(id));
        }
        Ok(approval)
    }

    /// Takes up what was approved and not carried out, and sees to what time asks for.
    pub(super) fn resume_approvals(self: &Rc<Self>) {
        for id in self.approvals.approved() {
            self.tasks.spawn(Rc::clone(self).carry_out(id));
        }
        self.tasks.spawn(Rc::clone(self).tend_approvals());
    }

    /// Makes an approved call, and keeps how it ended. What cannot be made at this moment is tried again for a while.
    async fn carry_out(self: Rc<Self>, id: ApprovalId) {
        if let Err(error) = self.try_to_carry_out(id).await {
            tracing::error!(approval = %id, %error, "an approved call could not be carried out or settled");
        }
    }

    async fn try_to_carry_out(self: &Rc<Self>, id: ApprovalId) -> Result<(), Error> {
        let approval = self.approvals.read(id).await?;
        let began = now_secs();
        let decided_at = approval.decided_at.unwrap_or(approval.asked_at);
        let too_late = began > approval.expires_at.max(decided_at.saturating_add(TRIED_SECS));
        if too_late && self.approved_end(id).await?.is_none() {
            return self.settle_approval(id, ApprovalState::Expired, None).await;
        }
        let mut wait = 1;
        let result = loop {
            let result = self.attempt_approved(&approval).await;
            let Err(error) = &result else { break result };
            let pause = error.retry_after().map_or(wait, u64::from);
            if !passes(error.code()) || now_secs().saturating_add(pause) > began.saturating_add(TRIED_SECS) {
                break result;
            }
            tokio::time::sleep(Duration::from_secs(pause)).await;
            wait = (wait * 2).min(WAIT_SECS_MAX);
        };
        crash_point(&["approval-carried-out"]);
        let state = match &result {
            Ok(_) => ApprovalState::Done,
            Err(error) if matches!(error.code(), Code::OutcomeUnknown | Code::Internal) => ApprovalState::Unknown,
            Err(_) => ApprovalState::Failed,
        };
        self.settle_approval(id, state, Some(result)).await
    }

    /// Makes the call once, as its agent would now.
    async fn attempt_approved(self: &Rc<Self>, approval: &Approval) -> Result<Answer, Error> {
        let expires_at = self.agent_keys.borrow().get(&approval.key_id).and_then(|key| key.expires_at);
        let caller = Caller::agent(self.user.clone(), approval.key_id.clone(), expires_at);
        let entry = self.environment.catalogue.find(&approval.operation);
        let entry = entry.ok_or_else(|| Error::new(Code::NotFound, "This server does not have the operation any more"))?;
        let invocation = entry.decode(approval.arguments.clone())?;
        let facts = RequestFacts {
            request_id: approval.request_id.clone(),
            path: approval.path.clone(),
            address: approval.address,
            idempotency_key: None,
            dry_run: false,
        };
        road::travel_approved(self, approval.id, caller, invocation, facts).await
    }

    /// Keeps how an approval ended; tried until it is kept.
    async fn settle_approval(
        &self,
        id: ApprovalId,
        state: ApprovalState,
        result: Option<Result<Answer, Error>>,
    ) -> Result<(), Error> {
        let now = now_secs();
        let settled = self
            .approvals
            .change(id, |approval| {
                match &result {
                    Some(result) => approval.end(state, result.as_ref().map(|answer| answer.status), now),
                    None => (approval.state, approval.ended_at) = (state, Some(now)),
                }
                Ok(())
            })
            .await?;
        crash_point(&["approval-settled"]);
        self.tell_of_approval(EventName::ApprovalDecided, &settled);
        Ok(())
    }

    /// Lets approvals expire, forgets answers that were to be shown once, and forgets what has ended long ago.
    async fn tend_approvals(self: Rc<Self>) {
        loop {
            let now = now_secs();
            match self.approvals.next_due() {
                Some(due) if due <= now => {
                    if let Err(error) = self.tend_approvals_once(now).await {
                        tracing::error!(%error, "approvals could not be tended");
                        tokio::time::sleep(Duration::from_secs(WAIT_SECS_MAX)).await;
                    }
                }
                due => {
                    let pause = due.map_or(LOOK_SECS_MAX, |due| due.saturating_sub(now).min(LOOK_SECS_MAX));
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_secs(pause)) => {}
                        () = self.approvals.moved.notified() => {}
                    }
                }
            }
        }
    }

    async fn tend_approvals_once(&self, now: u64) -> Result<(), Error> {
        let due = self.approvals.due(now);
        for id in due.expired {
            let expired = self.approvals.change(id, |approval| {
                // A person may have decided at the last moment.
                if approval.state == ApprovalState::Pending {
                    (approval.state, approval.ended_at) = (ApprovalState::Expired, Some(now));
                }
                Ok(())
            });
            let approval = expired.await?;
            if approval.state == ApprovalState::Expired {
                self.tell_of_approval(EventName::ApprovalDecided, &approval);
            }
        }
        for id in due.answers {
            self.forget_approved_answer(id).await?;
            let forgotten = self.approvals.change(id, |approval| {
                approval.is_shown_once = false;
                Ok(())
            });
            forgotten.await?;
        }
        if !due.old.is_empty() {
            self.approvals.remove(&due.old).await?;
        }
        Ok(())
    }

    /// Tells people and the agent that asked how far an approval is. What the call says is not told. Where the call is of no account, it
    /// is told among the events of one that the key covers.
    fn tell_of_approval(&self, name: EventName, approval: &Approval) {
        let account = approval.account_id.filter(|account| self.owns(*account)).or_else(|| {
            let (keys, accounts) = (self.agent_keys.borrow(), self.accounts.borrow());
            let key = keys.get(&approval.key_id);
            accounts.keys().copied().find(|account| key.is_none_or(|key| key.covers(Some(*account))))
        });
        let Some(account) = account else { return };
        let content = Told {
            approval_id: approval.id,
            key_id: &approval.key_id,
            operation: &approval.operation,
            state: approval.state,
            expires_at: approval.expires_at,
            code: approval.code.as_deref(),
        };
        let event = NewEvent::new(name, None, &content).of_key(approval.key_id.clone());
        self.environment.events.tell(&self.user, account, vec![event]);
    }

    /// An approval as its caller may read it: a person every one, an agent its own.
    pub(crate) async fn approval_for(&self, caller: &Caller, id: &str) -> Result<Approval, Error> {
        let known = id.parse().ok().and_then(|id| self.approvals.known(id));
        let may_see = |known: &Known| caller.key_id().is_none_or(|key_id| *key_id == known.key_id);
        let known = known.filter(may_see).ok_or_else(not_found)?;
        self.approvals.read(known.id).await
    }
}

fn required(known: &Known) -> Error {
    Error::approval_required(WaitingApproval { id: known.id, expires_at: known.expires_at })
}

/// How a call ended of whose end nothing else is kept.
fn failure(approval: &Approval) -> Error {
    let code = approval.code.as_deref().and_then(Code::named).unwrap_or(Code::OutcomeUnknown);
    Error::new(code, approval.detail.as_deref().unwrap_or("How the call ended is not known"))
}

/// Whether the answer holds what is shown once: a secret, or what only `security:read` lets an agent see.
fn holds_secret(declaration: &Declaration, chats: &[ChatId]) -> bool {
    matches!(declaration.access, Access::Scope(scope) if scope.needs_approval())
        || chats.contains(&ChatId::SERVICE_MESSAGES)
        || !declaration.secret_members.is_empty()
}

/// Whether a call that was refused so has done nothing, and may succeed a moment later.
fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::AccountNotReady
            | Code::TelegramUnreachable
            | Code::TelegramFlood
            | Code::SlowMode
            | Code::RateLimited
            | Code::Overloaded
            | Code::AuditUnavailable
            | Code::RequestInProgress
    )
}
