//! Sending, editing, deleting and reading.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::message_box::{Change, Content, Message};
use crate::world::peer_settings::PeerSetting;
use crate::world::pins::CHANNEL_BOX;
use crate::world::state::{MessageCopy, State};

impl State {
    pub(super) fn send_message(&mut self, new: &NewMessage) -> Vec<Notice> {
        if let (Some(random_id), Some(sender)) = (new.random_id, self.users.get_mut(&new.from)) {
            sender.random_ids.remember(random_id);
        }
        if let Content::Media { media, .. } = &new.content {
            self.keep_file(media);
        }
        self.last.shared_message += 1;
        let shared_id = self.last.shared_message;
        match new.peer {
            PeerId::Channel(channel_id) => self.post_to_channel(channel_id, shared_id, new),
            PeerId::User(other) if other == new.from => self.put_copies(shared_id, new, &[(other, new.peer)]),
            // Who is blocked sees the message go out, and nobody receives it.
            PeerId::User(other) if self.has_blocked(other, new.from) => self.put_copies(shared_id, new, &[(new.from, new.peer)]),
            PeerId::User(other) => self.put_copies(shared_id, new, &[(new.from, new.peer), (other, PeerId::User(new.from))]),
            PeerId::Chat(chat_id) => {
                let Some(chat) = self.chats.get(&chat_id) else { return Vec::new() };
                let owners: Vec<_> = chat.members.keys().map(|member| (*member, new.peer)).collect();
                self.put_copies(shared_id, new, &owners)
            }
        }
    }

    /// Puts a copy of a message into each owner's box, under the peer that the owner sees it from.
    fn put_copies(&mut self, shared_id: i64, new: &NewMessage, owners: &[(i64, PeerId)]) -> Vec<Notice> {
        let answered = new.reply_to.and_then(|id| self.users.get(&new.from)?.messages.get(id)).map(|message| message.shared_id);
        let answered = answered.and_then(|shared_id| self.copies.get(&shared_id)).cloned().unwrap_or_default();
        let mut copies = Vec::new();
        let mut notices = Vec::new();
        for (owner, peer) in owners {
            let Some(user) = self.users.get_mut(owner) else { continue };
            let id = user.messages.next_id();
            let change = user.messages.add(Message {
                outgoing: *owner == new.from,
                reply_to: answered.iter().find(|copy| copy.owner == *owner).map(|copy| copy.message_id),
                ..Message::of(new, shared_id, id, *peer, PeerId::User(new.from))
            });
            user.dialogs.entry(*peer).or_default().message_ids.insert(id);
            copies.push(MessageCopy { owner: *owner, message_id: id });
            notices.push(Notice { to: *owner, about: About::Box(change) });
        }
        self.copies.insert(shared_id, copies);
        notices
    }

    fn post_to_channel(&mut self, channel_id: i64, shared_id: i64, new: &NewMessage) -> Vec<Notice> {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let from = if channel.broadcast { PeerId::Channel(channel_id) } else { PeerId::User(new.from) };
        let id = channel.messages.next_id();
        let change = channel.messages.add(Message {
            reply_to: new.reply_to.filter(|id| channel.messages.get(*id).is_some()),
            ..Message::of(new, shared_id, id, new.peer, from)
        });
        if let Some(forum) = self.forums.all.get_mut(&channel_id) {
            forum.place(id, if forum.topics.contains_key(&id) { id } else { forum.topic_of_answer(new.reply_to) });
        }
        if !matches!(new.content, Content::Action(_)) {
            self.profiles.note_sent(channel_id, new.from, new.date);
        }
        // A post is in the channel's name, so nothing but this tells its author's own posts from unread ones.
        let read = channel.messages.next_id() - 1;
        if let Some(dialog) = self.users.get_mut(&new.from).and_then(|user| user.dialogs.get_mut(&new.peer)) {
            dialog.read_inbox_max_id = read;
        }
        self.tell_channel(channel_id, About::Channel { channel_id, change })
    }

