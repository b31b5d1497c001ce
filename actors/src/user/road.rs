//! The one road: authorise, record the intent, do it, record the outcome, answer.

use std::net::IpAddr;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::account::{AccountHandle, Asker, Order, SendIds};
use crate::approvals::ApprovalId;
use crate::audit::{AuditEntry, Phase};
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::gateway::{Reply, RequestFacts};
use crate::idempotency::{Fingerprint, IdempotencyKey};
use crate::operation::{Answer, Declaration, Invocation, Repetition, Work};
use crate::policy::Decision;
use crate::runtime::crash_point;
use crate::stream::ByteStream;
use crate::user::approvals::Question;
use crate::user::authorize::{Denial, Permit, Right, authorize};
use crate::user::idempotency::{Claim, Ended, Ticket};
use crate::user::policies::Weighing;
use crate::user::{Call, LimitState, UserCall, UserContext};

/// Permitted work that has not begun.
struct Permitted {
    declaration: &'static Declaration,
    work: Work,
    account: Option<AccountHandle>,
    body: Option<ByteStream>,
    context: Rc<UserContext>,
    caller: Caller,
    /// What its key's policy was asked, if it has one.
    weighing: Option<Weighing>,
    /// What a person is asked, if one must be.
    question: Question,
}

impl Permitted {
    /// Draws it from the day of its key.
    async fn spend(&self) -> Result<(), Error> {
        match &self.weighing {
            Some(weighing) => self.context.spend(weighing).await,
            None => Ok(()),
        }
    }

    fn new(
        context: &Rc<UserContext>,
        caller: Caller,
        invocation: Invocation,
        facts: RequestFacts,
        permit: Permit,
        right: Right,
    ) -> Self {
        let can_wait = invocation.can_wait();
        let Invocation { declaration, account: named, chats, touched, work, body, arguments, .. } = invocation;
        let Permit { account, sight, policy, reasons, limits: _ } = permit;
        let weighing = policy.zip(caller.key_id().cloned()).map(|(policy, key)| {
            Weighing::new(policy, key, declaration, touched, &arguments, facts.address, right == Right::Approved)
        });
        let account_id = named.and_then(|named| named.id());
        let question = Question { arguments, account_id, chats, facts, reasons, can_wait };
        Self { declaration, work: work.seen_with(sight), account, body, context: Rc::clone(context), caller, weighing, question }
    }

    /// Asks the policy of its key, if there is one, and adds why a person must approve it.
    async fn weigh(&mut self, entry: &AuditEntry) -> Result<(), Error> {
        let Some(weighing) = &self.weighing else { return Ok(()) };
        let verdict = self.context.weigh(weighing, &self.caller, self.account.as_ref()).await;
        if let Some(error) = verdict.refusal() {
            return Err(error);
        }
        if verdict.decision == Decision::Shadow
            && let Err(failure) = self.context.environment.audit.append(entry.clone().weighed("shadow")).await
        {
            tracing::error!(%failure, "a rule on trial could not be audited");
        }
        if !weighing.is_approved {
            self.question.reasons.extend(verdict.questions());
        }
        Ok(())
    }

    /// Takes the digest of its body of bytes, if it has one, as that is read.
    fn digest_body(&mut self) -> Option<oneshot::Receiver<[u8; 32]>> {
        let (body, digest) = self.body.take()?.digested();
        self.body = Some(body);
        Some(digest)
    }

