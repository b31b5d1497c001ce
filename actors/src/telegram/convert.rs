//! From Telegram's types to ours.

use std::collections::HashMap;

use grammers_session::types::{PeerAuth, PeerInfo};
use grammers_tl_types::{enums, types};

use super::chat_id::ChatIdKind;
use super::media_info::media_info;
use super::{Chat, ChatId, ChatType, Message, PeerClass, PeerClasses, UserInfo, message_details};

/// How many characters of the newest message a list of chats shows.
const LAST_MESSAGE_CHARACTERS: usize = 100;

/// The users and chats that an answer mentions.
pub(super) struct Met {
    users: HashMap<i64, types::User>,
    chats: HashMap<i64, enums::Chat>,
    sightings: Vec<Sighting>,
}

/// Where a user or a channel was seen of which only a minimal form is known: with that message it can be addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) who: ChatId,
    pub(super) chat: ChatId,
    pub(super) message_id: i32,
}

impl Met {
    pub(super) fn new(users: Vec<enums::User>, chats: Vec<enums::Chat>) -> Self {
        let users = users.into_iter().filter_map(|user| match user {
            enums::User::User(user) => Some((user.id, user)),
            enums::User::Empty(_) => None,
        });
        let chats = chats.into_iter().filter_map(|chat| marked_id(&chat).map(|id| (id.value(), chat)));
        Self { users: users.collect(), chats: chats.collect(), sightings: Vec::new() }
    }

    /// The same, met in these messages.
    pub(super) fn seen_in<'a>(mut self, messages: impl IntoIterator<Item = &'a enums::Message>) -> Self {
        for message in messages {
            let Some((_, chat)) = message_place(message) else { continue };
            let minimal = named_in(message).into_iter().filter(|who| self.is_minimal(*who));
            let message_id = message_id(message);
            let sightings: Vec<Sighting> = minimal.map(|who| Sighting { who, chat, message_id }).collect();
            self.sightings.extend(sightings);
        }
        self
    }

    /// Where those were seen of whom only a minimal form is known.
    pub(super) fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    fn is_minimal(&self, who: ChatId) -> bool {
        match who.kind() {
            ChatIdKind::User(id) => self.users.get(&id).is_some_and(|user| user.min),
            _ => matches!(self.chats.get(&who.value()), Some(enums::Chat::Channel(channel)) if channel.min),
        }
    }

    /// How to address them. A minimal user or channel has a hash that is good for nothing else, so it is left out.
    pub(super) fn peers(&self) -> Vec<PeerInfo> {
        let users = self.users.values().filter(|user| !user.min).map(|user| PeerInfo::User {
            id: user.id,
            auth: user.access_hash.map(PeerAuth::from_hash),
            bot: Some(user.bot),
            is_self: Some(user.is_self),
        });
        let chats = self.chats.values().filter_map(|chat| match chat {
            enums::Chat::Chat(chat) => Some(PeerInfo::Chat { id: chat.id }),
            enums::Chat::Forbidden(chat) => Some(PeerInfo::Chat { id: chat.id }),
            enums::Chat::Channel(channel) if !channel.min => {
                Some(PeerInfo::Channel { id: channel.id, auth: channel.access_hash.map(PeerAuth::from_hash), kind: None })
            }
            enums::Chat::ChannelForbidden(channel) => {
                let auth = Some(PeerAuth::from_hash(channel.access_hash));
                Some(PeerInfo::Channel { id: channel.id, auth, kind: None })
            }
            _ => None,
        });
        users.chain(chats).collect()
    }

    /// What kinds of chats those are of whom the answer tells enough. A minimal form does not say whether somebody is a contact.
    pub(super) fn classes(&self) -> PeerClasses {
        let users = self.users.values().filter(|user| !user.min).map(|user| {
            let class = match (user.is_self, user.bot, user.contact) {
                (true, _, _) => PeerClass::Own,
                (_, true, _) => PeerClass::Bot,
                (_, _, true) => PeerClass::Contact,
                _ => PeerClass::Stranger,
            };
            (ChatId::of(ChatIdKind::User(user.id)), class)
        });
        let chats = self.chats.values().filter_map(|chat| {
            let is_channel = match chat {
                enums::Chat::Channel(channel) => channel.broadcast,
                enums::Chat::ChannelForbidden(channel) => channel.broadcast,
                _ => false,
            };
            Some((marked_id(chat)?, if is_channel { PeerClass::Channel } else { PeerClass::Group }))
        });
        users.chain(chats).collect()
    }

    /// A user whom the answer mentions.
    pub(super) fn user(&self, id: i64) -> Option<&types::User> {
        self.users.get(&id)
    }

    /// A group or channel that the answer mentions.
    pub(super) fn group(&self, id: ChatId) -> Option<&enums::Chat> {
        self.chats.get(&id.value())
    }

    /// What a user, a group or a channel is called.
    pub(super) fn name(&self, id: ChatId) -> Option<String> {
        match id.kind() {
            ChatIdKind::User(user) => self.users.get(&user).map(full_name),
            _ => self.chats.get(&id.value()).map(title),
        }
    }
}

