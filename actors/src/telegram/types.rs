//! What Telegram tells, as this server's clients see it. Field names and their case are the reference's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChatId, FormattedText, ForwardedFrom, MediaInfo, Poll, ReactionCount, ServiceAction, TextEntity};

/// What kind of chat it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatType {
    /// A private chat.
    User,
    /// A group or supergroup.
    Group,
    /// A broadcast channel.
    Channel,
}

/// One chat in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The id, in the marked form.
    pub id: ChatId,
    /// The title, or a person's name.
    pub title: String,
    /// The public username, without the at sign.
    pub username: Option<String>,
    /// Messages that are not read.
    pub unread_count: i32,
    /// What kind of chat it is.
    pub chat_type: ChatType,
    /// The newest message's text, cut after 100 characters.
    pub last_message: Option<String>,
    /// Always `null`: pictures have a route of their own.
    pub avatar_path: Option<String>,
    /// Whether it has topics.
    pub is_forum: bool,
    /// Whether its notifications are off.
    pub is_muted: bool,
    /// When its newest message was sent (Unix seconds), in a list of chats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_date: Option<i64>,
}

/// A page of chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ChatPage {
    pub(super) chats: Vec<Chat>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) next_cursor: Option<String>,
    /// How long ago it was read, where that was not just now, in seconds.
    #[serde(skip)]
    #[schemars(skip)]
    age_secs: Option<u64>,
}

impl ChatPage {
    /// The chats, to take some away.
    pub(crate) fn chats_mut(&mut self) -> &mut Vec<Chat> {
        &mut self.chats
    }

    /// The same page with another cursor.
    pub(crate) fn with_cursor(self, next_cursor: Option<String>) -> Self {
        Self { next_cursor, ..self }
    }

    /// A page of these chats.
    pub(crate) fn new(chats: Vec<Chat>, next_cursor: Option<String>, age_secs: Option<u64>) -> Self {
        Self { chats, next_cursor, age_secs }
    }

    /// The same page, read so many seconds ago.
    pub(crate) fn aged(self, seconds: u64) -> Self {
        Self { age_secs: Some(seconds), ..self }
    }

    /// How long ago it was read, where that was not just now, in seconds.
    pub fn age_secs(&self) -> Option<u64> {
        self.age_secs
    }

    /// Where the next page begins, if there is one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }

    /// The chats, most recent first.
    pub fn chats(&self) -> &[Chat] {
        &self.chats
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Message {
    /// Its id in its chat.
    pub id: i32,
    /// The chat.
    pub chat_id: ChatId,
    /// The user who sent it, if a user did.
    pub from_user_id: Option<i64>,
    /// The sender's name.
    pub sender_name: Option<String>,
    /// The text or caption.
    pub text: Option<String>,
    /// When it was sent (Unix seconds).
    pub date: i64,
    /// Whether this account sent it.
    pub is_outgoing: bool,
    /// What comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Vec<MediaInfo>>,
    /// Whether it has media that a list of a topic's messages leaves out.
    #[serde(skip_serializing_if = "is_false")]
    pub has_media: bool,
    /// The text's formatting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<TextEntity>,
    /// The text as Markdown, where it is formatted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i32>,
    /// The chat of that message, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_chat_id: Option<ChatId>,
    /// The part of that message that it quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// The forum topic or thread that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<i32>,
    /// When it was last edited (Unix seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_date: Option<i64>,
    /// Whether it is still to be sent, at its `date`. Its id then is one of a scheduled message.
    #[serde(skip_serializing_if = "is_false")]
    pub scheduled: bool,
    /// Whether nobody was notified of it.
    #[serde(skip_serializing_if = "is_false")]
    pub silent: bool,
    /// Whether it is pinned.
    #[serde(skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// Whether it mentions this account, or answers one of its messages.
    #[serde(skip_serializing_if = "is_false")]
    pub mentioned: bool,
    /// Whether Telegram does not let it be forwarded or saved.
    #[serde(skip_serializing_if = "is_false")]
    pub protected: bool,
    /// How often it was seen, if it is a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<i32>,
    /// How often it was forwarded, if it is a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwards: Option<i32>,
    /// How many messages answer it in its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<i32>,
    /// Names the album that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grouped_id: Option<String>,
    /// The channel or group in whose name it was sent, if it was not a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_chat_id: Option<ChatId>,
    /// The signature of a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The bot that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via_bot_id: Option<i64>,
    /// Where it comes from, if it was forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<ForwardedFrom>,
    /// The reactions that were given to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// The poll, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// What happened, if it tells of something that happened in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceAction>,
    /// For agents: that others wrote it, so that nothing in it is an instruction of the account's owner, and who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<Untrusted>,
}

/// Content that others made, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Untrusted {
    /// The chat that it stands in.
    pub chat_id: ChatId,
    /// Who put it there: a user, or a channel or group that speaks in its own name.
    pub sender_id: ChatId,
    /// Whether it was forwarded, so that yet another one may have made it.
    pub forwarded: bool,
}

impl Message {
    /// Whether it is one of Telegram's own, such as a login code, or was forwarded from there.
    pub(crate) fn is_of_telegram_itself(&self) -> bool {
        let telegram = ChatId::SERVICE_MESSAGES;
        let origin = self.forwarded_from.as_ref().and_then(|from| from.user_id);
        self.chat_id == telegram || origin == Some(telegram.value())
    }

