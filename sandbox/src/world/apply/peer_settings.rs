//! What users set for their conversations, and for people.

use super::{About, Notice};
use crate::world::ids::PeerId;
use crate::world::message_box::Change;
use crate::world::peer_settings::{PeerSetting, PeerSettings};
use crate::world::state::State;

impl State {
    /// Sets one thing; nobody is told when it was so already.
    pub(super) fn set_for_peer(&mut self, user_id: i64, peer: PeerId, setting: PeerSetting) -> Vec<Notice> {
        let Some(user) = self.users.get_mut(&user_id) else { return Vec::new() };
        let settings = user.settings.entry(peer).or_default();
        let changed = settings.set(setting);
        if *settings == PeerSettings::default() {
            user.settings.remove(&peer);
        }
        let about = match setting {
            _ if !changed => return Vec::new(),
            PeerSetting::Archived(archived) => About::Box(user.messages.record(Change::Archived { peer, archived }, 1)),
            setting => About::Setting { peer, setting },
        };
        vec![Notice { to: user_id, about }]
    }

    /// Whether a user has blocked another.
    pub fn has_blocked(&self, user_id: i64, other: i64) -> bool {
        let settings = self.users.get(&user_id).and_then(|user| user.settings.get(&PeerId::User(other)));
        settings.is_some_and(|settings| settings.blocked_since.is_some())
    }

    /// Forgets what a user had set for a conversation's place in the list.
    pub(super) fn forget_place(&mut self, user_id: i64, peer: PeerId) {
        let Some(user) = self.users.get_mut(&user_id) else { return };
        if let Some(settings) = user.settings.get_mut(&peer) {
            (settings.pinned, settings.archived, settings.unread_mark) = (false, false, false);
            if *settings == PeerSettings::default() {
                user.settings.remove(&peer);
            }
        }
    }
}
