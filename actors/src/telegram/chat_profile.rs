//! What groups and channels show of themselves, and what their members may do.

use grammers_tl_types::{enums, functions, types};

use super::addressing::Place;
use super::convert::Met;
use super::member_permissions::PermissionChanges;
use super::{ChatId, Connection, TelegramError};

impl Connection {
    /// Gives a group or a channel another title.
    ///
    /// # Errors
    /// `CHAT_NOT_MODIFIED` and its kin, [`TelegramError::NotAGroup`], [`TelegramError::Refused`], or what any call can meet.
    pub async fn edit_chat_title(&self, chat: ChatId, title: &str) -> Result<(), TelegramError> {
        let title = title.to_owned();
        let updates = match self.place(chat).await? {
            Place::Group(chat_id) => self.invoke(&functions::messages::EditChatTitle { chat_id, title }).await?,
            Place::Channel(channel) => self.invoke(&functions::channels::EditTitle { channel, title }).await?,
        };
        self.remember_updates(updates).await.map(|_| ())
    }

    /// Gives a group or a channel another description; an empty one is none.
    ///
    /// # Errors
    /// As [`Self::edit_chat_title`].
    pub async fn edit_chat_about(&self, chat: ChatId, about: &str) -> Result<(), TelegramError> {
        let peer = self.group_peer(chat).await?;
        self.invoke(&functions::messages::EditChatAbout { peer, about: about.to_owned() }).await.map(|_| ())
    }

    /// Makes the members of a supergroup wait so many seconds between two messages; 0 for not at all.
    ///
    /// # Errors
    /// [`TelegramError::NotInBasicGroups`], [`TelegramError::Refused`] for a channel; otherwise as [`Self::edit_chat_title`].
    pub async fn set_slow_mode(&self, chat: ChatId, seconds: i32) -> Result<(), TelegramError> {
        let Place::Channel(channel) = self.place(chat).await? else { return Err(TelegramError::NotInBasicGroups) };
        match self.invoke(&functions::channels::ToggleSlowMode { channel, seconds }).await {
            Ok(updates) => self.remember_updates(updates).await.map(|_| ()),
            // The chat is one that the account knows, so it is of the wrong kind.
            Err(error) if error.is("CHAT_ID_INVALID") || error.is("CHANNEL_INVALID") => {
                Err(TelegramError::refused("MEGAGROUP_REQUIRED"))
            }
            Err(error) => Err(error),
        }
    }

    /// Changes what the members of a group or a channel may do; the rest stays as it is.
    ///
    /// # Errors
    /// As [`Self::edit_chat_title`].
    pub async fn edit_permissions(&self, chat: ChatId, changes: &PermissionChanges) -> Result<(), TelegramError> {
        let peer = self.group_peer(chat).await?;
        let before = self.members_denied(chat).await?;
        let banned_rights = changes.applied_to(&before).into();
        let request = functions::messages::EditChatDefaultBannedRights { peer, banned_rights };
        let updates = self.invoke(&request).await?;
        self.remember_updates(updates).await.map(|_| ())
    }

    /// A group or a channel, as a peer.
    pub(super) async fn group_peer(&self, chat: ChatId) -> Result<enums::InputPeer, TelegramError> {
        self.place(chat).await?;
        self.input_peer(chat).await
    }

    /// What the members of a group or a channel may not do.
    async fn members_denied(&self, chat: ChatId) -> Result<types::ChatBannedRights, TelegramError> {
        let found = match self.place(chat).await? {
            Place::Group(id) => self.invoke(&functions::messages::GetChats { id: vec![id] }).await?,
            Place::Channel(channel) => self.invoke(&functions::channels::GetChannels { id: vec![channel] }).await?,
        };
        let (enums::messages::Chats::Chats(types::messages::Chats { chats })
        | enums::messages::Chats::Slice(types::messages::ChatsSlice { chats, .. })) = found;
        let met = Met::new(Vec::new(), chats);
        let denied = match met.group(chat) {
            Some(enums::Chat::Chat(chat)) => chat.default_banned_rights.as_ref(),
            Some(enums::Chat::Channel(channel)) => channel.default_banned_rights.as_ref(),
            _ => return Err(TelegramError::ChatNotFound),
        };
        let nothing = super::rights::Permission::bits(|_| false);
        Ok(denied.map_or(nothing, |enums::ChatBannedRights::Rights(denied)| denied.clone()))
    }
}
