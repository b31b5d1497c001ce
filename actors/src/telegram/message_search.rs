//! Searching for messages: in one chat, and in all of them.

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::convert;
use super::message_history::{MessagePage, PAGE_MAX};
use super::{ChatId, ChatType, Connection, Message, TelegramError};

/// How many characters of a text a result of a search over all chats shows.
const TEXT_CHARACTERS: usize = 200;

/// What a message must hold to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A photo.
    Photo,
    /// A video.
    Video,
    /// A photo or a video.
    PhotoOrVideo,
    /// A file.
    Document,
    /// A link.
    Link,
    /// An animation.
    Gif,
    /// A voice message.
    Voice,
    /// A round video.
    VideoNote,
    /// Music.
    Audio,
    /// A place on the map.
    Location,
    /// A contact.
    Contact,
    /// A poll.
    Poll,
    /// A mention of this account, or an answer to it.
    Mention,
    /// A pin.
    Pinned,
}

impl MessageKind {
    fn filter(self) -> enums::MessagesFilter {
        match self {
            Self::Photo => enums::MessagesFilter::InputMessagesFilterPhotos,
            Self::Video => enums::MessagesFilter::InputMessagesFilterVideo,
            Self::PhotoOrVideo => enums::MessagesFilter::InputMessagesFilterPhotoVideo,
            Self::Document => enums::MessagesFilter::InputMessagesFilterDocument,
            Self::Link => enums::MessagesFilter::InputMessagesFilterUrl,
            Self::Gif => enums::MessagesFilter::InputMessagesFilterGif,
            Self::Voice => enums::MessagesFilter::InputMessagesFilterVoice,
            Self::VideoNote => enums::MessagesFilter::InputMessagesFilterRoundVideo,
            Self::Audio => enums::MessagesFilter::InputMessagesFilterMusic,
            Self::Location => enums::MessagesFilter::InputMessagesFilterGeo,
            Self::Contact => enums::MessagesFilter::InputMessagesFilterContacts,
            Self::Poll => enums::MessagesFilter::InputMessagesFilterPoll,
            Self::Mention => enums::MessagesFilter::InputMessagesFilterMyMentions,
            Self::Pinned => enums::MessagesFilter::InputMessagesFilterPinned,
        }
    }
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageSearch {
    /// Words; may be empty where a kind or a sender is given.
    pub text: String,
    /// Only from this user.
    pub from_user_id: Option<i64>,
    /// Only messages that hold this.
    pub kind: Option<MessageKind>,
    /// Only from this time on, in Unix seconds.
    pub after_date: Option<i32>,
    /// Only before this time, in Unix seconds.
    pub before_date: Option<i32>,
    /// Only in this forum topic or thread.
    pub topic_id: Option<i32>,
}

impl MessageSearch {
    fn filter(&self) -> enums::MessagesFilter {
        self.kind.map_or(enums::MessagesFilter::InputMessagesFilterEmpty, MessageKind::filter)
    }

    /// Telegram's times leave the ends out.
    fn dates(&self) -> (i32, i32) {
        (self.after_date.map_or(0, |date| date.saturating_sub(1)), self.before_date.unwrap_or(0))
    }

    /// Whether a date lies between the two.
    fn spans(&self, date: i64) -> bool {
        self.after_date.is_none_or(|after| date >= i64::from(after))
            && self.before_date.is_none_or(|before| date < i64::from(before))
    }
}

/// A message that a search over all chats found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GlobalMessageResult {
    /// Its id in its chat.
    pub message_id: i32,
    /// The chat's bare id, which does not say what kind of chat it is.
    pub chat_id: i64,
    /// The chat's title, or the person's name.
    pub chat_title: String,
    /// The sender's name.
    pub sender_name: Option<String>,
    /// The text or caption, cut after 200 characters.
    pub text: Option<String>,
    /// When it was sent (Unix seconds).
    pub date: i64,
    /// The chat's id in the marked form, as every operation takes it.
    pub marked_chat_id: ChatId,
    /// What kind of chat it is.
    pub chat_type: ChatType,
    /// Whether this account sent it.
    pub is_outgoing: bool,
}

/// A page of messages of all chats, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct GlobalMessagePage {
    results: Vec<GlobalMessageResult>,
    #[serde(skip)]
    #[schemars(skip)]
    next_cursor: Option<String>,
}

impl GlobalMessagePage {
    /// What was found, to take some away.
    pub(crate) fn results_mut(&mut self) -> &mut Vec<GlobalMessageResult> {
        &mut self.results
    }

    /// The same page with another cursor.
    pub(crate) fn with_cursor(self, next_cursor: Option<String>) -> Self {
        Self { next_cursor, ..self }
    }

    /// Where the next page begins, if there is one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }
}

/// Where a page of a search over all chats begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GlobalOffset {
    rate: i32,
    message_id: i32,
    chat: ChatId,
}

impl GlobalOffset {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('.');
        let rate = parts.next()?.parse().ok()?;
        let message_id = parts.next()?.parse().ok()?;
        let chat = ChatId::from_marked(parts.next()?.parse().ok()?)?;
        parts.next().is_none().then_some(Self { rate, message_id, chat })
    }

    fn to_cursor(self) -> String {
        format!("{}.{}.{}", self.rate, self.message_id, self.chat.value())
    }
}

