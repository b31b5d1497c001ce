//! What a user has set for one conversation or one person.

use serde::{Deserialize, Serialize};

/// What a user has set for one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerSettings {
    /// The conversation stays at the top of the list.
    pub pinned: bool,
    /// The conversation is in the archive.
    pub archived: bool,
    /// The conversation is marked unread.
    pub unread_mark: bool,
    /// Until when it is silent, in Unix seconds.
    pub muted_until: Option<i32>,
    /// Since when the person is blocked, in Unix seconds.
    pub blocked_since: Option<i32>,
}

/// One thing that a user sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerSetting {
    /// Stays at the top of the list.
    Pinned(bool),
    /// Is in the archive.
    Archived(bool),
    /// Is marked unread.
    UnreadMark(bool),
    /// Is silent until then, in Unix seconds.
    MutedUntil(Option<i32>),
    /// Is blocked since then, in Unix seconds.
    BlockedSince(Option<i32>),
}

impl PeerSettings {
    /// Sets one thing; answers whether that changed anything.
    pub fn set(&mut self, setting: PeerSetting) -> bool {
        let before = self.clone();
        match setting {
            PeerSetting::Pinned(pinned) => self.pinned = pinned,
            PeerSetting::Archived(archived) => {
                self.archived = archived;
                // A pin belongs to its folder.
                self.pinned = self.pinned && before.archived == archived;
            }
            PeerSetting::UnreadMark(mark) => self.unread_mark = mark,
            PeerSetting::MutedUntil(until) => self.muted_until = until,
            PeerSetting::BlockedSince(Some(since)) => self.blocked_since = self.blocked_since.or(Some(since)),
            PeerSetting::BlockedSince(None) => self.blocked_since = None,
        }
        *self != before
    }
}
