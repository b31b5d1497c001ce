//! Reading messages by their ids, and what else there is to know of one.

use std::collections::{BTreeMap, BTreeSet};

use grammers_tl_types::{enums, functions, types};

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::peers::Addressed;
use super::{ChatId, Connection, Message, TelegramError};
use schemars::JsonSchema;
use serde::Serialize;

/// Somebody who read a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    /// Who.
    pub user_id: i64,
    /// When (Unix seconds).
    pub read_at: i64,
}

impl Connection {
    /// One message of a chat.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn message(&self, chat: ChatId, message_id: i32) -> Result<Message, TelegramError> {
        let (messages, met) = self.messages_by_id(chat, &[message_id]).await?;
        let found = messages.first().and_then(|raw| convert::message(raw, &met, self.session.self_id()));
        found.ok_or(TelegramError::MessageNotFound)
    }

    /// Those of these messages that the chat has, each once and in this order.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn messages(&self, chat: ChatId, message_ids: &[i32]) -> Result<Vec<Message>, TelegramError> {
        let (raw, met) = self.messages_by_id(chat, message_ids).await?;
        let read = raw.iter().filter_map(|raw| convert::message(raw, &met, self.session.self_id()));
        let mut read: BTreeMap<i32, Message> = read.map(|message| (message.id, message)).collect();
        Ok(message_ids.iter().filter_map(|id| read.remove(id)).collect())
    }

    /// One message of a chat as Telegram has it.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub(super) async fn raw_message(&self, chat: ChatId, message_id: i32) -> Result<enums::Message, TelegramError> {
        let (messages, _) = self.messages_by_id(chat, &[message_id]).await?;
        messages.into_iter().next().ok_or(TelegramError::MessageNotFound)
    }

    /// Which of these messages the chat has, each once and in this order.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn present_messages(&self, chat: ChatId, message_ids: &[i32]) -> Result<Vec<i32>, TelegramError> {
        let (messages, _) = self.messages_by_id(chat, message_ids).await?;
        let mut left: BTreeSet<i32> = messages.iter().map(convert::message_id).collect();
        Ok(message_ids.iter().copied().filter(|id| left.remove(id)).collect())
    }

    /// The `t.me` link of a message.
    ///
    /// # Errors
    /// [`TelegramError::NotInBasicGroups`] for a chat that is no supergroup and no channel, [`TelegramError::MessageNotFound`],
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn message_link(&self, chat: ChatId, message_id: i32) -> Result<String, TelegramError> {
        let channel = input_channel(chat, &self.input_peer(chat).await?).ok_or(TelegramError::NotInBasicGroups)?;
        let request = functions::channels::ExportMessageLink { grouped: false, thread: false, channel, id: message_id };
        let enums::ExportedMessageLink::Link(exported) = self.invoke(&request).await?;
        Ok(exported.link)
    }

    /// Who has read a message: of a private chat the other one, of a group its members.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], Telegram's refusals, or what any call can meet.
    pub async fn message_readers(&self, chat: ChatId, msg_id: i32) -> Result<Vec<Reader>, TelegramError> {
        let peer = self.input_peer(chat).await?;
        if matches!(peer, enums::InputPeer::PeerSelf) {
            return Ok(Vec::new());
        }
        if let Addressed::User(_) = self.addressed(chat).await? {
            return match self.invoke(&functions::messages::GetOutboxReadDate { peer, msg_id }).await {
                Ok(enums::OutboxReadDate::Date(read)) => Ok(vec![Reader { user_id: chat.bare(), read_at: i64::from(read.date) }]),
                Err(error) if error.is("MESSAGE_NOT_READ_YET") => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let readers = self.invoke(&functions::messages::GetMessageReadParticipants { peer, msg_id }).await?;
        let readers = readers
            .into_iter()
            .map(|enums::ReadParticipantDate::Date(reader)| Reader { user_id: reader.user_id, read_at: i64::from(reader.date) });
        Ok(readers.collect())
    }

    /// Those of these messages that the chat has. The ids of private chats and basic groups are one sequence, so that Telegram
    /// answers messages of any of them; the ones of other chats are left out.
    pub(super) async fn messages_by_id(
        &self,
        chat: ChatId,
        message_ids: &[i32],
    ) -> Result<(Vec<enums::Message>, Met), TelegramError> {
        let id = message_ids.iter().map(|id| types::InputMessageId { id: *id }.into()).collect();
        let peer = self.input_peer(chat).await?;
        let raw = match input_channel(chat, &peer) {
            Some(channel) => self.invoke(&functions::channels::GetMessages { channel, id }).await?,
            None => self.invoke(&functions::messages::GetMessages { id }).await?,
        };
        let (mut messages, met) = super::calls::taken_apart(raw)?;
        self.remember(&met).await?;
        messages.retain(|message| convert::message_place(message).is_some_and(|(_, place)| place == chat));
        Ok((messages, met))
    }
}

/// How to address a chat in the methods of channels, if it is one.
pub(super) fn input_channel(chat: ChatId, peer: &enums::InputPeer) -> Option<enums::InputChannel> {
    match (chat.kind(), peer) {
        (ChatIdKind::Channel(channel_id), enums::InputPeer::Channel(known)) => {
            Some(types::InputChannel { channel_id, access_hash: known.access_hash }.into())
        }
        _ => None,
    }
}
