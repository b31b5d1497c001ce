//! What keeps an account within what Telegram lets it do: waits, budgets and turns.
//!
//! Every call of an account passes [`FloodControl::call`], whatever connection it takes. There it waits for its turn, so that no caller
//! holds up another; and it is refused, before anything is sent, while Telegram's wait for the method is not over, while its budget is
//! used up, or while the account is frozen. Only a short wait is slept through. What is known of an account's limits outlives its
//! connection, its actor and, in a sealed record, the process.
//!
//! [`state`] decides, [`budget`] learns; here is who waits.

mod asker;
mod budget;
mod record;
mod report;
mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{ChatId, Refusal, RefusalClass, TelegramError};
use crate::caller::Principal;
use crate::runtime::{Turn, Turns, now_ms};
use crate::vault::{AccountRecords, Durability, Space, VaultError};

pub(crate) use asker::{asked_by, asked_by_the_server, asked_while_heard};
pub use report::{CallQueue, FloodReport, FloodWait, MethodBudget, Restriction, SlowChat};

use asker::{Asker, asker};
use record::{Clocks, KeptLimits};
use state::{Held, State};

/// Calls of one account that may wait for their turn.
const WAITING_MAX: usize = 4_096;

/// How long a call waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);

/// What Telegram refuses a frozen account with. Its `FROZEN_PARTICIPANT_MISSING` is about one chat.
const FROZEN: &str = "FROZEN_METHOD_INVALID";

/// The one record.
const RECORD: &[u8] = b"";

/// What an operator sets of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodLimits {
    /// Calls of one account that Telegram may have to answer at once.
    pub turns: usize,
    /// A wait that is not longer is slept through within a request.
    pub sleep_max: Duration,
}

impl Default for FloodLimits {
    fn default() -> Self {
        Self { turns: 16, sleep_max: Duration::from_secs(2) }
    }
}

/// See the module's description. Shared by all that call Telegram for an account.
#[derive(Clone)]
pub struct FloodControl(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    turns: Turns<Option<Principal>>,
    sleep_max: Duration,
    /// When the state's clock began.
    began: Instant,
    records: AccountRecords,
    /// Which version of the state is kept; held while one is written.
    kept: tokio::sync::Mutex<u64>,
}

