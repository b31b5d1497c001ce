//! What kind of chat one is to an account.

use std::collections::HashMap;

use grammers_tl_types::{enums, functions};
use serde::{Deserialize, Serialize};

use super::convert::Met;
use super::peers::Addressed;
use super::session::kept_classes;
use super::{ChatFilter, ChatId, Connection, HistoryQuery, ListPlace, TelegramError};
use crate::vault::{AccountRecords, VaultError};

/// How many chats one question to Telegram is about, at most.
const ASKED_MAX: usize = 100;

/// How many of the newest messages are looked through for one that somebody else wrote.
const LOOKED_THROUGH: u32 = 100;

/// What kind of chat one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerClass {
    /// The account's chat with itself.
    Own,
    /// A person in the address book.
    Contact,
    /// Another person.
    Stranger,
    /// A bot.
    Bot,
    /// A group or supergroup.
    Group,
    /// A broadcast channel.
    Channel,
}

/// The kinds of some chats.
pub type PeerClasses = HashMap<ChatId, PeerClass>;

/// The kinds of chats, as far as they were met.
///
/// # Errors
/// When the records cannot be read.
pub(crate) async fn known_classes(records: &AccountRecords, chats: &[ChatId]) -> Result<PeerClasses, VaultError> {
    kept_classes(records, chats).await
}

impl Connection {
    /// Asks Telegram about chats, so that their kinds are known. Of those that cannot be found nothing is known afterwards.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn learn_classes(&self, chats: &[ChatId]) -> Result<(), TelegramError> {
        let is_unmet = async |chat: ChatId| Ok::<_, TelegramError>(self.session.input_peer(chat).await?.is_none());
        for chat in chats {
            if is_unmet(*chat).await? {
                // One look at the recent chats tells of all that are there.
                self.scan_chats(&ChatFilter::default(), ListPlace::Top, super::dialogs::DIALOGS_PAGE_MAX).await?;
                break;
            }
        }
        let (mut users, mut channels) = (Vec::new(), Vec::new());
        for chat in chats.iter().take(ASKED_MAX) {
            if is_unmet(*chat).await? {
                continue;
            }
            match self.addressed(*chat).await? {
                Addressed::User(user) => users.push(user),
                Addressed::Channel(channel) => channels.push(channel),
                Addressed::Group(_) => {}
            }
        }
        if !users.is_empty() {
            let users = self.invoke(&functions::users::GetUsers { id: users }).await?;
            self.remember(&Met::new(users, Vec::new())).await?;
        }
        if !channels.is_empty() {
            let chats = match self.invoke(&functions::channels::GetChannels { id: channels }).await? {
                enums::messages::Chats::Chats(found) => found.chats,
                enums::messages::Chats::Slice(found) => found.chats,
            };
            self.remember(&Met::new(Vec::new(), chats)).await?;
        }
        Ok(())
    }

    /// Whether anything was written in a chat, and when somebody else last wrote (Unix seconds), as far as the newest messages tell.
    ///
    /// # Errors
    /// As a reading of the history.
    pub async fn conversation(&self, chat: ChatId) -> Result<(bool, Option<i64>), TelegramError> {
        let page = self.history(chat, &HistoryQuery::newest(LOOKED_THROUGH)).await?;
        let written = || page.messages().iter().filter(|message| message.service.is_none());
        let heard_at = written().filter(|message| !message.is_outgoing).map(|message| message.date).max();
        Ok((written().next().is_some(), heard_at))
    }
}
