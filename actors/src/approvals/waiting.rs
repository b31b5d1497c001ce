//! What is told of an approval to whoever must wait for it.

use super::ApprovalId;

/// An approval that an answer names: which, and until when it can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingApproval {
    /// Its id.
    pub id: ApprovalId,
    /// From when it cannot be given any more (Unix seconds).
    pub expires_at: u64,
}
