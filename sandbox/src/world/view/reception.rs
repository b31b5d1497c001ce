//! How a message was received, and what is still to be sent, as one user sees it.

use grammers_tl_types as tl;

use super::View;
use super::messages::read_entities;
use crate::world::ids::PeerId;
use crate::world::message_box::{Content, Message};
use crate::world::pins::{CHANNEL_BOX, box_owner};
use crate::world::reactions::{Given, Reaction};

/// How many of the latest reactions a message itself tells of.
const RECENT_MAX: usize = 3;

impl View<'_> {
    /// Whether a message is pinned where the viewer has it.
    pub(super) fn is_pinned(&self, message: &Message) -> bool {
        self.state.pins.contains(message.shared_id, box_owner(self.viewer, message.peer))
    }

    /// Whether a message of somebody else answers the viewer, or mentions them.
    pub fn is_mentioned(&self, message: &Message) -> bool {
        let viewer = PeerId::User(self.viewer);
        if matches!(message.peer, PeerId::User(_)) || message.from == viewer {
            return false;
        }
        let Some(user) = self.state.users.get(&self.viewer) else { return false };
        let messages = match message.peer {
            PeerId::Channel(id) => self.state.channels.get(&id).map(|channel| &channel.messages),
            PeerId::User(_) | PeerId::Chat(_) => Some(&user.messages),
        };
        let answered = message.reply_to.and_then(|id| messages?.get(id)).is_some_and(|answered| answered.from == viewer);
        answered || self.names_viewer(&message.content, user.username.as_deref())
    }

    fn names_viewer(&self, content: &Content, username: Option<&str>) -> bool {
        let (text, entities) = (content.text(), content.entities());
        let by_name = username.is_some_and(|username| {
            let words = text.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '_' && symbol != '@');
            let mut names = words.filter_map(|word| word.strip_prefix('@'));
            names.any(|name| name.eq_ignore_ascii_case(username))
        });
        let is_viewer = |entity: &tl::enums::MessageEntity| matches!(entity, tl::enums::MessageEntity::MentionName(mention) if mention.user_id == self.viewer);
        by_name || read_entities(entities).is_some_and(|entities| entities.iter().any(is_viewer))
    }

    /// The newest pinned message of a conversation.
    pub(super) fn newest_pinned(&self, peer: PeerId) -> Option<i32> {
        let viewer = self.state.users.get(&self.viewer)?;
        let mut newest_first = self.state.conversation(viewer, peer).rev();
        newest_first.find(|message| self.is_pinned(message)).map(|message| message.id)
    }

    /// The reactions to a message, if there are any.
    pub(super) fn reactions(&mut self, message: &Message) -> Option<tl::enums::MessageReactions> {
        let counted = self.state.reactions.counted(message.shared_id);
        if counted.is_empty() {
            return None;
        }
        let own = self.state.reactions.of(message.shared_id, self.viewer);
        let results = counted.into_iter().map(|counted| {
            let chosen = own.iter().position(|reaction| reaction == counted.reaction);
            let chosen_order = chosen.and_then(|place| i32::try_from(place + 1).ok());
            tl::types::ReactionCount { chosen_order, reaction: reaction(counted.reaction), count: super::count(counted.count) }
                .into()
        });
        let results = results.collect();
        let can_see_list = self.shows_who_reacted(message.peer);
        let recent = self.peer_reactions(message).into_iter().take(RECENT_MAX).collect();
        let (min, reactions_as_tags, top_reactors) = (false, false, None);
        let recent_reactions = can_see_list.then_some(recent);
        let reactions =
            tl::types::MessageReactions { min, can_see_list, reactions_as_tags, results, recent_reactions, top_reactors };
        Some(reactions.into())
    }

    /// Whether it is told who reacted: not in a channel, whose subscribers are nobody's business.
    pub fn shows_who_reacted(&self, peer: PeerId) -> bool {
        !self.state.is_broadcast(peer)
    }

    /// Who reacted to a message and how, the latest first.
    pub fn peer_reactions(&mut self, message: &Message) -> Vec<tl::enums::MessagePeerReaction> {
        let mut told = Vec::new();
        for (user_id, given) in self.state.reactions.all(message.shared_id) {
            told.extend(given.reactions.iter().map(|reaction| (user_id, given, reaction)));
        }
        told.into_iter().map(|(user_id, given, reaction)| self.peer_reaction(user_id, given, reaction)).collect()
    }

    fn peer_reaction(&mut self, user_id: i64, given: &Given, given_reaction: &Reaction) -> tl::enums::MessagePeerReaction {
        tl::types::MessagePeerReaction {
            big: given.big,
            unread: false,
            my: user_id == self.viewer,
            peer_id: self.mention(PeerId::User(user_id)),
            date: given.date,
            reaction: reaction(given_reaction),
        }
        .into()
    }

    /// The update that tells of a message's reactions.
    pub fn reactions_update(&mut self, peer: PeerId, msg_id: i32) -> Option<tl::enums::Update> {
        let message = match peer {
            PeerId::Channel(id) => self.state.channels.get(&id)?.messages.get(msg_id)?,
            PeerId::User(_) | PeerId::Chat(_) => self.state.users.get(&self.viewer)?.messages.get(msg_id)?,
        };
        if message.peer != peer {
            return None;
        }
        let none = tl::types::MessageReactions {
            min: false,
            can_see_list: self.shows_who_reacted(peer),
            reactions_as_tags: false,
            results: Vec::new(),
            recent_reactions: None,
            top_reactors: None,
        };
        let reactions = self.reactions(message).unwrap_or_else(|| none.into());
        let peer = self.mention(peer);
        Some(tl::types::UpdateMessageReactions { peer, msg_id, top_msg_id: None, saved_peer_id: None, reactions }.into())
    }

    /// The viewer's draft, if there is one.
    pub(super) fn draft(&self, peer: PeerId, topic_id: i32) -> Option<tl::enums::DraftMessage> {
        let draft = self.state.drafts.get(self.viewer, peer, topic_id)?;
        let reply_to = draft.reply_to.map(|reply_to_msg_id| {
            let reply = tl::types::InputReplyToMessage {
                reply_to_msg_id,
                top_msg_id: Some(topic_id).filter(|topic_id| *topic_id != 0),
                reply_to_peer_id: None,
                quote_text: draft.quote.clone(),
                quote_entities: None,
                quote_offset: None,
                monoforum_peer_id: None,
                todo_item_id: None,
                poll_option: None,
            };
            reply.into()
        });
        let told = tl::types::DraftMessage {
            no_webpage: draft.no_webpage,
            invert_media: false,
            reply_to,
            message: draft.text.clone(),
            entities: read_entities(&draft.entities.0),
            media: None,
            date: draft.date,
            effect: None,
            suggested_post: None,
            rich_message: None,
        };
        Some(told.into())
    }

    /// The update that tells of a draft, or that there is none any more.
    pub fn draft_update(&mut self, peer: PeerId, topic_id: i32) -> tl::enums::Update {
        let none = || tl::types::DraftMessageEmpty { date: None }.into();
        let draft = self.draft(peer, topic_id).unwrap_or_else(none);
        let top_msg_id = Some(topic_id).filter(|topic_id| *topic_id != 0);
        tl::types::UpdateDraftMessage { peer: self.mention(peer), top_msg_id, saved_peer_id: None, draft }.into()
    }

    /// A message that waits to be sent.
    pub fn scheduled(&mut self, owner: i64, peer: PeerId, id: i32) -> Option<tl::enums::Message> {
        let new = self.state.scheduled.queue(owner, peer)?.get(id)?;
        let from = if owner == CHANNEL_BOX { peer } else { PeerId::User(new.from) };
        let waiting = Message { reply_to: new.reply_to, outgoing: true, ..Message::of(new, Message::NOT_SENT, id, peer, from) };
        let mut told = self.message(&waiting);
        if let tl::enums::Message::Message(message) = &mut told {
            (message.from_scheduled, message.out) = (true, true);
        }
        Some(told)
    }

    /// The update that tells of scheduled messages that were sent or deleted.
    pub(super) fn scheduled_gone_update(&mut self, peer: PeerId, messages: &[i32], sent: &[i32]) -> tl::enums::Update {
        let sent_messages = Some(sent.to_vec()).filter(|sent| !sent.is_empty());
        let (peer, messages) = (self.mention(peer), messages.to_vec());
        tl::types::UpdateDeleteScheduledMessages { peer, messages, sent_messages }.into()
    }
}

fn reaction(reaction: &Reaction) -> tl::enums::Reaction {
    match reaction {
        Reaction::Emoji(emoticon) => tl::types::ReactionEmoji { emoticon: emoticon.clone() }.into(),
        Reaction::Custom(document_id) => tl::types::ReactionCustomEmoji { document_id: *document_id }.into(),
    }
}
