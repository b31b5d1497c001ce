//! Making groups and channels.

use grammers_tl_types::{enums, functions};

use super::convert::{self, Met};
use super::{ChatId, Connection, CreatedChat, TelegramError};

impl Connection {
    /// Makes a basic group with these users.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`] for a user whom the account does not know; otherwise what any call can meet.
    pub async fn create_group(&self, title: &str, users: &[ChatId]) -> Result<CreatedChat, TelegramError> {
        let mut invited = Vec::with_capacity(users.len());
        for user in users {
            invited.push(self.addressed_user(*user).await?);
        }
        let request = functions::messages::CreateChat { users: invited, title: title.to_owned(), ttl_period: None };
        let enums::messages::InvitedUsers::Users(made) = self.invoke(&request).await?;
        let missing = made.missing_invitees.iter().map(|enums::MissingInvitee::Invitee(missing)| missing.user_id);
        let missing_user_ids = missing.collect();
        Ok(CreatedChat { chat_id: self.made(made.updates).await?, missing_user_ids })
    }

    /// Makes a channel, or a supergroup.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_channel(&self, title: &str, about: &str, megagroup: bool) -> Result<CreatedChat, TelegramError> {
        let request = functions::channels::CreateChannel {
            broadcast: !megagroup,
            megagroup,
            for_import: false,
            forum: false,
            title: title.to_owned(),
            about: about.to_owned(),
            geo_point: None,
            address: None,
            ttl_period: None,
        };
        let made = self.invoke(&request).await?;
        Ok(CreatedChat { chat_id: self.made(made).await?, missing_user_ids: Vec::new() })
    }

    /// The one group or channel that an answer speaks of.
    pub(super) async fn made(&self, updates: enums::Updates) -> Result<ChatId, TelegramError> {
        let (users, chats) = match updates {
            enums::Updates::Updates(updates) => (updates.users, updates.chats),
            enums::Updates::Combined(updates) => (updates.users, updates.chats),
            _ => (Vec::new(), Vec::new()),
        };
        let id = chats.iter().find_map(convert::marked_id);
        self.remember(&Met::new(users, chats)).await?;
        id.ok_or(TelegramError::Unexpected("the answer does not hold the chat"))
    }
}
