//! Messages that are to be sent later.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, Message};

impl AccountContext {
    /// The messages that wait in a chat, the next to be sent first.
    pub(crate) async fn scheduled_messages(&self, chat: ChatId) -> Result<Vec<Message>, Error> {
        let method = "messages.getScheduledHistory";
        self.repeatable(method, async |connection| connection.scheduled_messages(chat).await).await
    }

    /// Deletes a message that waits.
    pub(crate) async fn delete_scheduled(&self, chat: ChatId, message_id: i32) -> Result<(), Error> {
        let method = "messages.deleteScheduledMessages";
        self.once(method, async |connection| connection.delete_scheduled(chat, message_id).await).await
    }

    /// Sends a message that waits, at once. It leaves the schedule as it is sent, so that it is never sent twice.
    pub(crate) async fn send_scheduled(&self, chat: ChatId, message_id: i32) -> Result<Message, Error> {
        let method = "messages.sendScheduledMessages";
        let sent = self.once(method, async |connection| connection.send_scheduled(chat, message_id).await).await;
        self.chats_changed();
        sent
    }
}
