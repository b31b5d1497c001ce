//! The calls that operations make: each is one of Telegram's methods, or a bounded number of pages of one.

use grammers_tl_types::{enums, functions, types};

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::{ChatId, Connection, Message, TelegramError};

/// The most messages that Telegram gives at once.
const HISTORY_PAGE_MAX: u32 = 100;

impl Connection {
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
