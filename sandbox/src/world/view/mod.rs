//! The world as one user sees it, in Telegram's types.

mod admin_log;
mod dialogs;
mod folders;
mod group_calls;
mod invites;
mod media;
mod messages;
mod participants;
mod peers;
mod phone_calls;
mod polls;
mod profile;
mod reception;
mod topics;
mod updates;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::ids::PeerId;
use super::state::State;

pub use media::{PROFILE_PHOTO, WHOLE_PHOTO};
pub use peers::count;
pub use updates::SEQ;

/// Builds answers and updates for one user, and remembers the peers that they speak of.
pub struct View<'a> {
    state: &'a State,
    viewer: i64,
    mentioned: BTreeSet<PeerId>,
    /// Those of whom the viewer is told no more than a minimal form.
    glimpsed: BTreeSet<PeerId>,
}

impl<'a> View<'a> {
    /// The world as `viewer` sees it.
    pub fn new(state: &'a State, viewer: i64) -> Self {
        Self { state, viewer, mentioned: BTreeSet::new(), glimpsed: BTreeSet::new() }
    }

    /// The hash that the viewer must show to reach a peer: every user's own, so that one from another account is of no use.
    pub fn access_hash(&self, peer: PeerId) -> i64 {
        self.hash_of(peer, b"")
    }

    /// The hash in the minimal form of a peer, with which it cannot be reached.
    pub(super) fn minimal_hash(&self, peer: PeerId) -> i64 {
        self.hash_of(peer, b"minimal")
    }

    fn hash_of(&self, peer: PeerId, form: &[u8]) -> i64 {
        let digest = Sha256::new()
            .chain_update(&self.state.secret.0)
            .chain_update(form)
            .chain_update(self.viewer.to_le_bytes())
            .chain_update(i64::from(peer).to_le_bytes())
            .finalize();
        digest.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }
}
