//! Topics: the parts of a supergroup that is a forum, see <https://core.telegram.org/api/forum>.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::administration::right;
use super::ids::PeerId;
use super::message_box::Message;
use super::state::{Channel, State, User};

/// The topic that every forum has, and that all messages are in which are in no other.
pub const GENERAL: i32 = 1;
/// The colours that a topic's icon can have; the first one is taken where another is asked for.
pub const ICON_COLORS: [i32; 6] = [0x6F_B9_F0, 0xFF_D6_7E, 0xCB_86_DB, 0x8E_EE_98, 0xFF_93_B2, 0xFB_6F_5F];
/// Topics that can be pinned at once.
pub const PINNED_MAX: usize = 5;

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its id: that of the message which tells that it was made.
    pub id: i32,
    /// What it is called.
    pub title: String,
    /// The colour of its icon, as RGB.
    pub icon_color: i32,
    /// The custom emoji that is its icon.
    pub icon_emoji_id: Option<i64>,
    /// Who made it.
    pub creator: i64,
    /// When, in Unix seconds.
    pub date: i32,
    /// Whether only who made it and administrators write in it.
    pub closed: bool,
    /// Whether it is hidden; only the general one can be.
    pub hidden: bool,
}

impl Topic {
    /// A topic as it is made.
    pub fn of(new: &NewTopic, id: i32) -> Self {
        Self {
            id,
            title: new.title.clone(),
            icon_color: new.icon_color,
            icon_emoji_id: new.icon_emoji_id,
            creator: new.creator,
            date: new.date,
            closed: false,
            hidden: false,
        }
    }

    /// Changes it. Who hides it closes it too.
    pub fn change(&mut self, change: &TopicChange) {
        if let Some(title) = &change.title {
            self.title.clone_from(title);
        }
        if let Some(icon) = change.icon_emoji_id {
            self.icon_emoji_id = Some(icon).filter(|icon| *icon != 0);
        }
        self.closed = change.closed.or(change.hidden.filter(|hidden| *hidden)).unwrap_or(self.closed);
        self.hidden = change.hidden.unwrap_or(self.hidden);
    }
}

/// The topics of one supergroup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forum {
    /// Whether it is a forum now; its topics are kept while it is not.
    pub enabled: bool,
    /// Whether topics are shown as tabs.
    pub tabs: bool,
    /// The topics.
    pub topics: BTreeMap<i32, Topic>,
    /// The topics that are pinned, the first one first.
    pub pinned: Vec<i32>,
    /// The topics that were deleted.
    pub deleted: BTreeSet<i32>,
    /// In which topic messages are that are not in the general one.
    placed: BTreeMap<i32, i32>,
}

impl Forum {
    /// The topic that a message is in.
    pub fn topic_of(&self, message_id: i32) -> i32 {
        self.placed.get(&message_id).copied().unwrap_or(GENERAL)
    }

    /// The topic that a message goes to which answers this one.
    pub fn topic_of_answer(&self, reply_to: Option<i32>) -> i32 {
        match reply_to {
            Some(id) if self.topics.contains_key(&id) || self.deleted.contains(&id) => id,
            Some(id) => self.topic_of(id),
            None => GENERAL,
        }
    }

    /// Notes in which topic a message is.
    pub(super) fn place(&mut self, message_id: i32, topic_id: i32) {
        if topic_id != GENERAL {
            self.placed.insert(message_id, topic_id);
        }
    }

    /// Forgets a message.
    pub(super) fn forget(&mut self, message_id: i32) {
        self.placed.remove(&message_id);
    }
}

/// The forums, and how far their topics are read: by user, channel and topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forums {
    /// By channel.
    pub all: BTreeMap<i64, Forum>,
    reads: BTreeMap<i64, BTreeMap<i64, BTreeMap<i32, i32>>>,
}

impl Forums {
    /// The topics of a supergroup, while it is a forum.
    pub fn forum(&self, channel_id: i64) -> Option<&Forum> {
        self.all.get(&channel_id).filter(|forum| forum.enabled)
    }

    /// Up to which message a user has read a topic; 0 for none.
    pub fn read_until(&self, user_id: i64, channel_id: i64, topic_id: i32) -> i32 {
        let by_topic = self.reads.get(&user_id).and_then(|by_channel| by_channel.get(&channel_id));
        by_topic.and_then(|by_topic| by_topic.get(&topic_id)).copied().unwrap_or(0)
    }

    /// Notes that a user has read a topic up to a message. Answers whether that changed anything.
    pub(super) fn read(&mut self, user_id: i64, channel_id: i64, topic_id: i32, max_id: i32) -> bool {
        let by_topic = self.reads.entry(user_id).or_default().entry(channel_id).or_default();
        let read = by_topic.entry(topic_id).or_default();
        let changed = max_id > *read;
        *read = max_id.max(*read);
        changed
    }
}

/// What changes in a topic. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicChange {
    /// What it is called.
    pub title: Option<String>,
    /// The custom emoji that is its icon; 0 for none.
    pub icon_emoji_id: Option<i64>,
    /// Whether only administrators write in it.
    pub closed: Option<bool>,
    /// Whether it is hidden.
    pub hidden: Option<bool>,
}

