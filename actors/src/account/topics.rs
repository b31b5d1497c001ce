//! The topics of forums.

use super::{AccountCall, AccountContext};
use crate::error::Error;
use crate::telegram::{ChatId, Connection, ForumTopic, Message, NewTopic, ServiceKind, TopicChange, TopicPage};

/// The colour of an icon for which none is asked.
const ICON_COLOR_DEFAULT: i32 = 0x6F_B9_F0;

impl AccountContext {
    /// A page of a forum's topics.
    pub(crate) async fn topics(
        &self,
        chat: ChatId,
        query: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<TopicPage, Error> {
        let read = async |connection: &Connection| connection.topics(chat, query, cursor, limit).await;
        self.repeatable("messages.getForumTopics", read).await
    }

    /// One topic.
    pub(crate) async fn topic(&self, chat: ChatId, topic_id: i32) -> Result<ForumTopic, Error> {
        let read = async |connection: &Connection| connection.topic(chat, topic_id).await;
        self.repeatable("messages.getForumTopicsByID", read).await
    }

    /// Changes a topic, one change after the other. Twice the same is once.
    pub(crate) async fn edit_topic(&self, chat: ChatId, topic_id: i32, changes: &[TopicChange]) -> Result<ForumTopic, Error> {
        for change in changes {
            let method = match change {
                TopicChange::Pinned(_) => "messages.updatePinnedForumTopic",
                _ => "messages.editForumTopic",
            };
            self.repeatable(method, async |connection| connection.edit_topic(chat, topic_id, change).await).await?;
        }
        self.chats_changed();
        self.topic(chat, topic_id).await
    }

    /// Deletes a topic with all its messages.
    pub(crate) async fn delete_topic(&self, chat: ChatId, topic_id: i32) -> Result<(), Error> {
        let delete = async |connection: &Connection| connection.delete_topic(chat, topic_id).await;
        self.once("messages.deleteTopicHistory", delete).await?;
        self.chats_changed();
        Ok(())
    }

    /// Marks the messages of a topic read.
    pub(crate) async fn read_topic(&self, chat: ChatId, topic_id: i32, max_id: i32) -> Result<(), Error> {
        let read = async |connection: &Connection| connection.read_topic(chat, topic_id, max_id).await;
        self.repeatable("messages.readDiscussion", read).await?;
        self.chats_changed();
        Ok(())
    }
}

impl AccountCall {
    /// Makes a topic.
    pub(crate) async fn create_topic(&self, chat: ChatId, new: &NewTopic) -> Result<ForumTopic, Error> {
        let create = async |connection: &Connection, random_id| connection.create_topic(chat, new, random_id).await;
        let tells_of_it = |message: &Message| {
            let service = message.service.as_ref();
            service.is_some_and(|told| told.kind == ServiceKind::TopicCreated && told.title.as_ref() == Some(&new.title))
        };
        let made = self.send_once("messages.createForumTopic", chat, create, tells_of_it).await?;
        // It is made, whether or not it can be read now.
        Ok(self.topic(chat, made.id).await.unwrap_or_else(|_| ForumTopic {
            id: made.id,
            title: new.title.clone(),
            icon_color: new.icon_color.unwrap_or(ICON_COLOR_DEFAULT),
            icon_emoji_id: new.icon_emoji_id,
            unread_count: 0,
            top_message: made.id,
            is_pinned: false,
            is_closed: false,
            is_hidden: false,
            unread_mentions_count: 0,
            creator_user_id: made.from_user_id,
            date: made.date,
        }))
    }
}
