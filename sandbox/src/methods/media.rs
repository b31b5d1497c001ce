//! What a client sends besides text: photos and files, contacts, places.

use grammers_tl_types as tl;
use grammers_tl_types::Serializable;
use grammers_tl_types::enums::{InputFile, InputGeoPoint, InputMedia, InputPhoto, MessageMedia};

use super::call::Call;
use super::error::RpcError;
use super::polls;
use super::text;
use super::upload::{self, parts_max};
use crate::world::attachment::Attachment;
use crate::world::file::{Media, Thumbnail};
use crate::world::files::Assembled;
use crate::world::ids::{HexBytes, PeerId};
use crate::world::message_box::Content;
use crate::world::thumbnail::{SOURCE_BYTES_MAX, look_into};

/// The longest caption, in characters.
const CAPTION_CHARS_MAX: usize = 1024;
/// The longest name of a file, media type, or text of a contact or a place, in characters.
const NAME_CHARS_MAX: usize = 256;
/// The longest card of a contact, in characters.
const CARD_CHARS_MAX: usize = 2048;
/// The largest picture that a client may give a file, in bytes.
const THUMBNAIL_BYTES_MAX: u64 = 200 * 1024;
/// How long a place may go on being shared, in seconds; or without an end.
const LIVE_SECS: std::ops::RangeInclusive<i32> = 60..=86_400;
const LIVE_FOR_EVER: i32 = i32::MAX;
const THUMBNAIL_SIDE: i32 = 320;

fn invalid() -> RpcError {
    RpcError::bad_request("MEDIA_INVALID")
}

/// The content of a message to `peer` that brings something. Only files have captions.
///
/// # Errors
/// `MEDIA_EMPTY`, `MEDIA_INVALID`, `MEDIA_CAPTION_TOO_LONG`, or what is wrong with an upload, a file, or the caption's formatting.
pub fn content(
    call: &mut Call<'_>,
    peer: PeerId,
    media: InputMedia,
    caption: &str,
    entities: Option<Vec<tl::enums::MessageEntity>>,
) -> Result<Content, RpcError> {
    if let InputMedia::Poll(asked) = media {
        return Ok(Content::Attachment(polls::made(call, peer, *asked)?));
    }
    if let Some(attachment) = attachment(call, &media)? {
        return Ok(Content::Attachment(attachment));
    }
    if caption.chars().count() > CAPTION_CHARS_MAX {
        return Err(RpcError::bad_request("MEDIA_CAPTION_TOO_LONG"));
    }
    let (text, entities) = match caption {
        "" => (String::new(), HexBytes::default()),
        caption => match text::content(call, caption, entities)? {
            Content::Text { text, entities } => (text, entities),
            _ => return Err(RpcError::internal()),
        },
    };
    let media = file(call, media)?;
    Ok(Content::Media { text, entities, media })
}

/// A photo or a file: one that was just uploaded, or one that is known.
///
/// # Errors
/// As [`content`].
pub fn file(call: &Call<'_>, media: InputMedia) -> Result<Media, RpcError> {
    match media {
        InputMedia::Empty => Err(RpcError::bad_request("MEDIA_EMPTY")),
        InputMedia::UploadedPhoto(photo) => uploaded_photo(call, photo),
        InputMedia::UploadedDocument(document) => uploaded_document(call, document),
        InputMedia::Photo(photo) => {
            let InputPhoto::Photo(named) = photo.id else { return Err(invalid()) };
            let known = upload::known(call, true, named.id, named.access_hash, &named.file_reference)?;
            Ok(Media { spoiler: photo.spoiler, ..known.clone() })
        }
        InputMedia::Document(document) => {
            let tl::enums::InputDocument::Document(named) = document.id else { return Err(invalid()) };
            let known = upload::known(call, false, named.id, named.access_hash, &named.file_reference)?;
            Ok(Media { spoiler: document.spoiler, ..known.clone() })
        }
        _ => Err(invalid()),
    }
}

fn uploaded_photo(call: &Call<'_>, photo: tl::types::InputMediaUploadedPhoto) -> Result<Media, RpcError> {
    let mut media = assembled(call, photo.file, "image/jpeg".to_owned())?;
    (media.photo, media.spoiler) = (true, photo.spoiler);
    if media.size > SOURCE_BYTES_MAX {
        return Ok(media);
    }
    let bytes = call.files.read(media.file_id, media.part_size, 0, media.size).map_err(|_| RpcError::internal())?;
    let Some(found) = look_into(&bytes) else { return Ok(media) };
    media.dimensions = Some((pixels(found.width), pixels(found.height)));
    for smaller in found.smaller {
        let file_id = media.last_id() + 1;
        let Assembled { size, part_size } = call.files.put_whole(file_id, &smaller.bytes).map_err(|_| RpcError::internal())?;
        let (width, height) = (pixels(smaller.width), pixels(smaller.height));
        media.thumbnails.push(Thumbnail { kind: smaller.kind.to_owned(), file_id, width, height, size, part_size });
    }
    Ok(media)
}

