//! What administrators do.

use super::{About, Notice};
use crate::world::administration::{Act, Admin, Administered, Banned};
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::message_box::Action;
use crate::world::state::State;

impl State {
    pub(super) fn administer(&mut self, done: &Administered) -> Vec<Notice> {
        match &done.act {
            Act::AdminSet { user_id, rights, rank } => self.set_admin(done, *user_id, *rights, rank.clone()),
            Act::BanSet { user_id, taken, until } => self.set_ban(done, *user_id, *taken, *until),
        }
    }

    fn set_admin(&mut self, done: &Administered, user_id: i64, rights: u32, rank: Option<String>) -> Vec<Notice> {
        let Some(administration) = self.administration_mut(done.peer) else { return Vec::new() };
        if rights == 0 {
            administration.admins.remove(&user_id);
        } else {
            administration.banned.remove(&user_id);
            administration.admins.insert(user_id, Admin { rights, rank, by: done.actor, date: done.date });
        }
        match done.peer {
            PeerId::User(_) => Vec::new(),
            PeerId::Chat(chat_id) => {
                if let Some(chat) = self.chats.get_mut(&chat_id) {
                    chat.version = chat.version.saturating_add(1);
                }
                self.tell_chat(chat_id)
            }
            PeerId::Channel(channel_id) => {
                let mut notices = Vec::new();
                if rights != 0 && !self.is_member(user_id, done.peer) {
                    notices.extend(self.add_members(done.peer, done.actor, &[user_id], done.date));
                }
                notices.push(Notice { to: user_id, about: About::ChannelMembership { channel_id } });
                notices
            }
        }
    }

    fn set_ban(&mut self, done: &Administered, user_id: i64, taken: u32, until: i32) -> Vec<Notice> {
        let PeerId::Channel(channel_id) = done.peer else { return Vec::new() };
        let was_member = self.is_member(user_id, done.peer);
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let banned = Banned { taken, until, by: done.actor, date: done.date };
        if taken == 0 {
            channel.administration.banned.remove(&user_id);
        } else {
            channel.administration.admins.remove(&user_id);
            channel.administration.banned.insert(user_id, banned);
        }
        if !banned.is_out() || !was_member {
            return vec![Notice { to: user_id, about: About::ChannelMembership { channel_id } }];
        }
        let announced = !channel.broadcast;
        let mut notices = self.remove_member(done.peer, done.actor, user_id, done.date);
        if announced {
            let action = Action::MemberRemoved { member: user_id };
            notices.extend(self.send_message(&NewMessage::service(done.actor, done.peer, action, done.date)));
        }
        notices
    }
}
