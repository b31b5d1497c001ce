//! Buttons under messages.

use super::{AccountCall, AccountContext};
use crate::error::{Code, Error};
use crate::telegram::{Button, ButtonAnswer, ChatId};

impl AccountContext {
    /// The buttons of a message.
    pub(crate) async fn buttons(&self, chat: ChatId, message_id: i32) -> Result<Vec<Button>, Error> {
        self.repeatable("messages.getMessages", async |connection| connection.buttons(chat, message_id).await).await
    }

    /// Refuses what only a bot may do.
    pub(crate) async fn check_is_bot(&self, field: &str) -> Result<(), Error> {
        let is_bot = self.repeatable("users.getUsers", async |connection| connection.is_bot().await).await?;
        if is_bot {
            return Ok(());
        }
        Err(Error::invalid(field, "is for accounts of bots: Telegram takes no buttons from people"))
    }
}

impl AccountCall {
    /// Presses a button that asks its bot.
    pub(crate) async fn press_button(&self, chat: ChatId, message_id: i32, button: &Button) -> Result<ButtonAnswer, Error> {
        let data = button.bytes().ok_or_else(|| Error::new(Code::Conflict, "The button does not ask its bot"))?;
        let press =
            self.once("messages.getBotCallbackAnswer", async |connection| connection.press_button(chat, message_id, data).await);
        press.await
    }
}
