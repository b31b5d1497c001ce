//! The topics of forums.

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::Serialize;

use super::addressing::Place;
use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::types::is_false;
use super::{ChatId, Connection, Message, TelegramError};

/// Telegram's own limit for one page of topics.
pub const TOPICS_PAGE_MAX: u32 = 100;

/// How often Telegram is asked to go on deleting one topic; each time it takes a part of its messages.
const DELETE_ROUNDS_MAX: usize = 10_000;

/// A topic of a forum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForumTopic {
    /// Its id; 1 is the general topic.
    pub id: i32,
    /// What it is called.
    pub title: String,
    /// The colour of its icon, as an RGB number.
    pub icon_color: i32,
    /// The custom emoji that is its icon.
    pub icon_emoji_id: Option<i64>,
    /// Messages that are not read.
    pub unread_count: i32,
    /// Its newest message.
    pub top_message: i32,
    /// Whether it is pinned.
    pub is_pinned: bool,
    /// Whether only who made it and administrators write in it.
    pub is_closed: bool,
    /// Whether it is hidden; only the general topic can be.
    #[serde(skip_serializing_if = "is_false")]
    pub is_hidden: bool,
    /// Messages that mention this account and are not read.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread_mentions_count: i32,
    /// The user who made it, if a user did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_user_id: Option<i64>,
    /// When it was made (Unix seconds).
    pub date: i64,
}

fn is_zero(count: &i32) -> bool {
    *count == 0
}

/// A page of topics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct TopicPage {
    topics: Vec<ForumTopic>,
    #[serde(skip)]
    #[schemars(skip)]
    next_cursor: Option<String>,
}

impl TopicPage {
    /// Where the next page begins, if there may be one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }
}

/// A topic that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// What it is called.
    pub title: String,
    /// The colour of its icon, as an RGB number.
    pub icon_color: Option<i32>,
    /// The custom emoji that is its icon.
    pub icon_emoji_id: Option<i64>,
}

/// What a topic looks like from now on. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicLook {
    /// What it is called.
    pub title: Option<String>,
    /// The custom emoji that is its icon; 0 for none.
    pub icon_emoji_id: Option<i64>,
}

/// A change of a topic that Telegram takes alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicChange {
    /// What it looks like.
    Look(TopicLook),
    /// Whether it is closed.
    Closed(bool),
    /// Whether it is hidden.
    Hidden(bool),
    /// Whether it is pinned.
    Pinned(bool),
}

/// Where a page ends: the date and the id of a topic's newest message, and the topic.
fn cursor_of((date, message_id, topic_id): (i32, i32, i32)) -> String {
    format!("{date}.{message_id}.{topic_id}")
}

fn place_of(cursor: &str) -> Option<(i32, i32, i32)> {
    let mut numbers = cursor.split('.').map(|part| part.parse().ok().filter(|number| *number >= 0));
    let place = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(place)
}

fn topic(raw: &enums::ForumTopic) -> Option<ForumTopic> {
    let enums::ForumTopic::Topic(raw) = raw else { return None };
    let creator_user_id = match convert::chat_of(&raw.from_id).kind() {
        ChatIdKind::User(id) => Some(id),
        _ => None,
    };
    Some(ForumTopic {
        id: raw.id,
        title: raw.title.clone(),
        icon_color: raw.icon_color,
        icon_emoji_id: raw.icon_emoji_id,
        unread_count: raw.unread_count,
        top_message: raw.top_message,
        is_pinned: raw.pinned,
        is_closed: raw.closed,
        is_hidden: raw.hidden,
        unread_mentions_count: raw.unread_mentions_count,
        creator_user_id,
        date: i64::from(raw.date),
    })
}

impl Connection {
    /// A page of a forum's topics, the pinned ones first, then those with the newest messages.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], `CHANNEL_FORUM_MISSING`, [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn topics(
        &self,
        chat: ChatId,
        query: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<TopicPage, TelegramError> {
        let place = cursor.map(|cursor| place_of(cursor).ok_or(TelegramError::InvalidCursor)).transpose()?;
        let (offset_date, offset_id, offset_topic) = place.unwrap_or_default();
        let request = functions::messages::GetForumTopics {
            peer: self.group_peer(chat).await?,
            q: query.map(str::to_owned),
            offset_date,
            offset_id,
            offset_topic,
            limit: i32::try_from(limit.min(TOPICS_PAGE_MAX)).unwrap_or(i32::MAX),
        };
        let enums::messages::ForumTopics::Topics(found) = self.invoke(&request).await?;
        self.remember(&Met::new(found.users, found.chats)).await?;
        let is_whole = u32::try_from(found.topics.len()).is_ok_and(|length| length < limit);
        let last = found.topics.iter().rev().find_map(topic).filter(|_| !is_whole);
        let next_cursor = last.map(|last| {
            let newest = found.messages.iter().find(|message| convert::message_id(message) == last.top_message);
            let date = newest.and_then(convert::message_place).map_or(0, |(date, _)| date);
            cursor_of((date, last.top_message, last.id))
        });
        Ok(TopicPage { topics: found.topics.iter().filter_map(topic).collect(), next_cursor })
    }