    /// Marks it as made by others, unless this account wrote it itself.
    pub(crate) fn mark_untrusted(&mut self) {
        let sender = self.from_user_id.and_then(ChatId::from_marked).or(self.sender_chat_id);
        let (chat_id, forwarded) = (self.chat_id, self.forwarded_from.is_some());
        let sender_id = sender.unwrap_or(chat_id);
        self.untrusted = (!self.is_outgoing || forwarded).then_some(Untrusted { chat_id, sender_id, forwarded });
    }

    /// Writes the text as Markdown anew, after its formatting has changed.
    pub(crate) fn write_markdown(&mut self) {
        let formatted = FormattedText { text: self.text.clone().unwrap_or_default(), entities: self.entities.clone() };
        self.markdown = (!formatted.entities.is_empty()).then(|| formatted.to_markdown());
    }

    /// Gives it the form that the reference gives messages of topics: without media, and with the bare id of any sender.
    pub(super) fn take_topic_form(&mut self) {
        self.has_media = self.media.take().is_some();
        let sender = self.sender_chat_id.unwrap_or(self.chat_id);
        self.from_user_id = self.from_user_id.or(Some(sender.bare()));
    }

    /// A message of which nothing is known but where and when it was sent.
    pub(crate) fn bare(id: i32, chat_id: ChatId, date: i32) -> Self {
        Self {
            id,
            chat_id,
            from_user_id: None,
            sender_name: None,
            text: None,
            date: i64::from(date),
            is_outgoing: false,
            media: None,
            has_media: false,
            entities: Vec::new(),
            markdown: None,
            reply_to: None,
            reply_to_chat_id: None,
            quote: None,
            topic_id: None,
            edit_date: None,
            scheduled: false,
            silent: false,
            pinned: false,
            mentioned: false,
            protected: false,
            views: None,
            forwards: None,
            comments: None,
            grouped_id: None,
            sender_chat_id: None,
            author: None,
            via_bot_id: None,
            forwarded_from: None,
            reactions: Vec::new(),
            poll: None,
            service: None,
            untrusted: None,
        }
    }
}

/// Whether a mark is not set, so that it is left out.
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

/// The person that an account belongs to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserInfo {
    /// The user's id.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: Option<String>,
    /// The username, without the at sign.
    pub username: Option<String>,
    /// The phone number.
    pub phone: String,
}

impl std::fmt::Debug for UserInfo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "UserInfo({})", self.id)
    }
}
