//! The newest events of a user, kept while somebody reads, so that all readers share them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Event;
use super::filter::EventFilter;
use crate::runtime::now_us;

/// How many events are kept at most.
const LENGTH_MAX: usize = 8_192;

/// How many bytes their payloads have at most.
const BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// A reader that is further behind than this reads from the log.
const AGE_MAX: Duration = Duration::from_secs(15);

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Recent {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Everything that was published after this position is here.
    begin: u64,
}

impl Recent {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Forgets everything and begins behind this position.
    pub(super) fn begin_behind(&mut self, position: u64) {
        *self = Self { begin: position, ..Self::default() };
    }

    pub(super) fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.payload().len();
        self.events.push_back(event);
        while self.events.len() > LENGTH_MAX || self.bytes > BYTES_MAX {
            self.pop();
        }
    }

    /// Forgets what is so old that whoever has not read it by now reads from the log.
    pub(super) fn forget_old(&mut self) {
        let oldest = now_us().saturating_sub(u64::try_from(AGE_MAX.as_micros()).unwrap_or(u64::MAX));
        while self.events.front().is_some_and(|event| event.position() < oldest) {
            self.pop();
        }
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
    }

    fn pop(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bytes = self.bytes.saturating_sub(event.payload().len());
            self.begin = self.begin.max(event.position());
        }
    }

    /// The events after a position that a filter takes, at most `limit`, and the position of the last that was looked at if there are
    /// more. `None` when that position is too far behind.
    pub(super) fn after(&self, after: u64, filter: &EventFilter, limit: usize) -> Option<(Vec<Arc<Event>>, Option<u64>)> {
        if after < self.begin {
            return None;
        }
        let first = self.events.partition_point(|event| event.position() <= after);
        let mut taken = Vec::new();
        for event in self.events.range(first..) {
            if taken.len() >= limit {
                return Some((taken, Some(event.position() - 1)));
            }
            if filter.takes(event) {
                taken.push(Arc::clone(event));
            }
        }
        Some((taken, None))
    }
}
