//! The bytes of files: up in parts, and down in pieces.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::photos;
use crate::world::file::{Media, ReferenceFault};
use crate::world::files::{PART_BYTES_MAX, PARTS_MAX, PREMIUM_PARTS_MAX};
use crate::world::view::{PROFILE_PHOTO, WHOLE_PHOTO};

/// The longest piece that one call gives, in bytes.
const PIECE_BYTES_MAX: i64 = 1024 * 1024;
/// What offsets and lengths of pieces must be multiples of, in bytes; with `precise`, the smaller one.
const ALIGNMENT: i64 = 4 * 1024;
const PRECISE_ALIGNMENT: i64 = 1024;

/// `upload.saveFilePart`.
pub fn save_file_part(call: &mut Call<'_>, request: tl::functions::upload::SaveFilePart) -> Result<bool, RpcError> {
    save(call, request.file_id, request.file_part, &request.bytes)
}

/// `upload.saveBigFilePart`.
pub fn save_big_file_part(call: &mut Call<'_>, request: tl::functions::upload::SaveBigFilePart) -> Result<bool, RpcError> {
    if request.file_total_parts != -1 && !(1..=parts_max(call)?).contains(&request.file_total_parts) {
        return Err(RpcError::bad_request("FILE_PARTS_INVALID"));
    }
    save(call, request.file_id, request.file_part, &request.bytes)
}

/// How many parts a file of the caller may have.
pub fn parts_max(call: &Call<'_>) -> Result<i32, RpcError> {
    Ok(if call.me()?.premium { PREMIUM_PARTS_MAX } else { PARTS_MAX })
}

fn save(call: &Call<'_>, file_id: i64, part: i32, bytes: &[u8]) -> Result<bool, RpcError> {
    let owner = call.user_id()?;
    if !(0..parts_max(call)?).contains(&part) {
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

/// What of a file a client asks for.
struct Wanted {
    file_id: i64,
    part_size: u64,
}

/// `upload.getFile`: of the file itself or of one of its smaller pictures, from the datacentre that keeps it.
pub fn get_file(call: &mut Call<'_>, request: tl::functions::upload::GetFile) -> Result<tl::enums::upload::File, RpcError> {
    call.user_id()?;
    let (media, size) = match request.location {
        tl::enums::InputFileLocation::InputDocumentFileLocation(at) => {
            (known(call, false, at.id, at.access_hash, &at.file_reference)?, at.thumb_size)
        }
        tl::enums::InputFileLocation::InputPhotoFileLocation(at) => {
            (known(call, true, at.id, at.access_hash, &at.file_reference)?, at.thumb_size)
        }
        tl::enums::InputFileLocation::InputPeerPhotoFileLocation(at) => (photos::at(call, &at)?, WHOLE_PHOTO.to_owned()),
        _ => return Err(RpcError::bad_request("LOCATION_INVALID")),
    };
    let wanted = wanted(media, &size).ok_or(RpcError::bad_request("LOCATION_INVALID"))?;
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
    let bytes = call.files.read(wanted.file_id, wanted.part_size, offset, limit).map_err(|_| RpcError::internal())?;
    let is_picture = media.photo || !size.is_empty();
    let kind = if is_picture { tl::enums::storage::FileType::FileJpeg } else { tl::enums::storage::FileType::FileUnknown };
    Ok(tl::types::upload::File { r#type: kind, mtime: media.date, bytes }.into())
}

/// The file that a client names, if it shows what it must.
///
/// # Errors
/// `FILE_ID_INVALID`, or why the reference does not do.
pub fn known<'a>(
    call: &'a Call<'_>,
    photo: bool,
    id: i64,
    access_hash: i64,
    file_reference: &[u8],
) -> Result<&'a Media, RpcError> {
    let viewer = call.user_id()?;
    let media = call.state().files.get(&id).filter(|media| media.photo == photo);
    let media = media.filter(|_| call.state().file_access_hash(viewer, id) == access_hash);
    let media = media.ok_or(RpcError::bad_request("FILE_ID_INVALID"))?;
    match call.state().check_file_reference(viewer, id, file_reference) {
        Ok(()) => Ok(media),
        Err(ReferenceFault::Empty) => Err(RpcError::bad_request("FILE_REFERENCE_EMPTY")),
        Err(ReferenceFault::Expired) => Err(RpcError::bad_request("FILE_REFERENCE_EXPIRED")),
        Err(ReferenceFault::Invalid) => Err(RpcError::bad_request("FILE_REFERENCE_INVALID")),
    }
}

/// The size of this name: a file itself has none.
fn wanted(media: &Media, size: &str) -> Option<Wanted> {
    let is_whole = if media.photo { [WHOLE_PHOTO, PROFILE_PHOTO].contains(&size) } else { size.is_empty() };
    if is_whole {
        return Some(Wanted { file_id: media.file_id, part_size: media.part_size });
    }
    let thumbnail = media.thumbnails.iter().find(|thumbnail| thumbnail.kind == size)?;
    Some(Wanted { file_id: thumbnail.file_id, part_size: thumbnail.part_size })
}
