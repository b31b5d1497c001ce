//! What is said of a file that is sent: its name, as what it is sent, its attributes, its caption.

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Error;
use crate::telegram::{FileKind, Format, FormattedText, OutgoingFile};

/// The longest name of a file, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// The longest media type, in bytes.
const MIME_TYPE_BYTES_MAX: usize = 127;

/// Telegram's own limit for a caption, in UTF-16 code units.
const CAPTION_UNITS_MAX: usize = 1_024;

/// The longest caption with its formatting, in characters.
const CAPTION_CHARACTERS_MAX: usize = 4 * CAPTION_UNITS_MAX;

/// Telegram's own limit for the pieces of formatting in one text.
const ENTITIES_MAX: usize = 100;

/// The widest and highest picture, in pixels.
const SIDE_MAX: i32 = 16_384;

/// The longest playing time, in seconds.
const DURATION_SECS_MAX: i32 = 30 * 24 * 3_600;

/// The longest title and performer, in characters.
const TITLE_CHARACTERS_MAX: usize = 128;

/// The longest emoji, in characters: some have several.
const EMOJI_CHARACTERS_MAX: usize = 16;

pub(super) const MIME_TYPE_DEFAULT: &str = "application/octet-stream";

/// What is said of a file but its caption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileFields {
    /// The file's name: at most 255 characters without `/` and `\`.
    #[serde(default)]
    pub(super) file_name: Option<String>,
    /// The file's media type; `application/octet-stream` if absent.
    #[serde(default)]
    pub(super) mime_type: Option<String>,
    /// As what it is sent: `photo`, `video`, `video_note`, `gif`, `audio`, `voice`, `sticker` or `document`. By its media type if absent.
    #[serde(default)]
    kind: Option<FileKind>,
    /// How wide a video, a gif or a sticker is, in pixels.
    #[serde(default)]
    width: Option<i32>,
    /// How high it is, in pixels.
    #[serde(default)]
    height: Option<i32>,
    /// How long a video, a gif, a voice message or a piece of music plays, in seconds.
    #[serde(default)]
    duration: Option<i32>,
    /// Whether a video can be played before it was fetched whole: `true` if absent.
    #[serde(default)]
    supports_streaming: Option<bool>,
    /// What a piece of music is called.
    #[serde(default)]
    title: Option<String>,
    /// Who plays a piece of music.
    #[serde(default)]
    performer: Option<String>,
    /// Which emoji a sticker stands for.
    #[serde(default)]
    emoji: Option<String>,
    /// Whether a photo, a video or a gif is hidden until it is touched.
    #[serde(default)]
    spoiler: Option<bool>,
}

/// A caption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaptionFields {
    /// The caption: at most 1024 UTF-16 code units without its formatting.
    #[serde(default)]
    caption: Option<String>,
    /// How the caption is written: `plain` if absent.
    #[serde(default)]
    format: Option<Format>,
}

/// How a caller spells fields, so that errors name them in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As members of a JSON object.
    Json,
    /// As request headers: `fileName` is `x-file-name`.
    Headers,
    /// As members of one item of the list `items`.
    Item(usize),
}

impl Spelling {
    /// How a field is spelled.
    pub(super) fn of(self, field: &str) -> String {
        match self {
            Self::Json => field.to_owned(),
            Self::Item(place) => format!("items[{place}].{field}"),
            Self::Headers => {
                let mut spelled = "x-".to_owned();
                for symbol in field.chars() {
                    if symbol.is_ascii_uppercase() {
                        spelled.push('-');
                    }
                    spelled.push(symbol.to_ascii_lowercase());
                }
                spelled
            }
        }
    }

    fn invalid(self, field: &str, reason: impl std::fmt::Display) -> Error {
        Error::invalid(&self.of(field), reason)
    }
}

/// A header's text, which is percent-encoded.
///
/// # Errors
/// Names the header.
pub(super) fn decoded(field: &str, text: &Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text else { return Ok(None) };
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(Some(decoded.map_err(|_| Spelling::Headers.invalid(field, "must be UTF-8, percent-encoded"))?.into_owned()))
}

impl FileFields {
    /// The same with what headers hold percent-encoded.
    ///
    /// # Errors
    /// For a header that is not UTF-8.
    pub(super) fn of_headers(&self) -> Result<Self, Error> {
        Ok(Self {
            file_name: decoded("fileName", &self.file_name)?,
            title: decoded("title", &self.title)?,
            performer: decoded("performer", &self.performer)?,
            emoji: decoded("emoji", &self.emoji)?,
            ..self.clone()
        })
    }

