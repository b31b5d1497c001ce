//! What Telegram asked an account to wait for, method by method. It is not called before a wait ends. The waits outlive the
//! account's actor.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use super::TelegramError;
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
    pub(crate) fn left(&self, method: &'static str) -> Option<u32> {
        let left = self.time_left(method)?;
        Some(u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// Waits until a method may be called.
    ///
    /// # Errors
    /// [`TelegramError::FloodWait`], at once, when that is longer than `patience`.
    pub(super) async fn wait(&self, method: &'static str, patience: Duration) -> Result<(), TelegramError> {
        while let Some(left) = self.time_left(method) {
            if left > patience {
                return Err(TelegramError::FloodWait { seconds: self.left(method).unwrap_or(1) });
            }
            tokio::time::sleep(left).await;
        }
        Ok(())
    }

    fn time_left(&self, method: &'static str) -> Option<Duration> {
        let mut waits = self.waits();
        let left = waits.get(method)?.saturating_duration_since(Instant::now());
        if left.is_zero() {
            waits.remove(method);
            return None;
        }
        Some(left)
    }

    /// Remembers that Telegram asked to wait before a method.
    pub(crate) fn remember(&self, method: &'static str, seconds: u32) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_is_for_one_method_and_told_when_it_is_too_long() {
        let waits = FloodWaits::default();
        waits.remember("upload.getFile", 300);
        assert_eq!(waits.left("upload.getFile"), Some(300));
        assert_eq!(waits.left("upload.saveFilePart"), None);
        waits.wait("upload.saveFilePart", Duration::ZERO).await.unwrap();
        let told = waits.wait("upload.getFile", Duration::from_secs(60)).await;
        assert!(matches!(told, Err(TelegramError::FloodWait { seconds: 300 })));
        waits.remember("upload.getFile", 0);
        waits.wait("upload.getFile", Duration::ZERO).await.unwrap();
    }
}
