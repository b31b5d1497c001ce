//! The one road: authorise, record the intent, do it, record the outcome, answer.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::audit::{AuditEntry, Phase};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::{Reply, RequestFacts};
use crate::operation::{Answer, Invocation, Work};
use crate::user::authorize::{Denial, Permit, authorize};
use crate::user::{Call, LimitState, UserCall, UserContext};

/// Permitted work that has not begun.
type Permitted = Box<dyn FnOnce() -> LocalBoxFuture<'static, Result<Answer, Error>>>;

/// Takes one call down the road. Reads that need not wait are answered before this returns; all else continues beside the actor, and
/// whether its caller still listens changes nothing.
pub(super) fn travel(context: &Rc<UserContext>, call: Call) {
    let Call { caller, invocation, facts, reply } = call;
    let entry = entry_of(&caller, &invocation, &facts);
    let declaration = invocation.declaration;
    let is_mutation = declaration.effect.is_mutation();
    if *caller.user() != context.user {
        tracing::error!(operation = declaration.name, "a call reached the actor of another user and was refused");
        return refuse(context, Denial::from(Error::account_forbidden()), entry, true, reply);
    }
    match authorize(context, &caller, &invocation) {
        Err(denial) => {
            let is_audited = is_mutation || denial.error.code().status() == 403;
            refuse(context, denial, entry, is_audited, reply);
        }
        Ok(Permit { account, limits }) => {
            let body = invocation.body;
            let working: Permitted = match (invocation.work, account) {
                (Work::User(work), account) => {
                    let call = UserCall::new(Rc::clone(context), caller, account, body);
                    Box::new(move || work.run(call))
                }
                (Work::Account(work), Some(account)) => Box::new(move || account.run(work, facts.request_id, body).boxed_local()),
                (Work::Account(_), None) => {
                    let unnamed = Denial::from(Error::internal("an account operation names no account"));
                    return refuse(context, unnamed, entry, is_mutation, reply);
                }
            };
            if is_mutation {
                mutate(context, entry, working, limits, reply, declaration.ends_with_caller);
            } else {
                read(context, working, limits, reply);
            }
        }
    }
}

/// How the outcome of work is audited that was given up because its caller had gone, and with which status: it is sent to nobody.
const ABANDONED: &str = "abandoned";
const ABANDONED_STATUS: u16 = 499;

/// Answers a refusal; one that is audited is in the log first.
fn refuse(context: &Rc<UserContext>, denial: Denial, entry: AuditEntry, is_audited: bool, reply: oneshot::Sender<Reply>) {
    let Denial { error, limits } = denial;
    let audit = is_audited.then(|| (context.environment.audit.clone(), entry.denied(error.code())));
    let denied = Reply { result: Err(error), limits };
    let Some((audit, entry)) = audit else {
        return answer(reply, denied);
    };
    context.tasks.spawn(async move {
        if let Err(failure) = audit.append(entry).await {
            tracing::error!(%failure, "a refusal could not be audited");
        }
        answer(reply, denied);
    });
}

/// Runs a read; it is answered at once if it need not wait.
fn read(context: &Rc<UserContext>, working: Permitted, limits: Vec<LimitState>, reply: oneshot::Sender<Reply>) {
    let mut working = working();
    match working.as_mut().now_or_never() {
        Some(result) => answer(reply, Reply { result, limits }),
        None => context.tasks.spawn(async move { answer(reply, Reply { result: working.await, limits }) }),
    }
}

/// Runs a mutation between its intent, which is durable before anything happens, and its outcome, which follows what has happened and
/// never undoes it.
fn mutate(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    working: Permitted,
    limits: Vec<LimitState>,
    mut reply: oneshot::Sender<Reply>,
    ends_with_caller: bool,
) {
    let audit = context.environment.audit.clone();
    context.tasks.spawn(async move {
        let intent = match audit.append(entry.clone()).await {
            Ok(intent) => intent,
            Err(failure) => return answer(reply, Reply { result: Err(failure.into()), limits }),
        };
        let working = working();
        let result = tokio::select! {
            biased;
            result = working => result,
            () = reply.closed(), if ends_with_caller => return audit.note(entry.outcome(intent, ABANDONED, ABANDONED_STATUS)).await,
        };
        let (name, status) = match &result {
            Ok(answer) => ("ok", answer.status),
            Err(error) => (error.code().name(), error.code().status()),
        };
        audit.note(entry.outcome(intent, name, status)).await;
        answer(reply, Reply { result, limits });
    });
}

fn answer(to: oneshot::Sender<Reply>, reply: Reply) {
    let _caller_may_be_gone = to.send(reply);
}

fn entry_of(caller: &Caller, invocation: &Invocation, facts: &RequestFacts) -> AuditEntry {
    let declaration = invocation.declaration;
    AuditEntry {
        phase: Phase::Intent,
        user_id: caller.user().clone(),
        agent_key_id: caller.key_id().cloned(),
        operation: declaration.name,
        method: declaration.method.name(),
        path: Some(facts.path.clone()),
        account_id: invocation.account.and_then(|account| account.id()),
        chat_id: invocation.chats.first().map(|chat| chat.value()),
        request_id: Some(facts.request_id.clone()),
        code: None,
        status: None,
        intent: None,
    }
}
