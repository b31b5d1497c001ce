//! What may be written in a message.

use grammers_tl_types::{self as tl, Serializable};

use super::call::Call;
use super::error::RpcError;
use super::help::MESSAGE_CHARS_MAX;
use crate::world::ids::HexBytes;
use crate::world::message_box::Content;

/// Entities that one message may have.
const ENTITIES_MAX: usize = 100;

/// The content of a message that a client wrote.
///
/// # Errors
/// `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`, `ENTITIES_TOO_LONG`, or `USER_ID_INVALID` for a mention.
pub fn content(call: &Call<'_>, text: &str, entities: Option<Vec<tl::enums::MessageEntity>>) -> Result<Content, RpcError> {
    if text.trim().is_empty() {
        return Err(RpcError::bad_request("MESSAGE_EMPTY"));
    }
    if text.chars().count() > MESSAGE_CHARS_MAX {
        return Err(RpcError::bad_request("MESSAGE_TOO_LONG"));
    }
    let entities = entities.unwrap_or_default();
    if entities.len() > ENTITIES_MAX {
        return Err(RpcError::bad_request("ENTITIES_TOO_LONG"));
    }
    // Telegram counts an entity's place in UTF-16 units.
    let units = i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX);
    let mut kept = Vec::new();
    for entity in entities {
        let end = entity.offset().checked_add(entity.length());
        if entity.offset() < 0 || entity.length() <= 0 || end.is_none_or(|end| end > units) {
            return Err(RpcError::bad_request("ENTITY_BOUNDS_INVALID"));
        }
        kept.push(as_kept(call, entity)?);
    }
    let entities = if kept.is_empty() { HexBytes::default() } else { HexBytes(kept.to_bytes()) };
    Ok(Content::Text { text: text.to_owned(), entities })
}

/// A mention as a client names it holds an access hash, and as it is read it does not.
fn as_kept(call: &Call<'_>, entity: tl::enums::MessageEntity) -> Result<tl::enums::MessageEntity, RpcError> {
    let tl::enums::MessageEntity::InputMessageEntityMentionName(mention) = entity else { return Ok(entity) };
    let user_id = call.user(&mention.user_id)?.id;
    Ok(tl::types::MessageEntityMentionName { offset: mention.offset, length: mention.length, user_id }.into())
}