impl Connection {
    /// Messages of a chat that fit, newest first, from a cursor of the page before.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], [`TelegramError::ChatNotFound`], [`TelegramError::UserNotFound`], or what any call can meet.
    pub async fn search_messages(
        &self,
        chat: ChatId,
        search: &MessageSearch,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<MessagePage, TelegramError> {
        let mut offset_id = match cursor {
            None => 0,
            Some(cursor) => cursor.parse().ok().filter(|id| *id > 0).ok_or(TelegramError::InvalidCursor)?,
        };
        let peer = self.input_peer(chat).await?;
        let from_id = match search.from_user_id {
            Some(user_id) => Some(self.person(user_id).await?),
            None => None,
        };
        let (min_date, max_date) = search.dates();
        let (mut messages, mut missing, mut is_more) = (Vec::new(), limit, true);
        while missing > 0 && is_more {
            let length = missing.min(PAGE_MAX);
            let request = functions::messages::Search {
                peer: peer.clone(),
                q: search.text.clone(),
                from_id: from_id.clone(),
                saved_peer_id: None,
                saved_reaction: None,
                top_msg_id: search.topic_id,
                filter: search.filter(),
                min_date,
                max_date,
                offset_id,
                add_offset: 0,
                limit: i32::try_from(length).unwrap_or(i32::MAX),
                max_id: 0,
                min_id: 0,
                hash: 0,
            };
            let (count, page) = self.read_messages(self.invoke(&request).await?).await?;
            is_more = u32::try_from(count).is_ok_and(|count| count >= length) && !page.is_empty();
            offset_id = page.iter().map(|message| message.id).min().unwrap_or(offset_id);
            messages.extend(page.into_iter().filter(|message| search.spans(message.date)));
            missing -= length;
        }
        Ok(MessagePage { messages, next_cursor: is_more.then(|| offset_id.to_string()) })
    }

    /// Messages of all chats that fit, newest first, from a cursor of the page before.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], or what any call can meet.
    pub async fn search_all_messages(
        &self,
        search: &MessageSearch,
        chat_type: Option<ChatType>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<GlobalMessagePage, TelegramError> {
        let offset = cursor.map(|cursor| GlobalOffset::parse(cursor).ok_or(TelegramError::InvalidCursor)).transpose()?;
        let offset_peer = match offset {
            None => enums::InputPeer::Empty,
            Some(offset) => self.input_peer(offset.chat).await?,
        };
        let (min_date, max_date) = search.dates();
        let request = functions::messages::SearchGlobal {
            broadcasts_only: chat_type == Some(ChatType::Channel),
            groups_only: chat_type == Some(ChatType::Group),
            users_only: chat_type == Some(ChatType::User),
            folder_id: None,
            community: None,
            q: search.text.clone(),
            filter: search.filter(),
            min_date,
            max_date,
            offset_rate: offset.map_or(0, |offset| offset.rate),
            offset_peer,
            offset_id: offset.map_or(0, |offset| offset.message_id),
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let raw = self.invoke(&request).await?;
        let rate = match &raw {
            enums::messages::Messages::Slice(slice) => slice.next_rate,
            _ => None,
        };
        let (raw, met) = super::calls::taken_apart(raw)?;
        self.remember(&met).await?;
        let messages: Vec<Message> = raw.iter().filter_map(|raw| convert::message(raw, &met, self.session.self_id())).collect();
        let last = messages.last().zip(rate);
        let next = last.map(|(last, rate)| GlobalOffset { rate, message_id: last.id, chat: last.chat_id });
        let fitting = messages.into_iter().filter(|message| search.spans(message.date));
        let results = fitting.map(|message| {
            let chat = convert::chat_of_peer(message.chat_id, &met);
            GlobalMessageResult {
                message_id: message.id,
                chat_id: message.chat_id.bare(),
                chat_title: chat.title,
                sender_name: message.sender_name,
                text: message.text.as_deref().map(|text| convert::shortened(text, TEXT_CHARACTERS)),
                date: message.date,
                marked_chat_id: message.chat_id,
                chat_type: chat.chat_type,
                is_outgoing: message.is_outgoing,
            }
        });
        Ok(GlobalMessagePage { results: results.collect(), next_cursor: next.map(GlobalOffset::to_cursor) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_span_holds_its_first_second_and_not_its_last() {
        let search = MessageSearch { after_date: Some(10), before_date: Some(20), ..MessageSearch::default() };
        let spanned = [9, 10, 19, 20].map(|date| search.spans(date));
        assert_eq!((spanned, search.dates()), ([false, true, true, false], (9, 20)));
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(rate: i32, message_id: i32, chat in 1i64..1_000_000) {
            let offset = GlobalOffset { rate, message_id, chat: ChatId::from_marked(-chat).unwrap() };
            prop_assert_eq!(GlobalOffset::parse(&offset.to_cursor()), Some(offset));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = GlobalOffset::parse(&text);
        }
    }
}
