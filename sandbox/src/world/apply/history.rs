//! Forwarding, and what a user does to a whole conversation.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::state::{ForwardOrigin, State};

impl State {
    pub(super) fn forward_message(
        &mut self,
        message: &NewMessage,
        origin: Option<&ForwardOrigin>,
        album: Option<i64>,
    ) -> Vec<Notice> {
        let notices = self.send_message(message);
        let shared_id = self.last.shared_message;
        if let Some(origin) = origin {
            self.forwards.insert(shared_id, origin.clone());
        }
        if let Some(album) = album {
            self.albums.insert(shared_id, album);
        }
        notices
    }

    pub(super) fn hide_channel_history(&mut self, user_id: i64, channel_id: i64, max_id: i32) -> Vec<Notice> {
        let dialog = self.users.get_mut(&user_id).and_then(|user| user.dialogs.get_mut(&PeerId::Channel(channel_id)));
        let Some(dialog) = dialog.filter(|dialog| dialog.hidden_max_id < max_id) else { return Vec::new() };
        dialog.hidden_max_id = max_id;
        // What is hidden cannot be unread.
        dialog.read_inbox_max_id = dialog.read_inbox_max_id.max(max_id);
        vec![Notice { to: user_id, about: About::ChannelRead { channel_id, max_id } }]
    }
}
