//! What others are doing at this moment.

use grammers_tl_types::{enums, types};
use serde::Serialize;

use super::super::super::ChatId;
use super::user;
use crate::events::{EventName, NewEvent};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Typing {
    chat_id: ChatId,
    /// Who: a user, or a channel in whose name somebody writes.
    from_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<i32>,
    /// What: `typing`, `cancelled`, `recording_voice` and so on.
    action: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    user_id: i64,
    /// `online`, `offline`, `recently`, `last_week`, `last_month` or `unknown`.
    status: &'static str,
    /// Until when the user counts as online, or when they were last (Unix seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i32>,
}

pub(super) fn typing(chat_id: ChatId, from_id: ChatId, topic_id: Option<i32>, action: &enums::SendMessageAction) -> NewEvent {
    use enums::SendMessageAction as Raw;
    let action = match action {
        Raw::SendMessageTypingAction => "typing",
        Raw::SendMessageCancelAction => "cancelled",
        Raw::SendMessageRecordVideoAction => "recording_video",
        Raw::SendMessageUploadVideoAction(_) => "uploading_video",
        Raw::SendMessageRecordAudioAction => "recording_voice",
        Raw::SendMessageUploadAudioAction(_) => "uploading_voice",
        Raw::SendMessageUploadPhotoAction(_) => "uploading_photo",
        Raw::SendMessageUploadDocumentAction(_) => "uploading_document",
        Raw::SendMessageGeoLocationAction => "choosing_location",
        Raw::SendMessageChooseContactAction => "choosing_contact",
        Raw::SendMessageGamePlayAction => "playing_game",
        Raw::SendMessageRecordRoundAction => "recording_video_note",
        Raw::SendMessageUploadRoundAction(_) => "uploading_video_note",
        Raw::SendMessageChooseStickerAction => "choosing_sticker",
        _ => "other",
    };
    NewEvent::new(EventName::Typing, Some(chat_id), &Typing { chat_id, from_id, topic_id, action })
}

pub(super) fn status(update: &types::UpdateUserStatus) -> NewEvent {
    use enums::UserStatus as Raw;
    let (status, at) = match &update.status {
        Raw::Empty => ("unknown", None),
        Raw::Online(online) => ("online", Some(online.expires)),
        Raw::Offline(offline) => ("offline", Some(offline.was_online)),
        Raw::Recently(_) => ("recently", None),
        Raw::LastWeek(_) => ("last_week", None),
        Raw::LastMonth(_) => ("last_month", None),
    };
    NewEvent::new(EventName::UserStatus, Some(user(update.user_id)), &Status { user_id: update.user_id, status, at })
}
