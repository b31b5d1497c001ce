//! Sending to chats in slow mode: nothing is sent to one before Telegram takes it.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, Connection, RefusalClass, TelegramError};

impl AccountContext {
    /// Sends something to a chat, as [`AccountContext::attempt`] makes any call, unless the chat's slow mode asks to wait.
    pub(super) async fn attempt_to_send<T>(
        &self,
        method: &'static str,
        chat: ChatId,
        send: impl AsyncFnOnce(&Connection) -> Result<T, TelegramError>,
    ) -> Result<Result<T, TelegramError>, Error> {
        self.flood.slow_mode(chat)?;
        let sent = self.attempt(method, send).await?;
        if let Err(TelegramError::Refused { refusal, value: Some(seconds) }) = &sent
            && refusal.class == RefusalClass::SlowMode
        {
            self.flood.slowed(chat, *seconds).await;
        }
        Ok(sent)
    }
}
