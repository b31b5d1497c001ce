//! Waiting longer after each failure, with full jitter so that many actors do not return at the same moment.

use std::time::Duration;

/// A sequence of waits: the n-th is random between zero and `base * 2^n`, at most `cap`, and at least a tenth of that bound, so that
/// a failure that returns at once cannot spin.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits that start below `base` and never exceed `cap`.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, failures: 0 }
    }

    /// The wait after one more failure.
    pub fn next_wait(&mut self) -> Duration {
        let bound = self.base.saturating_mul(2u32.saturating_pow(self.failures)).min(self.cap);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(0.1 + 0.9 * unit_interval())
    }

    /// How often it has failed since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Begins again after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A random number from 0 to 1. Without a source of randomness it is 1: the longest wait.
fn unit_interval() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(base_ms in 1u64..5_000, cap_ms in 1u64..600_000, failures in 0u32..80) {
            let (base, cap) = (Duration::from_millis(base_ms), Duration::from_millis(cap_ms));
            let mut backoff = Backoff::new(base, cap);
            for failure in 0..failures {
                let bound = base.saturating_mul(2u32.saturating_pow(failure)).min(cap);
                let wait = backoff.next_wait();
                prop_assert!(wait <= bound && wait >= bound / 11, "{wait:?} of {bound:?}");
            }
            backoff.reset();
            prop_assert!(backoff.next_wait() <= base.min(cap));
        }
    }
}