    /// Begins it; `send_ids` are the `random_id`s of what it sends, where they must be the same again.
    fn begin(self, send_ids: Option<SendIds>) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        match (self.work, self.account) {
            (Work::User(work), account) => work.run(UserCall::new(self.context, self.caller, account, self.body)),
            (Work::Account(work), Some(account)) => {
                let declaration = self.declaration;
                let ends_with_caller = declaration.ends_with_caller || !declaration.effect.is_mutation();
                let asker = Asker { principal: self.caller.principal().clone(), ends_with_caller };
                let (request_id, body) = (self.question.facts.request_id, self.body);
                account.run(Order { asker, work, request_id, body, send_ids }).boxed_local()
            }
            (Work::Account(_), None) => async { Err(Error::internal("an account operation names no account")) }.boxed_local(),
        }
    }

    /// Begins it, and notes what its answer tells an agent that carries what it has read, before that is given.
    fn begin_noting(mut self, send_ids: Option<SendIds>) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        let carrying = self.weighing.take().filter(|weighing| weighing.policy.cross_chat.is_some());
        let Some(weighing) = carrying else { return self.begin(send_ids) };
        let (context, account) = (Rc::clone(&self.context), self.account.as_ref().map(AccountHandle::id));
        let working = self.begin(send_ids);
        async move {
            let answer = working.await?;
            // What a mutation tells is what it did.
            let told_of = if weighing.declaration.effect.is_mutation() { &[] } else { answer.told_of.as_slice() };
            context.note_read(&weighing, account, told_of).await?;
            Ok(answer)
        }
        .boxed_local()
    }
}

/// Who waits for the answer, and what is told with it.
pub(super) struct Waiting {
    pub(super) reply: oneshot::Sender<Reply>,
    pub(super) limits: Vec<LimitState>,
}

impl Waiting {
    fn answer(self, result: Result<Answer, Error>) {
        answer(self.reply, Reply::new(result, self.limits));
    }
}

/// Takes one call down the road. Reads that need not wait are answered before this returns; all else continues beside the actor, and
/// whether its caller still listens changes nothing.
pub(super) fn travel(context: &Rc<UserContext>, call: Call) {
    let Call { caller, invocation, facts, reply } = call;
    let entry = entry_of(&caller, &invocation, &facts);
    let is_mutation = invocation.declaration.effect.is_mutation();
    if *caller.user() != context.user {
        tracing::error!(operation = invocation.declaration.name, "a call reached the actor of another user and was refused");
        return refuse(context, Denial::from(Error::account_forbidden()), entry, true, reply);
    }
    if facts.dry_run && is_mutation {
        return rehearse(context, caller, invocation, facts.address, entry, reply);
    }
    match authorize(context, &caller, &invocation, Right::Own) {
        Err(denial) => {
            let code = denial.error.code();
            let is_of_account = matches!(code, Code::AccountForbidden | Code::AccountSuspended);
            match facts.idempotency_key.zip(invocation.fingerprint).filter(|_| is_mutation && is_of_account) {
                None => refuse(context, denial, entry, is_mutation || code.status() == 403, reply),
                Some(key) => {
                    let context = Rc::clone(context);
                    let body = invocation.body;
                    context.tasks.clone().spawn(async move {
                        replay_or_refuse(&context, entry, &caller, body, key, denial, reply).await;
                    });
                }
            }
        }
        Ok(permit) if context.has_waited(&caller, &facts) => {
            let (context, waiting) = (Rc::clone(context), Waiting { reply, limits: permit.limits });
            context.tasks.clone().spawn(async move {
                context.answer_by_approval(entry, &caller, &invocation, &facts, waiting).await;
            });
        }
        Ok(permit) => {
            let key = facts.idempotency_key.clone().zip(invocation.fingerprint);
            let waiting = Waiting { reply, limits: permit.limits.clone() };
            let permitted = Permitted::new(context, caller, invocation, facts, permit, Right::Own);
            if permitted.weighing.is_none() && permitted.question.reasons.is_empty() {
                return go_on(context, entry, permitted, key, waiting);
            }
            let context = Rc::clone(context);
            context.tasks.clone().spawn(async move { weigh(&context, entry, permitted, key, waiting).await });
        }
    }
}

