//! Rate limits of one user: a bucket for each account, for each agent key and for logins.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::settings::{Bucket, Limits};

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// What is left of one limit after a call, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// `account`, `agent` or `login`.
    pub policy: &'static str,
    /// How many calls may come at once.
    pub quota: u32,
    /// How long an empty bucket takes to fill, in whole seconds.
    pub window_secs: u32,
    /// How many calls may come now.
    pub remaining: u32,
    /// When the next one is allowed again, in whole seconds; 0 while some remain.
    pub reset_secs: u32,
}

/// The buckets of one user. Those of accounts and keys are made on first use and go with what they belong to.
#[derive(Debug)]
pub(crate) struct Quotas {
    account: Bucket,
    agent: Bucket,
    login: Bucket,
    accounts: RefCell<HashMap<AccountId, Limiter>>,
    agents: RefCell<HashMap<KeyId, Limiter>>,
    logins: Limiter,
}

impl Quotas {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            account: limits.account_actions,
            agent: limits.agent_mutations,
            login: limits.login_attempts,
            accounts: RefCell::default(),
            agents: RefCell::default(),
            logins: limiter(limits.login_attempts),
        }
    }

    /// Draws one action of an account.
    pub(crate) fn draw_account(&self, account: AccountId) -> Result<LimitState, (Error, LimitState)> {
        draw_keyed(&self.accounts, account, "account", self.account)
    }

    /// Draws one mutation of an agent key.
    pub(crate) fn draw_agent(&self, key: &KeyId) -> Result<LimitState, (Error, LimitState)> {
        draw_keyed(&self.agents, key.clone(), "agent", self.agent)
    }

    /// Draws one login attempt.
    pub(crate) fn draw_login(&self) -> Result<LimitState, (Error, LimitState)> {
        draw(&self.logins, "login", self.login)
    }

    /// Forgets the bucket of an account that is gone.
    pub(crate) fn forget_account(&self, account: AccountId) {
        self.accounts.borrow_mut().remove(&account);
    }
}

fn limiter(bucket: Bucket) -> Limiter {
    let burst = NonZeroU32::new(bucket.burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(bucket.period).unwrap_or_else(|| Quota::per_second(burst));
    RateLimiter::direct(quota.allow_burst(burst)).with_middleware()
}

fn draw_keyed<K: Eq + Hash>(
    limiters: &RefCell<HashMap<K, Limiter>>,
    key: K,
    policy: &'static str,
    bucket: Bucket,
) -> Result<LimitState, (Error, LimitState)> {
    draw(limiters.borrow_mut().entry(key).or_insert_with(|| limiter(bucket)), policy, bucket)
}

fn draw(limiter: &Limiter, policy: &'static str, bucket: Bucket) -> Result<LimitState, (Error, LimitState)> {
    let period_secs = u32::try_from(bucket.period.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
    let window = bucket.period.saturating_mul(bucket.burst);
    let state = LimitState {
        policy,
        quota: bucket.burst,
        window_secs: u32::try_from(window.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1),
        remaining: 0,
        reset_secs: period_secs,
    };
    match limiter.check() {
        Ok(snapshot) => {
            let remaining = snapshot.remaining_burst_capacity();
            Ok(LimitState { remaining, reset_secs: if remaining > 0 { 0 } else { period_secs }, ..state })
        }
        Err(not_until) => {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let wait_secs = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
            let error = Error::new(Code::RateLimited, "Rate limit exceeded").retry_after_secs(wait_secs);
            Err((error, LimitState { reset_secs: wait_secs, ..state }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_gives_its_burst_and_then_says_how_long_to_wait() {
        let day = Duration::from_secs(86_400);
        let limits = Limits { account_actions: Bucket { burst: 3, period: day }, ..Limits::default() };
        let quotas = Quotas::new(&limits);
        let (first, second) = (AccountId::generate(), AccountId::generate());
        let remaining: Vec<_> = (0..3).map(|_| quotas.draw_account(first).unwrap().remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let (error, state) = quotas.draw_account(first).unwrap_err();
        assert_eq!((error.code(), state.remaining, state.quota), (Code::RateLimited, 0, 3));
        assert!((86_000..=86_400).contains(&error.retry_after().unwrap()));
        assert!(quotas.draw_account(second).is_ok(), "another account has its own bucket");
    }
}
