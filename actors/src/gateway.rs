//! The gateway: the one road that every call takes, whatever its transport.
//!
//! A call goes to its caller's own user actor, is authorised there, is in the audit log before it has any effect, runs, and is
//! answered. The road itself is `user::road`; this is its gate.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::caller::{Caller, CallerIssuer};
use crate::catalogue::Catalogue;
use crate::directory::Directory;
use crate::environment::Environment;
use crate::error::{Code, Error};
use crate::events::{EndReason, Tenure};
use crate::idempotency::IdempotencyKey;
use crate::operation::{Answer, Invocation};
use crate::runtime::{Refusal, Refused};
use crate::settings::Settings;
use crate::startup::{self, StartError};
use crate::user::{Call, LimitState, UserMessage};
use crate::vault::BackupError;

/// How long a call waits for its user's actor to come up.
const WAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls that may be at work at once in the whole server. Beyond it, calls are answered 503.
const CALLS_MAX: usize = 50_000;

/// What the edge knows of a request beyond its arguments.
#[derive(Clone, Debug, Default)]
pub struct RequestFacts {
    /// The request's id: 1 to 64 characters of `[A-Za-z0-9_-]`.
    pub request_id: String,
    /// The path that was asked for, without its query.
    pub path: String,
    /// The key that makes a repetition of the request harmless, if its caller gave one.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The client's address. Where it is not known, rules about addresses speak against the call.
    pub address: Option<IpAddr>,
    /// Whether a mutation is only to be told what would come of it. A read is made all the same.
    pub dry_run: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Reply {
    /// The answer, or why there is none.
    pub result: Result<Answer, Error>,
    /// What is left of the limits that the call drew from.
    pub limits: Vec<LimitState>,
    /// Whether this is the answer that the same request was given before.
    pub replayed: bool,
}

impl Reply {
    pub(crate) fn new(result: Result<Answer, Error>, limits: Vec<LimitState>) -> Self {
        Self { result, limits, replayed: false }
    }
}

impl From<Result<Answer, Error>> for Reply {
    fn from(result: Result<Answer, Error>) -> Self {
        Self::new(result, Vec::new())
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Self::new(Err(error), Vec::new())
    }
}

/// Whether the server can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Everything below is well.
    pub ready: bool,
    /// The audit log takes entries.
    pub audit: bool,
    /// The store takes commits.
    pub store: bool,
    /// Accounts that this server runs.
    pub accounts_total: usize,
}

/// A gateway that has just started.
#[derive(Debug)]
pub struct Started {
    /// The gateway.
    pub gateway: Gateway,
    /// The right to make callers out of verified tokens.
    pub issuer: CallerIssuer,
    /// What was found and mended at start, in sentences for the operator.
    pub notes: Vec<String>,
}

/// Takes calls. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    environment: Arc<Environment>,
    directory: Directory,
    catalogue: Catalogue,
    calls: AtomicUsize,
    stopping: AtomicBool,
    drained: Notify,
}

impl Gateway {
    /// Opens the data folder and starts the actors. Accounts come online behind it. Must be called inside an actix system.
    ///
    /// # Errors
    /// [`StartError`]: a sentence for the operator. Nothing in the data folder is changed by a start that is refused.
    pub async fn start(settings: Settings, catalogue: Catalogue) -> Result<Started, StartError> {
        let (environment, notes) = startup::open(settings, catalogue.clone()).await?;
        let place = environment.pool.place().ok_or(StartError::NoThread)?;
        let directory = Directory::start(Arc::clone(&environment), &place);
        let gateway = Self(Arc::new(Inner {
            environment,
            directory,
            catalogue,
            calls: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            drained: Notify::new(),
        }));
        startup::wake_users(&gateway.0.environment, &gateway.0.directory).await?;
        Ok(Started { gateway, issuer: CallerIssuer::new(), notes })
    }

    /// The operations that this gateway takes.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// The agent that holds this secret.
    ///
    /// # Errors
    /// [`Code::Unauthorized`], the same for every reason.
    pub fn authenticate_agent_key(&self, secret: &str) -> Result<Caller, Error> {
        self.0.environment.keys.authenticate(secret)
    }

    /// Begins what lasts as long as the caller's right does, such as a session.
    ///
    /// # Errors
    /// [`Code::Unauthorized`] when the right has ended already.
    pub fn hold(&self, caller: &Caller) -> Result<Tenure, Error> {
        let tenure = self.0.environment.events.hold(caller)?;
        // Whoever revokes a key says so in the index first: what is held before this look is told of it, and what is not is seen here.
        match caller.key_id() {
            Some(key_id) if !self.0.environment.keys.is_live(key_id) => Err(Error::unauthorized()),
            _ => Ok(tenure),
        }
    }

