//! How an account keeps its chats: archived, silent, marked unread, pinned. Saying the same twice is no error.

use grammers_tl_types::{enums, functions, types};

use super::{ChatId, Connection, TelegramError};

/// The folder that is the archive.
const ARCHIVE: i32 = 1;

impl Connection {
    /// Moves a chat into the archive, or out of it.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn archive_chat(&self, chat: ChatId, archived: bool) -> Result<(), TelegramError> {
        let folder_id = if archived { ARCHIVE } else { 0 };
        let folder_peer = types::InputFolderPeer { peer: self.input_peer(chat).await?, folder_id };
        let request = functions::folders::EditPeerFolders { folder_peers: vec![folder_peer.into()] };
        self.invoke(&request).await.map(|_| ())
    }

    /// Turns a chat's notifications off until a time in Unix seconds; on again for 0.
    ///
    /// # Errors
    /// As [`Self::archive_chat`].
    pub async fn mute_chat(&self, chat: ChatId, until: i32) -> Result<(), TelegramError> {
        let settings = types::InputPeerNotifySettings {
            show_previews: None,
            silent: None,
            mute_until: Some(until),
            sound: None,
            stories_muted: None,
            stories_hide_sender: None,
            stories_sound: None,
        };
        let peer = types::InputNotifyPeer { peer: self.input_peer(chat).await? };
        let request = functions::account::UpdateNotifySettings { peer: peer.into(), settings: settings.into() };
        self.invoke(&request).await.map(|_| ())
    }

    /// Marks a chat unread, or takes the mark away.
    ///
    /// # Errors
    /// As [`Self::archive_chat`].
    pub async fn mark_chat_unread(&self, chat: ChatId, unread: bool) -> Result<(), TelegramError> {
        let peer = self.input_dialog(chat).await?;
        self.invoke(&functions::messages::MarkDialogUnread { unread, parent_peer: None, peer }).await.map(|_| ())
    }

    /// Pins a chat to the top of the list, or lets it go.
    ///
    /// # Errors
    /// `PINNED_DIALOGS_TOO_MUCH`; otherwise as [`Self::archive_chat`].
    pub async fn pin_chat(&self, chat: ChatId, pinned: bool) -> Result<(), TelegramError> {
        let peer = self.input_dialog(chat).await?;
        self.invoke(&functions::messages::ToggleDialogPin { pinned, peer }).await.map(|_| ())
    }

    /// How to name a chat as an entry of the list.
    pub(super) async fn input_dialog(&self, chat: ChatId) -> Result<enums::InputDialogPeer, TelegramError> {
        Ok(types::InputDialogPeer { peer: self.input_peer(chat).await? }.into())
    }
}
