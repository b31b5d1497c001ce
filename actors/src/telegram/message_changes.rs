//! Editing and deleting messages.

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert::{self, Met};
use super::message_reading::input_channel;
use super::{ChatId, Connection, Message, TelegramError};

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// The messages that are gone.
    pub message_ids: Vec<i32>,
}

impl Connection {
    /// Replaces a message's text; one that says so already stays as it is.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn edit_message(&self, chat: ChatId, message_id: i32, text: &str) -> Result<Message, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let request = functions::messages::EditMessage {
            no_webpage: false,
            invert_media: false,
            peer,
            id: message_id,
            message: Some(text.to_owned()),
            media: None,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        let told = match self.invoke(&request).await {
            Ok(updates) => self.told_message(message_id, updates).await?,
            Err(error) if error.is_not_modified() => None,
            Err(error) => return Err(error),
        };
        match told {
            Some(message) => Ok(message),
            None => self.message(chat, message_id).await,
        }
    }

    /// The edited message in what Telegram answered, if it is there.
    async fn told_message(&self, message_id: i32, updates: enums::Updates) -> Result<Option<Message>, TelegramError> {
        let Some((updates, met)) = updates_and_met(updates) else { return Ok(None) };
        self.remember(&met).await?;
        let raw = updates.iter().find_map(|update| match update {
            enums::Update::EditMessage(update) => Some(&update.message),
            enums::Update::EditChannelMessage(update) => Some(&update.message),
            _ => None,
        });
        let raw = raw.filter(|raw| convert::message_id(raw) == message_id);
        Ok(raw.and_then(|raw| convert::message(raw, &met, self.session.self_id())))
    }

    /// Deletes messages that are known to be in the chat: Telegram deletes by id alone, whatever chat it is in.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn delete_messages(&self, chat: ChatId, message_ids: &[i32], revoke: bool) -> Result<(), TelegramError> {
        let id = message_ids.to_vec();
        match input_channel(chat, &self.input_peer(chat).await?) {
            Some(channel) => self.invoke(&functions::channels::DeleteMessages { channel, id }).await?,
            None => self.invoke(&functions::messages::DeleteMessages { revoke, id }).await?,
        };
        Ok(())
    }

    /// Deletes a part of a chat's messages up to `max_id`. Answers whether that was the last part.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn delete_history(&self, chat: ChatId, max_id: i32, revoke: bool) -> Result<bool, TelegramError> {
        let peer = self.input_peer(chat).await?;
        if let Some(channel) = input_channel(chat, &peer) {
            let request = functions::channels::DeleteHistory { for_everyone: revoke, channel, max_id };
            return self.invoke(&request).await.map(|_| true);
        }
        let (just_clear, min_date, max_date) = (true, None, None);
        let request = functions::messages::DeleteHistory { just_clear, revoke, peer, max_id, min_date, max_date };
        let enums::messages::AffectedHistory::History(affected) = self.invoke(&request).await?;
        Ok(affected.offset <= 0)
    }
}

/// The updates of an answer, and whom it mentions.
pub(super) fn updates_and_met(updates: enums::Updates) -> Option<(Vec<enums::Update>, Met)> {
    match updates {
        enums::Updates::Updates(all) => Some((all.updates, Met::new(all.users, all.chats))),
        enums::Updates::Combined(all) => Some((all.updates, Met::new(all.users, all.chats))),
        _ => None,
    }
}
