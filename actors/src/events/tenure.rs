//! Tenures: what lasts as long as its caller's right to it, whether or not it reads events.

use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::feed::{Feed, Seat};
use super::reader::{EndReason, HEARTBEAT_PERIOD, Registration, instant_of};
use crate::caller::Caller;
use crate::error::Error;

/// A caller's place among those who are told when their right ends.
#[derive(Debug)]
pub struct Tenure {
    seat: Seat,
    expires_at: Option<Instant>,
}

impl Tenure {
    pub(super) fn begin(feed: &Arc<Feed>, caller: &Caller) -> Result<Self, Error> {
        let principal = caller.principal().clone();
        let registration =
            Registration { principal, account: None, is_counted: false, ended: OnceLock::new(), changed: Notify::new() };
        let seat = feed.register(registration, usize::MAX)?;
        Ok(Self { seat, expires_at: caller.expires_at_secs().map(instant_of) })
    }

    /// Resolves when the right has ended: the key was revoked, suspended or changed, the token has expired, or the server stops.
    pub async fn ended(&self) -> EndReason {
        let registration = &self.seat.registration;
        loop {
            if let Some(reason) = registration.ended.get() {
                return *reason;
            }
            let now = Instant::now();
            if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
                return EndReason::TokenExpired;
            }
            let look = now + HEARTBEAT_PERIOD;
            tokio::select! {
                () = registration.changed.notified() => {}
                // It counts as a reader, for which recent events are kept.
                () = sleep_until(self.expires_at.map_or(look, |expires_at| expires_at.min(look))) => self.seat.feed.tidy(),
            }
        }
    }
}