fn uploaded_document(call: &Call<'_>, document: tl::types::InputMediaUploadedDocument) -> Result<Media, RpcError> {
    let mut media = assembled(call, document.file, document.mime_type)?;
    media.attributes = HexBytes(document.attributes.to_bytes());
    media.spoiler = document.spoiler;
    let Some(picture) = document.thumb else { return Ok(media) };
    let (upload_id, parts, _) = named(picture)?;
    let file_id = media.file_id + 1;
    let Assembled { size, part_size } = put_together(call, upload_id, parts, file_id)?;
    if size > THUMBNAIL_BYTES_MAX {
        return Err(RpcError::bad_request("THUMB_INVALID"));
    }
    let bytes = call.files.read(file_id, part_size, 0, size).map_err(|_| RpcError::internal())?;
    let (width, height) =
        look_into(&bytes).map_or((THUMBNAIL_SIDE, THUMBNAIL_SIDE), |found| (pixels(found.width), pixels(found.height)));
    media.thumbnails.push(Thumbnail { kind: "m".to_owned(), file_id, width, height, size, part_size });
    Ok(media)
}

fn pixels(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// An upload's id, the number of its parts, and its name.
fn named(file: InputFile) -> Result<(i64, i32, String), RpcError> {
    match file {
        InputFile::File(file) => Ok((file.id, file.parts, file.name)),
        InputFile::Big(file) => Ok((file.id, file.parts, file.name)),
        InputFile::StoryDocument(_) => Err(invalid()),
    }
}

/// Makes a file of an upload. Files are spread over the datacentres, so that clients must go and get them there.
fn assembled(call: &Call<'_>, file: InputFile, mime_type: String) -> Result<Media, RpcError> {
    let (upload_id, parts, name) = named(file)?;
    if name.chars().count() > NAME_CHARS_MAX || mime_type.len() > NAME_CHARS_MAX {
        return Err(invalid());
    }
    let file_id = call.state().last.file + 1;
    let Assembled { size, part_size } = put_together(call, upload_id, parts, file_id)?;
    let datacentres = &call.datacentres.addresses;
    let turn = usize::try_from(file_id).unwrap_or(0) % datacentres.len().max(1);
    let dc_id = datacentres.keys().nth(turn).copied().unwrap_or(call.session.dc_id);
    Ok(Media {
        file_id,
        photo: false,
        size,
        part_size,
        mime_type,
        name,
        attributes: HexBytes::default(),
        date: call.now,
        dc_id,
        dimensions: None,
        thumbnails: Vec::new(),
        spoiler: false,
    })
}

fn put_together(call: &Call<'_>, upload_id: i64, parts: i32, file_id: i64) -> Result<Assembled, RpcError> {
    if !(1..=parts_max(call)?).contains(&parts) {
        return Err(RpcError::bad_request("FILE_PARTS_INVALID"));
    }
    let assembled = call.files.assemble(call.user_id()?, upload_id, parts, file_id).map_err(|_| RpcError::internal())?;
    assembled.ok_or(RpcError::bad_request("FILE_PART_0_MISSING"))
}

/// What is no file; nothing for files.
fn attachment(call: &Call<'_>, media: &InputMedia) -> Result<Option<Attachment>, RpcError> {
    let short = |texts: &[&String]| texts.iter().all(|text| text.chars().count() <= NAME_CHARS_MAX);
    let attached: MessageMedia = match media {
        InputMedia::Contact(contact) => {
            let tl::types::InputMediaContact { phone_number, first_name, last_name, vcard } = contact.clone();
            if phone_number.is_empty() || first_name.is_empty() {
                return Err(RpcError::bad_request("PHONE_NUMBER_INVALID"));
            }
            if !short(&[&phone_number, &first_name, &last_name]) || vcard.chars().count() > CARD_CHARS_MAX {
                return Err(invalid());
            }
            let digits: String = phone_number.chars().filter(char::is_ascii_digit).collect();
            let user_id = call.state().user_by_phone(&digits).map_or(0, |user| user.id);
            tl::types::MessageMediaContact { phone_number, first_name, last_name, vcard, user_id }.into()
        }
        InputMedia::GeoPoint(place) => tl::types::MessageMediaGeo { geo: point(&place.geo_point)? }.into(),
        InputMedia::Venue(venue) => {
            let tl::types::InputMediaVenue { geo_point, title, address, provider, venue_id, venue_type } = venue.clone();
            if title.is_empty() || !short(&[&title, &address, &provider, &venue_id, &venue_type]) {
                return Err(invalid());
            }
            let geo = point(&geo_point)?;
            tl::types::MessageMediaVenue { geo, title, address, provider, venue_id, venue_type }.into()
        }
        InputMedia::GeoLive(live) => {
            let period = live.period.filter(|secs| LIVE_SECS.contains(secs) || *secs == LIVE_FOR_EVER);
            tl::types::MessageMediaGeoLive {
                geo: point(&live.geo_point)?,
                heading: live.heading,
                period: period.ok_or(RpcError::bad_request("PERIOD_INVALID"))?,
                proximity_notification_radius: live.proximity_notification_radius,
            }
            .into()
        }
        _ => return Ok(None),
    };
    Ok(Some(Attachment::fixed(&attached)))
}

fn point(point: &InputGeoPoint) -> Result<tl::enums::GeoPoint, RpcError> {
    let InputGeoPoint::Point(point) = point else { return Err(RpcError::bad_request("GEO_POINT_INVALID")) };
    if !(-90.0..=90.0).contains(&point.lat) || !(-180.0..=180.0).contains(&point.long) {
        return Err(RpcError::bad_request("GEO_POINT_INVALID"));
    }
    let (long, lat, accuracy_radius) = (point.long, point.lat, point.accuracy_radius);
    Ok(tl::types::GeoPoint { long, lat, access_hash: 0, accuracy_radius }.into())
}
