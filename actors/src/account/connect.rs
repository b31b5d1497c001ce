//! Keeping an account connected: connect, follow its updates, and connect again; stop where only a person can help.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::account::health::Transition;
use crate::account::login::LoginState;
use crate::account::{AccountContext, AccountSettings, HealthState};
use crate::events::NewEvent;
use crate::runtime::{Backoff, now_ms};
use crate::telegram::{AuthLoss, Connection, ConnectionOptions, Delivery, Received, TelegramError, Updates, UpdatesOptions};

/// The first wait after a lost connection is below this.
const RECONNECT_BASE: Duration = Duration::from_secs(1);

/// No wait between two connects is longer.
const RECONNECT_CAP: Duration = Duration::from_secs(600);

/// What the following of updates may need beyond its own waits: to write down what came.
const STALL_MARGIN: Duration = Duration::from_secs(20);

/// How often in a row what comes may be unreadable, or make the library panic, before it is left out.
const UNREADABLE_MAX: u32 = 3;

/// Why an account is not connected any more.
enum Ended {
    /// The network failed: connect again after a wait.
    Lost(TelegramError),
    /// Telegram asked to wait.
    Flood(u32),
    /// What the connection is made of has changed: connect anew.
    Renewed,
    /// Telegram ended the session: nothing happens until a person logs in again.
    Auth(AuthLoss),
}

impl From<TelegramError> for Ended {
    fn from(error: TelegramError) -> Self {
        match error {
            TelegramError::FloodWait { seconds, .. } => Ended::Flood(seconds),
            TelegramError::AuthLost(loss) => Ended::Auth(loss),
            other => Ended::Lost(other),
        }
    }
}

/// Keeps the account connected until it is stopped or only a person can help.
pub(super) async fn keep_connected(context: Rc<AccountContext>) {
    let mut backoff = Backoff::new(RECONNECT_BASE, RECONNECT_CAP);
    loop {
        let ended = tokio::select! {
            ended = connected(&context, &mut backoff) => ended,
            () = context.reconnect.notified() => Ended::Renewed,
        };
        context.disconnect();
        // A call may have been told first that the session is lost.
        if context.health.read().state.is_terminal() {
            return;
        }
        match ended {
            Ended::Renewed => {
                backoff.reset();
                context.enter(HealthState::Reconnecting, Some("The connection is made anew".to_owned()));
            }
            Ended::Auth(loss) => return context.lose_session(loss),
            Ended::Flood(seconds) => {
                let until = now_ms().saturating_add(u64::from(seconds) * 1_000);
                context.told(context.health.flood_wait(until));
                tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
            }
            Ended::Lost(error) => {
                let wait = backoff.next_wait();
                tracing::warn!(account = %context.ownership.account, %error, wait_ms = wait.as_millis(), "the connection was lost");
                context.enter(HealthState::Reconnecting, Some(error.to_string()));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = context.reconnect.notified() => backoff.reset(),
                }
            }
        }
    }
}

/// Connects and follows updates; answers only when that has ended.
async fn connected(context: &Rc<AccountContext>, backoff: &mut Backoff) -> Ended {
    // What is needed for a moment only is on the heap for that moment, not in every account for ever.
    let mut updates = match Box::pin(open(context)).await {
        Ok(updates) => updates,
        Err(error) => return error.into(),
    };
    backoff.reset();
    let alive = Cell::new(Instant::now());
    // A login that waits for its person hears nothing meanwhile.
    let is_followed = context.connection.borrow().as_ref().is_some_and(|connection| connection.is_authorized());
    let error = tokio::select! {
        error = follow(context, &mut updates, &alive) => error,
        () = stalled(context, &alive), if is_followed => TelegramError::Stalled,
    };
    if error.is_unreadable() {
        context.unreadable.set(context.unreadable.get().saturating_add(1));
    }
    error.into()
}

/// Opens the connection, in turn with other accounts, and proves it.
async fn open(context: &Rc<AccountContext>) -> Result<Updates, TelegramError> {
    let _turn = context.environment.connects.acquire().await;
    if context.health.read().state == HealthState::Starting {
        context.enter(HealthState::Connecting, None);
    }
    let (connection, updates) = Connection::open(context.connection_options()).await?;
    if connection.is_authorized() {
        match connection.own_person().await {
            Ok(person) => context.person.write(person),
            Err(error) => return Err(connection.fault(error).await),
        }
        context.health.pong();
    }
    context.connect(Rc::new(connection));
    Ok(updates)
}