/// What a service message tells of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TopicAction {
    /// It was made.
    Created {
        /// What it is called.
        title: String,
        /// The colour of its icon.
        icon_color: i32,
        /// The custom emoji that is its icon.
        icon_emoji_id: Option<i64>,
    },
    /// It was changed.
    Edited(TopicChange),
}

/// A topic that is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTopic {
    /// In which supergroup.
    pub channel_id: i64,
    /// Who made it.
    pub creator: i64,
    /// What it is called.
    pub title: String,
    /// The colour of its icon.
    pub icon_color: i32,
    /// The custom emoji that is its icon.
    pub icon_emoji_id: Option<i64>,
    /// The client's own id for the message that tells of it.
    pub random_id: i64,
    /// Unix seconds.
    pub date: i32,
}

/// What happens to forums and their topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TopicEvent {
    /// A supergroup became a forum, or is none any more.
    Toggled {
        /// Which.
        channel_id: i64,
        /// Whether it is one.
        enabled: bool,
        /// Whether topics are shown as tabs.
        tabs: bool,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// A topic was made.
    Created(NewTopic),
    /// A topic was changed.
    Edited {
        /// Where.
        channel_id: i64,
        /// Which.
        topic_id: i32,
        /// How.
        change: TopicChange,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// The pinned topics are others, or stand in another order.
    Pinned {
        /// Where.
        channel_id: i64,
        /// Which are pinned, the first one first.
        pinned: Vec<i32>,
        /// The one that was pinned or unpinned, if it is only one.
        topic_id: Option<i32>,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// Messages of a topic were deleted, and with the last of them the topic.
    Emptied {
        /// Where.
        channel_id: i64,
        /// Which.
        topic_id: i32,
        /// The messages.
        message_ids: Vec<i32>,
        /// Whether those were the last.
        gone: bool,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// A topic was read.
    Read {
        /// By whom.
        user_id: i64,
        /// Where.
        channel_id: i64,
        /// Which.
        topic_id: i32,
        /// Up to this message.
        max_id: i32,
    },
}

/// What sessions are told of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicNotice {
    /// One was pinned or unpinned.
    Pinned {
        /// Where.
        channel_id: i64,
        /// Which.
        topic_id: i32,
    },
    /// The pinned ones are others, or stand in another order.
    Order {
        /// Where.
        channel_id: i64,
    },
    /// The user has read one.
    Read {
        /// Where.
        channel_id: i64,
        /// Which.
        topic_id: i32,
        /// Up to this message.
        max_id: i32,
    },
}

impl State {
    /// The messages of a topic, oldest first, as far as a member did not hide them from themselves.
    pub fn topic_messages<'a>(
        &'a self,
        user: &'a User,
        channel: &'a Channel,
        topic_id: i32,
    ) -> Box<dyn DoubleEndedIterator<Item = &'a Message> + 'a> {
        let Some(forum) = self.forums.forum(channel.id) else { return Box::new(std::iter::empty()) };
        let hidden = user.dialogs.get(&PeerId::Channel(channel.id)).map_or(0, |dialog| dialog.hidden_max_id);
        let messages = channel.messages.iter();
        Box::new(messages.filter(move |message| message.id > hidden && forum.topic_of(message.id) == topic_id))
    }

    /// Whether a user may change a topic, close it or open it: who made it, and administrators with the right.
    pub fn may_manage_topic(&self, user_id: i64, channel_id: i64, topic_id: i32) -> bool {
        let topic = self.forums.forum(channel_id).and_then(|forum| forum.topics.get(&topic_id));
        let own = topic.is_some_and(|topic| topic.creator == user_id && topic_id != GENERAL);
        let peer = PeerId::Channel(channel_id);
        self.may_administer(user_id, peer, right::MANAGE_TOPICS) || (own && self.is_member(user_id, peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_to_the_topic_of_what_it_answers() {
        let mut forum = Forum::default();
        let topic = Topic {
            id: 7,
            title: "Reefs".into(),
            icon_color: 0,
            icon_emoji_id: None,
            creator: 1,
            date: 1,
            closed: false,
            hidden: false,
        };
        forum.topics.insert(7, topic);
        forum.place(7, 7);
        forum.place(8, forum.topic_of_answer(Some(7)));
        forum.place(9, forum.topic_of_answer(Some(8)));
        forum.place(10, forum.topic_of_answer(None));
        assert_eq!([7, 8, 9, 10].map(|id| forum.topic_of(id)), [7, 7, 7, GENERAL]);
        forum.forget(9);
        assert_eq!(forum.topic_of(9), GENERAL);
    }

    #[test]
    fn what_is_read_stays_read() {
        let mut forums = Forums::default();
        assert!(forums.read(1, 2, 3, 10) && !forums.read(1, 2, 3, 9));
        assert_eq!((forums.read_until(1, 2, 3), forums.read_until(1, 2, 4), forums.read_until(2, 2, 3)), (10, 0, 0));
    }
}
