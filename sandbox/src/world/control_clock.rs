//! Putting the network's clock ahead, so that nobody has to wait for what is to happen later.

use super::World;
use super::control::{Outcome, change};
use super::event::Event;
use crate::control::{AdvancedClock, ControlError};

/// How far the clock may be put ahead, all in all: two years.
const AHEAD_SECS_MAX: i32 = 2 * 366 * 24 * 3_600;

impl World {
    pub(super) fn put_ahead(&self, seconds: i32) -> Outcome<AdvancedClock> {
        let mut live = self.lock();
        let ahead = live.state.clock_ahead.saturating_add(seconds);
        if seconds <= 0 || ahead > AHEAD_SECS_MAX {
            return Err(ControlError::Invalid(format!("seconds: must be positive, and {AHEAD_SECS_MAX} in all at most")));
        }
        let mut written = change(&mut live, vec![Event::ClockAdvanced { seconds }]);
        let now = live.now();
        if let Some(sent) = live.send_due(now) {
            written = sent;
        }
        Ok((AdvancedClock { now }, written))
    }
}
