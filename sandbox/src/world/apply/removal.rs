//! Deleting conversations, groups and channels as wholes.

use super::{About, Notice};
use crate::world::ids::PeerId;
use crate::world::pins::CHANNEL_BOX;
use crate::world::state::{Dialog, State};

impl State {
    /// Takes an emptied conversation from a user's list. Of a group that the user is in, everything but its members' place goes.
    pub(super) fn forget_dialog(&mut self, user_id: i64, peer: PeerId) {
        let is_member = match peer {
            PeerId::Chat(chat_id) => self.chats.get(&chat_id).is_some_and(|chat| chat.members.contains_key(&user_id)),
            PeerId::User(_) | PeerId::Channel(_) => false,
        };
        self.forget_place(user_id, peer);
        let Some(user) = self.users.get_mut(&user_id) else { return };
        user.dialogs.remove(&peer);
        if is_member {
            user.dialogs.insert(peer, Dialog::default());
        }
    }

    /// Takes a basic group from everybody.
    pub(super) fn delete_chat(&mut self, chat_id: i64, date: i32) -> Vec<Notice> {
        let Some(chat) = self.chats.get_mut(&chat_id) else { return Vec::new() };
        let members = std::mem::take(&mut chat.members);
        chat.version = chat.version.saturating_add(1);
        let peer = PeerId::Chat(chat_id);
        self.forget_ways_in(peer);
        let mut notices = Vec::new();
        for member in members.into_keys() {
            notices.push(Notice { to: member, about: About::ChatMembers { chat_id } });
            let dialog = self.users.get(&member).and_then(|user| user.dialogs.get(&peer));
            let ids: Vec<i32> = dialog.into_iter().flat_map(|dialog| &dialog.message_ids).copied().collect();
            notices.extend(self.delete_messages(member, &ids, false, date));
            self.forget_dialog(member, peer);
        }
        notices
    }

    /// Takes a channel from everybody.
    pub(super) fn delete_channel(&mut self, channel_id: i64) -> Vec<Notice> {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let members = std::mem::take(&mut channel.members);
        let gone = std::mem::take(&mut channel.messages);
        if let Some(username) = channel.username.take() {
            self.usernames.remove(&username.to_lowercase());
        }
        let peer = PeerId::Channel(channel_id);
        self.forget_ways_in(peer);
        for message in gone.iter() {
            self.forget_reception(message.shared_id, CHANNEL_BOX);
        }
        let mut notices = Vec::new();
        for member in members.into_keys() {
            if let Some(user) = self.users.get_mut(&member) {
                user.dialogs.remove(&peer);
            }
            notices.push(Notice { to: member, about: About::ChannelMembership { channel_id } });
        }
        notices
    }

    fn forget_ways_in(&mut self, peer: PeerId) {
        self.invites.retain(|_, invite| invite.peer != peer);
        self.join_requests.remove(&peer);
    }
}
