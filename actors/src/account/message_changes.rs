//! Changing what was sent.

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::telegram::{ChatId, Connection, Deleted, HistoryQuery, Message};

/// How often Telegram is asked to go on deleting a history; each time it takes a part.
const HISTORY_PARTS_MAX: usize = 1_000;

impl AccountContext {
    /// Replaces a message's text. Twice the same is once.
    pub(crate) async fn edit_message(&self, chat: ChatId, message_id: i32, text: &str) -> Result<Message, Error> {
        let edited =
            self.repeatable("messages.editMessage", async |connection| connection.edit_message(chat, message_id, text).await);
        let edited = edited.await?;
        self.chats_changed();
        Ok(edited)
    }

    /// Deletes messages of a chat.
    pub(crate) async fn delete_messages(&self, chat: ChatId, message_ids: &[i32], revoke: bool) -> Result<Deleted, Error> {
        let message_ids = self.present_messages(chat, message_ids).await?;
        if !message_ids.is_empty() {
            let delete = async |connection: &Connection| connection.delete_messages(chat, &message_ids, revoke).await;
            self.once("messages.deleteMessages", delete).await?;
            self.chats_changed();
        }
        Ok(Deleted { message_ids })
    }

    /// Those of these messages that the chat has, each once and in the order in which they are named. Where Telegram acts by id
    /// alone, only these may be named to it.
    pub(super) async fn present_messages(&self, chat: ChatId, message_ids: &[i32]) -> Result<Vec<i32>, Error> {
        let look = async |connection: &Connection| connection.present_messages(chat, message_ids).await;
        self.repeatable("messages.getMessages", look).await
    }

    /// Deletes the messages of a chat up to `max_id`, or all for 0.
    pub(crate) async fn delete_history(&self, chat: ChatId, max_id: i32, revoke: bool) -> Result<(), Error> {
        // What arrives meanwhile is not part of what the caller saw, so the end is fixed before the first part is deleted.
        let newest = match max_id {
            0 => self.history(chat, &HistoryQuery::newest(1)).await?.messages().first().map_or(0, |message| message.id),
            max_id => max_id,
        };
        if newest == 0 {
            return Ok(());
        }
        for _ in 0..HISTORY_PARTS_MAX {
            let delete = async |connection: &Connection| connection.delete_history(chat, newest, revoke).await;
            let is_whole = self.once("messages.deleteHistory", delete).await?;
            self.chats_changed();
            if is_whole {
                return Ok(());
            }
        }
        Err(Error::new(Code::Conflict, "The history is too long to be deleted at once: ask again to delete the rest"))
    }
}
