//! How actors run: mailboxes, supervision, backoff and the clock. The only place that names actix.
//!
//! actix's own supervisor does not restart an actor that panicked, so supervision is ours: a factory makes each incarnation, and
//! a [`Mailbox`] outlives them all.

mod backoff;
mod clock;
mod crash_point;
mod mailbox;
mod pool;
mod supervise;
mod tasks;
#[cfg(test)]
mod tests;
mod turns;
mod workers;

pub use backoff::Backoff;
pub use clock::{now_ms, now_secs, now_us};
pub use crash_point::crash_point;
pub use mailbox::{Mailbox, Refusal, Refused};
pub use pool::{ArbiterPool, Place};
pub use supervise::{Factory, Lifecycle, RestartPolicy, Supervised, supervise};
pub use tasks::Tasks;
pub use turns::{LineFull, Turn, TurnCounts, Turns};
pub use workers::{GivenUp, Workers};

/// Something that owns state and handles one message at a time, on one thread.
///
/// A message carries its own way to answer. Work that waits goes to the actor's [`Tasks`], which end with it.
pub trait Actor: Sized + Unpin + 'static {
    /// What it can be asked.
    type Message: Send + 'static;

    /// Handles one message. Must not block.
    fn handle(&mut self, message: Self::Message);
}
