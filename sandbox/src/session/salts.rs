//! Server salts: each auth key has one for every half hour, and the one before stays valid while the next one is in use.

use grammers_tl_types::types;
use sha2::{Digest, Sha256};

use super::cipher::SharedKey;

/// How long a salt is the newest, in seconds.
const PERIOD_SECS: i32 = 1_800;

/// The most future salts that are given at once (<https://core.telegram.org/mtproto/service_messages#request-for-several-future-salts>).
const FUTURE_MAX: i32 = 64;

/// The salts of one auth key. They follow from the key and the time, so a restart changes none.
pub struct Salts<'a>(pub &'a SharedKey);

impl Salts<'_> {
    /// The newest salt at this time (Unix seconds).
    pub fn current(&self, now: i32) -> i64 {
        self.of_period(now / PERIOD_SECS)
    }

    /// Whether a message may carry this salt at this time.
    pub fn accepts(&self, salt: i64, now: i32) -> bool {
        let period = now / PERIOD_SECS;
        salt == self.of_period(period) || salt == self.of_period(period - 1)
    }

    /// The newest salt and those after it.
    pub fn future(&self, now: i32, count: i32) -> Vec<types::FutureSalt> {
        let period = now / PERIOD_SECS;
        let salt = |period: i32| types::FutureSalt {
            valid_since: period.saturating_mul(PERIOD_SECS),
            valid_until: (period + 2).saturating_mul(PERIOD_SECS),
            salt: self.of_period(period),
        };
        (period..period + count.clamp(1, FUTURE_MAX)).map(salt).collect()
    }

    fn of_period(&self, period: i32) -> i64 {
        let hash = Sha256::new().chain_update(self.0.bytes()).chain_update(period.to_le_bytes()).finalize();
        hash.first_chunk::<8>().map_or(0, |head| i64::from_le_bytes(*head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_rotate_with_an_overlap() {
        let key = SharedKey::new([7; 256]);
        let salts = Salts(&key);
        let now = 1_000 * PERIOD_SECS + 5;
        let salt = salts.current(now);
        assert!(salts.accepts(salt, now) && salts.accepts(salt, now + PERIOD_SECS));
        assert!(!salts.accepts(salt, now + 2 * PERIOD_SECS));
        assert_ne!(salt, salts.current(now + PERIOD_SECS));
        assert_eq!(salts.future(now, 3).len(), 3);
        assert_eq!(salts.future(now, i32::MAX).len(), 64);
    }
}