/// Tells what would come of a call, and audits that it was asked.
fn rehearse(
    context: &Rc<UserContext>,
    caller: Caller,
    invocation: Invocation,
    address: Option<IpAddr>,
    entry: AuditEntry,
    reply: oneshot::Sender<Reply>,
) {
    let mine = Rc::clone(context);
    context.tasks.spawn(async move {
        let rehearsed = mine.rehearse(&caller, invocation, address).await;
        if let Err(failure) = mine.environment.audit.append(entry.weighed("dry_run")).await {
            tracing::error!(%failure, "a dry run could not be audited");
        }
        answer(reply, Reply::from(rehearsed.and_then(|rehearsal| rehearsal.answer())));
    });
}

/// Asks the policy of the agent's key about a call that is permitted otherwise, and a person where it or what the call needs says so. A
/// refusal does not keep a repetition from its answer: it may be the call itself that has used the day up.
async fn weigh(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    mut permitted: Permitted,
    key: Option<(IdempotencyKey, Fingerprint)>,
    waiting: Waiting,
) {
    if let Err(error) = permitted.weigh(&entry).await {
        let denial = Denial { error, limits: waiting.limits };
        return match key {
            Some(key) => replay_or_refuse(context, entry, &permitted.caller, permitted.body, key, denial, waiting.reply).await,
            None => refuse(context, denial, entry, true, waiting.reply),
        };
    }
    if permitted.question.reasons.is_empty() {
        return go_on(context, entry, permitted, key, waiting);
    }
    // What began under its key before rules asked for a person ends as it does without them.
    if let Some((name, fingerprint)) = &key {
        match context.claim(&permitted.caller, name, *fingerprint).await {
            Ok(Claim::New(_)) => {}
            Ok(Claim::Ended(ended)) => return replay(context, entry, permitted.body, *ended, waiting).await,
            Ok(Claim::Undecided(ticket)) => {
                drop(ticket);
                return go_on(context, entry, permitted, key, waiting);
            }
            Err(error) => return refuse(context, Denial { error, limits: waiting.limits }, entry, true, waiting.reply),
        }
    }
    let Permitted { declaration, caller, question, .. } = permitted;
    context.ask_for_approval(entry, &caller, declaration, question, waiting).await;
}

/// Begins what is permitted.
fn go_on(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    permitted: Permitted,
    key: Option<(IdempotencyKey, Fingerprint)>,
    waiting: Waiting,
) {
    if !permitted.declaration.effect.is_mutation() {
        return read(context, permitted, waiting);
    }
    let context = Rc::clone(context);
    context.tasks.clone().spawn(async move {
        match key {
            None => mutate(&context, entry, permitted, None, waiting).await,
            Some((key, fingerprint)) => {
                let claim = context.claim(&permitted.caller, &key, fingerprint).await;
                once(&context, entry, permitted, claim, waiting).await;
            }
        }
    });
}

/// Makes a call that a person has approved, with the rights that its agent has now: audited, and under the record of its approval, which
/// says what has become of it before. Also a read goes this way, so that its answer is kept for its agent.
pub(super) async fn travel_approved(
    context: &Rc<UserContext>,
    approval: ApprovalId,
    caller: Caller,
    invocation: Invocation,
    facts: RequestFacts,
) -> Result<Answer, Error> {
    let entry = entry_of(&caller, &invocation, &facts).under(approval);
    let (reply, answered) = oneshot::channel();
    let fingerprint = Fingerprint::of(invocation.declaration.name, &invocation.arguments);
    let weighed = match authorize(context, &caller, &invocation, Right::Approved) {
        Err(denial) => Err(denial.error),
        Ok(permit) => {
            let mut permitted = Permitted::new(context, caller, invocation, facts, permit, Right::Approved);
            permitted.weigh(&entry).await.map(|()| permitted)
        }
    };
    match weighed {
        Err(error) => refuse(context, Denial::from(error), entry, true, reply),
        Ok(permitted) => {
            let claim = context.claim_approved(approval, fingerprint).await;
            once(context, entry, permitted, claim, Waiting { reply, limits: Vec::new() }).await;
        }
    }
    answered.await.map_err(|_| Error::internal("an approved call was not answered"))?.result
}

