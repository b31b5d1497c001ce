//! Keeping an account connected: connect, follow its updates, and connect again; stop where only a person can help.

use std::rc::Rc;
use std::time::Duration;

use crate::account::{AccountContext, HealthState};
use crate::runtime::{Backoff, now_ms};
use crate::telegram::{AuthLoss, Connection, ConnectionOptions, TelegramError, UpdateEvent, Updates};

/// The first wait after a lost connection is below this.
const RECONNECT_BASE: Duration = Duration::from_secs(1);

/// No wait between two connects is longer.
const RECONNECT_CAP: Duration = Duration::from_secs(600);

/// Without anything from Telegram for this long, the connection is asked whether it lives.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Why an account is not connected any more.
enum Ended {
    /// The network failed: connect again after a wait.
    Lost(TelegramError),
    /// Telegram asked to wait.
    Flood(u32),
    /// A login is complete: connect anew, now with updates.
    LoggedIn,
    /// Telegram ended the session: nothing happens until a person logs in again.
    Auth(AuthLoss),
}

impl From<TelegramError> for Ended {
    fn from(error: TelegramError) -> Self {
        match error {
            TelegramError::FloodWait { seconds } => Ended::Flood(seconds),
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
            () = context.reconnect.notified() => Ended::LoggedIn,
        };
        context.disconnect();
        // A call may have been told first that the session is lost.
        if context.health.read().state.is_terminal() {
            return;
        }
        match ended {
            Ended::LoggedIn => {}
            Ended::Auth(loss) => return context.lose_session(loss),
            Ended::Flood(seconds) => {
                context.health.flood_wait(now_ms().saturating_add(u64::from(seconds) * 1_000));
                tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
            }
            Ended::Lost(error) => {
                let wait = backoff.next_wait();
                tracing::warn!(account = %context.ownership.account, %error, wait_ms = wait.as_millis(), "the connection was lost");
                context.health.enter(HealthState::Reconnecting, Some(error.to_string()));
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Connects and follows updates; answers only when that has ended.
async fn connected(context: &Rc<AccountContext>, backoff: &mut Backoff) -> Ended {
    match open(context).await {
        Ok(mut updates) => {
            backoff.reset();
            follow(context, &mut updates).await.unwrap_or_else(Ended::from)
        }
        Err(error) => error.into(),
    }
}

/// Opens the connection, in turn with other accounts, and proves it.
async fn open(context: &Rc<AccountContext>) -> Result<Updates, TelegramError> {
    let _turn = context.environment.connects.acquire().await;
    if context.health.read().state == HealthState::Starting {
        context.health.enter(HealthState::Connecting, None);
    }
    let (connection, updates) = Connection::open(context.connection_options()).await?;
    if connection.is_authorized() {
        connection.ping().await?;
        context.health.seen();
    }
    context.connect(Rc::new(connection));
    Ok(updates)
}

/// Follows updates until that fails.
async fn follow(context: &Rc<AccountContext>, updates: &mut Updates) -> Result<Ended, TelegramError> {
    loop {
        match tokio::time::timeout(SILENCE_MAX, updates.next()).await {
            Ok(UpdateEvent::Updates(received)) => {
                context.health.seen();
                context.chats_changed();
                context.phone_calls_told(received.phone_calls);
                context.group_calls_told(&received.group_calls);
                updates.save_state().await?;
            }
            Ok(UpdateEvent::Closed(error)) => return Err(error),
            Err(_silence) => {
                let connection = context.connection.borrow().clone();
                if let Some(connection) = connection.filter(|connection| connection.is_authorized()) {
                    connection.ping().await?;
                    context.health.seen();
                }
            }
        }
    }
}

impl AccountContext {
    fn connection_options(&self) -> ConnectionOptions {
        ConnectionOptions {
            network: self.environment.settings.network.clone(),
            api_id: self.api_id,
            device: self.environment.settings.device.clone(),
            records: self.records.clone(),
        }
    }

    fn connect(&self, connection: Rc<Connection>) {
        self.connection.replace(Some(connection));
        self.health.enter(HealthState::Online, None);
        self.changed.notify_waiters();
    }

    fn disconnect(&self) {
        self.connection.replace(None);
    }

    /// Enters the state that a lost session leads to. It is terminal until a new login.
    pub(super) fn lose_session(&self, loss: AuthLoss) {
        let state = if loss.is_ban() { HealthState::Banned } else { HealthState::LoginRequired };
        tracing::warn!(account = %self.ownership.account, reason = loss.name(), "Telegram ended the session");
        self.disconnect();
        self.health.enter(state, Some(loss.name().to_owned()));
        self.changed.notify_waiters();
    }
}
