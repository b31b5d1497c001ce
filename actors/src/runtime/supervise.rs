//! Supervision: a factory makes the actor again after a panic or failure, with backoff, until it gives up.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::{oneshot, watch};

use super::mailbox::{Envelope, Mailbox};
use super::{Actor, Backoff, Place, Tasks};

/// When to restart and when to give up.
#[derive(Clone, Copy, Debug)]
pub struct RestartPolicy {
    /// The first wait is below this.
    pub backoff_base: Duration,
    /// No wait is longer.
    pub backoff_cap: Duration,
    /// This many failures within `window` are the last.
    pub failures_max: usize,
    /// How long a failure counts.
    pub window: Duration,
}

impl Default for RestartPolicy {
    /// Full jitter from one second to ten minutes; given up after ten failures within an hour.
    fn default() -> Self {
        Self {
            backoff_base: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(600),
            failures_max: 10,
            window: Duration::from_secs(3_600),
        }
    }
}

/// Where a supervised actor is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Its first incarnation is being made.
    Starting,
    /// It takes messages.
    Running,
    /// It failed and will be made again.
    Restarting,
    /// It failed too often; the text says how it failed last.
    Failed(String),
    /// It was stopped.
    Stopped,
}

/// How an incarnation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Panicked,
    Failed(String),
    Stopped,
}

/// Tells the supervisor how an incarnation ended; the first word counts.
#[derive(Clone)]
pub(super) struct ExitSignal(Arc<Mutex<Option<oneshot::Sender<Exit>>>>);

impl ExitSignal {
    fn new() -> (Self, oneshot::Receiver<Exit>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    pub(super) fn give(&self, exit: Exit) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _supervisor_may_be_gone = sender.send(exit);
        }
    }
}

/// One incarnation as actix sees it.
struct Host<A: Actor> {
    actor: A,
    tasks: Tasks,
    exit: ExitSignal,
    mailbox_capacity: usize,
}

impl<A: Actor> actix::Actor for Host<A> {
    type Context = actix::Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(self.mailbox_capacity);
    }
}

impl<A: Actor> actix::Handler<Envelope<A::Message>> for Host<A> {
    type Result = ();

    fn handle(&mut self, Envelope(message): Envelope<A::Message>, _: &mut Self::Context) {
        self.actor.handle(message);
    }
}

struct End;

impl actix::Message for End {
    type Result = ();
}

impl<A: Actor> actix::Handler<End> for Host<A> {
    type Result = ();

    fn handle(&mut self, _: End, context: &mut Self::Context) {
        actix::ActorContext::stop(context);
    }
}

impl<A: Actor> Drop for Host<A> {
    fn drop(&mut self) {
        self.tasks.abort_all();
        self.exit.give(if std::thread::panicking() { Exit::Panicked } else { Exit::Stopped });
    }
}

/// The owner of a supervised actor: dropping it stops the actor.
pub struct Supervised<M: Send + 'static> {
    mailbox: Mailbox<M>,
    stop: watch::Sender<bool>,
}

impl<M: Send + 'static> Supervised<M> {
    /// The actor's address.
    pub fn mailbox(&self) -> &Mailbox<M> {
        &self.mailbox
    }

    /// Stops the actor for good. [`Mailbox::stopped`] tells when it is gone.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl<M: Send + 'static> fmt::Debug for Supervised<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Supervised({:?})", self.mailbox)
    }
}

/// Makes an incarnation of an actor. It may wait (to load state), and runs on the actor's own thread.
pub type Factory<A> = Box<dyn Fn(Tasks) -> LocalBoxFuture<'static, Result<A, String>> + Send>;

/// Starts an actor under supervision at this place. `name` is for logs and must not hold a secret.
pub fn supervise<A: Actor>(
    place: &Place,
    name: impl Into<String>,
    policy: RestartPolicy,
    mailbox_capacity: usize,
    factory: Factory<A>,
) -> Supervised<A::Message> {
    let (lifecycle, lifecycle_seen) = watch::channel(Lifecycle::Starting);
    let (stop, stop_seen) = watch::channel(false);
    let mailbox = Mailbox::new(lifecycle_seen);
    let supervisor = Supervisor {
        name: name.into(),
        policy,
        mailbox_capacity,
        factory,
        mailbox: mailbox.clone(),
        lifecycle: Published(lifecycle),
        stop: stop_seen,
    };
    let accepted = place.0.spawn_fn(move || {
        actix::spawn(supervisor.run());
    });
    if !accepted {
        tracing::error!("an actor was started on a thread that has ended");
    }
    Supervised { mailbox, stop }
}

/// The published lifecycle. However the supervisor ends, those who wait learn that the actor is gone.
struct Published(watch::Sender<Lifecycle>);

impl Drop for Published {
    fn drop(&mut self) {
        self.0.send_replace(Lifecycle::Stopped);
    }
}

struct Supervisor<A: Actor> {
    name: String,
    policy: RestartPolicy,
    mailbox_capacity: usize,
    factory: Factory<A>,
    mailbox: Mailbox<A::Message>,
    lifecycle: Published,
    stop: watch::Receiver<bool>,
}

impl<A: Actor> Supervisor<A> {
    async fn run(mut self) {
        let mut backoff = Backoff::new(self.policy.backoff_base, self.policy.backoff_cap);
        let mut failures: VecDeque<Instant> = VecDeque::new();
        loop {
            let started = Instant::now();
            let reason = match self.incarnation().await {
                Exit::Stopped => return,
                Exit::Panicked => "it panicked".to_owned(),
                Exit::Failed(reason) => reason,
            };
            failures.push_back(Instant::now());
            while failures.front().is_some_and(|failure| failure.elapsed() > self.policy.window) {
                failures.pop_front();
            }
            if failures.len() >= self.policy.failures_max {
                tracing::error!(actor = self.name, reason, failures = failures.len(), "an actor failed too often and stays down");
                self.lifecycle.0.send_replace(Lifecycle::Failed(reason));
                self.stopped().await;
                return;
            }
            if started.elapsed() > self.policy.backoff_cap {
                backoff.reset();
            }
            let wait = backoff.next_wait();
            tracing::warn!(actor = self.name, reason, wait_ms = wait.as_millis(), "an actor failed and will be made again");
            self.lifecycle.0.send_replace(Lifecycle::Restarting);
            tokio::select! {
                () = self.stopped() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Makes one incarnation and waits until it has ended.
    async fn incarnation(&mut self) -> Exit {
        let (exit, exited) = ExitSignal::new();
        let tasks = Tasks::new(exit.clone());
        let making = AssertUnwindSafe((self.factory)(tasks.clone())).catch_unwind();
        let made = tokio::select! {
            () = self.stopped() => Err(Exit::Stopped),
            made = making => made.map_err(|_| Exit::Panicked).and_then(|made| made.map_err(Exit::Failed)),
        };
        let actor = match made {
            Ok(actor) => actor,
            Err(exit) => {
                tasks.abort_all();
                return exit;
            }
        };
        let host = Host { actor, tasks, exit, mailbox_capacity: self.mailbox_capacity };
        let address = actix::Actor::start(host);
        self.mailbox.set(Some(address.clone().recipient()));
        self.lifecycle.0.send_replace(Lifecycle::Running);
        let ended = tokio::select! {
            () = self.stopped() => Exit::Stopped,
            ended = exited => ended.unwrap_or(Exit::Panicked),
        };
        self.mailbox.set(None);
        let _gone_already = address.send(End).await;
        ended
    }

    /// Waits until the owner asks to stop or is gone.
    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        let _owner_gone = stop.wait_for(|stop| *stop).await;
    }
}
