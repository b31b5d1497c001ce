//! What an account does for its operations. Telegram is called here only: never before a wait that it asked for is over, and never
//! without a limit.

use std::rc::Rc;
use std::time::Duration;

use crate::account::{AccountContext, HealthState};
use crate::error::{Code, Error};
use crate::runtime::now_ms;
use crate::telegram::{ChatId, Connection, RefusalClass, TelegramError};

/// How long a call waits for an account that is connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// On how many connections a call is tried that may be repeated.
pub(super) const CONNECTIONS_TRIED_MAX: usize = 3;

/// A message that was about to be sent: kept, sealed, until its outcome is known, so that the same `random_id` can be sent again and
/// Telegram itself refuses a second copy.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingSend {
    pub(super) chat_id: ChatId,
    pub(super) random_id: i64,
    pub(super) started_at_ms: u64,
}

impl AccountContext {
    /// The connection, when the account is online; waits a little for one that is connecting.
    pub(super) async fn connection(&self) -> Result<Rc<Connection>, Error> {
        let deadline = tokio::time::Instant::now() + CONNECT_TIMEOUT;
        let patient_until = now_ms().saturating_add(u64::try_from(CONNECT_TIMEOUT.as_millis()).unwrap_or(u64::MAX));
        loop {
            let changed = self.changed.notified();
            if let Some(connection) = self.connection.borrow().clone() {
                return Ok(connection);
            }
            let health = self.health.read();
            let is_in_vain = health.state.is_terminal() || health.flood_until.is_some_and(|until| until > patient_until);
            if is_in_vain || tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Err(self.not_ready());
            }
        }
    }

    fn not_ready(&self) -> Error {
        let health = self.health.read();
        let why = match health.state {
            HealthState::LoginRequired => "Telegram ended this account's session: log in again",
            HealthState::Banned => "Telegram has banned or deactivated this account",
            HealthState::FloodWait => "Telegram asked this account to wait",
            _ => "The account is not connected to Telegram; try again",
        };
        let error = Error::new(Code::AccountNotReady, why);
        match (health.state.is_terminal(), health.flood_until) {
            (true, _) => error,
            (false, Some(until)) => error.retry_after_secs(seconds_until(until)),
            (false, None) => error.retry_after_secs(5),
        }
    }

    /// Calls one of Telegram's methods that may be called twice without harm: again on a new connection, where one breaks.
    pub(super) async fn repeatable<T>(
        &self,
        method: &'static str,
        call: impl AsyncFn(&Connection) -> Result<T, TelegramError>,
    ) -> Result<T, Error> {
        for _ in 1..CONNECTIONS_TRIED_MAX {
            match self.attempt(method, &call).await? {
                Err(error) if error.is_connection() => {
                    tracing::debug!(account = %self.ownership.account, method, %error, "a connection broke; the call is repeated");
                }
                decided => return Ok(decided?),
            }
        }
        match self.attempt(method, &call).await? {
            // Whatever happened, it is as if it had not.
            Err(TelegramError::Connection(reason)) => Err(TelegramError::Unreachable(reason).into()),
            decided => Ok(decided?),
        }
    }

    /// Calls one of Telegram's methods once.
    pub(super) async fn once<T>(
        &self,
        method: &'static str,
        call: impl AsyncFnOnce(&Connection) -> Result<T, TelegramError>,
    ) -> Result<T, Error> {
        Ok(self.attempt(method, call).await??)
    }

    /// Calls one of Telegram's methods. What the account itself must know of the outcome is
    /// noted here, and is the outer error; the inner one is the call's own.
    pub(super) async fn attempt<T>(
        &self,
        method: &'static str,
        call: impl AsyncFnOnce(&Connection) -> Result<T, TelegramError>,
    ) -> Result<Result<T, TelegramError>, Error> {
        let connection = self.connection().await?;
        let answer = call(&connection).await;
        self.show_whether_frozen(&answer);
        match answer {
            Ok(value) => {
                self.health.pong();
                Ok(Ok(value))
            }
            Err(TelegramError::AuthLost(loss)) => {
                self.lose_session(loss);
                Err(self.not_ready())
            }
            Err(error) if error.is_held_back() => {
                tracing::debug!(account = %self.ownership.account, method, %error, "a call is held back");
                Err(error.into())
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Shows in the account's health whether it is frozen, where an answer may have told.
    fn show_whether_frozen<T>(&self, answer: &Result<T, TelegramError>) {
        let state = match answer {
            Ok(_) if self.health.is(HealthState::Frozen) => HealthState::Online,
            Err(TelegramError::Refused { refusal, .. }) if refusal.class == RefusalClass::Frozen => HealthState::Frozen,
            _ => return,
        };
        match (self.flood.frozen(), state) {
            (Some(reason), HealthState::Frozen) => self.enter(HealthState::Frozen, Some(reason)),
            (None, HealthState::Online) => self.enter(HealthState::Online, None),
            _ => {}
        }
    }

    /// Marks messages read, up to and including `max_id`.
    pub(crate) async fn mark_read(&self, chat: ChatId, max_id: i32) -> Result<(), Error> {
        self.repeatable("messages.readHistory", async |connection| connection.read_history(chat, max_id).await).await?;
        self.chats_changed();
        Ok(())
    }
}

fn seconds_until(unix_ms: u64) -> u32 {
    u32::try_from(unix_ms.saturating_sub(now_ms()).div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}
