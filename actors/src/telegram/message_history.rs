//! Reading a chat's messages from any place in it: before, after or around a message or a time.

use std::cmp::Reverse;

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert;
use super::{ChatId, Connection, Message, TelegramError};

/// The most messages that Telegram gives at once.
pub(super) const PAGE_MAX: u32 = 100;

/// Where in a chat to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The newest messages.
    Newest,
    /// The next older ones than this message.
    Before(i32),
    /// The next newer ones than this message.
    After(i32),
    /// This message and those on both sides of it.
    Around(i32),
    /// The last ones before this time, in Unix seconds.
    BeforeDate(i32),
    /// The first ones at or after this time, in Unix seconds.
    AfterDate(i32),
    /// Those on both sides of this time, in Unix seconds.
    AroundDate(i32),
}

impl Place {
    /// Reads a cursor that a page gave.
    fn parse(cursor: &str) -> Option<Self> {
        let (direction, id) = cursor.split_once('.')?;
        let id = id.parse().ok().filter(|id| *id > 0)?;
        match direction {
            "before" => Some(Self::Before(id)),
            "after" => Some(Self::After(id)),
            _ => None,
        }
    }
}

/// Which messages to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Where.
    pub place: Place,
    /// Only those of this forum topic or thread.
    pub topic_id: Option<i32>,
    /// How many.
    pub limit: u32,
}

impl HistoryQuery {
    /// The newest messages.
    pub fn newest(limit: u32) -> Self {
        Self { place: Place::Newest, topic_id: None, limit }
    }

    /// The same, from where a page said that the next one begins.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`].
    pub fn from_cursor(self, cursor: &str) -> Result<Self, TelegramError> {
        Ok(Self { place: Place::parse(cursor).ok_or(TelegramError::InvalidCursor)?, ..self })
    }
}

/// A page of messages, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct MessagePage {
    /// The messages.
    pub(super) messages: Vec<Message>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) next_cursor: Option<String>,
}

impl MessagePage {
    /// The messages, to take some away.
    pub(crate) fn messages_mut(&mut self) -> &mut Vec<Message> {
        &mut self.messages
    }

    /// Where the next page begins, if there may be one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }

    /// The messages.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages alone.
    pub fn into_messages(self) -> Vec<Message> {
        self.messages
    }
}

/// Below which place a part of the history begins, as Telegram is asked for it.
#[derive(Clone, Copy)]
enum Edge {
    /// Below this message; above it lie the others.
    Id(i32),
    /// Before this time; at it and after it lie the others.
    Date(i32),
}

impl Edge {
    /// Whether a message lies on the newer side.
    fn is_below(self, message: &Message) -> bool {
        match self {
            Self::Id(id) => message.id >= id,
            Self::Date(date) => message.date >= i64::from(date),
        }
    }
}

/// A chat, or one topic of it.
struct Reader<'a> {
    connection: &'a Connection,
    peer: enums::InputPeer,
    topic_id: Option<i32>,
}

impl Connection {
    /// Messages of a chat, newest first.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn history(&self, chat: ChatId, query: &HistoryQuery) -> Result<MessagePage, TelegramError> {
        let reader = Reader { connection: self, peer: self.input_peer(chat).await?, topic_id: query.topic_id };
        let limit = query.limit;
        let (mut messages, goes_on_newer) = match query.place {
            Place::Newest => (reader.older(Edge::Id(0), limit).await?, false),
            Place::Before(id) => (reader.older(Edge::Id(id), limit).await?, false),
            Place::BeforeDate(date) => (reader.older(Edge::Date(date), limit).await?, false),
            Place::After(id) => (reader.newer(Edge::Id(id.saturating_add(1)), limit).await?, true),
            Place::AfterDate(date) => (reader.newer(Edge::Date(date), limit).await?, true),
            Place::Around(id) => (reader.around(Edge::Id(id.saturating_add(1)), limit).await?, false),
            Place::AroundDate(date) => (reader.around(Edge::Date(date), limit).await?, false),
        };
        let is_whole = u32::try_from(messages.len()).is_ok_and(|length| length < limit);
        let (direction, last) = if goes_on_newer { ("after", messages.first()) } else { ("before", messages.last()) };
        let next_cursor = last.filter(|_| !is_whole).map(|message| format!("{direction}.{}", message.id));
        if query.topic_id.is_some() {
            messages.iter_mut().for_each(Message::take_topic_form);
        }
        Ok(MessagePage { messages, next_cursor })
    }

    /// A message with those before and after it, each of them oldest first.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn message_context(
        &self,
        chat: ChatId,
        message_id: i32,
        (before, after): (u32, u32),
        topic_id: Option<i32>,
    ) -> Result<MessageContext, TelegramError> {
        let reader = Reader { connection: self, peer: self.input_peer(chat).await?, topic_id };
        let edge = Edge::Id(message_id.saturating_add(1));
        let mut earlier = reader.older(edge, before.saturating_add(1)).await?.into_iter();
        let message = earlier.next().filter(|message| message.id == message_id).ok_or(TelegramError::MessageNotFound)?;
        let later = if after == 0 { Vec::new() } else { reader.newer(edge, after).await? };
        let oldest_first = |messages: Vec<Message>| messages.into_iter().rev().collect();
        Ok(MessageContext { before: oldest_first(earlier.collect()), message, after: oldest_first(later) })
    }
}

