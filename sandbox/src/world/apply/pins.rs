//! Pinning and unpinning.

use std::collections::BTreeMap;

use super::{About, Notice};
use crate::world::ids::PeerId;
use crate::world::message_box::Change;
use crate::world::pins::{CHANNEL_BOX, Pinning};
use crate::world::state::State;

impl State {
    pub(super) fn set_pinned(&mut self, pinning: &Pinning) -> Vec<Notice> {
        if let PeerId::Channel(channel_id) = pinning.peer {
            return self.set_pinned_in_channel(channel_id, pinning);
        }
        let mut by_owner: BTreeMap<i64, Vec<i32>> = BTreeMap::new();
        for id in &pinning.message_ids {
            for copy in self.all_copies(pinning.user_id, *id) {
                if !pinning.one_side || copy.owner == pinning.user_id {
                    by_owner.entry(copy.owner).or_default().push(copy.message_id);
                }
            }
        }
        let pinned = pinning.pinned;
        let mut notices = Vec::new();
        for (owner, ids) in by_owner {
            let Some(user) = self.users.get_mut(&owner) else { continue };
            let messages = ids.iter().filter_map(|id| user.messages.get(*id));
            let changed = messages.filter(|message| self.pins.set(message.shared_id, owner, pinned));
            let changed: Vec<(PeerId, i32)> = changed.map(|message| (message.peer, message.id)).collect();
            let Some((peer, _)) = changed.first().copied() else { continue };
            let message_ids: Vec<i32> = changed.into_iter().map(|(_, id)| id).collect();
            let count = i32::try_from(message_ids.len()).unwrap_or(i32::MAX);
            let change = user.messages.record(Change::Pinned { peer, message_ids, pinned }, count);
            notices.push(Notice { to: owner, about: About::Box(change) });
        }
        notices
    }

    fn set_pinned_in_channel(&mut self, channel_id: i64, pinning: &Pinning) -> Vec<Notice> {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let messages = pinning.message_ids.iter().filter_map(|id| channel.messages.get(*id));
        let changed = messages.filter(|message| self.pins.set(message.shared_id, CHANNEL_BOX, pinning.pinned));
        let message_ids: Vec<i32> = changed.map(|message| message.id).collect();
        if message_ids.is_empty() {
            return Vec::new();
        }
        let count = i32::try_from(message_ids.len()).unwrap_or(i32::MAX);
        let pinned = Change::Pinned { peer: pinning.peer, message_ids, pinned: pinning.pinned };
        let change = channel.messages.record(pinned, count);
        self.tell_channel(channel_id, About::Channel { channel_id, change })
    }
}
