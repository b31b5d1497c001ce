//! Reacting to messages.

use super::{About, Notice};
use crate::world::ids::PeerId;
use crate::world::pins::CHANNEL_BOX;
use crate::world::reactions::Reacting;
use crate::world::state::State;

impl State {
    pub(super) fn react(&mut self, reacting: &Reacting) -> Vec<Notice> {
        let Reacting { user_id, peer, message_id, given } = reacting;
        if let PeerId::Channel(channel_id) = *peer {
            let message = self.channels.get(&channel_id).and_then(|channel| channel.messages.get(*message_id));
            let Some(shared_id) = message.map(|message| message.shared_id) else { return Vec::new() };
            self.reactions.set(shared_id, *user_id, given.clone());
            return self.tell_channel(channel_id, About::Reactions { peer: *peer, message_id: *message_id });
        }
        let message = self.users.get(user_id).and_then(|user| user.messages.get(*message_id));
        let Some(shared_id) = message.map(|message| message.shared_id) else { return Vec::new() };
        self.reactions.set(shared_id, *user_id, given.clone());
        let copies = self.all_copies(*user_id, *message_id).into_iter().filter_map(|copy| {
            let peer = self.users.get(&copy.owner)?.messages.get(copy.message_id)?.peer;
            Some(Notice { to: copy.owner, about: About::Reactions { peer, message_id: copy.message_id } })
        });
        copies.collect()
    }

    /// Forgets how a message was received whose copy is gone from a box: its pin there, and with its last copy the reactions.
    pub(super) fn forget_reception(&mut self, shared_id: i64, owner: i64) {
        self.pins.set(shared_id, owner, false);
        if owner == CHANNEL_BOX || self.copies.get(&shared_id).is_none_or(Vec::is_empty) {
            self.reactions.forget(shared_id);
            self.scheduled.sent.remove(&shared_id);
        }
    }
}
