//! The calls that operations make: each is one of Telegram's methods, or a bounded number of pages of one.

use grammers_tl_types::{enums, functions, types};

use super::chat_id::ChatIdKind;
use super::convert::Met;
use super::{ChatId, Connection, TelegramError};

impl Connection {
    /// Marks the messages of a chat read, up to and including `max_id`.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn read_history(&self, chat: ChatId, max_id: i32) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        match (chat.kind(), &peer) {
            (ChatIdKind::Channel(channel_id), enums::InputPeer::Channel(known)) => {
                let channel = types::InputChannel { channel_id, access_hash: known.access_hash };
                let request = functions::channels::ReadHistory { channel: channel.into(), max_id };
                self.invoke(&request).await.map(|_| ())
            }
            _ => self.invoke(&functions::messages::ReadHistory { peer, max_id }).await.map(|_| ()),
        }
    }
}

fn apart(messages: Vec<enums::Message>, users: Vec<enums::User>, chats: Vec<enums::Chat>) -> (Vec<enums::Message>, Met) {
    let met = Met::new(users, chats).seen_in(&messages);
    (messages, met)
}

/// The messages of an answer, and whom it mentions.
pub(super) fn taken_apart(raw: enums::messages::Messages) -> Result<(Vec<enums::Message>, Met), TelegramError> {
    use enums::messages::Messages;
    match raw {
        Messages::Messages(all) => Ok(apart(all.messages, all.users, all.chats)),
        Messages::Slice(slice) => Ok(apart(slice.messages, slice.users, slice.chats)),
        Messages::ChannelMessages(all) => Ok(apart(all.messages, all.users, all.chats)),
        Messages::NotModified(_) => Err(TelegramError::Unexpected("nothing was modified")),
    }
}
