//! Which messages are pinned, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::PeerId;

/// Stands for the owner of a channel's box, which is nobody's own.
pub const CHANNEL_BOX: i64 = 0;

/// Whose box holds the messages that a user has of a conversation.
pub fn box_owner(user_id: i64, peer: PeerId) -> i64 {
    if matches!(peer, PeerId::Channel(_)) { CHANNEL_BOX } else { user_id }
}

/// The pinned messages by their shared ids, with the owners of the boxes in which they are pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pins(BTreeMap<i64, BTreeSet<i64>>);

impl Pins {
    /// Whether a message is pinned in somebody's box.
    pub fn contains(&self, shared_id: i64, owner: i64) -> bool {
        self.0.get(&shared_id).is_some_and(|owners| owners.contains(&owner))
    }

    /// Pins a message in somebody's box, or unpins it. Answers whether that changed anything.
    pub fn set(&mut self, shared_id: i64, owner: i64, pinned: bool) -> bool {
        if pinned {
            return self.0.entry(shared_id).or_default().insert(owner);
        }
        let Some(owners) = self.0.get_mut(&shared_id) else { return false };
        let changed = owners.remove(&owner);
        if owners.is_empty() {
            self.0.remove(&shared_id);
        }
        changed
    }
}

/// Messages are pinned or unpinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinning {
    /// Who does it.
    pub user_id: i64,
    /// Where, as that user sees it.
    pub peer: PeerId,
    /// Which, in that user's box or the channel's.
    pub message_ids: Vec<i32>,
    /// Pinned, not unpinned.
    pub pinned: bool,
    /// For that user alone.
    pub one_side: bool,
    /// When, in Unix seconds; 0 in old journals, which did not say.
    #[serde(default)]
    pub date: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_one_owners() {
        let mut pins = Pins::default();
        assert!(pins.set(7, 1, true) && !pins.set(7, 1, true) && pins.set(7, 2, true));
        assert!(pins.contains(7, 1) && !pins.contains(7, 3) && !pins.contains(8, 1));
        assert!(pins.set(7, 1, false) && !pins.set(7, 1, false) && pins.set(7, 2, false));
        assert_eq!(pins, Pins::default());
    }
}