    /// Takes one call down the road. Dropping the future does not stop work that has begun.
    pub async fn call(&self, caller: &Caller, invocation: Invocation, facts: RequestFacts) -> Reply {
        match self.deliver(caller, invocation, facts).await {
            Ok(reply) => reply,
            Err(error) => Reply::from(error),
        }
    }

    async fn deliver(&self, caller: &Caller, invocation: Invocation, facts: RequestFacts) -> Result<Reply, Error> {
        let _admitted = Admitted::enter(&self.0)?;
        let declaration = invocation.declaration();
        let is_mutation = declaration.effect.is_mutation();
        let limits = &self.0.environment.settings.limits;
        let carries_file = declaration.takes_bytes || declaration.fetches_file;
        let timeout = if carries_file { limits.upload_timeout } else { limits.call_timeout };
        let (reply, answer) = oneshot::channel();
        let mut message = UserMessage::Call(Call { caller: caller.clone(), invocation, facts, reply });
        let handle = self.0.directory.of(caller).await?;
        if let Err(refused) = handle.mailbox().try_send(message) {
            message = retry_when_running(refused, handle.mailbox()).await?;
            handle.mailbox().try_send(message).map_err(|_| busy())?;
        }
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) | Err(_) if is_mutation => Err(Error::new(
                Code::OutcomeUnknown,
                "The outcome is not known: it may or may not have happened. Check before trying again",
            )),
            Ok(Err(_)) => Err(Error::new(Code::Internal, "Internal server error")),
            Err(_) => Err(Error::new(Code::OutcomeUnknown, "No answer came in time; nothing was changed")),
        }
    }

    /// Whether the server can do its work.
    pub fn readiness(&self) -> Readiness {
        let audit = self.0.environment.audit.is_healthy();
        let store = self.0.environment.vault.is_healthy();
        let stopping = self.0.stopping.load(Ordering::Relaxed);
        Readiness { ready: audit && store && !stopping, audit, store, accounts_total: self.0.directory.accounts_total() }
    }

    /// Makes a backup of the data folder at `folder`, which is this gateway's own, and hands it on in parts.
    ///
    /// # Errors
    /// [`BackupError`]; what was handed on is then no backup.
    pub async fn back_up(&self, folder: &Path, parts: &mpsc::Sender<Vec<u8>>) -> Result<(), BackupError> {
        self.0.environment.vault.back_up(folder, parts).await
    }

    /// Resolves when the process must end, with the reason: the audit log's thread is gone.
    pub async fn failed(&self) -> String {
        self.0.environment.audit.died().await
    }

    /// Ends every stream of events, so that no client holds up a stop.
    pub fn end_streams(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.environment.events.end_all(EndReason::ServerStopping);
    }

    /// Stops in order: takes no more calls, lets those at work finish, stops the actors, seals the audit log and flushes the store.
    pub async fn shutdown(&self, within: Duration) {
        let deadline = tokio::time::Instant::now() + within;
        self.end_streams();
        let drained = async {
            loop {
                let notified = self.0.drained.notified();
                if self.0.calls.load(Ordering::SeqCst) == 0 {
                    return;
                }
                notified.await;
            }
        };
        if tokio::time::timeout(within / 2, drained).await.is_err() {
            tracing::warn!(calls = self.0.calls.load(Ordering::SeqCst), "some calls did not finish in time");
        }
        self.0.directory.stop(deadline.saturating_duration_since(tokio::time::Instant::now())).await;
        self.0.environment.audit.close().await;
        self.0.environment.vault.close().await;
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Gateway({:?})", self.0.directory)
    }
}

fn busy() -> Error {
    Error::new(Code::Overloaded, "The server is busy; try again").retry_after_secs(1)
}

/// Gives a message back when its actor has come up; a full mailbox is refused at once.
async fn retry_when_running(
    refused: Refused<UserMessage>,
    mailbox: &crate::runtime::Mailbox<UserMessage>,
) -> Result<UserMessage, Error> {
    if refused.reason == Refusal::Full {
        return Err(busy());
    }
    match tokio::time::timeout(WAKE_TIMEOUT, mailbox.running()).await {
        Ok(true) => Ok(refused.message),
        _ => Err(busy()),
    }
}

/// One call at work; counted until it ends.
struct Admitted<'a>(&'a Inner);

impl<'a> Admitted<'a> {
    fn enter(inner: &'a Inner) -> Result<Self, Error> {
        let before = inner.calls.fetch_add(1, Ordering::SeqCst);
        let admitted = Self(inner);
        if inner.stopping.load(Ordering::SeqCst) {
            return Err(Error::new(Code::Overloaded, "The server is stopping").retry_after_secs(5));
        }
        if before >= CALLS_MAX {
            return Err(busy());
        }
        Ok(admitted)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.drained.notify_waiters();
        }
    }
}
