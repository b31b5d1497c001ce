//! Messages: reading and marking read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::{ChatId, HistoryQuery, MessagePage, Place};

/// How many messages are given when no limit is asked for.
pub(super) const LIMIT_DEFAULT: u32 = 50;

/// The most messages that one call gives; a larger limit is taken for this one.
pub(super) const LIMIT_MAX: u32 = 200;

/// Telegram's own limit for the text of a message, in UTF-16 code units.
const TEXT_UNITS_MAX: usize = 4_096;

/// Whether a message may have this text.
pub(super) fn check_text(text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid("text", "must not be blank"));
    }
    if text.encode_utf16().count() > TEXT_UNITS_MAX {
        return Err(Error::invalid("text", format!("must have at most {TEXT_UNITS_MAX} UTF-16 code units")));
    }
    Ok(())
}

/// Reads messages of a chat, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetMessages {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Only messages older than this one. At most one of `offset_id`, `afterId`, `aroundId`, `beforeDate`, `afterDate`, `aroundDate` and
    /// `cursor` may be given; the newest messages are read without any.
    #[serde(default)]
    offset_id: Option<i32>,
    /// The messages that follow this one.
    #[serde(default)]
    after_id: Option<i32>,
    /// This message and those on both sides of it.
    #[serde(default)]
    around_id: Option<i32>,
    /// The last messages before this time (Unix seconds).
    #[serde(default)]
    before_date: Option<i64>,
    /// The first messages at or after this time (Unix seconds).
    #[serde(default)]
    after_date: Option<i64>,
    /// The messages on both sides of this time (Unix seconds).
    #[serde(default)]
    around_date: Option<i64>,
    /// Where the page begins: the `X-Next-Cursor` of the page before. It goes on to newer messages after `afterId` and `afterDate`,
    /// and else to older ones.
    #[serde(default)]
    cursor: Option<String>,
    /// How many messages: 50 if absent, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Only messages of this forum topic or thread. They come without their media, which `has_media` then tells of.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl GetMessages {
    /// Where to read.
    fn place(&self) -> Result<Place, Error> {
        let ids = [
            ("offset_id", self.offset_id, Place::Before as fn(i32) -> Place),
            ("afterId", self.after_id, Place::After),
            ("aroundId", self.around_id, Place::Around),
        ];
        let dates = [
            ("beforeDate", self.before_date, Place::BeforeDate as fn(i32) -> Place),
            ("afterDate", self.after_date, Place::AfterDate),
            ("aroundDate", self.around_date, Place::AroundDate),
        ];
        let mut places = Vec::new();
        for (field, id, place) in ids {
            match id {
                // The reference's clients say "from the newest" so.
                Some(0) if field == "offset_id" => {}
                Some(id) if id > 0 => places.push((field, place(id))),
                Some(_) => return Err(Error::invalid(field, "must be positive")),
                None => {}
            }
        }
        for (field, date, place) in dates {
            if let Some(date) = valid_date(field, date)? {
                places.push((field, place(date)));
            }
        }
        match places.as_slice() {
            [] => Ok(Place::Newest),
            [(_, place)] if self.cursor.is_none() => Ok(*place),
            [.., (field, _)] => Err(Error::invalid(field, "cannot be given together with another place to read from")),
        }
    }
}

impl Operation for GetMessages {
    const DECLARATION: Declaration = Declaration::new(
        "get_messages",
        "Read messages of a chat, newest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    )
    .query_spellings(&[("offset_id", "offsetId"), ("topic_id", "topicId")]);
    type Output = MessagePage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topic_id", self.topic_id)?;
        self.place().map(|_| ())
    }

    fn next_cursor(page: &MessagePage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for GetMessages {
    async fn run(self, call: AccountCall) -> Result<MessagePage, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let mut query = HistoryQuery { place: self.place()?, topic_id: self.topic_id, limit };
        if let Some(cursor) = &self.cursor {
            query = query.from_cursor(cursor)?;
        }
        call.history(self.chat_id, &query).await
    }
}

/// A time as Telegram counts it.
pub(super) fn valid_date(field: &str, date: Option<i64>) -> Result<Option<i32>, Error> {
    let Some(date) = date else { return Ok(None) };
    match i32::try_from(date) {
        Ok(date) if date > 0 => Ok(Some(date)),
        _ => Err(Error::invalid(field, "must be a time in Unix seconds")),
    }
}

/// Checks the id of a message or topic.
pub(super) fn valid_message_id(field: &str, id: impl Into<Option<i32>>) -> Result<(), Error> {
    match id.into() {
        Some(id) if id <= 0 => Err(Error::invalid(field, "must be positive")),
        _ => Ok(()),
    }
}

/// Marks the messages of a chat read, up to and including one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkMessagesRead {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The newest message to mark.
    max_id: i32,
    /// Only the messages of this forum topic.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for MarkMessagesRead {
    const DECLARATION: Declaration = Declaration::new(
        "mark_messages_read",
        "Mark the messages of a chat read, up to and including one.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/read",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204)
    .repetition(Repetition::Harmless);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for MarkMessagesRead {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        match self.topic_id {
            Some(topic_id) => call.read_topic(self.chat_id, topic_id, self.max_id).await,
            None => call.mark_read(self.chat_id, self.max_id).await,
        }
    }
}
