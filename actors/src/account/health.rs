//! The health of an account: a small state machine that everyone may read and only the account's actor writes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

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
    /// Telegram froze the account.
    Frozen,
    /// Telegram deactivated or banned the account.
    Banned,
    /// Its actor failed too often.
    Failed,
    /// It was stopped.
    Stopped,
}

impl HealthState {
    /// Whether the state ends by itself. The others need a person.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::LoginRequired | Self::Frozen | Self::Banned | Self::Failed | Self::Stopped)
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
    /// When Telegram last sent anything (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<u64>,
    /// How often the connection was made again since the actor started.
    pub reconnects: u32,
}

/// Shared health: written by the account's actor, read by its user.
#[derive(Clone)]
pub(crate) struct HealthCell(Arc<Mutex<Health>>);

impl HealthCell {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Health {
            state: HealthState::Starting,
            reason: None,
            since: now_ms(),
            flood_until: None,
            last_seen_at: None,
            reconnects: 0,
        })))
    }

    /// A copy of the health now.
    pub(crate) fn read(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the account is online.
    pub(crate) fn is_online(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).state == HealthState::Online
    }

    /// Enters a state.
    pub(crate) fn enter(&self, state: HealthState, reason: Option<String>) {
        let mut health = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state == HealthState::Reconnecting && health.state != HealthState::Reconnecting {
            health.reconnects = health.reconnects.saturating_add(1);
        }
        if health.state != state {
            health.since = now_ms();
        }
        health.state = state;
        health.reason = reason;
        if state != HealthState::FloodWait {
            health.flood_until = None;
        }
    }

    /// Enters the state of waiting until a time (Unix milliseconds).
    pub(crate) fn flood_wait(&self, until_ms: u64) {
        self.enter(HealthState::FloodWait, None);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flood_until = Some(until_ms);
    }

    /// Notes that Telegram sent something.
    pub(crate) fn seen(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last_seen_at = Some(now_ms());
    }
}

impl fmt::Debug for HealthCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(formatter)
    }
}