/// The id of a group or channel.
pub(super) fn marked_id(chat: &enums::Chat) -> Option<ChatId> {
    Some(ChatId::of(match chat {
        enums::Chat::Chat(chat) => ChatIdKind::Group(chat.id),
        enums::Chat::Forbidden(chat) => ChatIdKind::Group(chat.id),
        enums::Chat::Channel(channel) => ChatIdKind::Channel(channel.id),
        enums::Chat::ChannelForbidden(channel) => ChatIdKind::Channel(channel.id),
        _ => return None,
    }))
}

fn title(chat: &enums::Chat) -> String {
    match chat {
        enums::Chat::Chat(chat) => chat.title.clone(),
        enums::Chat::Forbidden(chat) => chat.title.clone(),
        enums::Chat::Channel(channel) => channel.title.clone(),
        enums::Chat::ChannelForbidden(channel) => channel.title.clone(),
        _ => String::new(),
    }
}

fn full_name(user: &types::User) -> String {
    let parts = [user.first_name.as_deref(), user.last_name.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The chat that a peer stands for.
pub(super) fn chat_of(peer: &enums::Peer) -> ChatId {
    ChatId::of(match peer {
        enums::Peer::User(peer) => ChatIdKind::User(peer.user_id),
        enums::Peer::Chat(peer) => ChatIdKind::Group(peer.chat_id),
        enums::Peer::Channel(peer) => ChatIdKind::Channel(peer.channel_id),
    })
}

/// A person, unless the user is a placeholder.
pub(super) fn user_info(user: &enums::User) -> Option<UserInfo> {
    let enums::User::User(user) = user else { return None };
    Some(UserInfo {
        id: user.id,
        first_name: user.first_name.clone().unwrap_or_default(),
        last_name: user.last_name.clone(),
        username: user.username.clone(),
        phone: user.phone.clone().unwrap_or_default(),
    })
}

/// A chat as a list shows it; `now` in Unix seconds.
pub(super) fn chat(dialog: &types::Dialog, newest: Option<&enums::Message>, met: &Met, now: i64) -> Chat {
    let id = chat_of(&dialog.peer);
    let enums::PeerNotifySettings::Settings(notify) = &dialog.notify_settings;
    Chat {
        unread_count: dialog.unread_count,
        last_message: newest.and_then(text).map(|text| shortened(&text, LAST_MESSAGE_CHARACTERS)),
        last_message_date: newest.and_then(message_place).map(|(date, _)| i64::from(date)),
        is_muted: notify.mute_until.is_some_and(|until| i64::from(until) > now),
        ..chat_of_peer(id, met)
    }
}

/// A chat of which no more is known than who it is.
pub(super) fn chat_of_peer(id: ChatId, met: &Met) -> Chat {
    let (chat_type, username, is_forum) = match id.kind() {
        ChatIdKind::User(user) => (ChatType::User, met.users.get(&user).and_then(|user| user.username.clone()), false),
        ChatIdKind::Group(_) => (ChatType::Group, None, false),
        ChatIdKind::Channel(_) => match met.chats.get(&id.value()) {
            Some(enums::Chat::Channel(channel)) => {
                let chat_type = if channel.broadcast { ChatType::Channel } else { ChatType::Group };
                (chat_type, channel.username.clone(), channel.forum)
            }
            _ => (ChatType::Channel, None, false),
        },
    };
    Chat {
        id,
        title: met.name(id).unwrap_or_default(),
        username,
        unread_count: 0,
        chat_type,
        last_message: None,
        avatar_path: None,
        is_forum,
        is_muted: false,
        last_message_date: None,
    }
}

/// The beginning of a text, so many characters long, and an ellipsis where it goes on.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn text(message: &enums::Message) -> Option<String> {
    match message {
        enums::Message::Message(message) => Some(message.message.clone()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// The id of a message of any kind.
pub(super) fn message_id(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Empty(message) => message.id,
        enums::Message::Message(message) => message.id,
        enums::Message::Service(message) => message.id,
    }
}

/// When a message was sent, and in which chat.
pub(super) fn message_place(message: &enums::Message) -> Option<(i32, ChatId)> {
    match message {
        enums::Message::Empty(_) => None,
        enums::Message::Message(message) => Some((message.date, chat_of(&message.peer_id))),
        enums::Message::Service(message) => Some((message.date, chat_of(&message.peer_id))),
    }
}

/// Whom a message names of whom Telegram may tell no more than a minimal form: its author, and whose it was before it was forwarded.
fn named_in(message: &enums::Message) -> Vec<ChatId> {
    match message {
        enums::Message::Empty(_) => Vec::new(),
        enums::Message::Service(message) => message.from_id.iter().map(chat_of).collect(),
        enums::Message::Message(message) => {
            let origin = message.fwd_from.as_ref().and_then(|enums::MessageFwdHeader::Header(header)| header.from_id.as_ref());
            message.from_id.iter().chain(origin).map(chat_of).collect()
        }
    }
}

/// A message, unless it is a placeholder for one that was deleted.
pub(super) fn message(raw: &enums::Message, met: &Met, self_id: Option<i64>) -> Option<Message> {
    let (id, date, from, peer, out, media) = match raw {
        enums::Message::Empty(_) => return None,
        enums::Message::Message(raw) => (raw.id, raw.date, &raw.from_id, &raw.peer_id, raw.out, raw.media.as_ref()),
        enums::Message::Service(raw) => (raw.id, raw.date, &raw.from_id, &raw.peer_id, raw.out, None),
    };
    let chat_id = chat_of(peer);
    // In a private chat Telegram leaves the sender out: it is whoever of the two the direction says.
    let sender = from.as_ref().map(chat_of).or_else(|| match chat_id.kind() {
        ChatIdKind::User(_) if out => self_id.map(|id| ChatId::of(ChatIdKind::User(id))),
        _ => Some(chat_id),
    });
    let from_user_id = sender.and_then(|sender| match sender.kind() {
        ChatIdKind::User(id) => Some(id),
        _ => None,
    });
    let sender_chat_id = sender.filter(|sender| from_user_id.is_none() && *sender != chat_id);
    let mut message = Message {
        from_user_id,
        sender_name: sender.and_then(|sender| met.name(sender)).filter(|name| !name.is_empty()),
        sender_chat_id,
        text: text(raw),
        is_outgoing: out,
        media: media.and_then(media_info).map(|media| vec![media]),
        ..Message::bare(id, chat_id, date)
    };
    match raw {
        enums::Message::Message(raw) => message_details::add(&mut message, raw, met),
        enums::Message::Service(raw) => message_details::add_service(&mut message, raw),
        enums::Message::Empty(_) => {}
    }
    Some(message)
}