    pub(super) fn edit_message(&mut self, editor: i64, peer: PeerId, id: i32, content: &Content, date: i32) -> Vec<Notice> {
        if let PeerId::Channel(channel_id) = peer {
            let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
            let Some(change) = channel.messages.edit(id, content.clone(), date) else { return Vec::new() };
            return self.tell_channel(channel_id, About::Channel { channel_id, change });
        }
        let mut notices = Vec::new();
        for copy in self.all_copies(editor, id) {
            let Some(user) = self.users.get_mut(&copy.owner) else { continue };
            if let Some(change) = user.messages.edit(copy.message_id, content.clone(), date) {
                notices.push(Notice { to: copy.owner, about: About::Box(change) });
            }
        }
        notices
    }

    /// Every copy of the message that stands in the owner's box under this id.
    pub(super) fn all_copies(&self, owner: i64, id: i32) -> Vec<MessageCopy> {
        let shared_id = self.users.get(&owner).and_then(|user| user.messages.get(id)).map(|message| message.shared_id);
        shared_id.and_then(|shared_id| self.copies.get(&shared_id)).cloned().unwrap_or_default()
    }

    pub(super) fn delete_messages(&mut self, user_id: i64, ids: &[i32], revoke: bool, date: i32) -> Vec<Notice> {
        let mut by_owner: BTreeMap<i64, Vec<i32>> = BTreeMap::new();
        for id in ids {
            for copy in self.all_copies(user_id, *id) {
                if revoke || copy.owner == user_id {
                    by_owner.entry(copy.owner).or_default().push(copy.message_id);
                }
            }
        }
        let (mut notices, mut forgotten) = (Vec::new(), Vec::new());
        for (owner, ids) in by_owner {
            let Some(user) = self.users.get_mut(&owner) else { continue };
            let Some((change, gone)) = user.messages.delete(&ids, date) else { continue };
            for message in &gone {
                if let Some(dialog) = user.dialogs.get_mut(&message.peer) {
                    dialog.message_ids.remove(&message.id);
                }
                if let Some(copies) = self.copies.get_mut(&message.shared_id) {
                    copies.retain(|copy| copy.owner != owner);
                }
                forgotten.push((message.shared_id, owner));
            }
            notices.push(Notice { to: owner, about: About::Box(change) });
        }
        for (shared_id, owner) in forgotten {
            self.forget_reception(shared_id, owner);
        }
        notices
    }

