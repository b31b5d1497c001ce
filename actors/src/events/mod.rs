//! The events of accounts: a durable log of each, and readers that resume where they were.
//!
//! `log::AccountLog` keeps one account's events, sealed and bounded. `feed::Feed` orders those of all accounts of a user and shares the
//! recent ones. [`EventReader`] follows them from a [`Cursor`], whatever transport it serves.

mod cursor;
mod event;
mod feed;
mod filter;
mod hub;
mod log;
mod name;
mod reader;
mod recent;
mod tenure;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use cursor::{Cursor, InvalidCursor};
pub use event::Event;
pub use name::EventName;
pub use reader::{EndReason, EventReader, EventStream, Read, StreamItem};
pub use tenure::Tenure;

pub(crate) use event::NewEvent;
pub(crate) use filter::EventFilter;
pub(crate) use hub::EventHub;
pub(crate) use log::AccountLog;
pub(crate) use reader::{READ_MAX, Subscription};

/// How much is kept of an account's events, and for how many readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLimits {
    /// The log of one account, in bytes.
    pub log_bytes_max: u64,
    /// How long events are kept.
    pub log_age_max: Duration,
    /// Streams and waiting polls that one principal may have at once.
    pub readers_per_principal_max: usize,
}

impl Default for EventLimits {
    fn default() -> Self {
        Self { log_bytes_max: 64 * 1_024 * 1_024, log_age_max: Duration::from_secs(14 * 86_400), readers_per_principal_max: 100 }
    }
}
