//! Sending what is more than text: one thing, or an album.

use grammers_tl_types as tl;
use grammers_tl_types::Deserializable;

use super::call::{Call, random};
use super::error::RpcError;
use super::media;
use super::messages::{self, check_may_write, check_random_id};
use super::permissions::{check_may_send, check_may_send_several, kind_of_content, kind_of_media};
use super::scheduled;
use crate::world::event::{Event, NewMessage};
use crate::world::file::{FileEvent, Media};
use crate::world::message_box::Content;

/// Photos and files that one album may hold.
const ALBUM_MAX: usize = 10;

/// `messages.sendMedia`.
pub fn send_media(call: &mut Call<'_>, request: tl::functions::messages::SendMedia) -> Result<tl::enums::Updates, RpcError> {
    let from = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_send(call, from, peer, kind_of_media(&request.media))?;
    check_random_id(call, request.random_id)?;
    let (reply_to, quote) = messages::answered(call, peer, request.reply_to)?;
    let content = media::content(call, peer, request.media, &request.message, request.entities)?;
    let (silent, random_id, date) = (request.silent, request.random_id, call.now);
    let new = NewMessage { from, peer, content, reply_to, quote, silent, random_id: Some(random_id), date };
    if let (Some(_), Content::Media { media, .. }) = (request.schedule_date, &new.content) {
        // It is there before its message is.
        call.change(Event::File(FileEvent::Kept(Box::new(media.clone()))));
    }
    scheduled::send(call, new, request.schedule_date)
}

/// `messages.uploadMedia`: makes a file of an upload, which an album can name afterwards.
pub fn upload_media(
    call: &mut Call<'_>,
    request: tl::functions::messages::UploadMedia,
) -> Result<tl::enums::MessageMedia, RpcError> {
    let from = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_write(call, from, peer)?;
    let media = media::file(call, request.media)?;
    call.change(Event::File(FileEvent::Kept(Box::new(media.clone()))));
    Ok(call.view()?.message_media(&media))
}

/// `messages.sendMultiMedia`: an album of photos and files that were uploaded before.
pub fn send_multi_media(
    call: &mut Call<'_>,
    request: tl::functions::messages::SendMultiMedia,
) -> Result<tl::enums::Updates, RpcError> {
    let from = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_send_several(call, from, peer, request.multi_media.len())?;
    if request.multi_media.is_empty() || request.multi_media.len() > ALBUM_MAX {
        return Err(RpcError::bad_request("MULTI_MEDIA_TOO_LONG"));
    }
    if request.schedule_date.is_some() {
        return Err(RpcError::bad_request("SCHEDULE_DATE_INVALID"));
    }
    let (reply_to, quote) = messages::answered(call, peer, request.reply_to)?;
    super::topics::check_open(call, from, peer, reply_to)?;
    let mut items = Vec::new();
    for item in request.multi_media {
        let tl::enums::InputSingleMedia::Media(item) = item;
        check_random_id(call, item.random_id)?;
        // What was only just uploaded must be made a file first.
        if !matches!(item.media, tl::enums::InputMedia::Photo(_) | tl::enums::InputMedia::Document(_)) {
            return Err(RpcError::bad_request("MEDIA_INVALID"));
        }
        let content = media::content(call, peer, item.media, &item.message, item.entities)?;
        check_may_send(call, from, peer, kind_of_content(&content))?;
        items.push((item.random_id, content));
    }
    if !goes_together(&items) {
        return Err(RpcError::bad_request("MEDIA_GROUPED_INVALID"));
    }
    let album = i64::from_le_bytes(random()?);
    let (silent, date) = (request.silent, call.now);
    let (mut named, mut notices) = (Vec::new(), Vec::new());
    for (random_id, content) in items {
        let (quote, random_id) = (quote.clone(), Some(random_id));
        let message = NewMessage { from, peer, content, reply_to, quote, silent, random_id, date };
        let sent = call.change(Event::AlbumItemSent { message, album });
        let id = messages::new_id(&sent).zip(random_id);
        named.extend(id.map(|(id, random_id)| tl::enums::Update::from(tl::types::UpdateMessageId { id, random_id })));
        notices.extend(sent);
    }
    let mut view = call.view()?;
    let told: Vec<_> = notices.iter().filter_map(|notice| view.update(&notice.about)).collect();
    named.extend(told);
    Ok(view.envelope(named, call.now))
}

/// What an album may be of.
#[derive(PartialEq)]
enum Group {
    Pictures,
    Music,
    Files,
    Nothing,
}

/// Photos and videos go together, and so does music, and so do other files (<https://core.telegram.org/api/files#albums-grouped-media>).
fn goes_together(items: &[(i64, Content)]) -> bool {
    let mut groups = items.iter().map(|(_, content)| match content {
        Content::Media { media, .. } => group(media),
        _ => Group::Nothing,
    });
    let first = groups.next().unwrap_or(Group::Nothing);
    first != Group::Nothing && groups.all(|group| group == first)
}

fn group(media: &Media) -> Group {
    use tl::enums::DocumentAttribute;
    let attributes: Vec<DocumentAttribute> = Vec::from_bytes(&media.attributes.0).unwrap_or_default();
    let mut group = if media.photo { Group::Pictures } else { Group::Files };
    for attribute in &attributes {
        group = match attribute {
            DocumentAttribute::Animated | DocumentAttribute::Sticker(_) => return Group::Nothing,
            DocumentAttribute::Video(video) if video.round_message => return Group::Nothing,
            DocumentAttribute::Audio(audio) if audio.voice => return Group::Nothing,
            DocumentAttribute::Video(_) => Group::Pictures,
            DocumentAttribute::Audio(_) => Group::Music,
            _ => group,
        };
    }
    group
}
