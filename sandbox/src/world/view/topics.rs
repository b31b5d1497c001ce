//! How topics look to one user.

use grammers_tl_types as tl;

use super::{View, count};
use crate::world::ids::PeerId;
use crate::world::message_box::Message;
use crate::world::state::Channel;
use crate::world::topics::{GENERAL, TopicAction, TopicNotice};

impl View<'_> {
    /// A topic, and its newest message; one that is not there is told to be deleted.
    pub fn topic<'a>(&mut self, channel: &'a Channel, topic_id: i32) -> (tl::enums::ForumTopic, Option<&'a Message>) {
        let state = self.state;
        let forum = state.forums.forum(channel.id);
        let found = forum.and_then(|forum| Some((forum, forum.topics.get(&topic_id)?)));
        let Some(((forum, topic), viewer)) = found.zip(state.users.get(&self.viewer)) else {
            return (tl::types::ForumTopicDeleted { id: topic_id }.into(), None);
        };
        let peer = PeerId::Channel(channel.id);
        let dialog = viewer.dialogs.get(&peer).cloned().unwrap_or_default();
        let read_until = dialog.read_inbox_max_id.max(state.forums.read_until(self.viewer, channel.id, topic_id));
        let newest = state.topic_messages(viewer, channel, topic_id).next_back().map(|message| message.id);
        let unread = state.topic_messages(viewer, channel, topic_id).rev().take_while(|message| message.id > read_until);
        let unread: Vec<&Message> = unread.filter(|message| message.from != PeerId::User(self.viewer)).collect();
        let mentions = unread.iter().filter(|message| self.is_mentioned(message)).count();
        let told = tl::types::ForumTopic {
            my: topic.creator == self.viewer,
            closed: topic.closed,
            pinned: forum.pinned.contains(&topic_id),
            short: false,
            hidden: topic.hidden,
            title_missing: false,
            id: topic_id,
            date: topic.date,
            peer: self.mention(peer),
            title: topic.title.clone(),
            icon_color: topic.icon_color,
            icon_emoji_id: topic.icon_emoji_id,
            top_message: newest.unwrap_or(topic_id),
            read_inbox_max_id: read_until,
            read_outbox_max_id: dialog.read_outbox_max_id,
            unread_count: count(unread.len()),
            unread_mentions_count: count(mentions),
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            from_id: self.mention(PeerId::User(topic.creator)),
            notify_settings: super::dialogs::notify_settings(None),
            draft: self.draft(peer, topic_id),
        };
        (told.into(), newest.and_then(|id| channel.messages.get(id)))
    }

    /// What a message answers, and in which topic it is.
    pub(super) fn reply_header(&self, message: &Message) -> Option<tl::enums::MessageReplyHeader> {
        let topic_id = self.topic_of(message).filter(|topic_id| *topic_id != message.id);
        let answered = message.reply_to.or(topic_id)?;
        let header = tl::types::MessageReplyHeader {
            reply_to_scheduled: false,
            forum_topic: topic_id.is_some(),
            quote: message.quote.is_some(),
            reply_to_ephemeral: false,
            reply_to_msg_id: Some(answered),
            reply_to_peer_id: None,
            reply_from: None,
            reply_media: None,
            reply_to_top_id: topic_id.filter(|topic_id| *topic_id != answered),
            quote_text: message.quote.clone(),
            quote_entities: None,
            quote_offset: None,
            todo_item_id: None,
            poll_option: None,
        };
        Some(header.into())
    }

    /// The topic that a message is in, if that is not the general one.
    fn topic_of(&self, message: &Message) -> Option<i32> {
        let PeerId::Channel(channel_id) = message.peer else { return None };
        let topic_id = self.state.forums.forum(channel_id)?.topic_of(message.id);
        Some(topic_id).filter(|topic_id| *topic_id != GENERAL)
    }

    pub(super) fn topic_action(&self, action: &TopicAction) -> tl::enums::MessageAction {
        match action {
            TopicAction::Created { title, icon_color, icon_emoji_id } => tl::types::MessageActionTopicCreate {
                title_missing: false,
                title: title.clone(),
                icon_color: *icon_color,
                icon_emoji_id: *icon_emoji_id,
            }
            .into(),
            TopicAction::Edited(change) => tl::types::MessageActionTopicEdit {
                title: change.title.clone(),
                icon_emoji_id: change.icon_emoji_id,
                closed: change.closed,
                hidden: change.hidden,
            }
            .into(),
        }
    }

    pub(super) fn topic_update(&mut self, notice: &TopicNotice) -> Option<tl::enums::Update> {
        match *notice {
            TopicNotice::Pinned { channel_id, topic_id } => {
                let pinned = self.state.forums.forum(channel_id)?.pinned.contains(&topic_id);
                let peer = self.mention(PeerId::Channel(channel_id));
                Some(tl::types::UpdatePinnedForumTopic { pinned, peer, topic_id }.into())
            }
            TopicNotice::Order { channel_id } => {
                let order = Some(self.state.forums.forum(channel_id)?.pinned.clone());
                let peer = self.mention(PeerId::Channel(channel_id));
                Some(tl::types::UpdatePinnedForumTopics { peer, order }.into())
            }
            TopicNotice::Read { channel_id, topic_id, max_id } => {
                self.mention(PeerId::Channel(channel_id));
                let update = tl::types::UpdateReadChannelDiscussionInbox {
                    channel_id,
                    top_msg_id: topic_id,
                    read_max_id: max_id,
                    broadcast_id: None,
                    broadcast_post: None,
                };
                Some(update.into())
            }
        }
    }
}
