//! Leaving and deleting chats.

use grammers_tl_types::{enums, functions};

use super::peers::Addressed;
use super::{ChatId, Connection, TelegramError};

/// How often Telegram is asked to go on deleting one history.
const DELETION_ROUNDS_MAX: usize = 1_000;

impl Connection {
    /// Leaves a group or channel and forgets its history; forgets a private chat. `for_everyone` takes it from the others too: a
    /// private chat's history, or a group or channel that the account owns. What was left or deleted before is no error.
    ///
    /// # Errors
    /// `USER_CREATOR` for leaving a channel of one's own, [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn delete_chat(&self, chat: ChatId, for_everyone: bool) -> Result<(), TelegramError> {
        match self.addressed(chat).await? {
            Addressed::User(_) => self.forget_history(chat, for_everyone).await,
            Addressed::Group(chat_id) if for_everyone => {
                self.invoke(&functions::messages::DeleteChat { chat_id }).await.map(|_| ())
            }
            Addressed::Group(chat_id) => {
                let user_id = enums::InputUser::UserSelf;
                let request = functions::messages::DeleteChatUser { revoke_history: false, chat_id, user_id };
                tolerate_absence(self.invoke(&request).await)?;
                self.forget_history(chat, false).await
            }
            Addressed::Channel(channel) if for_everyone => {
                self.invoke(&functions::channels::DeleteChannel { channel }).await.map(|_| ())
            }
            Addressed::Channel(channel) => tolerate_absence(self.invoke(&functions::channels::LeaveChannel { channel }).await),
        }
    }

    /// Telegram deletes a long history in parts, and says how much is left.
    async fn forget_history(&self, chat: ChatId, revoke: bool) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        for _ in 0..DELETION_ROUNDS_MAX {
            let request = functions::messages::DeleteHistory {
                just_clear: false,
                revoke,
                peer: peer.clone(),
                max_id: 0,
                min_date: None,
                max_date: None,
            };
            let enums::messages::AffectedHistory::History(deleted) = self.invoke(&request).await?;
            if deleted.offset <= 0 {
                return Ok(());
            }
        }
        Err(TelegramError::Unexpected("a history has no end"))
    }
}

fn tolerate_absence<T>(left: Result<T, TelegramError>) -> Result<(), TelegramError> {
    match left {
        Ok(_) => Ok(()),
        Err(error) if error.is("USER_NOT_PARTICIPANT") => Ok(()),
        Err(error) => Err(error),
    }
}
