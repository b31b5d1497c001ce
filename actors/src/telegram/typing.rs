//! Showing the others what the account is doing.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ChatId, Connection, TelegramError};

/// What the others are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatAction {
    /// It is typing.
    #[default]
    Typing,
    /// It does nothing any more.
    Cancel,
    /// It records a voice message.
    RecordVoice,
    /// It uploads a voice message or music.
    UploadVoice,
    /// It records a video.
    RecordVideo,
    /// It uploads a video.
    UploadVideo,
    /// It records a round video.
    RecordVideoNote,
    /// It uploads a photo.
    UploadPhoto,
    /// It uploads a file.
    UploadDocument,
    /// It chooses a sticker.
    ChooseSticker,
    /// It chooses a place.
    ChooseLocation,
    /// It chooses a contact.
    ChooseContact,
}

impl From<ChatAction> for enums::SendMessageAction {
    fn from(action: ChatAction) -> Self {
        let progress = 0;
        match action {
            ChatAction::Typing => Self::SendMessageTypingAction,
            ChatAction::Cancel => Self::SendMessageCancelAction,
            ChatAction::RecordVoice => Self::SendMessageRecordAudioAction,
            ChatAction::UploadVoice => types::SendMessageUploadAudioAction { progress }.into(),
            ChatAction::RecordVideo => Self::SendMessageRecordVideoAction,
            ChatAction::UploadVideo => types::SendMessageUploadVideoAction { progress }.into(),
            ChatAction::RecordVideoNote => Self::SendMessageRecordRoundAction,
            ChatAction::UploadPhoto => types::SendMessageUploadPhotoAction { progress }.into(),
            ChatAction::UploadDocument => types::SendMessageUploadDocumentAction { progress }.into(),
            ChatAction::ChooseSticker => Self::SendMessageChooseStickerAction,
            ChatAction::ChooseLocation => Self::SendMessageGeoLocationAction,
            ChatAction::ChooseContact => Self::SendMessageChooseContactAction,
        }
    }
}

impl Connection {
    /// Shows the others what the account is doing, for about six seconds or until it sends something.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn send_typing(&self, chat: ChatId, action: ChatAction, topic_id: Option<i32>) -> Result<(), TelegramError> {
        let peer = self.input_peer(chat).await?;
        let request = functions::messages::SetTyping { peer, top_msg_id: topic_id, action: action.into() };
        self.invoke(&request).await.map(|_| ())
    }
}
