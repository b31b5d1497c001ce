//! What Telegram asked an account to wait for, method by method. It outlives the account's actor.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::runtime::now_ms;

/// How many waits are remembered; each is for one of Telegram's methods.
const WAITS_MAX: usize = 256;

/// A wait that Telegram asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FloodWait {
    /// Telegram's method.
    pub method: &'static str,
    /// Until when it is not called (Unix milliseconds).
    pub until: u64,
}

/// The waits of one account: written by its actor, read by its user.
#[derive(Clone, Default)]
pub(crate) struct FloodWaits(Arc<Mutex<HashMap<&'static str, Instant>>>);

impl FloodWaits {
    fn waits(&self) -> MutexGuard<'_, HashMap<&'static str, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seconds, rounded up, are left of the wait for a method.
    pub(super) fn left(&self, method: &'static str) -> Option<u32> {
        let mut waits = self.waits();
        let left = waits.get(method)?.saturating_duration_since(Instant::now());
        if left.is_zero() {
            waits.remove(method);
            return None;
        }
        Some(u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// Remembers that Telegram asked to wait before a method.
    pub(super) fn remember(&self, method: &'static str, seconds: u32) {
        let mut waits = self.waits();
        if waits.len() >= WAITS_MAX {
            waits.retain(|_, until| *until > Instant::now());
        }
        waits.insert(method, Instant::now() + Duration::from_secs(u64::from(seconds)));
    }

    /// The waits that are not over, the longest first.
    pub(crate) fn list(&self) -> Vec<FloodWait> {
        let now = Instant::now();
        let until = |until: &Instant| {
            let left = until.saturating_duration_since(now).as_millis();
            now_ms().saturating_add(u64::try_from(left).unwrap_or(u64::MAX))
        };
        let waits = self.waits();
        let open = waits.iter().filter(|(_, until)| **until > now);
        let mut waits: Vec<FloodWait> = open.map(|(method, end)| FloodWait { method, until: until(end) }).collect();
        waits.sort_by_key(|wait| (std::cmp::Reverse(wait.until), wait.method));
        waits
    }
}

impl fmt::Debug for FloodWaits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.list()).finish()
    }
}
