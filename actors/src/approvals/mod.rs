//! Approvals: calls of agents that wait for a person.
//!
//! A call that may not happen without a person is kept, sealed, with a digest of its exact content, and answered 202
//! `approval_required`. A person sees what it would do and decides by that digest. What is approved runs once, as a call of the same
//! agent with the rights that its key has *then*: nothing is granted by an approval but the one call. It runs under a record of its own
//! among the idempotency keys (`user::idempotency`), so that a kill between any two steps neither loses nor repeats it.
//!
//! ```text
//! pending -> approved -> done | failed | unknown
//!         -> denied
//!         -> expired
//! ```
//!
//! Here is what an approval is and where it is kept; how a call comes to one and is carried out is in `user::approvals`.

mod approval;
mod book;
mod waiting;

use std::time::Duration;

pub use approval::{ApprovalId, ApprovalState, InvalidApprovalId, Reason};
pub use waiting::WaitingApproval;

pub(crate) use approval::{Approval, digest};
pub(crate) use book::{Book, Known, not_found};

/// How many approvals may wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalLimits {
    /// How long a call waits for a person before it expires.
    pub lifetime: Duration,
    /// Calls of one agent key that may wait at once.
    pub pending_per_key_max: usize,
    /// Calls of all of a user's keys that may wait at once.
    pub pending_per_user_max: usize,
}

impl Default for ApprovalLimits {
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(3_600), pending_per_key_max: 20, pending_per_user_max: 200 }
    }
}
