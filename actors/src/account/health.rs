//! The health of an account: a small state machine that everyone may read and only the account's actor writes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use crate::events::{EventName, NewEvent};
use crate::runtime::now_ms;

/// What an account is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Its actor is being made.
    Starting,
    /// It is connecting for the first time since its actor started.
    Connecting,
    /// Telegram answered recently.
    Online,
    /// The connection was lost and is being made again.
    Reconnecting,
    /// Telegram asked to wait before anything else.
    FloodWait,
    /// Telegram ended the session: nothing happens until a person logs in again.
    LoginRequired,
    /// Telegram answers, and has frozen the account: it can only read.
    Frozen,
    /// Telegram deactivated or banned the account.
    Banned,
    /// Its actor failed too often.
    Failed,
    /// It was stopped.
    Stopped,
}

impl HealthState {
    /// What clients of the reference are told of it.
    pub(crate) fn connection_status(self) -> &'static str {
        match self {
            Self::Online | Self::Frozen => "connected",
            Self::Starting | Self::Connecting | Self::Reconnecting | Self::FloodWait => "reconnecting",
            Self::LoginRequired | Self::Banned | Self::Failed | Self::Stopped => "disconnected",
        }
    }

    /// Whether the state ends by itself. The others need a person.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::LoginRequired | Self::Banned | Self::Failed | Self::Stopped)
    }
}

/// The health of an account at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// What it is doing.
    pub state: HealthState,
    /// Why, where a person should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when (Unix milliseconds).
    pub since: u64,
    /// Until when Telegram asked to wait (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flood_until: Option<u64>,
    /// When Telegram last told of something that happened (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_update_at: Option<u64>,
    /// When Telegram last answered (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_pong_at: Option<u64>,
    /// How old the newest message was when it came here, in seconds: much, while what was missed is being caught up with.
    pub update_lag_secs: u64,
    /// How often the connection was made again since the actor started.
    pub reconnects: u32,
}

/// A change of an account's state, to be told.
#[derive(Debug)]
pub(crate) struct Transition {
    health: Health,
    /// What clients of the reference are told, if that has changed too.
    connection_status: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HealthContent<'a> {
    state: HealthState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    flood_until: Option<u64>,
}

#[derive(Serialize)]
struct ConnectionStatusContent {
    status: &'static str,
}

#[derive(Serialize)]
struct LoginRequiredContent<'a> {
    reason: Option<&'a str>,
    detail: &'static str,
}

impl Transition {
    /// The events that tell of it.
    pub(crate) fn events(&self) -> Vec<NewEvent> {
        let Health { state, reason, since, flood_until, .. } = &self.health;
        let (reason, state) = (reason.as_deref(), *state);
        let content = HealthContent { state, reason, since: *since, flood_until: *flood_until };
        let mut events = vec![NewEvent::new(EventName::AccountHealth, None, &content)];
        if let Some(status) = self.connection_status {
            events.push(NewEvent::new(EventName::ConnectionStatus, None, &ConnectionStatusContent { status }));
        }
        if state == HealthState::LoginRequired {
            let detail = "Telegram ended the session of this account: a person must log in again";
            events.push(NewEvent::new(EventName::LoginRequired, None, &LoginRequiredContent { reason, detail }));
        }
        events
    }
}

/// Shared health: written by the account's actor, read by its user.
#[derive(Clone)]
pub(crate) struct HealthCell(Arc<Mutex<Kept>>);

struct Kept {
    health: Health,
    /// What clients of the reference were told last; nothing before the first connection.
    told: Option<&'static str>,
}

impl HealthCell {
    pub(crate) fn new() -> Self {
        let health = Health {
            state: HealthState::Starting,
            reason: None,
            since: now_ms(),
            flood_until: None,
            last_update_at: None,
            last_pong_at: None,
            update_lag_secs: 0,
            reconnects: 0,
        };
        Self(Arc::new(Mutex::new(Kept { health, told: None })))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the health now.
    pub(crate) fn read(&self) -> Health {
        self.kept().health.clone()
    }

    /// Whether the account is online, frozen or not.
    pub(crate) fn is_online(&self) -> bool {
        matches!(self.kept().health.state, HealthState::Online | HealthState::Frozen)
    }

    /// Whether it is in this state.
    pub(crate) fn is(&self, state: HealthState) -> bool {
        self.kept().health.state == state
    }

    /// Enters a state. The first connection after a start is told when it stands, not while it is made.
    pub(crate) fn enter(&self, state: HealthState, reason: Option<String>) -> Option<Transition> {
        self.change(state, reason, None)
    }

    /// Enters the state of waiting until a time (Unix milliseconds).
    pub(crate) fn flood_wait(&self, until_ms: u64) -> Option<Transition> {
        self.change(HealthState::FloodWait, None, Some(until_ms))
    }

    fn change(&self, state: HealthState, reason: Option<String>, flood_until: Option<u64>) -> Option<Transition> {
        let mut kept = self.kept();
        let health = &mut kept.health;
        let before = health.state;
        if state == HealthState::Reconnecting && before != HealthState::Reconnecting {
            health.reconnects = health.reconnects.saturating_add(1);
        }
        if before != state {
            health.since = now_ms();
        }
        (health.state, health.reason, health.flood_until) = (state, reason, flood_until);
        if before == state {
            return None;
        }
        let (status, health) = (state.connection_status(), health.clone());
        if kept.told.is_none() && matches!(state, HealthState::Starting | HealthState::Connecting) {
            return None;
        }
        let connection_status = (kept.told != Some(status)).then_some(status);
        kept.told = Some(status);
        Some(Transition { health, connection_status })
    }

    /// Notes that Telegram answered.
    pub(crate) fn pong(&self) {
        self.kept().health.last_pong_at = Some(now_ms());
    }

    /// Notes that Telegram told of something, or that there is nothing; `newest` is when the newest message among it was sent (Unix
    /// seconds).
    pub(crate) fn told(&self, something: bool, newest: Option<i64>, is_current: bool) {
        let now = now_ms();
        let health = &mut self.kept().health;
        health.last_pong_at = Some(now);
        if something {
            health.last_update_at = Some(now);
        }
        match newest.and_then(|newest| u64::try_from(newest).ok()) {
            Some(newest) => health.update_lag_secs = (now / 1_000).saturating_sub(newest),
            None if is_current => health.update_lag_secs = 0,
            None => {}
        }
    }

    /// Notes that the connection was made again by itself.
    pub(crate) fn reconnected(&self) {
        let health = &mut self.kept().health;
        health.reconnects = health.reconnects.saturating_add(1);
    }
}

impl fmt::Debug for HealthCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(formatter)
    }
}