    /// Whether they say of what kind the file is, so that it need not be found out.
    pub(super) fn says_kind(&self) -> bool {
        self.kind.is_some() || self.mime_type.is_some()
    }

    /// The file that they describe.
    ///
    /// # Errors
    /// For the first field that is not acceptable, or not for such a file.
    pub(super) fn file(&self, spelling: Spelling) -> Result<OutgoingFile, Error> {
        let name = self.file_name.clone().unwrap_or_default();
        if !is_file_name(&name) {
            let encoded = if spelling == Spelling::Headers { ", percent-encoded" } else { "" };
            let rule = format!("must be the file's name{encoded}: 1 to {NAME_CHARACTERS_MAX} characters without / and \\");
            return Err(spelling.invalid("fileName", rule));
        }
        let mime_type = self.mime_type.clone().unwrap_or_else(|| MIME_TYPE_DEFAULT.to_owned());
        if !is_mime_type(&mime_type) {
            return Err(spelling.invalid("mimeType", "must be a media type, such as image/png"));
        }
        let kind = self.kind.unwrap_or_else(|| kind_of(&mime_type));
        self.check_fit(kind, spelling)?;
        Ok(OutgoingFile {
            kind,
            name,
            mime_type,
            width: within(spelling, "width", self.width, SIDE_MAX)?,
            height: within(spelling, "height", self.height, SIDE_MAX)?,
            duration: within(spelling, "duration", self.duration, DURATION_SECS_MAX)?,
            supports_streaming: kind == FileKind::Video && self.supports_streaming.unwrap_or(true),
            title: short(spelling, "title", &self.title, TITLE_CHARACTERS_MAX)?,
            performer: short(spelling, "performer", &self.performer, TITLE_CHARACTERS_MAX)?,
            emoji: short(spelling, "emoji", &self.emoji, EMOJI_CHARACTERS_MAX)?.unwrap_or_default(),
            spoiler: self.spoiler.unwrap_or(false),
        })
    }

    /// Attributes that a file of this kind does not have are refused, not left out.
    fn check_fit(&self, kind: FileKind, spelling: Spelling) -> Result<(), Error> {
        let music = kind == FileKind::Audio;
        let seen = matches!(kind, FileKind::Photo | FileKind::Video | FileKind::Gif);
        let rules = [
            ("width", self.width.is_some() && !kind.is_shown(), "is for videos, gifs and stickers"),
            ("height", self.height.is_some() && !kind.is_shown(), "is for videos, gifs and stickers"),
            ("duration", self.duration.is_some() && !kind.is_played(), "is for videos, gifs, voice messages and music"),
            ("supportsStreaming", self.supports_streaming.is_some() && kind != FileKind::Video, "is for videos"),
            ("title", self.title.is_some() && !music, "is for music"),
            ("performer", self.performer.is_some() && !music, "is for music"),
            ("emoji", self.emoji.is_some() && kind != FileKind::Sticker, "is for stickers"),
            ("spoiler", self.spoiler.is_some() && !seen, "is for photos, videos and gifs"),
        ];
        match rules.into_iter().find(|(_, broken, _)| *broken) {
            Some((field, _, rule)) => Err(spelling.invalid(field, rule)),
            None => Ok(()),
        }
    }
}

impl CaptionFields {
    /// The same with what a header holds percent-encoded.
    ///
    /// # Errors
    /// For a header that is not UTF-8.
    pub(super) fn of_headers(&self) -> Result<Self, Error> {
        Ok(Self { caption: decoded("caption", &self.caption)?, format: self.format })
    }

    /// The caption; may be empty.
    ///
    /// # Errors
    /// For one that is too long, or not written in its format.
    pub(super) fn caption(&self, spelling: Spelling) -> Result<FormattedText, Error> {
        let Some(source) = self.caption.as_deref().filter(|source| !source.is_empty()) else {
            return Ok(FormattedText::default());
        };
        let too_long = || spelling.invalid("caption", format!("must have at most {CAPTION_UNITS_MAX} UTF-16 code units"));
        if source.chars().nth(CAPTION_CHARACTERS_MAX).is_some() {
            return Err(too_long());
        }
        let read = FormattedText::parse(source, self.format.unwrap_or_default());
        let read = read.map_err(|error| spelling.invalid("caption", error))?;
        if read.text.encode_utf16().count() > CAPTION_UNITS_MAX {
            return Err(too_long());
        }
        if read.entities.len() > ENTITIES_MAX {
            return Err(spelling.invalid("caption", format!("may have at most {ENTITIES_MAX} pieces of formatting")));
        }
        Ok(read)
    }
}

