//! Pinning messages. Saying the same twice is no error.

use grammers_tl_types::{enums, functions};

use super::{ChatId, Connection, TelegramError};

/// How often Telegram is asked to go on unpinning one chat; each time it takes a part.
const UNPIN_ROUNDS_MAX: usize = 1_000;

/// How a message is pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinOptions {
    /// Whether nobody is notified.
    pub silent: bool,
    /// Whether it is pinned for this account alone; in a private chat only.
    pub one_side: bool,
}

impl Connection {
    /// Pins a message.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn pin_message(&self, chat: ChatId, message_id: i32, options: PinOptions) -> Result<(), TelegramError> {
        self.update_pinned(chat, message_id, false, options).await
    }

    /// Unpins a message.
    ///
    /// # Errors
    /// As [`Self::pin_message`].
    pub async fn unpin_message(&self, chat: ChatId, message_id: i32) -> Result<(), TelegramError> {
        self.update_pinned(chat, message_id, true, PinOptions::default()).await
    }

    async fn update_pinned(&self, chat: ChatId, id: i32, unpin: bool, options: PinOptions) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        let PinOptions { silent, one_side: pm_oneside } = options;
        match self.invoke(&functions::messages::UpdatePinnedMessage { silent, unpin, pm_oneside, peer, id }).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_modified() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Unpins all messages of a chat, or of one topic.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn unpin_all(&self, chat: ChatId, topic_id: Option<i32>) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        for _ in 0..UNPIN_ROUNDS_MAX {
            let request = functions::messages::UnpinAllMessages { peer: peer.clone(), top_msg_id: topic_id, saved_peer_id: None };
            let enums::messages::AffectedHistory::History(affected) = self.invoke(&request).await?;
            if affected.offset <= 0 {
                return Ok(());
            }
        }
        Err(TelegramError::Unexpected("pinned messages have no end"))
    }
}