    /// One topic.
    ///
    /// # Errors
    /// `TOPIC_ID_INVALID`; otherwise as [`Self::topics`].
    pub async fn topic(&self, chat: ChatId, topic_id: i32) -> Result<ForumTopic, TelegramError> {
        let request = functions::messages::GetForumTopicsById { peer: self.group_peer(chat).await?, topics: vec![topic_id] };
        let enums::messages::ForumTopics::Topics(found) = self.invoke(&request).await?;
        self.remember(&Met::new(found.users, found.chats)).await?;
        found.topics.iter().find_map(topic).ok_or_else(|| TelegramError::refused("TOPIC_ID_INVALID"))
    }

    /// Makes a topic under this `random_id`, which Telegram accepts once. Answers the message that tells of it; its id is the topic's.
    ///
    /// # Errors
    /// `RANDOM_ID_DUPLICATE` when it was accepted before, `CHANNEL_FORUM_MISSING`, `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn create_topic(&self, chat: ChatId, new: &NewTopic, random_id: i64) -> Result<Message, TelegramError> {
        let request = functions::messages::CreateForumTopic {
            title_missing: false,
            peer: self.group_peer(chat).await?,
            title: new.title.clone(),
            icon_color: new.icon_color,
            icon_emoji_id: new.icon_emoji_id,
            random_id,
            send_as: None,
        };
        let sent = self.invoke(&request).await?;
        self.sent_message(random_id, sent).await
    }

    /// Changes a topic. That it is so already is no error.
    ///
    /// # Errors
    /// `TOPIC_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `PINNED_TOO_MUCH`, or what any call can meet.
    pub async fn edit_topic(&self, chat: ChatId, topic_id: i32, change: &TopicChange) -> Result<(), TelegramError> {
        let peer = self.group_peer(chat).await?;
        let look = match change {
            TopicChange::Look(look) => look.clone(),
            _ => TopicLook::default(),
        };
        let edit = functions::messages::EditForumTopic {
            peer: peer.clone(),
            topic_id,
            title: look.title,
            icon_emoji_id: look.icon_emoji_id,
            closed: if let TopicChange::Closed(closed) = change { Some(*closed) } else { None },
            hidden: if let TopicChange::Hidden(hidden) = change { Some(*hidden) } else { None },
        };
        let changed = match change {
            TopicChange::Pinned(pinned) => {
                self.invoke(&functions::messages::UpdatePinnedForumTopic { peer, topic_id, pinned: *pinned }).await
            }
            _ => self.invoke(&edit).await,
        };
        match changed {
            Ok(updates) => self.remember_updates(updates).await.map(|_| ()),
            Err(error) if error.is_not_modified() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes a topic with all its messages.
    ///
    /// # Errors
    /// `TOPIC_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn delete_topic(&self, chat: ChatId, topic_id: i32) -> Result<(), TelegramError> {
        let request = functions::messages::DeleteTopicHistory { peer: self.group_peer(chat).await?, top_msg_id: topic_id };
        for _ in 0..DELETE_ROUNDS_MAX {
            let enums::messages::AffectedHistory::History(affected) = self.invoke(&request).await?;
            if affected.offset <= 0 {
                return Ok(());
            }
        }
        Err(TelegramError::Unexpected("a topic's messages have no end"))
    }

    /// Marks the messages of a topic read, up to and including `max_id`.
    ///
    /// # Errors
    /// `MSG_ID_INVALID` where there is no such topic, or what any call can meet.
    pub async fn read_topic(&self, chat: ChatId, topic_id: i32, max_id: i32) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        let request = functions::messages::ReadDiscussion { peer, msg_id: topic_id, read_max_id: max_id };
        self.invoke(&request).await.map(|_| ())
    }

    /// Makes a supergroup a forum, or an ordinary one again.
    ///
    /// # Errors
    /// `CHAT_NOT_MODIFIED`, [`TelegramError::NotInBasicGroups`], `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn set_forum(&self, chat: ChatId, enabled: bool) -> Result<(), TelegramError> {
        let Place::Channel(channel) = self.place(chat).await? else { return Err(TelegramError::NotInBasicGroups) };
        let updates = self.invoke(&functions::channels::ToggleForum { channel, enabled, tabs: false }).await?;
        self.remember_updates(updates).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_is_three_numbers() {
        assert_eq!(place_of("1700000000.7.3"), Some((1_700_000_000, 7, 3)));
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "1.-2.3", "99999999999.1.1"] {
            assert_eq!(place_of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(place in (0i32.., 0i32.., 0i32..)) {
            prop_assert_eq!(place_of(&cursor_of(place)), Some(place));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = place_of(&text);
        }
    }
}