impl FloodControl {
    /// Takes up what was kept of an account's limits.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(crate) async fn load(records: AccountRecords, limits: FloodLimits) -> Result<Self, VaultError> {
        let kept: Option<KeptLimits> = records.get(Space::FloodControl, RECORD).await?;
        let state = kept.unwrap_or_default().resume(Clocks { own: 0, unix: now_ms() });
        Ok(Self(Arc::new(Inner {
            state: Mutex::new(state),
            turns: Turns::new(limits.turns, WAITING_MAX),
            sleep_max: limits.sleep_max,
            began: Instant::now(),
            records,
            kept: tokio::sync::Mutex::new(0),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Makes a call of one of Telegram's methods in its turn. It may be made again after a short wait that Telegram asks for; a call that
    /// was refused so has changed nothing.
    ///
    /// # Errors
    /// [`TelegramError::FloodWait`] or [`TelegramError::OverBudget`] for a wait that is longer, [`TelegramError::Busy`] when no turn comes,
    /// [`TelegramError::CallerGone`] when nobody needs it any more, what a frozen account is told; nothing was sent then. Otherwise the call's own.
    pub(super) async fn call<T>(
        &self,
        method: &'static str,
        call: impl AsyncFn() -> Result<T, TelegramError>,
    ) -> Result<T, TelegramError> {
        let mut asker = asker();
        let mut patience = self.0.sleep_max;
        loop {
            self.admitted(method, asker.as_mut(), &mut patience).await?;
            let turn = self.turn(asker.as_mut()).await?;
            // Telegram may have asked to wait meanwhile. What was drawn from a budget is not given back: it is a moment's error.
            if self.begins(method) {
                let result = call().await;
                drop(turn);
                match self.noted(method, result).await {
                    Err(TelegramError::FloodWait { .. }) => {}
                    decided => return decided,
                }
            }
        }
    }

    /// Makes a call beside the queue and the budgets, if Telegram does not ask to wait: what keeps the account going.
    pub(super) async fn call_beside<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, TelegramError>>,
    ) -> Result<T, TelegramError> {
        self.wait(method, Duration::ZERO).await?;
        self.state().sent(method, self.now());
        self.noted(method, call.await).await
    }

    /// Waits until Telegram lets a method be called.
    ///
    /// # Errors
    /// [`TelegramError::FloodWait`], at once, when that is longer than `patience`.
    pub(super) async fn wait(&self, method: &'static str, patience: Duration) -> Result<(), TelegramError> {
        let mut patience = patience;
        self.admitted(method, None, &mut patience).await
    }

    /// Notes what Telegram answered, as far as it tells of the account's limits; what must outlive the process is durable then.
    pub(super) async fn noted<T>(&self, method: &'static str, result: Result<T, TelegramError>) -> Result<T, TelegramError> {
        let now = self.now();
        match result {
            Ok(value) => {
                if self.state().succeeded(method) {
                    self.keep().await;
                }
                Ok(value)
            }
            Err(TelegramError::FloodWait { seconds, .. }) => {
                tracing::info!(method, seconds, "Telegram asks to wait");
                self.state().flooded(method, seconds, now);
                self.keep().await;
                Err(TelegramError::FloodWait { seconds, method: Some(method) })
            }
            Err(TelegramError::Refused { refusal, value }) => {
                let restriction = || Restriction { method: method.to_owned(), since: now_ms(), reason: refusal.name.to_owned() };
                match refusal.class {
                    RefusalClass::PeerFlood => self.state().limited(restriction()),
                    RefusalClass::Frozen if refusal.is(FROZEN) => self.state().froze(method, restriction(), now),
                    _ => return Err(TelegramError::Refused { refusal, value }),
                }
                self.keep().await;
                Err(TelegramError::Refused { refusal, value })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether nothing may be sent to a chat yet, because of its slow mode.
    ///
    /// # Errors
    /// What Telegram says in slow mode.
    pub(crate) fn slow_mode(&self, chat: ChatId) -> Result<(), TelegramError> {
        let left = self.state().slow_left(chat, self.now());
        match left.zip(Refusal::named("SLOWMODE_WAIT_X")) {
            Some((left, refusal)) => Err(TelegramError::Refused { refusal, value: Some(seconds(left)) }),
            None => Ok(()),
        }
    }

    /// Notes that a chat's slow mode asks to wait.
    pub(crate) async fn slowed(&self, chat: ChatId, seconds: u32) {
        let now = self.now();
        self.state().slowed(chat, seconds, now);
        self.keep().await;
    }

    /// Forgets a chat's slow mode, because it may have changed: Telegram says it again if it has not.
    pub(crate) async fn forget_slow_mode(&self, chat: ChatId) {
        let known = self.state().forget_slow_mode(chat);
        if known {
            self.keep().await;
        }
    }

    /// Telegram's name for why the account is frozen, if it is.
    pub(crate) fn frozen(&self) -> Option<String> {
        self.state().frozen.as_ref().map(|frozen| frozen.restriction.reason.clone())
    }

    /// What callers are told.
    pub(crate) fn report(&self) -> FloodReport {
        let clocks = Clocks { own: self.now(), unix: now_ms() };
        let counts = self.0.turns.counts();
        let mut state = self.state();
        let waits = state.open_waits(clocks.own).into_iter();
        let waits = waits.map(|(method, wait)| FloodWait { method: method.to_owned(), until: clocks.to_unix(wait.until) });
        let waits = waits.collect();
        let slow_mode = state.open_slow_chats(clocks.own).into_iter();
        let slow_mode = slow_mode.map(|(chat_id, wait)| SlowChat { chat_id, until: clocks.to_unix(wait.until) }).collect();
        state.budgets.retain(|_, budget| !budget.is_over(clocks.own));
        let budgets = state.budgets.iter_mut().map(|(method, budget)| MethodBudget {
            method: method.to_string(),
            per_minute: budget.rate(clocks.own) / 1_000,
            left: budget.left(clocks.own),
        });
        let mut budgets: Vec<MethodBudget> = budgets.collect();
        budgets.sort_by(|one, other| one.method.cmp(&other.method));
        FloodReport {
            waits,
            budgets,
            slow_mode,
            peer_flood: state.peer_flood.clone(),
            frozen: state.frozen.as_ref().map(|frozen| frozen.restriction.clone()),
            queue: CallQueue { running: counts.running, waiting: counts.waiting },
        }
    }

    /// Waits, within one's patience, until a call may be made.
    async fn admitted(
        &self,
        method: &'static str,
        mut asker: Option<&mut Asker>,
        patience: &mut Duration,
    ) -> Result<(), TelegramError> {
        loop {
            let now = self.now();
            let principal = asker.as_ref().map(|asker| &asker.principal);
            let held = match self.state().admit(method, principal, now) {
                Ok(()) => return Ok(()),
                Err(held) => held,
            };
            let (left, error) = match held {
                Held::Wait(left) => (left, TelegramError::FloodWait { seconds: seconds(left), method: Some(method) }),
                Held::Budget(left) => (left, TelegramError::OverBudget { seconds: seconds(left), method }),
                Held::Frozen => return Err(TelegramError::refused(FROZEN)),
            };
            *patience = patience.checked_sub(Duration::from_millis(left)).ok_or(error)?;
            // A millisecond more, since the clock's are rounded.
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left + 1)) => {}
                () = Asker::left(asker.as_deref_mut()) => return Err(TelegramError::CallerGone),
            }
        }
    }

    async fn turn(&self, asker: Option<&mut Asker>) -> Result<Turn<Option<Principal>>, TelegramError> {
        let turn = self.0.turns.take(asker.as_ref().map(|asker| asker.principal.clone()));
        tokio::select! {
            biased;
            turn = tokio::time::timeout(TURN_TIMEOUT, turn) => turn.ok().and_then(Result::ok).ok_or(TelegramError::Busy),
            () = Asker::left(asker) => Err(TelegramError::CallerGone),
        }
    }

    /// Notes that a call is made, unless Telegram asked to wait.
    fn begins(&self, method: &'static str) -> bool {
        let now = self.now();
        let mut state = self.state();
        let begins = state.wait_left(method, now).is_none();
        if begins {
            state.sent(method, now);
        }
        begins
    }

    /// Keeps what is known. Of several who ask at the same time, one writes for all.
    async fn keep(&self) {
        let wanted = self.state().version;
        let mut kept = self.0.kept.lock().await;
        if *kept >= wanted {
            return;
        }
        let clocks = Clocks { own: self.now(), unix: now_ms() };
        let (version, limits) = {
            let state = self.state();
            (state.version, KeptLimits::of(&state, clocks))
        };
        let written = match self.0.records.batch().put(Space::FloodControl, RECORD, &limits) {
            Ok(batch) => batch.commit(Durability::Durable).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => *kept = version,
            Err(error) => tracing::error!(%error, "what Telegram asked to wait for cannot be kept; a restart would forget it"),
        }
    }
}

/// Whole seconds that are no less.
fn seconds(milliseconds: u64) -> u32 {
    u32::try_from(milliseconds.div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

impl fmt::Debug for FloodControl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report().fmt(formatter)
    }
}