/// Follows updates until that fails. What happened is durable, together with how far it reaches, before the next is taken.
async fn follow(context: &Rc<AccountContext>, updates: &mut Updates, alive: &Cell<Instant>) -> TelegramError {
    loop {
        let delivery = match updates.next().await {
            Ok(delivery) => delivery,
            Err(error) => return error,
        };
        if let Err(error) = Box::pin(take(context, delivery)).await {
            return error;
        }
        alive.set(Instant::now());
    }
}

async fn take(context: &Rc<AccountContext>, mut delivery: Delivery) -> Result<(), TelegramError> {
    let something = !delivery.events.is_empty();
    if !delivery.is_held {
        context.health.told(something, delivery.newest, delivery.is_current);
    }
    if delivery.reconnected {
        context.health.reconnected();
    }
    let Received { phone_calls, group_calls, changed_channels, login_token } = std::mem::take(&mut delivery.received);
    if login_token {
        context.scanned.notify_one();
    }
    context.phone_calls_told(phone_calls);
    context.group_calls_told(&group_calls);
    for channel in changed_channels {
        // Slow mode may be over, or not be the account's any more.
        context.flood.forget_slow_mode(channel).await;
    }
    // An account asks again for what came to the login that it was.
    if delivery.is_empty() || !context.is_account() {
        return Ok(());
    }
    if something {
        context.chats_changed();
    }
    let batch = delivery.write(context.records.batch())?;
    let mut events = delivery.events;
    let batch = context.shield(&mut events, batch).await?;
    context.log.append(events, batch).await?;
    context.unreadable.set(0);
    Ok(())
}

/// Resolves when the following of updates has stood still for longer than any wait in it may last.
async fn stalled(context: &AccountContext, alive: &Cell<Instant>) {
    let limits = &context.environment.settings.limits;
    let patience = limits.quiet_max + limits.answer_timeout + STALL_MARGIN;
    loop {
        let until = alive.get() + patience;
        if until <= Instant::now() {
            tracing::error!(account = %context.ownership.account, "updates stand still; they are followed anew");
            return;
        }
        tokio::time::sleep_until(until).await;
    }
}

impl AccountContext {
    fn connection_options(&self) -> ConnectionOptions {
        let settings = &self.environment.settings;
        let AccountSettings { proxy, device_name, .. } = self.settings.read();
        let mut device = settings.device.clone();
        if let Some(name) = device_name {
            device.model = name;
        }
        let own = proxy.map(|proxy| (proxy, settings.reach_of_accounts_proxies()));
        ConnectionOptions {
            network: settings.network.clone(),
            api_id: self.api_id,
            device,
            records: self.records.clone(),
            flood: self.flood.clone(),
            updates: UpdatesOptions {
                quiet_max: settings.limits.quiet_max,
                answer_timeout: settings.limits.answer_timeout,
                start_over: self.unreadable.get() >= UNREADABLE_MAX,
            },
            proxy: own.or_else(|| settings.proxy.clone().map(|proxy| (proxy, settings.reach_of_server_s_proxy()))),
        }
    }

    fn connect(&self, connection: Rc<Connection>) {
        self.connection.replace(Some(connection));
        match self.flood.frozen() {
            Some(reason) => self.enter(HealthState::Frozen, Some(reason)),
            None => self.enter(HealthState::Online, None),
        }
        self.changed.notify_waiters();
    }

    /// Enters a state, and tells whoever listens.
    pub(super) fn enter(&self, state: HealthState, reason: Option<String>) {
        self.told(self.health.enter(state, reason));
    }

    fn told(&self, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.tell(transition.events());
        }
    }

    /// Takes events up that this server itself has to tell of the account. One that is still logging in is nobody's yet.
    pub(super) fn tell(&self, events: Vec<NewEvent>) {
        if self.is_account() {
            self.log.note(events);
        }
    }

    /// Whether this is an account, and no login on its way to be one.
    fn is_account(&self) -> bool {
        matches!(*self.login.borrow(), LoginState::Complete(None))
    }

    fn disconnect(&self) {
        self.connection.replace(None);
    }

    /// Enters the state that a lost session leads to. It is terminal until a new login.
    pub(super) fn lose_session(&self, loss: AuthLoss) {
        let state = if loss.is_ban() { HealthState::Banned } else { HealthState::LoginRequired };
        tracing::warn!(account = %self.ownership.account, reason = loss.name(), "Telegram ended the session");
        self.disconnect();
        self.enter(state, Some(loss.name().to_owned()));
        self.changed.notify_waiters();
    }
}
