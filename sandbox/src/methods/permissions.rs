//! Whether what a user wants to send may be sent where they want to send it.

use grammers_tl_types as tl;
use grammers_tl_types::Deserializable;
use grammers_tl_types::enums::DocumentAttribute;

use super::call::Call;
use super::error::RpcError;
use super::messages::check_may_write;
use crate::world::administration::{right, taken};
use crate::world::attachment::Attachment;
use crate::world::ids::PeerId;
use crate::world::message_box::Content;

/// What members can be kept from sending, and the error where they are.
pub type Kind = (u32, &'static str);

/// Whether a user may send this kind of content to a peer now.
///
/// # Errors
/// `CHAT_WRITE_FORBIDDEN`, `CHAT_SEND_…_FORBIDDEN` for a kind of content that is taken from the members, `SLOWMODE_WAIT_n`.
pub fn check_may_send(call: &Call<'_>, user_id: i64, peer: PeerId, kind: Option<Kind>) -> Result<(), RpcError> {
    check_may_write(call, user_id, peer)?;
    if let Some((what, error)) = kind
        && !call.state().may_administer(user_id, peer, right::POST_MESSAGES)
        && !call.state().may(user_id, peer, what, call.now)
    {
        return Err(RpcError::forbidden(error));
    }
    check_slow_mode(call, user_id, peer)
}

/// Whether a user may send so many messages to a peer at once.
///
/// # Errors
/// `SLOWMODE_MULTI_MSGS_DISABLED` where they must wait between any two.
pub fn check_may_send_several(call: &Call<'_>, user_id: i64, peer: PeerId, messages: usize) -> Result<(), RpcError> {
    match slow_channel(call, user_id, peer) {
        Some(_) if messages > 1 => Err(RpcError::bad_request("SLOWMODE_MULTI_MSGS_DISABLED")),
        _ => Ok(()),
    }
}

/// The supergroup in which a user waits between two messages. Administrators do not wait.
fn slow_channel(call: &Call<'_>, user_id: i64, peer: PeerId) -> Option<i64> {
    let PeerId::Channel(channel_id) = peer else { return None };
    let waits = call.state().profiles.slow_modes.contains_key(&channel_id);
    (waits && !call.state().may_administer(user_id, peer, right::ALL)).then_some(channel_id)
}

/// Whether slow mode lets a user send now.
///
/// # Errors
/// `SLOWMODE_WAIT_n`.
fn check_slow_mode(call: &Call<'_>, user_id: i64, peer: PeerId) -> Result<(), RpcError> {
    let Some(channel_id) = slow_channel(call, user_id, peer) else { return Ok(()) };
    match call.state().profiles.next_send(channel_id, user_id, call.now) {
        Some(next) => Err(RpcError::new(420, format!("SLOWMODE_WAIT_{}", next.saturating_sub(call.now)))),
        None => Ok(()),
    }
}

/// Plain text.
pub const PLAIN: Kind = (taken::SEND_PLAIN, "CHAT_SEND_PLAIN_FORBIDDEN");
/// Polls and quizzes.
pub const POLL: Kind = (taken::SEND_POLLS, "CHAT_SEND_POLL_FORBIDDEN");
const PHOTO: Kind = (taken::SEND_PHOTOS, "CHAT_SEND_PHOTOS_FORBIDDEN");

/// The kind of what a message says.
pub fn kind_of_content(content: &Content) -> Option<Kind> {
    match content {
        Content::Text { .. } => Some(PLAIN),
        Content::Media { media, .. } if media.photo => Some(PHOTO),
        Content::Media { media, .. } => {
            let attributes: Vec<DocumentAttribute> = Vec::from_bytes(&media.attributes.0).unwrap_or_default();
            Some(kind_of_document(&attributes))
        }
        Content::Attachment(Attachment::Poll(_)) => Some(POLL),
        Content::Attachment(_) => None,
        Content::Action(_) => None,
    }
}

/// The kind of what is being sent.
pub fn kind_of_media(media: &tl::enums::InputMedia) -> Option<Kind> {
    match media {
        tl::enums::InputMedia::UploadedPhoto(_) | tl::enums::InputMedia::Photo(_) => Some(PHOTO),
        tl::enums::InputMedia::Poll(_) => Some(POLL),
        tl::enums::InputMedia::UploadedDocument(document) => Some(kind_of_document(&document.attributes)),
        _ => None,
    }
}

fn kind_of_document(attributes: &[DocumentAttribute]) -> Kind {
    let kinds = attributes.iter().filter_map(|attribute| match attribute {
        DocumentAttribute::Sticker(_) => Some((4, taken::SEND_STICKERS, "CHAT_SEND_STICKERS_FORBIDDEN")),
        DocumentAttribute::Animated => Some((3, taken::SEND_GIFS, "CHAT_SEND_GIFS_FORBIDDEN")),
        DocumentAttribute::Video(video) if video.round_message => {
            Some((2, taken::SEND_ROUNDVIDEOS, "CHAT_SEND_ROUNDVIDEOS_FORBIDDEN"))
        }
        DocumentAttribute::Video(_) => Some((2, taken::SEND_VIDEOS, "CHAT_SEND_VIDEOS_FORBIDDEN")),
        DocumentAttribute::Audio(audio) if audio.voice => Some((1, taken::SEND_VOICES, "CHAT_SEND_VOICES_FORBIDDEN")),
        DocumentAttribute::Audio(_) => Some((1, taken::SEND_AUDIOS, "CHAT_SEND_AUDIOS_FORBIDDEN")),
        _ => None,
    });
    // An animation is a video too, and what is more particular decides.
    let most_particular = kinds.max_by_key(|(weight, ..)| *weight);
    most_particular.map_or((taken::SEND_DOCS, "CHAT_SEND_DOCS_FORBIDDEN"), |(_, what, error)| (what, error))
}
