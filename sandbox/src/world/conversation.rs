//! The messages of a conversation as one user has them.

use super::ids::PeerId;
use super::message_box::Message;
use super::state::{State, User};

impl State {
    /// The messages of a conversation as a user has them, oldest first. What the user hid of a channel is among them.
    pub fn conversation<'a>(&'a self, user: &'a User, peer: PeerId) -> Box<dyn DoubleEndedIterator<Item = &'a Message> + 'a> {
        match peer {
            PeerId::Channel(id) => Box::new(self.channels.get(&id).into_iter().flat_map(|channel| channel.messages.iter())),
            PeerId::User(_) | PeerId::Chat(_) => {
                let ids = user.dialogs.get(&peer).into_iter().flat_map(|dialog| &dialog.message_ids);
                Box::new(ids.filter_map(|id| user.messages.get(*id)))
            }
        }
    }

    /// Whether it is a channel in which only administrators post.
    pub fn is_broadcast(&self, peer: PeerId) -> bool {
        matches!(peer, PeerId::Channel(id) if self.channels.get(&id).is_some_and(|channel| channel.broadcast))
    }
}
