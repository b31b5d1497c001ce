//! How a message looks to one user.

use grammers_tl_types as tl;
use grammers_tl_types::Deserializable;

use super::View;
use crate::world::buttons::Markup;
use crate::world::ids::PeerId;
use crate::world::message_box::{Action, Content, Message};
use crate::world::privacy::PrivacyKey;
use crate::world::state::ForwardOrigin;

impl View<'_> {
    /// A message.
    pub fn message(&mut self, message: &Message) -> tl::enums::Message {
        let peer_id = self.mention(message.peer);
        let post = message.from == message.peer && matches!(message.peer, PeerId::Channel(_));
        // In a private chat the peer and the direction say who wrote it; a post has no author but its channel.
        let from_id = match message.peer {
            PeerId::User(_) => None,
            _ if post => None,
            PeerId::Channel(_) => Some(self.glimpse(message.from)),
            PeerId::Chat(_) => Some(self.mention(message.from)),
        };
        let out = self.is_outgoing(message, post);
        let fwd_from = self.state.forwards.get(&message.shared_id).map(|origin| self.forward_header(message.peer, origin));
        let reply_to = self.reply_header(message);
        let (mentioned, pinned, reactions) = (self.is_mentioned(message), self.is_pinned(message), self.reactions(message));
        match &message.content {
            content @ (Content::Text { .. } | Content::Media { .. } | Content::Attachment(_)) => tl::types::Message {
                out,
                mentioned,
                media_unread: false,
                silent: message.silent,
                post,
                from_scheduled: self.state.scheduled.sent.contains(&message.shared_id),
                legacy: false,
                edit_hide: false,
                pinned,
                noforwards: false,
                invert_media: false,
                offline: false,
                video_processing_pending: false,
                paid_suggested_post_stars: false,
                paid_suggested_post_ton: false,
                id: message.id,
                from_id,
                from_boosts_applied: None,
                from_rank: None,
                peer_id,
                saved_peer_id: None,
                fwd_from,
                via_bot_id: None,
                via_business_bot_id: None,
                guestchat_via_from: None,
                reply_to,
                date: message.date,
                message: content.text().to_owned(),
                media: self.media(content),
                reply_markup: self.state.markups.get(message.shared_id).and_then(Markup::raw),
                entities: read_entities(content.entities()),
                views: post.then_some(1),
                forwards: post.then_some(0),
                replies: None,
                edit_date: message.edit_date,
                post_author: None,
                grouped_id: self.state.albums.get(&message.shared_id).copied(),
                reactions,
                restriction_reason: None,
                ttl_period: None,
                quick_reply_shortcut_id: None,
                effect: None,
                factcheck: None,
                report_delivery_until_date: None,
                paid_message_stars: None,
                suggested_post: None,
                schedule_repeat_period: None,
                summary_from_language: None,
                rich_message: None,
            }
            .into(),
            Content::Action(action) => tl::types::MessageService {
                out,
                mentioned,
                media_unread: false,
                reactions_are_possible: false,
                silent: message.silent,
                post,
                legacy: false,
                id: message.id,
                from_id,
                peer_id,
                saved_peer_id: None,
                reply_to,
                date: message.date,
                action: self.action(action),
                reactions: None,
                ttl_period: None,
            }
            .into(),
        }
    }

    fn forward_header(&mut self, place: PeerId, origin: &ForwardOrigin) -> tl::enums::MessageFwdHeader {
        let (from_id, from_name) = match self.hidden_author(origin.from) {
            Some(name) => (None, Some(name)),
            None if matches!(place, PeerId::Channel(_)) => (Some(self.glimpse(origin.from)), None),
            None => (Some(self.mention(origin.from)), None),
        };
        tl::types::MessageFwdHeader {
            imported: false,
            saved_out: false,
            from_id,
            from_name,
            date: origin.date,
            channel_post: origin.channel_post,
            post_author: None,
            saved_from_peer: None,
            saved_from_msg_id: None,
            saved_from_id: None,
            saved_from_name: None,
            saved_date: None,
            psa_type: None,
        }
        .into()
    }

    /// The name of an author who does not let the viewer find them from their forwarded messages.
    fn hidden_author(&self, from: PeerId) -> Option<String> {
        let PeerId::User(id) = from else { return None };
        let author = self.state.users.get(&id).filter(|_| !self.state.permits(id, PrivacyKey::Forwards, self.viewer))?;
        Some(format!("{} {}", author.first_name, author.last_name).trim().to_owned())
    }

    fn is_outgoing(&self, message: &Message, post: bool) -> bool {
        match message.peer {
            PeerId::Channel(id) if post => self.state.channels.get(&id).is_some_and(|channel| channel.creator == self.viewer),
            PeerId::Channel(_) => message.from == PeerId::User(self.viewer),
            PeerId::User(_) | PeerId::Chat(_) => message.outgoing,
        }
    }

    fn action(&mut self, action: &Action) -> tl::enums::MessageAction {
        match action {
            Action::ChatCreated { title, members } => {
                let users = self.mention_all(members);
                tl::types::MessageActionChatCreate { title: title.clone(), users }.into()
            }
            Action::ChannelCreated { title } => tl::types::MessageActionChannelCreate { title: title.clone() }.into(),
            Action::MembersAdded { members } => tl::types::MessageActionChatAddUser { users: self.mention_all(members) }.into(),
            Action::JoinedByLink { inviter } => {
                self.mention(PeerId::User(*inviter));
                tl::types::MessageActionChatJoinedByLink { inviter_id: *inviter }.into()
            }
            Action::JoinedByRequest => tl::enums::MessageAction::ChatJoinedByRequest,
            Action::PhoneCall { call_id, video, reason, duration } => {
                let reason = Some(super::phone_calls::discard_reason(*reason));
                let (video, call_id, duration) = (*video, *call_id, *duration);
                tl::types::MessageActionPhoneCall { video, call_id, reason, duration }.into()
            }
            Action::GroupCall { call_id, duration } => {
                tl::types::MessageActionGroupCall { call: self.input_group_call(*call_id), duration: *duration }.into()
            }
            Action::MessagePinned => tl::enums::MessageAction::PinMessage,
            Action::MemberRemoved { member } => {
                self.mention(PeerId::User(*member));
                tl::types::MessageActionChatDeleteUser { user_id: *member }.into()
            }
            Action::Topic(action) => self.topic_action(action),
            Action::Profile(action) => self.profile_action(action),
        }
    }

    pub(super) fn mention_all(&mut self, users: &[i64]) -> Vec<i64> {
        self.mentioned.extend(users.iter().copied().map(PeerId::User));
        users.to_vec()
    }
}

pub(super) fn read_entities(entities: &[u8]) -> Option<Vec<tl::enums::MessageEntity>> {
    Vec::from_bytes(entities).ok().filter(|entities: &Vec<_>| !entities.is_empty())
}
