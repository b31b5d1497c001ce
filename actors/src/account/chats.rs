//! What an account does with its chats as wholes.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, CreatedChat, FoundChat};

impl AccountContext {
    /// Makes a basic group.
    pub(crate) async fn create_group(&self, title: &str, users: &[ChatId]) -> Result<CreatedChat, Error> {
        let made = self.once("messages.createChat", async |connection| connection.create_group(title, users).await).await;
        self.chats_changed();
        made
    }

    /// Makes a channel or a supergroup.
    pub(crate) async fn create_channel(&self, title: &str, about: &str, megagroup: bool) -> Result<CreatedChat, Error> {
        let call = async |connection: &crate::telegram::Connection| connection.create_channel(title, about, megagroup).await;
        let made = self.once("channels.createChannel", call).await;
        self.chats_changed();
        made
    }

    /// Leaves or deletes a chat.
    pub(crate) async fn delete_chat(&self, chat: ChatId, for_everyone: bool) -> Result<(), Error> {
        let deleted =
            self.repeatable("messages.deleteHistory", async |connection| connection.delete_chat(chat, for_everyone).await).await;
        self.chats_changed();
        if deleted.is_ok() {
            self.forget_kept_chat(chat).await;
        }
        deleted
    }

    /// Finds people, groups and channels by what they are called.
    pub(crate) async fn search_chats(&self, query: &str, limit: u32) -> Result<Vec<FoundChat>, Error> {
        self.repeatable("contacts.search", async |connection| connection.search_chats(query, limit).await).await
    }
}
