//! What a message can bring that is no file: a poll.

use serde::{Deserialize, Serialize};

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attachment {
    /// A poll, by its id: everybody sees their own vote.
    Poll(i64),
}