/// Refuses a call for its account, unless it is known under its key: the account may be as it is by that very call.
async fn replay_or_refuse(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    caller: &Caller,
    body: Option<ByteStream>,
    (key, fingerprint): (IdempotencyKey, Fingerprint),
    denial: Denial,
    reply: oneshot::Sender<Reply>,
) {
    match context.claim(caller, &key, fingerprint).await {
        Ok(Claim::Ended(ended)) => replay(context, entry, body, *ended, Waiting { reply, limits: denial.limits }).await,
        Err(error) if error.code() == Code::RequestInProgress => {
            refuse(context, Denial { error, limits: denial.limits }, entry, true, reply);
        }
        _ => refuse(context, denial, entry, true, reply),
    }
}

/// Runs a mutation that came with an idempotency key, or by an approval: once, whatever has become of it before.
async fn once(context: &Rc<UserContext>, entry: AuditEntry, permitted: Permitted, claim: Result<Claim, Error>, waiting: Waiting) {
    match claim {
        Err(error) => refuse(context, Denial { error, limits: waiting.limits }, entry, true, waiting.reply),
        Ok(Claim::Ended(ended)) => replay(context, entry, permitted.body, *ended, waiting).await,
        Ok(Claim::New(ticket)) => {
            let once = Once { ticket, is_repetition: false };
            mutate(context, entry, permitted, Some(once), waiting).await;
        }
        Ok(Claim::Undecided(ticket)) => {
            let once = Once { ticket, is_repetition: true };
            repeat(context, entry, permitted, once, waiting).await;
        }
    }
}

