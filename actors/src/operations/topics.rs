//! The topics of forums.

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::valid_message_id;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{ChatId, ForumTopic, NewTopic, TOPICS_PAGE_MAX, TopicChange, TopicLook, TopicPage};

/// Telegram's own limit for the title of a topic, in characters.
const TITLE_CHARS_MAX: usize = 128;

/// The longest text to look for, in characters.
const QUERY_CHARS_MAX: usize = 128;

/// The colours that Telegram has for icons, as RGB numbers.
const ICON_COLORS: [i32; 6] = [7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047];

/// The general topic.
const GENERAL: i32 = 1;

fn check_title(title: &str) -> Result<(), Error> {
    if (1..=TITLE_CHARS_MAX).contains(&title.trim().chars().count()) {
        return Ok(());
    }
    Err(Error::invalid("title", format!("must have 1 to {TITLE_CHARS_MAX} characters")))
}

/// Lists the topics of a forum.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetForumTopics {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only those whose title has this text in it: at most 128 characters.
    #[serde(default)]
    query: Option<String>,
    /// How many: 100 if absent, which is the most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for GetForumTopics {
    const DECLARATION: Declaration = Declaration::new(
        "get_forum_topics",
        "List the topics of a forum: the pinned ones first, then those with the newest messages.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/topics",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = TopicPage;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.query.as_ref().is_some_and(|query| query.chars().count() > QUERY_CHARS_MAX) {
            return Err(Error::invalid("query", format!("must have at most {QUERY_CHARS_MAX} characters")));
        }
        Ok(())
    }

    fn next_cursor(page: &TopicPage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for GetForumTopics {
    async fn run(self, call: AccountCall) -> Result<TopicPage, Error> {
        let limit = self.limit.unwrap_or(TOPICS_PAGE_MAX).clamp(1, TOPICS_PAGE_MAX);
        let query = self.query.as_deref().map(str::trim).filter(|query| !query.is_empty());
        call.topics(self.chat_id, query, self.cursor.as_deref(), limit).await
    }
}

/// Makes a topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateTopic {
    account_id: AccountReference,
    chat_id: ChatId,
    /// What it is called: 1 to 128 characters.
    title: String,
    /// The colour of its icon, as an RGB number: 7322096, 16766590, 13338331, 9367192, 16749490 or 16478047. The first of them if absent.
    #[serde(default)]
    icon_color: Option<i32>,
    /// The custom emoji that is its icon. Other ones than Telegram's own for topics need Telegram Premium.
    #[serde(default)]
    icon_emoji_id: Option<i64>,
}

impl Operation for CreateTopic {
    const DECLARATION: Declaration = Declaration::new(
        "create_topic",
        "Make a topic in a forum.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/topics",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::OnceByTelegram);
    type Output = ForumTopic;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        check_title(&self.title)?;
        if self.icon_color.is_some_and(|color| !ICON_COLORS.contains(&color)) {
            let rule = format!("must be one of {}", ICON_COLORS.map(|color| color.to_string()).join(", "));
            return Err(Error::invalid("iconColor", rule));
        }
        if self.icon_emoji_id.is_some_and(|id| id <= 0) {
            return Err(Error::invalid("iconEmojiId", "must be the id of a custom emoji"));
        }
        Ok(())
    }
}

impl AccountOperation for CreateTopic {
    async fn run(self, call: AccountCall) -> Result<ForumTopic, Error> {
        let (icon_color, icon_emoji_id) = (self.icon_color, self.icon_emoji_id);
        let new = NewTopic { title: self.title.trim().to_owned(), icon_color, icon_emoji_id };
        call.create_topic(self.chat_id, &new).await
    }
}

/// Changes a topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditTopic {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The topic; 1 for the general one.
    topic_id: i32,
    /// What it is called: 1 to 128 characters.
    #[serde(default)]
    title: Option<String>,
    /// The custom emoji that is its icon; 0 for none. Not for the general topic.
    #[serde(default)]
    icon_emoji_id: Option<i64>,
    /// Whether only who made it and administrators write in it.
    #[serde(default)]
    is_closed: Option<bool>,
    /// Whether it is hidden. For the general topic only.
    #[serde(default)]
    is_hidden: Option<bool>,
    /// Whether it is pinned.
    #[serde(default)]
    is_pinned: Option<bool>,
}

impl EditTopic {
    /// The changes, each of which Telegram takes alone.
    fn changes(&self) -> Vec<TopicChange> {
        let title = self.title.as_ref().map(|title| title.trim().to_owned());
        let look = TopicLook { title, icon_emoji_id: self.icon_emoji_id };
        let look = (look != TopicLook::default()).then_some(TopicChange::Look(look));
        let flags = [
            self.is_closed.map(TopicChange::Closed),
            self.is_hidden.map(TopicChange::Hidden),
            self.is_pinned.map(TopicChange::Pinned),
        ];
        look.into_iter().chain(flags.into_iter().flatten()).collect()
    }
}

impl Operation for EditTopic {
    const DECLARATION: Declaration = Declaration::new(
        "edit_topic",
        "Change the title or icon of a topic, then close, hide and pin it or undo that. It ends at the first change that is refused.",
        Method::Patch,
        "/accounts/{accountId}/chats/{chatId}/topics/{topicId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = ForumTopic;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)?;
        self.title.as_deref().map(check_title).transpose()?;
        if self.icon_emoji_id.is_some_and(|id| id < 0) {
            return Err(Error::invalid("iconEmojiId", "must be the id of a custom emoji, or 0 for none"));
        }
        if self.icon_emoji_id.is_some() && self.topic_id == GENERAL {
            return Err(Error::invalid("iconEmojiId", "cannot be set for the general topic"));
        }
        if self.is_hidden.is_some() && self.topic_id != GENERAL {
            return Err(Error::invalid("isHidden", "is for the general topic only"));
        }
        if self.changes().is_empty() {
            return Err(Error::invalid("title", "give at least one of title, iconEmojiId, isClosed, isHidden and isPinned"));
        }
        Ok(())
    }
}

impl AccountOperation for EditTopic {
    async fn run(self, call: AccountCall) -> Result<ForumTopic, Error> {
        call.edit_topic(self.chat_id, self.topic_id, &self.changes()).await
    }
}

/// Deletes a topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTopic {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The topic; not the general one.
    topic_id: i32,
}

impl Operation for DeleteTopic {
    const DECLARATION: Declaration = Declaration::new(
        "delete_topic",
        "Delete a topic with all its messages.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/topics/{topicId}",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.topic_id == GENERAL {
            return Err(Error::invalid("topicId", "must not be 1: the general topic cannot be deleted"));
        }
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for DeleteTopic {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_topic(self.chat_id, self.topic_id).await
    }
}
