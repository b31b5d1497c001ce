//! Groups and channels: making them, and who comes and goes.

use std::collections::BTreeMap;

use super::{About, Notice};
use crate::world::administration::Administration;
use crate::world::event::{NewChannel, NewMessage};
use crate::world::ids::PeerId;
use crate::world::message_box::{Action, MessageBox};
use crate::world::state::{Channel, Chat, Dialog, Member, State};

impl State {
    pub(super) fn create_chat(&mut self, creator: i64, title: &str, others: &[i64], date: i32) -> Vec<Notice> {
        self.last.chat += 1;
        let id = self.last.chat;
        let mut members: BTreeMap<i64, Member> = BTreeMap::new();
        for member in std::iter::once(&creator).chain(others) {
            members.insert(*member, Member { inviter: creator, date });
        }
        let action = Action::ChatCreated { title: title.to_owned(), members: members.keys().copied().collect() };
        self.chats.insert(
            id,
            Chat { id, title: title.to_owned(), creator, date, version: 1, members, administration: Administration::default() },
        );
        let mut notices = self.tell_chat(id);
        notices.extend(self.send_message(&NewMessage::service(creator, PeerId::Chat(id), action, date)));
        notices
    }

    pub(super) fn create_channel(&mut self, new: &NewChannel) -> Vec<Notice> {
        self.last.channel += 1;
        let id = self.last.channel;
        let peer = PeerId::Channel(id);
        if let Some(username) = &new.username {
            self.usernames.insert(username.to_lowercase(), peer);
        }
        let channel = Channel {
            id,
            title: new.title.clone(),
            about: new.about.clone(),
            broadcast: new.broadcast,
            username: new.username.clone(),
            creator: new.creator,
            date: new.date,
            members: BTreeMap::new(),
            messages: MessageBox::default(),
            administration: Administration::default(),
        };
        self.channels.insert(id, channel);
        let mut notices = self.enter_channel(id, new.creator, &[new.creator], new.date);
        let action = Action::ChannelCreated { title: new.title.clone() };
        notices.extend(self.send_message(&NewMessage::service(new.creator, peer, action, new.date)));
        notices
    }

    pub(super) fn add_members(&mut self, peer: PeerId, inviter: i64, members: &[i64], date: i32) -> Vec<Notice> {
        let action = Action::MembersAdded { members: members.to_vec() };
        self.let_in(peer, inviter, members, &NewMessage::service(inviter, peer, action, date))
    }

    /// Makes users members of a group or a channel; in groups `notice` tells everybody.
    pub(super) fn let_in(&mut self, peer: PeerId, inviter: i64, members: &[i64], notice: &NewMessage) -> Vec<Notice> {
        let date = notice.date;
        let mut notices = match peer {
            PeerId::User(_) => return Vec::new(),
            PeerId::Chat(chat_id) => {
                let Some(chat) = self.chats.get_mut(&chat_id) else { return Vec::new() };
                chat.members.extend(members.iter().map(|member| (*member, Member { inviter, date })));
                chat.version = chat.version.saturating_add(1);
                self.tell_chat(chat_id)
            }
            PeerId::Channel(channel_id) => {
                let notices = self.enter_channel(channel_id, inviter, members, date);
                // Channels do not announce their members; supergroups do.
                if self.channels.get(&channel_id).is_none_or(|channel| channel.broadcast) {
                    return notices;
                }
                notices
            }
        };
        notices.extend(self.send_message(notice));
        notices
    }

    /// Makes users members of a channel. What was posted before they came counts as read.
    fn enter_channel(&mut self, channel_id: i64, inviter: i64, members: &[i64], date: i32) -> Vec<Notice> {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let read = channel.messages.next_id() - 1;
        let mut notices = Vec::new();
        for member in members {
            let Some(user) = self.users.get_mut(member) else { continue };
            channel.members.insert(*member, Member { inviter, date });
            let dialog = Dialog { read_inbox_max_id: read, read_outbox_max_id: read, ..Dialog::default() };
            user.dialogs.insert(PeerId::Channel(channel_id), dialog);
            notices.push(Notice { to: *member, about: About::ChannelMembership { channel_id } });
        }
        notices
    }

    pub(super) fn remove_member(&mut self, peer: PeerId, actor: i64, member: i64, date: i32) -> Vec<Notice> {
        let action = Action::MemberRemoved { member };
        match peer {
            PeerId::User(_) => Vec::new(),
            PeerId::Chat(chat_id) => {
                // The one who goes sees the notice of it, so it is sent first.
                let mut notices = self.send_message(&NewMessage::service(actor, peer, action, date));
                if let Some(chat) = self.chats.get_mut(&chat_id) {
                    chat.members.remove(&member);
                    chat.administration.admins.remove(&member);
                    chat.version = chat.version.saturating_add(1);
                }
                notices.extend(self.tell_chat(chat_id));
                notices
            }
            PeerId::Channel(channel_id) => {
                let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
                channel.members.remove(&member);
                channel.administration.admins.remove(&member);
                if let Some(user) = self.users.get_mut(&member) {
                    user.dialogs.remove(&peer);
                }
                vec![Notice { to: member, about: About::ChannelMembership { channel_id } }]
            }
        }
    }

    pub(super) fn tell_chat(&self, chat_id: i64) -> Vec<Notice> {
        let members = self.chats.get(&chat_id).into_iter().flat_map(|chat| chat.members.keys());
        members.map(|member| Notice { to: *member, about: About::ChatMembers { chat_id } }).collect()
    }
}
