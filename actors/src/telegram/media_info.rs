//! What a message brings besides its text, as this server's clients see it.

use grammers_tl_types::{enums, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::FileKind;
use super::types::is_false;

/// What kind of media it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// A photo.
    Photo,
    /// A video or video note.
    Video,
    /// Music or another sound.
    Audio,
    /// A voice message.
    Voice,
    /// A file.
    Document,
    /// A preview of a web page.
    Webpage,
    /// Anything else.
    Other,
}

/// Media of a message.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MediaInfo {
    /// What kind of media it is.
    pub media_type: MediaType,
    /// Always `null`: media has a route of its own.
    pub file_path: Option<String>,
    /// The file's name.
    pub file_name: Option<String>,
    /// The file's size, in bytes.
    pub file_size: Option<u64>,
    /// The file's media type.
    pub mime_type: Option<String>,
    /// As what a file was sent: more exactly than `media_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// How wide a picture or a video is, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<i32>,
    /// How high it is, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<i32>,
    /// How long a sound or a video plays, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// Whether a video can be played before it was fetched whole.
    #[serde(skip_serializing_if = "is_false")]
    pub supports_streaming: bool,
    /// What a piece of music is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who plays a piece of music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performer: Option<String>,
    /// Which emoji a sticker stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Whether it is hidden until it is touched.
    #[serde(skip_serializing_if = "is_false")]
    pub spoiler: bool,
    /// The person whose card it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<SharedContact>,
    /// The place that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<SharedLocation>,
    /// The page's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webpage_url: Option<String>,
    /// The page's site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webpage_site_name: Option<String>,
    /// The page's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webpage_title: Option<String>,
    /// The page's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webpage_description: Option<String>,
}

/// A person's card.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SharedContact {
    /// The phone number.
    pub phone_number: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The user, if the person is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The card as a vCard (RFC 6350), if there is more on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcard: Option<String>,
}

impl std::fmt::Debug for SharedContact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SharedContact(..)")
    }
}

/// A place.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct SharedLocation {
    /// In degrees, north positive.
    pub latitude: f64,
    /// In degrees, east positive.
    pub longitude: f64,
    /// How far off it may be, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<i32>,
    /// For how long it moves with its sender, in seconds from the message's date on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_period: Option<i32>,
    /// Where its sender is going, in degrees from north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<i32>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venue: Option<SharedVenue>,
}

impl std::fmt::Debug for SharedLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SharedLocation(..)")
    }
}

/// What is at a place.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SharedVenue {
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub address: String,
    /// Who knows it, such as `foursquare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl MediaInfo {
    /// Media of which nothing but its kind is known.
    fn of(media_type: MediaType) -> Self {
        Self {
            media_type,
            file_path: None,
            file_name: None,
            file_size: None,
            mime_type: None,
            kind: None,
            width: None,
            height: None,
            duration: None,
            supports_streaming: false,
            title: None,
            performer: None,
            emoji: None,
            spoiler: false,
            contact: None,
            location: None,
            webpage_url: None,
            webpage_site_name: None,
            webpage_title: None,
            webpage_description: None,
        }
    }
}