/// Answers a refusal; one that is audited is in the log first.
pub(super) fn refuse(
    context: &Rc<UserContext>,
    denial: Denial,
    entry: AuditEntry,
    is_audited: bool,
    reply: oneshot::Sender<Reply>,
) {
    let Denial { error, limits } = denial;
    let audit = is_audited.then(|| (context.environment.audit.clone(), entry.denied(error.code())));
    let denied = Reply::new(Err(error), limits);
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

/// Runs a read; it is answered at once if it need not wait. When its caller goes, its account is told, and gives up what has not begun.
fn read(context: &Rc<UserContext>, permitted: Permitted, mut waiting: Waiting) {
    let is_of_account = matches!(permitted.work, Work::Account(_));
    let mut working = permitted.begin_noting(None);
    match working.as_mut().now_or_never() {
        Some(result) => waiting.answer(result),
        None => context.tasks.spawn(async move {
            tokio::select! {
                biased;
                result = working => waiting.answer(result),
                () = waiting.reply.closed(), if is_of_account => {}
            }
        }),
    }
}

/// A call that has an idempotency key.
struct Once {
    ticket: Ticket,
    /// Whether the call has begun before.
    is_repetition: bool,
}

/// Runs a mutation between its intent, which is durable before anything happens, and its outcome, which follows what has happened and
/// never undoes it. A call with an idempotency key is noted beside its intent, and how it ended before it is answered.
async fn mutate(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    mut permitted: Permitted,
    mut once: Option<Once>,
    mut waiting: Waiting,
) {
    let audit = context.environment.audit.clone();
    let noted = async {
        match &mut once {
            Some(once) => once.ticket.note().await,
            None => Ok(()),
        }
    };
    let (intent, noted, spent) = futures::join!(audit.append(entry.clone()), noted, permitted.spend());
    let (intent, may_run) = match intent {
        Ok(intent) => (Some(intent), noted.and(spent)),
        Err(failure) => (None, Err(failure.into())),
    };
    let declaration = permitted.declaration;
    crash_point(&[declaration.name, ":mutation-noted"]);
    let digest = once.as_ref().and_then(|_| permitted.digest_body());
    let result = match may_run {
        Ok(()) => run(permitted, once.as_ref(), &mut waiting.reply).await,
        Err(error) => Err(error),
    };
    crash_point(&[declaration.name, ":mutation-ran"]);
    if let Some(Once { ticket, is_repetition }) = once {
        let digest = digest.and_then(|mut digest| digest.try_recv().ok());
        ticket.end(declaration, &result, digest, is_repetition).await;
    }
    if let Some(intent) = intent {
        let (name, status) = match &result {
            Ok(answer) => ("ok", answer.status),
            Err(error) => (error.code().name(), error.code().status()),
        };
        audit.note(entry.outcome(intent, name, status)).await;
    }
    waiting.answer(result);
}

/// Runs what is permitted; where that is declared, only for as long as its caller waits.
async fn run(permitted: Permitted, once: Option<&Once>, reply: &mut oneshot::Sender<Reply>) -> Result<Answer, Error> {
    let send_ids = once.map(|once| once.ticket.send_ids(once.is_repetition)).transpose()?;
    let ends_with_caller = permitted.declaration.ends_with_caller;
    tokio::select! {
        biased;
        result = permitted.begin_noting(send_ids) => result,
        () = reply.closed(), if ends_with_caller => Err(Error::new(Code::Abandoned, "The caller has gone")),
    }
}

/// Makes a call again whose first outcome nobody knows, if that can do no harm.
async fn repeat(context: &Rc<UserContext>, entry: AuditEntry, permitted: Permitted, once: Once, waiting: Waiting) {
    match permitted.declaration.repetition {
        Repetition::Harmless | Repetition::OnceByTelegram => mutate(context, entry, permitted, Some(once), waiting).await,
        Repetition::Never => {
            let unknown = "Whether this request was carried out is not known, and it is not made again: look, then use a new key";
            let denial = Denial { error: Error::new(Code::OutcomeUnknown, unknown), limits: waiting.limits };
            refuse(context, denial, entry, true, waiting.reply);
        }
    }
}

/// Answers a call as it was answered before. Nothing happens.
pub(super) async fn replay(
    context: &Rc<UserContext>,
    entry: AuditEntry,
    body: Option<ByteStream>,
    ended: Ended,
    waiting: Waiting,
) {
    let Waiting { reply, limits } = waiting;
    if let Some(body) = body
        && let Err(error) = same_body(body, &ended).await
    {
        return refuse(context, Denial { error, limits }, entry, true, reply);
    }
    let (code, status) = ended.code_and_status();
    if let Err(failure) = context.environment.audit.append(entry.replayed(code, status)).await {
        tracing::error!(%failure, "a repetition could not be audited");
    }
    answer(reply, Reply { replayed: true, ..Reply::new(ended.answer(), limits) });
}

/// Reads a body of bytes to its end and compares it with the first call's.
async fn same_body(body: ByteStream, ended: &Ended) -> Result<(), Error> {
    let (mut body, mut digest) = body.digested();
    while body.next().await?.is_some() {}
    match digest.try_recv() {
        Ok(digest) if ended.had_body(&digest) => Ok(()),
        _ => Err(Error::new(Code::IdempotencyKeyReused, "This Idempotency-Key was used with another body")),
    }
}

pub(super) fn answer(to: oneshot::Sender<Reply>, reply: Reply) {
    let _caller_may_be_gone = to.send(reply);
}

fn entry_of(caller: &Caller, invocation: &Invocation, facts: &RequestFacts) -> AuditEntry {
    let declaration = invocation.declaration;
    AuditEntry {
        phase: Phase::Intent,
        user_id: caller.user().clone(),
        agent_key_id: caller.key_id().cloned(),
        operation: declaration.name.into(),
        method: declaration.method.name().into(),
        path: Some(facts.path.clone()),
        account_id: invocation.account.and_then(|account| account.id()),
        chat_id: invocation.chats.first().map(|chat| chat.value()),
        request_id: Some(facts.request_id.clone()),
        code: None,
        status: None,
        intent: None,
        approval_id: None,
    }
}
