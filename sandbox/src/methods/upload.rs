//! Files: up in parts, and down in pieces.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::messages;
use super::permissions::{check_may_send, kind_of_media};
use super::photos;
use super::polls;
use super::scheduled;
use super::text;
use crate::world::event::NewMessage;
use crate::world::files::{PART_BYTES_MAX, PARTS_MAX};
use crate::world::ids::HexBytes;
use crate::world::message_box::{Content, Media};
use grammers_tl_types::Serializable;

/// The longest piece that one call gives, in bytes.
const PIECE_BYTES_MAX: i64 = 1024 * 1024;
/// What offsets and lengths of pieces must be multiples of, in bytes; with `precise`, the smaller one.
const ALIGNMENT: i64 = 4 * 1024;
const PRECISE_ALIGNMENT: i64 = 1024;
/// The longest caption, in characters.
const CAPTION_CHARS_MAX: usize = 1024;
const NAME_CHARS_MAX: usize = 256;

/// `upload.saveFilePart`.
pub fn save_file_part(call: &mut Call<'_>, request: tl::functions::upload::SaveFilePart) -> Result<bool, RpcError> {
    save(call, request.file_id, request.file_part, &request.bytes)
}

/// `upload.saveBigFilePart`.
pub fn save_big_file_part(call: &mut Call<'_>, request: tl::functions::upload::SaveBigFilePart) -> Result<bool, RpcError> {
    if request.file_total_parts != -1 && !(1..=PARTS_MAX).contains(&request.file_total_parts) {
        return Err(RpcError::bad_request("FILE_PARTS_INVALID"));
    }
    save(call, request.file_id, request.file_part, &request.bytes)
}

fn save(call: &Call<'_>, file_id: i64, part: i32, bytes: &[u8]) -> Result<bool, RpcError> {
    let owner = call.user_id()?;
    if !(0..PARTS_MAX).contains(&part) {
        return Err(RpcError::bad_request("FILE_PART_INVALID"));
    }
    if bytes.is_empty() {
        return Err(RpcError::bad_request("FILE_PART_EMPTY"));
    }
    if bytes.len() > PART_BYTES_MAX {
        return Err(RpcError::bad_request("FILE_PART_TOO_BIG"));
    }
    call.files.put_part(owner, file_id, part, bytes).map_err(|_| RpcError::internal())?;
    Ok(true)
}

/// `messages.sendMedia`: photos and documents that were uploaded.
pub fn send_media(call: &mut Call<'_>, request: tl::functions::messages::SendMedia) -> Result<tl::enums::Updates, RpcError> {
    let from = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_send(call, from, peer, kind_of_media(&request.media))?;
    if request.message.chars().count() > CAPTION_CHARS_MAX {
        return Err(RpcError::bad_request("MEDIA_CAPTION_TOO_LONG"));
    }
    let random_id = request.random_id;
    if random_id == 0 {
        return Err(RpcError::bad_request("RANDOM_ID_EMPTY"));
    }
    if call.me()?.random_ids.contains(random_id) {
        return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
    }
    let entities = if request.message.is_empty() {
        HexBytes::default()
    } else {
        match text::content(call, &request.message, request.entities)? {
            Content::Text { entities, .. } => entities,
            _ => HexBytes::default(),
        }
    };
    let content = match request.media {
        tl::enums::InputMedia::Poll(asked) => Content::Attachment(polls::made(call, peer, *asked)?),
        media => Content::Media { text: request.message, entities, media: uploaded(call, from, media)? },
    };
    let (reply_to, quote) = messages::answered(call, peer, request.reply_to)?;
    let new =
        NewMessage { from, peer, content, reply_to, quote, silent: request.silent, random_id: Some(random_id), date: call.now };
    scheduled::send(call, new, request.schedule_date)
}

