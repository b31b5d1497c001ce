//! How often a method may be called, learned from the waits that Telegram asked for.
//!
//! Telegram tells nobody its limits; it only says when one was reached. So a method that it asked to wait for gets a budget: a little
//! less than what was sent in the minute before. While no further wait comes the budget grows by a call per minute each minute, and the
//! next wait halves it: additive increase and multiplicative decrease, which is how TCP finds what a network bears (RFC 5681). All of
//! this is arithmetic over a clock that is handed in, in milliseconds.

use std::collections::VecDeque;

/// What a budget is counted over.
const WINDOW_MS: u64 = 60_000;

/// The window is counted in so many slots.
const SLOTS: usize = 6;
const SLOT_MS: u64 = WINDOW_MS / SLOTS as u64;

/// One call. Gaining a thousandth of a call per minute for a millisecond is one unit.
const CALL: u64 = 1_000 * WINDOW_MS;

/// The smallest budget: one call per minute, in thousandths.
const RATE_MIN: u64 = 1_000;

/// Which part of what was sent before a wait is the budget after it: with what may come at once, less than Telegram took before.
const SAFETY_PERMILLE: u64 = 800;

/// Which part of a minute's budget may come at once.
const BURST_SHARE: u64 = 4;

/// So long after the last wait a budget is forgotten.
const LIFETIME_MS: u64 = 6 * 3_600_000;

/// How many may have a call kept for them.
const CLAIMS_MAX: usize = 64;

/// Whoever was told to come back has their call kept for so long after that.
const CLAIM_GRACE_MS: u64 = 3_000;

/// How often a method was called in the last minute.
#[derive(Debug, Default)]
pub(super) struct Usage {
    slots: [u32; SLOTS],
    newest: u64,
}

impl Usage {
    /// Notes a call.
    pub(super) fn count(&mut self, now: u64) {
        self.advance(now);
        if let Some(slot) = self.slots.get_mut(slot_of(self.newest)) {
            *slot = slot.saturating_add(1);
        }
    }

    /// How many there were.
    pub(super) fn total(&mut self, now: u64) -> u32 {
        self.advance(now);
        self.slots.iter().fold(0, |sum, slot| sum.saturating_add(*slot))
    }

    fn advance(&mut self, now: u64) {
        let slot = now / SLOT_MS;
        let past = slot.saturating_sub(self.newest).min(SLOTS as u64);
        for step in 1..=past {
            if let Some(slot) = self.slots.get_mut(slot_of(slot - past + step)) {
                *slot = 0;
            }
        }
        self.newest = self.newest.max(slot);
    }
}

fn slot_of(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or(0)
}

/// The budget of one method: a bucket of calls, and who has one kept for them.
#[derive(Debug)]
pub(super) struct Budget<K> {
    /// Thousandths of calls per minute, at `since`.
    rate: u64,
    /// From then on it grows.
    since: u64,
    /// What is in the bucket, at `at`.
    units: u64,
    at: u64,
    /// Those who were told to come back, in the order in which they are served.
    claims: VecDeque<Claim<K>>,
}

#[derive(Debug)]
struct Claim<K> {
    who: K,
    until: u64,
}

impl<K: PartialEq + Clone> Budget<K> {
    /// The first budget, after a wait that ends at `until`; `sent` is how many calls Telegram took in the minute before.
    pub(super) fn learned(sent: u32, until: u64) -> Self {
        Self::of((u64::from(sent) * SAFETY_PERMILLE).max(RATE_MIN), until)
    }

    /// A budget that was kept: thousandths of calls per minute.
    pub(super) fn of(rate: u64, since: u64) -> Self {
        // Whoever comes back when the wait is over is served.
        Self { rate: rate.max(RATE_MIN), since, units: CALL, at: since, claims: VecDeque::new() }
    }

    /// Halves it, unless the wait that it was learned from is not over: what Telegram answers then was sent before.
    pub(super) fn flooded(&mut self, now: u64, until: u64) {
        if now < self.since {
            self.since = self.since.max(until);
            self.at = self.since;
            return;
        }
        self.rate = (self.rate(now) / 2).max(RATE_MIN);
        (self.since, self.units, self.at) = (until, CALL, until);
    }

    /// Whether it has been needed no more for so long that it is to be forgotten.
    pub(super) fn is_over(&self, now: u64) -> bool {
        now > self.since.saturating_add(LIFETIME_MS)
    }

    /// Thousandths of calls per minute.
    pub(super) fn rate(&self, now: u64) -> u64 {
        // A thousandth of a call per minute, each sixtieth of a second.
        self.rate.saturating_add(now.saturating_sub(self.since) * 1_000 / WINDOW_MS)
    }

    /// How many calls may come now.
    pub(super) fn left(&mut self, now: u64) -> u64 {
        self.refill(now);
        self.units / CALL
    }

