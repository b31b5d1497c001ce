//! How groups, channels and people are named in calls that administer.

use grammers_tl_types::enums;

use super::peers::Addressed;
use super::{ChatId, Connection, TelegramError};

/// A group or a channel, as the methods that administer it take it.
pub(super) enum Place {
    /// A basic group, by its bare id.
    Group(i64),
    /// A channel or a supergroup.
    Channel(enums::InputChannel),
}

impl Connection {
    /// The group or channel that an id stands for.
    ///
    /// # Errors
    /// [`TelegramError::NotAGroup`] for a person, [`TelegramError::ChatNotFound`] for a chat that this account never met.
    pub(super) async fn place(&self, chat: ChatId) -> Result<Place, TelegramError> {
        if chat.value() > 0 {
            return Err(TelegramError::NotAGroup);
        }
        match self.addressed(chat).await? {
            Addressed::User(_) => Err(TelegramError::NotAGroup),
            Addressed::Group(id) => Ok(Place::Group(id)),
            Addressed::Channel(channel) => Ok(Place::Channel(channel)),
        }
    }

    /// A person, as calls take them.
    ///
    /// # Errors
    /// [`TelegramError::UserNotFound`] for somebody whom this account never met.
    pub(super) async fn input_user(&self, user_id: i64) -> Result<enums::InputUser, TelegramError> {
        self.addressed_user(person_id(user_id)?).await.map_err(as_user)
    }

    /// A person, as a peer.
    ///
    /// # Errors
    /// [`TelegramError::UserNotFound`] for somebody whom this account never met.
    pub(super) async fn person(&self, user_id: i64) -> Result<enums::InputPeer, TelegramError> {
        self.input_peer(person_id(user_id)?).await.map_err(as_user)
    }
}

fn person_id(user_id: i64) -> Result<ChatId, TelegramError> {
    ChatId::from_marked(user_id).filter(|_| user_id > 0).ok_or(TelegramError::UserNotFound)
}

fn as_user(error: TelegramError) -> TelegramError {
    match error {
        TelegramError::ChatNotFound => TelegramError::UserNotFound,
        other => other,
    }
}