/// What a message brings, unless that is nothing.
pub(super) fn media_info(media: &enums::MessageMedia) -> Option<MediaInfo> {
    use enums::MessageMedia;
    let placed = |location| MediaInfo { location, ..MediaInfo::of(MediaType::Other) };
    Some(match media {
        MessageMedia::Empty => return None,
        MessageMedia::Photo(media) => photo(media),
        MessageMedia::Document(media) => document(media),
        MessageMedia::WebPage(media) => web_page(media),
        MessageMedia::Contact(media) => MediaInfo { contact: Some(contact(media)), ..MediaInfo::of(MediaType::Other) },
        MessageMedia::Geo(media) => placed(location(&media.geo)),
        MessageMedia::GeoLive(media) => placed(location(&media.geo).map(|place| SharedLocation {
            live_period: Some(media.period),
            heading: media.heading,
            ..place
        })),
        MessageMedia::Venue(media) => {
            placed(location(&media.geo).map(|place| SharedLocation { venue: Some(venue(media)), ..place }))
        }
        _ => MediaInfo::of(MediaType::Other),
    })
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn contact(media: &types::MessageMediaContact) -> SharedContact {
    SharedContact {
        phone_number: media.phone_number.clone(),
        first_name: media.first_name.clone(),
        last_name: filled(&media.last_name),
        user_id: Some(media.user_id).filter(|id| *id != 0),
        vcard: filled(&media.vcard),
    }
}

fn location(point: &enums::GeoPoint) -> Option<SharedLocation> {
    let enums::GeoPoint::Point(point) = point else { return None };
    let (live_period, heading, venue) = (None, None, None);
    Some(SharedLocation {
        latitude: point.lat,
        longitude: point.long,
        accuracy: point.accuracy_radius,
        live_period,
        heading,
        venue,
    })
}

fn venue(media: &types::MessageMediaVenue) -> SharedVenue {
    let (title, address) = (media.title.clone(), media.address.clone());
    SharedVenue { title, address, provider: filled(&media.provider), id: filled(&media.venue_id) }
}

fn photo(media: &types::MessageMediaPhoto) -> MediaInfo {
    let sizes = match &media.photo {
        Some(enums::Photo::Photo(photo)) => photo.sizes.as_slice(),
        _ => &[],
    };
    let sizes = sizes.iter().filter_map(|size| match size {
        enums::PhotoSize::Size(size) => Some((size.w, size.h, size.size)),
        enums::PhotoSize::Progressive(size) => Some((size.w, size.h, size.sizes.iter().copied().max()?)),
        _ => None,
    });
    let largest = sizes.max_by_key(|(width, height, _)| i64::from(*width) * i64::from(*height));
    MediaInfo {
        file_size: largest.and_then(|(.., bytes)| u64::try_from(bytes).ok()),
        mime_type: Some("image/jpeg".to_owned()),
        kind: Some(FileKind::Photo),
        width: largest.map(|(width, ..)| width),
        height: largest.map(|(_, height, _)| height),
        spoiler: media.spoiler,
        ..MediaInfo::of(MediaType::Photo)
    }
}

fn document(media: &types::MessageMediaDocument) -> MediaInfo {
    let Some(enums::Document::Document(document)) = &media.document else { return MediaInfo::of(MediaType::Document) };
    let mut info = MediaInfo {
        file_size: u64::try_from(document.size).ok(),
        mime_type: Some(document.mime_type.clone()),
        spoiler: media.spoiler,
        ..MediaInfo::of(MediaType::Document)
    };
    let mut kind = FileKind::Document;
    // What is more particular comes last: an animation is a video too.
    let mut attributes: Vec<&enums::DocumentAttribute> = document.attributes.iter().collect();
    attributes.sort_by_key(|attribute| matches!(attribute, enums::DocumentAttribute::Animated));
    for attribute in attributes {
        match attribute {
            enums::DocumentAttribute::Filename(name) => info.file_name = filled(&name.file_name),
            enums::DocumentAttribute::ImageSize(size) => (info.width, info.height) = (Some(size.w), Some(size.h)),
            enums::DocumentAttribute::Animated => kind = FileKind::Gif,
            enums::DocumentAttribute::Sticker(sticker) => {
                (kind, info.emoji) = (FileKind::Sticker, filled(&sticker.alt));
            }
            enums::DocumentAttribute::Video(video) => {
                kind = if video.round_message { FileKind::VideoNote } else { FileKind::Video };
                let known = |length: i32| Some(length).filter(|length| *length > 0);
                (info.width, info.height) = (known(video.w), known(video.h));
                info.duration = Some(video.duration).filter(|duration| *duration > 0.0);
                info.supports_streaming = video.supports_streaming;
            }
            enums::DocumentAttribute::Audio(audio) => {
                kind = if audio.voice { FileKind::Voice } else { FileKind::Audio };
                info.duration = Some(f64::from(audio.duration)).filter(|duration| *duration > 0.0);
                (info.title, info.performer) = (audio.title.clone(), audio.performer.clone());
            }
            _ => {}
        }
    }
    info.kind = Some(kind);
    info.media_type = match kind {
        FileKind::Voice => MediaType::Voice,
        FileKind::Audio => MediaType::Audio,
        FileKind::Video | FileKind::VideoNote | FileKind::Gif => MediaType::Video,
        FileKind::Photo | FileKind::Sticker | FileKind::Document => MediaType::Document,
    };
    info
}

fn web_page(media: &types::MessageMediaWebPage) -> MediaInfo {
    let enums::WebPage::Page(page) = &media.webpage else { return MediaInfo::of(MediaType::Webpage) };
    MediaInfo {
        webpage_url: Some(page.url.clone()),
        webpage_site_name: page.site_name.clone(),
        webpage_title: page.title.clone(),
        webpage_description: page.description.clone(),
        ..MediaInfo::of(MediaType::Webpage)
    }
}