/// Whether a file may have this name.
pub(super) fn is_file_name(name: &str) -> bool {
    let fit = |character: char| !character.is_control() && !matches!(character, '/' | '\\');
    !name.trim().is_empty() && name.chars().count() <= NAME_CHARACTERS_MAX && name.chars().all(fit)
}

fn within(spelling: Spelling, field: &str, value: Option<i32>, most: i32) -> Result<i32, Error> {
    match value {
        Some(value) if !(0..=most).contains(&value) => {
            Err(spelling.invalid(field, format!("must be a whole number from 0 to {most}")))
        }
        value => Ok(value.unwrap_or(0)),
    }
}

fn short(spelling: Spelling, field: &str, text: &Option<String>, most: usize) -> Result<Option<String>, Error> {
    match text {
        Some(text) if text.chars().count() > most || text.chars().any(char::is_control) => {
            Err(spelling.invalid(field, format!("must have at most {most} characters, none of them a control character")))
        }
        text => Ok(text.clone().filter(|text| !text.is_empty())),
    }
}

/// `type/subtype` of token characters (RFC 9110, section 8.3.1), without parameters.
pub(super) fn is_mime_type(text: &str) -> bool {
    let token =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte));
    text.len() <= MIME_TYPE_BYTES_MAX && text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

fn kind_of(mime_type: &str) -> FileKind {
    match mime_type {
        "image/jpeg" | "image/png" => FileKind::Photo,
        "image/gif" => FileKind::Gif,
        "audio/ogg" => FileKind::Voice,
        _ if mime_type.starts_with("video/") => FileKind::Video,
        _ if mime_type.starts_with("audio/") => FileKind::Audio,
        _ => FileKind::Document,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(kind: FileKind) -> FileFields {
        FileFields { file_name: Some("a".into()), kind: Some(kind), ..FileFields::default() }
    }

    #[test]
    fn errors_name_fields_as_the_caller_spells_them() {
        let field =
            |fields: &FileFields, spelling| fields.file(spelling).err().and_then(|error| error.field().map(str::to_owned));
        let streaming = FileFields { supports_streaming: Some(true), ..fields(FileKind::Document) };
        assert_eq!(field(&streaming, Spelling::Headers).as_deref(), Some("x-supports-streaming"));
        assert_eq!(field(&streaming, Spelling::Json).as_deref(), Some("supportsStreaming"));
        assert_eq!(field(&FileFields::default(), Spelling::Item(2)).as_deref(), Some("items[2].fileName"));
        let wide = FileFields { width: Some(-1), ..fields(FileKind::Video) };
        assert_eq!(field(&wide, Spelling::Json).as_deref(), Some("width"));
    }

    #[test]
    fn attributes_belong_to_kinds() {
        let video = FileFields { width: Some(640), height: Some(360), duration: Some(7), ..fields(FileKind::Video) };
        let file = video.file(Spelling::Json).unwrap();
        assert_eq!((file.width, file.height, file.duration, file.supports_streaming), (640, 360, 7, true));
        let music = FileFields { title: Some("T".into()), performer: Some("P".into()), ..fields(FileKind::Audio) };
        assert!(music.file(Spelling::Json).is_ok());
        assert!(FileFields { kind: Some(FileKind::Voice), ..music }.file(Spelling::Json).is_err());
        assert!(FileFields { spoiler: Some(true), ..fields(FileKind::Document) }.file(Spelling::Json).is_err());
    }

    proptest! {
        #[test]
        fn no_caption_is_longer_than_telegram_takes(caption in "(\\*|_|a|😀|<b>|&amp;){0,600}") {
            let fields = CaptionFields { caption: Some(caption), format: Some(Format::Html) };
            if let Ok(read) = fields.caption(Spelling::Json) {
                prop_assert!(read.text.encode_utf16().count() <= CAPTION_UNITS_MAX);
            }
        }
    }
}
