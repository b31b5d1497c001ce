//! Addressing chats where Telegram wants a user or a channel, not any peer.

use grammers_tl_types::{enums, types};

use super::{ChatId, Connection, TelegramError};

/// How a chat is addressed, by its kind.
pub(super) enum Addressed {
    /// A user.
    User(enums::InputUser),
    /// A basic group, by its bare id.
    Group(i64),
    /// A channel or supergroup.
    Channel(enums::InputChannel),
}

impl Connection {
    /// How to address a chat in the calls of its kind.
    pub(super) async fn addressed(&self, chat: ChatId) -> Result<Addressed, TelegramError> {
        match self.input_peer(chat).await? {
            enums::InputPeer::PeerSelf => Ok(Addressed::User(enums::InputUser::UserSelf)),
            enums::InputPeer::User(user) => {
                let user = types::InputUser { user_id: user.user_id, access_hash: user.access_hash };
                Ok(Addressed::User(user.into()))
            }
            enums::InputPeer::Chat(chat) => Ok(Addressed::Group(chat.chat_id)),
            enums::InputPeer::Channel(channel) => {
                let channel = types::InputChannel { channel_id: channel.channel_id, access_hash: channel.access_hash };
                Ok(Addressed::Channel(channel.into()))
            }
            enums::InputPeer::UserFromMessage(seen) => {
                let (peer, msg_id, user_id) = (seen.peer, seen.msg_id, seen.user_id);
                Ok(Addressed::User(types::InputUserFromMessage { peer, msg_id, user_id }.into()))
            }
            enums::InputPeer::ChannelFromMessage(seen) => {
                let (peer, msg_id, channel_id) = (seen.peer, seen.msg_id, seen.channel_id);
                Ok(Addressed::Channel(types::InputChannelFromMessage { peer, msg_id, channel_id }.into()))
            }
            enums::InputPeer::Empty => Err(TelegramError::ChatNotFound),
        }
    }

    /// How to address a user.
    pub(super) async fn addressed_user(&self, user: ChatId) -> Result<enums::InputUser, TelegramError> {
        match self.addressed(user).await? {
            Addressed::User(user) => Ok(user),
            _ => Err(TelegramError::ChatNotFound),
        }
    }
}
