//! Messages that are to be sent later.

use grammers_tl_types::{enums, functions};

use super::convert;
use super::message_changes::updates_and_met;
use super::{ChatId, Connection, Message, TelegramError};

impl Connection {
    /// The messages that wait in a chat, the next to be sent first.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn scheduled_messages(&self, chat: ChatId) -> Result<Vec<Message>, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let raw = self.invoke(&functions::messages::GetScheduledHistory { peer, hash: 0 }).await?;
        let (_, mut messages) = self.read_messages(raw).await?;
        messages.iter_mut().for_each(|message| message.scheduled = true);
        messages.sort_by_key(|message| (message.date, message.id));
        Ok(messages)
    }

    /// Deletes a message that waits.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn delete_scheduled(&self, chat: ChatId, message_id: i32) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        self.invoke(&functions::messages::DeleteScheduledMessages { peer, id: vec![message_id] }).await.map(|_| ())
    }

    /// Sends a message that waits, at once. Answers what it became.
    ///
    /// # Errors
    /// As [`Self::delete_scheduled`].
    pub async fn send_scheduled(&self, chat: ChatId, message_id: i32) -> Result<Message, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let sent = self.invoke(&functions::messages::SendScheduledMessages { peer, id: vec![message_id] }).await?;
        let unexpected = || TelegramError::Unexpected("the answer does not hold the message");
        let (updates, met) = updates_and_met(sent).ok_or_else(unexpected)?;
        self.remember(&met).await?;
        let raw = updates.iter().find_map(|update| match update {
            enums::Update::NewMessage(update) => Some(&update.message),
            enums::Update::NewChannelMessage(update) => Some(&update.message),
            _ => None,
        });
        raw.and_then(|raw| convert::message(raw, &met, self.session.self_id())).ok_or_else(unexpected)
    }
}
