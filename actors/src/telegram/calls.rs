//! The calls that operations make: each is one of Telegram's methods, or a bounded number of pages of one.

use grammers_tl_types::{enums, functions, types};

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::{ChatId, ChatPage, Connection, Message, TelegramError};
use crate::runtime::now_secs;

/// The most chats that Telegram gives at once.
pub(super) const DIALOGS_PAGE_MAX: u32 = 100;

/// The most messages that Telegram gives at once.
const HISTORY_PAGE_MAX: u32 = 100;

/// Where a page of chats begins: after this message of this chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offset {
    date: i32,
    message_id: i32,
    chat: Option<ChatId>,
}

impl Offset {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('.');
        let date = parts.next()?.parse().ok()?;
        let message_id = parts.next()?.parse().ok()?;
        let chat = ChatId::from_marked(parts.next()?.parse().ok()?)?;
        parts.next().is_none().then_some(Self { date, message_id, chat: Some(chat) })
    }

    fn to_cursor(self) -> Option<String> {
        self.chat.map(|chat| format!("{}.{}.{}", self.date, self.message_id, chat.value()))
    }
}

impl Connection {
    /// A page of chats, most recent first, from a cursor of the page before.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`]; otherwise what any call can meet.
    pub async fn chats(&self, cursor: Option<&str>, limit: u32) -> Result<ChatPage, TelegramError> {
        let mut offset = match cursor {
            None => Offset::default(),
            Some(cursor) => Offset::parse(cursor).ok_or(TelegramError::InvalidCursor)?,
        };
        let mut chats = Vec::new();
        loop {
            let missing = limit.saturating_sub(u32::try_from(chats.len()).unwrap_or(u32::MAX));
            let (page, next) = self.dialogs(offset, missing.min(DIALOGS_PAGE_MAX)).await?;
            let was_empty = page.is_empty();
            chats.extend(page);
            match next {
                Some(next) if !was_empty && u32::try_from(chats.len()).is_ok_and(|length| length < limit) => offset = next,
                next => return Ok(ChatPage { chats, next_cursor: next.and_then(Offset::to_cursor) }),
            }
        }
    }

    /// One of Telegram's pages, and where the next one begins unless this was the last.
    async fn dialogs(&self, offset: Offset, limit: u32) -> Result<(Vec<super::Chat>, Option<Offset>), TelegramError> {
        let offset_peer = match offset.chat {
            None => enums::InputPeer::Empty,
            Some(chat) => Box::pin(self.input_peer(chat)).await?,
        };
        let request = functions::messages::GetDialogs {
            exclude_pinned: offset.chat.is_some(),
            folder_id: None,
            offset_date: offset.date,
            offset_id: offset.message_id,
            offset_peer,
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
            hash: 0,
        };
        let (dialogs, messages, chats, users, is_whole) = match self.invoke(&request).await? {
            enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.messages, all.chats, all.users, true),
            enums::messages::Dialogs::Slice(slice) => (slice.dialogs, slice.messages, slice.chats, slice.users, false),
            enums::messages::Dialogs::NotModified(_) => return Err(TelegramError::Unexpected("nothing was modified")),
        };
        let met = Met::new(users, chats);
        self.remember(&met).await?;
        let now = i64::try_from(now_secs()).unwrap_or(i64::MAX);
        let newest = |dialog: &types::Dialog| {
            messages.iter().find(|message| {
                convert::message_id(message) == dialog.top_message
                    && convert::message_place(message).is_some_and(|(_, chat)| chat == convert::chat_of(&dialog.peer))
            })
        };
        let mut next = None;
        let page = dialogs.iter().filter_map(|dialog| match dialog {
            enums::Dialog::Dialog(dialog) => Some(dialog),
            _ => None,
        });
        let page: Vec<_> = page
            .map(|dialog| {
                let message = newest(dialog);
                let date = message.and_then(convert::message_place).map_or(0, |(date, _)| date);
                next = Some(Offset { date, message_id: dialog.top_message, chat: Some(convert::chat_of(&dialog.peer)) });
                convert::chat(dialog, message, &met, now)
            })
            .collect();
        Ok((page, if is_whole { None } else { next }))
    }

    /// Messages of a chat before `offset_id` (from the newest for 0), newest first; of one topic if it is given.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn history(
        &self,
        chat: ChatId,
        offset_id: i32,
        limit: u32,
        topic_id: Option<i32>,
    ) -> Result<Vec<Message>, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let (mut messages, mut offset_id, mut missing) = (Vec::new(), offset_id, limit);
        while missing > 0 {
            let page_length = missing.min(HISTORY_PAGE_MAX);
            let raw = self.history_page(peer.clone(), offset_id, page_length, topic_id).await?;
            let (raw, met) = taken_apart(raw)?;
            self.remember(&met).await?;
            let Some(oldest) = raw.iter().map(convert::message_id).min() else { break };
            let is_last = u32::try_from(raw.len()).is_ok_and(|length| length < page_length);
            messages.extend(raw.iter().filter_map(|raw| convert::message(raw, &met, self.session.self_id())));
            if is_last {
                break;
            }
            (offset_id, missing) = (oldest, missing - page_length);
        }
        Ok(messages)
    }

    async fn history_page(
        &self,
        peer: enums::InputPeer,
        offset_id: i32,
        limit: u32,
        topic_id: Option<i32>,
    ) -> Result<enums::messages::Messages, TelegramError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let (offset_date, add_offset, max_id, min_id, hash) = (0, 0, 0, 0, 0);
        match topic_id {
            None => {
                let request =
                    functions::messages::GetHistory { peer, offset_id, offset_date, add_offset, limit, max_id, min_id, hash };
                self.invoke(&request).await
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
                self.invoke(&request).await
            }
        }
    }

    /// Marks the messages of a chat read, up to and including `max_id`.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn read_history(&self, chat: ChatId, max_id: i32) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        match (chat.kind(), &peer) {
            (ChatIdKind::Channel(channel_id), enums::InputPeer::Channel(known)) => {
                let channel = types::InputChannel { channel_id, access_hash: known.access_hash };
                let request = functions::channels::ReadHistory { channel: channel.into(), max_id };
                self.invoke(&request).await.map(|_| ())
            }
            _ => self.invoke(&functions::messages::ReadHistory { peer, max_id }).await.map(|_| ()),
        }
    }
}

/// The messages of an answer, and whom it mentions.
pub(super) fn taken_apart(raw: enums::messages::Messages) -> Result<(Vec<enums::Message>, Met), TelegramError> {
    use enums::messages::Messages;
    match raw {
        Messages::Messages(all) => Ok((all.messages, Met::new(all.users, all.chats))),
        Messages::Slice(slice) => Ok((slice.messages, Met::new(slice.users, slice.chats))),
        Messages::ChannelMessages(all) => Ok((all.messages, Met::new(all.users, all.chats))),
        Messages::NotModified(_) => Err(TelegramError::Unexpected("nothing was modified")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(date: i32, message_id: i32, chat in 1i64..1_000_000) {
            let offset = Offset { date, message_id, chat: ChatId::from_marked(-chat) };
            prop_assert_eq!(Offset::parse(&offset.to_cursor().unwrap()), Some(offset));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = Offset::parse(&text);
        }
    }
}