    /// Draws a call of `who`.
    ///
    /// # Errors
    /// After how many milliseconds it may come; it is kept for them a little longer than that, if they are served in turn.
    pub(super) fn draw(&mut self, who: &K, now: u64) -> Result<(), u64> {
        self.refill(now);
        self.claims.retain(|claim| claim.until > now);
        let own = self.claims.iter().position(|claim| claim.who == *who);
        let ahead = u64::try_from(own.unwrap_or(self.claims.len())).unwrap_or(u64::MAX);
        let needed = ahead.saturating_add(1).saturating_mul(CALL);
        if self.units >= needed {
            self.units -= CALL;
            if let Some(own) = own {
                self.claims.remove(own);
            }
            return Ok(());
        }
        let wait = (needed - self.units).div_ceil(self.rate(now)).max(1) + self.at.saturating_sub(now);
        let until = now.saturating_add(wait).saturating_add(CLAIM_GRACE_MS);
        if let Some(claim) = own.and_then(|own| self.claims.get_mut(own)) {
            claim.until = until;
        } else if self.claims.len() < CLAIMS_MAX {
            self.claims.push_back(Claim { who: who.clone(), until });
        }
        Err(wait)
    }

    fn refill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at);
        let rate = self.rate(now);
        let full = CALL.max(rate.saturating_mul(CALL / 1_000) / BURST_SHARE);
        self.units = self.units.saturating_add(rate.saturating_mul(passed)).min(full);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minute_is_counted_and_no_more() {
        let mut usage = Usage::default();
        for second in 0..60 {
            usage.count(second * 1_000);
        }
        assert_eq!(usage.total(59_999), 60);
        assert_eq!(usage.total(60_000), 50);
        assert_eq!(usage.total(89_000), 30);
        assert_eq!(usage.total(10_000_000), 0);
        usage.count(10_000_000);
        // A clock that went back counts where it was.
        usage.count(9_000_000);
        assert_eq!(usage.total(10_000_000), 2);
    }

    #[test]
    fn a_budget_is_learned_grows_and_is_halved() {
        let mut budget = Budget::<char>::learned(30, 10_000);
        assert_eq!(budget.rate(10_000), 24_000);
        assert_eq!(budget.rate(10_000 + 5 * 60_000), 29_000, "a call per minute more, each minute");
        budget.flooded(9_000, 12_000);
        assert_eq!(budget.rate(12_000), 24_000, "a wait within the wait is the same one");
        budget.flooded(12_000 + 60_000, 80_000);
        assert_eq!(budget.rate(80_000), 12_500);
        for again in 1..20 {
            budget.flooded(80_000 + again, 80_000 + again);
        }
        assert_eq!(budget.rate(80_020), RATE_MIN);
        assert!(!budget.is_over(80_000 + LIFETIME_MS) && budget.is_over(90_000 + LIFETIME_MS));
        assert_eq!(Budget::<char>::learned(0, 0).rate(0), RATE_MIN);
    }

    #[test]
    fn who_comes_back_when_told_is_served_whatever_another_does_meanwhile() {
        let mut budget = Budget::learned(10, 0);
        assert_eq!(budget.rate(0), 8_000);
        assert_eq!(budget.draw(&'a', 0), Ok(()));
        let told_a = budget.draw(&'a', 0).unwrap_err();
        assert_eq!(told_a, 7_500);
        let told_b = budget.draw(&'b', 0).unwrap_err();
        assert_eq!(told_b, 15_000);
        // One asks all the time, the other once when told to: they take turns.
        let (mut served, mut b_at) = (String::new(), told_b);
        for now in (0..120_000).step_by(100) {
            if budget.draw(&'a', now).is_ok() {
                served.push('a');
            }
            if now >= b_at {
                match budget.draw(&'b', now) {
                    Ok(()) => served.push('b'),
                    Err(wait) => b_at = now + wait,
                }
            }
        }
        assert!(served.starts_with("abab") && !served.contains("aaa"), "{served}");
        // Whoever does not come back holds nobody up for long.
        let mut budget = Budget::learned(10, 0);
        assert!(budget.draw(&'a', 0).is_ok() && budget.draw(&'a', 0).is_err());
        assert!(budget.draw(&'b', 7_500).is_err());
        assert!(budget.draw(&'b', 7_500 + CLAIM_GRACE_MS).is_ok());
    }

    proptest! {
        /// Whenever calls come, no minute has more of them than the budget and what may come at once.
        #[test]
        fn no_minute_has_more_than_its_budget(sent in 1_u32..200, gaps in proptest::collection::vec(0_u64..3_000, 1..600)) {
            let mut budget = Budget::learned(sent, 1_000);
            let (mut now, mut went) = (1_000, Vec::new());
            for gap in gaps {
                now += gap;
                if budget.draw(&'a', now).is_ok() {
                    went.push(now);
                }
            }
            for from in &went {
                let within = u64::try_from(went.iter().filter(|at| (*from..from + WINDOW_MS).contains(at)).count()).unwrap();
                let rate = budget.rate(now);
                prop_assert!(within * 1_000 <= rate + rate / BURST_SHARE + 2_000, "{within} calls in a minute of {rate}");
            }
        }

        /// Whoever comes back exactly when told is served, if nobody else asks.
        #[test]
        fn a_wait_that_is_told_is_enough(sent in 0_u32..500, at in 0_u64..100_000, drawn in 0_usize..200) {
            let mut budget = Budget::learned(sent, at);
            for _ in 0..drawn {
                if budget.draw(&'a', at).is_err() {
                    break;
                }
            }
            if let Err(wait) = budget.draw(&'a', at) {
                prop_assert!(budget.draw(&'a', at + wait).is_ok());
            }
        }
    }
}