/// What was uploaded, put together.
pub(super) fn uploaded(call: &mut Call<'_>, owner: i64, media: tl::enums::InputMedia) -> Result<Media, RpcError> {
    let (file, photo, mime_type, attributes) = match media {
        tl::enums::InputMedia::UploadedPhoto(photo) => (photo.file, true, "image/jpeg".to_owned(), HexBytes::default()),
        tl::enums::InputMedia::UploadedDocument(document) => {
            (document.file, false, document.mime_type, HexBytes(document.attributes.to_bytes()))
        }
        _ => return Err(RpcError::bad_request("MEDIA_INVALID")),
    };
    let (upload_id, parts, name) = match file {
        tl::enums::InputFile::File(file) => (file.id, file.parts, file.name),
        tl::enums::InputFile::Big(file) => (file.id, file.parts, file.name),
        tl::enums::InputFile::StoryDocument(_) => return Err(RpcError::bad_request("MEDIA_INVALID")),
    };
    if name.chars().count() > NAME_CHARS_MAX || mime_type.len() > NAME_CHARS_MAX {
        return Err(RpcError::bad_request("MEDIA_INVALID"));
    }
    if !(1..=PARTS_MAX).contains(&parts) {
        return Err(RpcError::bad_request("FILE_PARTS_INVALID"));
    }
    let file_id = call.state().last.file + 1;
    let assembled = call.files.assemble(owner, upload_id, parts, file_id).map_err(|_| RpcError::internal())?;
    let assembled = assembled.ok_or(RpcError::bad_request("FILE_PART_0_MISSING"))?;
    let (size, part_size, dc_id) = (assembled.size, assembled.part_size, call.session.dc_id);
    Ok(Media { file_id, photo, size, part_size, mime_type, name, attributes, date: call.now, dc_id })
}

/// The file at a location, for who has its hash.
fn located(call: &Call<'_>, location: &tl::enums::InputFileLocation) -> Result<Media, RpcError> {
    let (id, access_hash) = match location {
        tl::enums::InputFileLocation::InputDocumentFileLocation(location) => (location.id, location.access_hash),
        tl::enums::InputFileLocation::InputPhotoFileLocation(location) => (location.id, location.access_hash),
        tl::enums::InputFileLocation::InputPeerPhotoFileLocation(location) => return photos::at(call, location),
        _ => return Err(RpcError::bad_request("LOCATION_INVALID")),
    };
    let media = call.state().files.get(&id).cloned();
    let media = media.filter(|media| call.state().file_access_hash(media.file_id) == access_hash);
    media.ok_or(RpcError::bad_request("FILE_ID_INVALID"))
}

/// `upload.getFile`.
pub fn get_file(call: &mut Call<'_>, request: tl::functions::upload::GetFile) -> Result<tl::enums::upload::File, RpcError> {
    call.user_id()?;
    let media = located(call, &request.location)?;
    if media.dc_id != call.session.dc_id {
        return Err(RpcError::new(303, format!("FILE_MIGRATE_{}", media.dc_id)));
    }
    let (offset, limit) = (request.offset, i64::from(request.limit));
    let alignment = if request.precise { PRECISE_ALIGNMENT } else { ALIGNMENT };
    if offset < 0 || offset % alignment != 0 {
        return Err(RpcError::bad_request("OFFSET_INVALID"));
    }
    let crosses = offset / PIECE_BYTES_MAX != (offset + limit - 1) / PIECE_BYTES_MAX;
    if limit <= 0 || limit % alignment != 0 || limit > PIECE_BYTES_MAX || crosses {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let (offset, limit) = (offset.unsigned_abs(), limit.unsigned_abs());
    let bytes = call.files.read(media.file_id, media.part_size, offset, limit).map_err(|_| RpcError::internal())?;
    let kind = if media.photo { tl::enums::storage::FileType::FileJpeg } else { tl::enums::storage::FileType::FileUnknown };
    Ok(tl::types::upload::File { r#type: kind, mtime: media.date, bytes }.into())
}
