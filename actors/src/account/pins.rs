//! Pinning messages.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, PinOptions};

impl AccountContext {
    /// Pins a message. Twice the same is once.
    pub(crate) async fn pin_message(&self, chat: ChatId, message_id: i32, options: PinOptions) -> Result<(), Error> {
        let method = "messages.updatePinnedMessage";
        self.repeatable(method, async |connection| connection.pin_message(chat, message_id, options).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// Unpins a message. Twice the same is once.
    pub(crate) async fn unpin_message(&self, chat: ChatId, message_id: i32) -> Result<(), Error> {
        let method = "messages.updatePinnedMessage";
        self.repeatable(method, async |connection| connection.unpin_message(chat, message_id).await).await
    }

    /// Unpins all messages of a chat, or of one topic.
    pub(crate) async fn unpin_all(&self, chat: ChatId, topic_id: Option<i32>) -> Result<(), Error> {
        let method = "messages.unpinAllMessages";
        self.repeatable(method, async |connection| connection.unpin_all(chat, topic_id).await).await
    }
}
