//! The directory: from a caller to their user's actor, and to no other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::oneshot;

use crate::caller::Caller;
use crate::environment::Environment;
use crate::error::{Code, Error};
use crate::identity::UserId;
use crate::runtime::{Actor, Mailbox, Place, RestartPolicy, Supervised, Tasks, now_ms, supervise};
use crate::user::{self, UserMessage};

/// Users whose actors may be awake at once. Beyond it, users who are not awake are answered 503 until others sleep.
const AWAKE_USERS_MAX: usize = 200_000;

/// How often the directory looks for users to put to sleep.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// What the directory may know of a user's actor without asking it.
#[derive(Debug, Default)]
pub(crate) struct UserActivity {
    /// When the last call came (Unix milliseconds).
    pub(crate) last_call_ms: AtomicU64,
    /// Accounts and unfinished logins: with any, the user stays awake.
    pub(crate) accounts: AtomicUsize,
}

struct Slot {
    actor: Supervised<UserMessage>,
    activity: Arc<UserActivity>,
}

type Slots = Arc<DashMap<UserId, Slot>>;

enum DirectoryMessage {
    Wake { user: UserId, reply: oneshot::Sender<Result<Mailbox<UserMessage>, Error>> },
}

/// The way to one user's actor. Only the directory makes it, and only for a verified caller.
pub(crate) struct UserHandle {
    mailbox: Mailbox<UserMessage>,
}

impl UserHandle {
    /// The actor's mailbox.
    pub(crate) fn mailbox(&self) -> &Mailbox<UserMessage> {
        &self.mailbox
    }
}

/// Finds users' actors; starts them on first use and lets them sleep when idle.
pub(crate) struct Directory {
    slots: Slots,
    actor: Supervised<DirectoryMessage>,
}

impl Directory {
    /// Starts the directory at this place.
    pub(crate) fn start(environment: Arc<Environment>, place: &Place) -> Self {
        let slots: Slots = Arc::default();
        let capacity = environment.settings.limits.mailbox_capacity;
        let shared = Arc::clone(&slots);
        // A directory that fails is made again at once and finds every actor where it was: the slots outlive it.
        let policy = RestartPolicy { backoff_base: Duration::from_millis(10), ..RestartPolicy::default() };
        let factory = move |tasks: Tasks| -> futures::future::LocalBoxFuture<'static, Result<DirectoryActor, String>> {
            let (slots, environment) = (Arc::clone(&shared), Arc::clone(&environment));
            tasks.spawn(sweep(Arc::clone(&slots), environment.settings.limits.user_idle));
            Box::pin(async move { Ok(DirectoryActor { slots, environment }) })
        };
        Self { slots, actor: supervise(place, "directory", policy, capacity, Box::new(factory)) }
    }

    /// The actor of the caller's own user.
    ///
    /// # Errors
    /// [`Code::Overloaded`] when too many users are awake or the directory is busy.
    pub(crate) async fn of(&self, caller: &Caller) -> Result<UserHandle, Error> {
        self.wake(caller.user()).await
    }

    /// Wakes a user whose accounts must come online, at start.
    pub(crate) async fn wake(&self, user: &UserId) -> Result<UserHandle, Error> {
        if let Some(slot) = self.slots.get(user) {
            slot.activity.last_call_ms.store(now_ms(), Ordering::Relaxed);
            return Ok(UserHandle { mailbox: slot.actor.mailbox().clone() });
        }
        let busy = || Error::new(Code::Overloaded, "The server is busy; try again").retry_after_secs(1);
        if !self.actor.mailbox().running().await {
            return Err(busy());
        }
        let (reply, answer) = oneshot::channel();
        self.actor.mailbox().try_send(DirectoryMessage::Wake { user: user.clone(), reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?.map(|mailbox| UserHandle { mailbox })
    }

    /// How many accounts there are, awake users' only.
    pub(crate) fn accounts_total(&self) -> usize {
        self.slots.iter().map(|slot| slot.activity.accounts.load(Ordering::Relaxed)).sum()
    }

    /// Stops every actor, and waits until they are gone or the time is up.
    pub(crate) async fn stop(&self, within: Duration) {
        self.actor.stop();
        let mailboxes: Vec<Mailbox<UserMessage>> = self
            .slots
            .iter()
            .map(|slot| {
                slot.actor.stop();
                slot.actor.mailbox().clone()
            })
            .collect();
        let all_gone = async {
            for mailbox in &mailboxes {
                mailbox.stopped().await;
            }
        };
        if tokio::time::timeout(within, all_gone).await.is_err() {
            tracing::warn!("some accounts did not stop in time");
        }
        self.slots.clear();
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Directory({})", self.slots.len())
    }
}

struct DirectoryActor {
    slots: Slots,
    environment: Arc<Environment>,
}

impl Actor for DirectoryActor {
    type Message = DirectoryMessage;

    fn handle(&mut self, message: DirectoryMessage) {
        let DirectoryMessage::Wake { user, reply } = message;
        let _caller_may_be_gone = reply.send(self.slot_of(user));
    }
}

impl DirectoryActor {
    fn slot_of(&self, user: UserId) -> Result<Mailbox<UserMessage>, Error> {
        if let Some(slot) = self.slots.get(&user) {
            return Ok(slot.actor.mailbox().clone());
        }
        if self.slots.len() >= AWAKE_USERS_MAX {
            return Err(Error::new(Code::Overloaded, "Too many users are active; try again later").retry_after_secs(60));
        }
        let place = self.environment.pool.place().ok_or_else(|| Error::internal("no thread for a user's actor"))?;
        let activity = Arc::new(UserActivity { last_call_ms: AtomicU64::new(now_ms()), accounts: AtomicUsize::new(0) });
        let actor = user::start(&self.environment, &place, user.clone(), Arc::clone(&activity));
        let mailbox = actor.mailbox().clone();
        self.slots.insert(user, Slot { actor, activity });
        Ok(mailbox)
    }
}

/// Lets users without accounts sleep when no call has come for a while. A retired actor serves what it has taken for one more period.
async fn sweep(slots: Slots, idle: Duration) {
    let mut retired: Vec<Slot> = Vec::new();
    loop {
        tokio::time::sleep(SWEEP_PERIOD).await;
        retired.clear();
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let sleepy = |slot: &Slot| {
            slot.activity.accounts.load(Ordering::Relaxed) == 0
                && now_ms().saturating_sub(slot.activity.last_call_ms.load(Ordering::Relaxed)) >= idle_ms
        };
        let candidates: Vec<UserId> = slots.iter().filter(|slot| sleepy(slot)).map(|slot| slot.key().clone()).collect();
        for user in candidates {
            retired.extend(slots.remove_if(&user, |_, slot| sleepy(slot)).map(|(_, slot)| slot));
        }
    }
}
