//! Forums and their topics.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::message_box::Action;
use crate::world::state::State;
use crate::world::topics::{Forum, GENERAL, ICON_COLORS, NewTopic, Topic, TopicAction, TopicChange, TopicEvent, TopicNotice};

impl State {
    pub(super) fn apply_to_topics(&mut self, event: &TopicEvent) -> Vec<Notice> {
        match event {
            TopicEvent::Toggled { channel_id, enabled, tabs, .. } => self.toggle_forum(*channel_id, *enabled, *tabs),
            TopicEvent::Created(new) => self.create_topic(new),
            TopicEvent::Edited { channel_id, topic_id, change, by, date } => {
                self.edit_topic(*channel_id, *topic_id, change, *by, *date)
            }
            TopicEvent::Pinned { channel_id, pinned, topic_id, .. } => {
                let channel_id = *channel_id;
                self.forum_mut(channel_id).pinned.clone_from(pinned);
                let notice = match *topic_id {
                    Some(topic_id) => TopicNotice::Pinned { channel_id, topic_id },
                    None => TopicNotice::Order { channel_id },
                };
                self.tell_channel(channel_id, About::Topic(notice))
            }
            TopicEvent::Emptied { channel_id, topic_id, message_ids, gone, date, .. } => {
                let notices = self.delete_channel_messages(*channel_id, message_ids, *date);
                if *gone {
                    let forum = self.forum_mut(*channel_id);
                    forum.topics.remove(topic_id);
                    forum.pinned.retain(|pinned| pinned != topic_id);
                    forum.deleted.insert(*topic_id);
                }
                notices
            }
            TopicEvent::Read { user_id, channel_id, topic_id, max_id } => {
                let (channel_id, topic_id, max_id) = (*channel_id, *topic_id, *max_id);
                if !self.forums.read(*user_id, channel_id, topic_id, max_id) {
                    return Vec::new();
                }
                let notice = TopicNotice::Read { channel_id, topic_id, max_id };
                vec![Notice { to: *user_id, about: About::Topic(notice) }]
            }
        }
    }

    fn forum_mut(&mut self, channel_id: i64) -> &mut Forum {
        self.forums.all.entry(channel_id).or_default()
    }

    fn toggle_forum(&mut self, channel_id: i64, enabled: bool, tabs: bool) -> Vec<Notice> {
        let Some(channel) = self.channels.get(&channel_id) else { return Vec::new() };
        let general = Topic {
            id: GENERAL,
            title: "General".to_owned(),
            icon_color: ICON_COLORS[0],
            icon_emoji_id: None,
            creator: channel.creator,
            date: channel.date,
            closed: false,
            hidden: false,
        };
        let forum = self.forum_mut(channel_id);
        (forum.enabled, forum.tabs) = (enabled, tabs);
        forum.topics.entry(GENERAL).or_insert(general);
        self.tell_channel(channel_id, About::ChannelMembership { channel_id })
    }

    fn create_topic(&mut self, new: &NewTopic) -> Vec<Notice> {
        let Some(channel) = self.channels.get(&new.channel_id) else { return Vec::new() };
        let id = channel.messages.next_id();
        let topic = Topic::of(new, id);
        let forum = self.forum_mut(new.channel_id);
        forum.topics.insert(id, topic);
        forum.place(id, id);
        let (title, icon_color, icon_emoji_id) = (new.title.clone(), new.icon_color, new.icon_emoji_id);
        let action = Action::Topic(TopicAction::Created { title, icon_color, icon_emoji_id });
        let told = NewMessage::service(new.creator, PeerId::Channel(new.channel_id), action, new.date);
        self.send_message(&NewMessage { random_id: Some(new.random_id), ..told })
    }

    fn edit_topic(&mut self, channel_id: i64, topic_id: i32, change: &TopicChange, by: i64, date: i32) -> Vec<Notice> {
        let Some(topic) = self.forum_mut(channel_id).topics.get_mut(&topic_id) else { return Vec::new() };
        topic.change(change);
        let action = Action::Topic(TopicAction::Edited(change.clone()));
        let told = NewMessage::service(by, PeerId::Channel(channel_id), action, date);
        self.send_message(&NewMessage { reply_to: Some(topic_id).filter(|id| *id != GENERAL), ..told })
    }
}