    pub(super) fn delete_channel_messages(&mut self, channel_id: i64, ids: &[i32], date: i32) -> Vec<Notice> {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return Vec::new() };
        let Some((change, gone)) = channel.messages.delete(ids, date) else { return Vec::new() };
        for message in gone {
            self.forget_reception(message.shared_id, CHANNEL_BOX);
            if let Some(forum) = self.forums.all.get_mut(&channel_id) {
                forum.forget(message.id);
            }
        }
        self.tell_channel(channel_id, About::Channel { channel_id, change })
    }

    /// Tells every member of a channel the same.
    pub(super) fn tell_channel(&self, channel_id: i64, about: About) -> Vec<Notice> {
        let members = self.channels.get(&channel_id).into_iter().flat_map(|channel| channel.members.keys());
        members.map(|member| Notice { to: *member, about: about.clone() }).collect()
    }

    pub(super) fn read_history(&mut self, user_id: i64, peer: PeerId, max_id: i32, date: i32) -> Vec<Notice> {
        let mut notices = self.set_for_peer(user_id, peer, PeerSetting::UnreadMark(false));
        notices.extend(self.read_messages(user_id, peer, max_id, date));
        notices
    }

    fn read_messages(&mut self, user_id: i64, peer: PeerId, max_id: i32, date: i32) -> Vec<Notice> {
        let Some(dialog) = self.users.get(&user_id).and_then(|user| user.dialogs.get(&peer)) else { return Vec::new() };
        let before = dialog.read_inbox_max_id;
        let last = match peer {
            PeerId::Channel(id) => {
                self.channels.get(&id).and_then(|channel| channel.messages.iter().next_back()).map(|last| last.id)
            }
            PeerId::User(_) | PeerId::Chat(_) => dialog.message_ids.last().copied(),
        };
        // A client says "everything" with the largest number there is, and in life 0 means the same.
        let max_id = if max_id == 0 { i32::MAX } else { max_id }.min(last.unwrap_or(0));
        if max_id <= before {
            return Vec::new();
        }
        if let Some(dialog) = self.users.get_mut(&user_id).and_then(|user| user.dialogs.get_mut(&peer)) {
            dialog.read_inbox_max_id = max_id;
        }
        if date > 0 {
            self.reads.note(user_id, peer, max_id, date);
        }
        match peer {
            PeerId::Channel(channel_id) => self.read_channel(user_id, channel_id, before, max_id),
            PeerId::User(_) | PeerId::Chat(_) => self.read_own_box(user_id, peer, before, max_id),
        }
    }

    fn read_own_box(&mut self, user_id: i64, peer: PeerId, before: i32, max_id: i32) -> Vec<Notice> {
        let Some(user) = self.users.get(&user_id) else { return Vec::new() };
        let still_unread = self.unread_count(user, peer);
        // For each author the newest of the messages just read, as it is numbered in the author's box.
        let mut newest: BTreeMap<i64, MessageCopy> = BTreeMap::new();
        let ids = user.dialogs.get(&peer).map(|dialog| dialog.message_ids.range(before.saturating_add(1)..=max_id));
        for message in ids.into_iter().flatten().filter_map(|id| user.messages.get(*id)).filter(|message| !message.outgoing) {
            let PeerId::User(author) = message.from else { continue };
            let copies = self.copies.get(&message.shared_id).into_iter().flatten();
            if let Some(copy) = copies.into_iter().find(|copy| copy.owner == author) {
                newest.insert(author, *copy);
            }
        }
        let mut notices = Vec::new();
        if let Some(user) = self.users.get_mut(&user_id) {
            let change = user.messages.record(Change::ReadInbox { peer, max_id, still_unread }, 1);
            notices.push(Notice { to: user_id, about: About::Box(change) });
        }
        for (author, copy) in newest {
            let seen_from = if matches!(peer, PeerId::User(_)) { PeerId::User(user_id) } else { peer };
            let Some(user) = self.users.get_mut(&author) else { continue };
            let Some(dialog) = user.dialogs.get_mut(&seen_from) else { continue };
            if dialog.read_outbox_max_id >= copy.message_id {
                continue;
            }
            dialog.read_outbox_max_id = copy.message_id;
            let change = user.messages.record(Change::ReadOutbox { peer: seen_from, max_id: copy.message_id }, 1);
            notices.push(Notice { to: author, about: About::Box(change) });
        }
        notices
    }

    fn read_channel(&mut self, user_id: i64, channel_id: i64, before: i32, max_id: i32) -> Vec<Notice> {
        let mut notices = vec![Notice { to: user_id, about: About::ChannelRead { channel_id, max_id } }];
        let Some(channel) = self.channels.get(&channel_id) else { return notices };
        let read = channel.messages.iter().filter(|message| message.id > before && message.id <= max_id);
        let authors: BTreeSet<PeerId> = read.map(|message| message.from).collect();
        for author in authors {
            let PeerId::User(author) = author else { continue };
            if author == user_id {
                continue;
            }
            let dialog = self.users.get_mut(&author).and_then(|user| user.dialogs.get_mut(&PeerId::Channel(channel_id)));
            let Some(dialog) = dialog.filter(|dialog| dialog.read_outbox_max_id < max_id) else { continue };
            dialog.read_outbox_max_id = max_id;
            notices.push(Notice { to: author, about: About::ChannelReadByOthers { channel_id, max_id } });
        }
        notices
    }
}
