//! How what a message brings looks to one user.

use grammers_tl_types as tl;
use grammers_tl_types::Deserializable;

use super::View;
use crate::world::attachment::Attachment;
use crate::world::file::{Media, Thumbnail};
use crate::world::message_box::Content;

/// The name of a photo's largest size.
pub const WHOLE_PHOTO: &str = "y";

/// The name of the one size that a profile's photo has.
pub const PROFILE_PHOTO: &str = "c";

/// How wide and high photos are said to be that the network cannot read.
const PHOTO_SIDE: i32 = 1280;
const PROFILE_PHOTO_SIDE: i32 = 640;

impl View<'_> {
    /// What a message brings besides its text.
    pub fn media(&mut self, content: &Content) -> Option<tl::enums::MessageMedia> {
        match content {
            Content::Media { media, .. } => Some(self.message_media(media)),
            Content::Attachment(Attachment::Poll(poll_id)) => self.poll_media(*poll_id),
            Content::Attachment(attachment) => attachment.as_fixed(),
            Content::Text { .. } | Content::Action(_) => None,
        }
    }

    /// A photo or a file as a message brings it.
    pub fn message_media(&self, media: &Media) -> tl::enums::MessageMedia {
        if media.photo { self.message_photo(media) } else { self.message_document(media) }
    }

    fn message_photo(&self, media: &Media) -> tl::enums::MessageMedia {
        let photo = Some(self.photo(media));
        tl::types::MessageMediaPhoto { spoiler: media.spoiler, live_photo: false, photo, ttl_seconds: None, video: None }.into()
    }

    /// A photo in all its sizes.
    pub fn photo(&self, media: &Media) -> tl::enums::Photo {
        let sizes = media.thumbnails.iter().map(thumbnail).chain([whole(media, WHOLE_PHOTO, PHOTO_SIDE)]);
        self.photo_of_sizes(media, sizes.collect())
    }

    /// A profile's photo.
    pub fn profile_photo(&self, media: &Media) -> tl::enums::Photo {
        self.photo_of_sizes(media, vec![whole(media, PROFILE_PHOTO, PROFILE_PHOTO_SIDE)])
    }

    fn photo_of_sizes(&self, media: &Media, sizes: Vec<tl::enums::PhotoSize>) -> tl::enums::Photo {
        tl::types::Photo {
            has_stickers: false,
            id: media.file_id,
            access_hash: self.state.file_access_hash(self.viewer, media.file_id),
            file_reference: self.state.file_reference(self.viewer, media.file_id),
            date: media.date,
            sizes,
            video_sizes: None,
            dc_id: media.dc_id,
        }
        .into()
    }

    fn message_document(&self, media: &Media) -> tl::enums::MessageMedia {
        use tl::enums::DocumentAttribute;
        let attributes: Vec<DocumentAttribute> = Vec::from_bytes(&media.attributes.0).unwrap_or_default();
        let is = |wanted: fn(&DocumentAttribute) -> bool| attributes.iter().any(wanted);
        let video = is(|attribute| matches!(attribute, DocumentAttribute::Video(_)));
        let round = is(|attribute| matches!(attribute, DocumentAttribute::Video(video) if video.round_message));
        let voice = is(|attribute| matches!(attribute, DocumentAttribute::Audio(audio) if audio.voice));
        let thumbs: Vec<_> = media.thumbnails.iter().map(thumbnail).collect();
        let document = tl::types::Document {
            id: media.file_id,
            access_hash: self.state.file_access_hash(self.viewer, media.file_id),
            file_reference: self.state.file_reference(self.viewer, media.file_id),
            date: media.date,
            mime_type: media.mime_type.clone(),
            size: i64::try_from(media.size).unwrap_or(i64::MAX),
            thumbs: Some(thumbs).filter(|thumbs| !thumbs.is_empty()),
            video_thumbs: None,
            dc_id: media.dc_id,
            attributes,
        };
        tl::types::MessageMediaDocument {
            nopremium: false,
            spoiler: media.spoiler,
            video,
            round,
            voice,
            document: Some(document.into()),
            alt_documents: None,
            video_cover: None,
            video_timestamp: None,
            ttl_seconds: None,
        }
        .into()
    }
}

fn whole(media: &Media, name: &str, side: i32) -> tl::enums::PhotoSize {
    let (w, h) = media.dimensions.unwrap_or((side, side));
    tl::types::PhotoSize { r#type: name.into(), w, h, size: length(media.size) }.into()
}

fn thumbnail(thumbnail: &Thumbnail) -> tl::enums::PhotoSize {
    let Thumbnail { kind, width, height, size, .. } = thumbnail;
    tl::types::PhotoSize { r#type: kind.clone(), w: *width, h: *height, size: length(*size) }.into()
}

fn length(bytes: u64) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}