/// A message with its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageContext {
    /// The messages before it, oldest first.
    pub before: Vec<Message>,
    /// The message.
    pub message: Message,
    /// The messages after it, oldest first.
    pub after: Vec<Message>,
}

impl Reader<'_> {
    /// The next messages below an edge, newest first.
    async fn older(&self, mut edge: Edge, count: u32) -> Result<Vec<Message>, TelegramError> {
        let mut messages = Vec::new();
        let mut missing = count;
        while missing > 0 {
            let length = missing.min(PAGE_MAX);
            let (page, raw_count) = self.page(edge, 0, length).await?;
            if let Some(oldest) = page.last() {
                edge = Edge::Id(oldest.id);
            }
            let (is_empty, is_last) = (page.is_empty(), raw_count < length);
            messages.extend(page);
            if is_empty || is_last {
                break;
            }
            missing -= length;
        }
        Ok(messages)
    }

    /// The next messages above an edge, newest first.
    async fn newer(&self, mut edge: Edge, count: u32) -> Result<Vec<Message>, TelegramError> {
        let mut messages: Vec<Message> = Vec::new();
        let mut missing = count;
        while missing > 0 {
            let length = missing.min(PAGE_MAX);
            let (mut page, _) = self.page(edge, -i32::try_from(length).unwrap_or(0), length).await?;
            // Near the newest message Telegram fills the page with older ones.
            page.retain(|message| edge.is_below(message));
            let found = u32::try_from(page.len()).unwrap_or(u32::MAX);
            if let Some(newest) = page.first() {
                edge = Edge::Id(newest.id.saturating_add(1));
            }
            page.append(&mut messages);
            messages = page;
            if found < length {
                break;
            }
            missing -= length;
        }
        Ok(messages)
    }

    /// The messages on both sides of an edge, newest first; a half of each, or more older ones where there are fewer newer ones.
    async fn around(&self, edge: Edge, count: u32) -> Result<Vec<Message>, TelegramError> {
        let mut messages = self.newer(edge, count / 2).await?;
        let found = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        messages.extend(self.older(edge, count.saturating_sub(found)).await?);
        Ok(messages)
    }

    /// One of Telegram's pages, newest first, and how many messages it had that can be shown or not.
    async fn page(&self, edge: Edge, add_offset: i32, limit: u32) -> Result<(Vec<Message>, u32), TelegramError> {
        let (offset_id, offset_date) = match edge {
            Edge::Id(id) => (id, 0),
            Edge::Date(date) => (0, date),
        };
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let (peer, max_id, min_id, hash) = (self.peer.clone(), 0, 0, 0);
        let raw = match self.topic_id {
            None => {
                let request =
                    functions::messages::GetHistory { peer, offset_id, offset_date, add_offset, limit, max_id, min_id, hash };
                self.connection.invoke(&request).await?
            }
            Some(msg_id) => {
                let request = functions::messages::GetReplies {
                    peer,
                    msg_id,
                    offset_id,
                    offset_date,
                    add_offset,
                    limit,
                    max_id,
                    min_id,
                    hash,
                };
                self.connection.invoke(&request).await?
            }
        };
        let (raw, mut messages) = self.connection.read_messages(raw).await?;
        messages.sort_by_key(|message| Reverse(message.id));
        Ok((messages, u32::try_from(raw).unwrap_or(u32::MAX)))
    }
}

impl Connection {
    /// The messages of an answer, without the placeholders for those that were deleted, and how many it had with them.
    pub(super) async fn read_messages(&self, raw: enums::messages::Messages) -> Result<(usize, Vec<Message>), TelegramError> {
        let (raw, met) = super::calls::taken_apart(raw)?;
        self.remember(&met).await?;
        let messages = raw.iter().filter_map(|raw| convert::message(raw, &met, self.session.self_id())).collect();
        Ok((raw.len(), messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_is_a_direction_and_a_message() {
        assert_eq!(Place::parse("before.7"), Some(Place::Before(7)));
        assert_eq!(Place::parse("after.7"), Some(Place::After(7)));
        for text in ["", "7", "before.0", "before.-1", "beside.7", "before.7.8", "after."] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = Place::parse(&text);
        }
    }
}
