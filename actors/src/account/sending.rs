//! Sending, so that no message is ever sent twice.

use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::telegram::{ChatId, Connection, Message, TelegramError, TextToSend};

impl AccountCall {
    /// Sends a text.
    pub(crate) async fn send_message(&self, chat: ChatId, text: &TextToSend) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_message(chat, text, random_id).await;
        self.send_once("messages.sendMessage", chat, send).await
    }

    /// Sends something under a `random_id` that is durable before Telegram is called.
    pub(super) async fn send_once<T>(
        &self,
        method: &'static str,
        chat: ChatId,
        send: impl AsyncFnOnce(&Connection, i64) -> Result<T, TelegramError>,
    ) -> Result<T, Error> {
        let random_ids = self.begin_sends(chat, 1).await?;
        let random_id = random_ids.first().copied().unwrap_or_default();
        let sent = self.once(method, async |connection: &Connection| send(connection, random_id).await).await;
        let undecided = matches!(&sent, Err(error) if error.code() == Code::OutcomeUnknown);
        if !undecided {
            self.end_sends(random_ids.into_iter()).await;
        }
        self.chats_changed();
        sent
    }
}
