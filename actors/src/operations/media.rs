//! Files in messages: sending and fetching them. Their bytes are handed on as they come, in both directions.

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Download, DownloadOperation, Effect, Method, Operation, RateClass,
    Repetition,
};
use crate::scope::Scope;
use crate::telegram::{ChatId, FileKind, Message, OutgoingFile, StoredFile};

/// The longest name of a file, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// The longest media type, in bytes.
const MIME_TYPE_BYTES_MAX: usize = 127;

/// Telegram's own limit for a caption, in UTF-16 code units.
const CAPTION_UNITS_MAX: usize = 1_024;

const MIME_TYPE_DEFAULT: &str = "application/octet-stream";

/// Sends a file. The body is the file.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMedia {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The file's name, percent-encoded; required.
    #[serde(default)]
    file_name: Option<String>,
    /// The file's media type; `application/octet-stream` if absent.
    #[serde(default)]
    mime_type: Option<String>,
    /// The caption, percent-encoded: at most 1024 UTF-16 code units.
    #[serde(default)]
    caption: Option<String>,
    /// How long the file is, in bytes.
    #[serde(default)]
    length: Option<u64>,
    /// As what it is sent; by its media type if absent.
    #[serde(default)]
    kind: Option<FileKind>,
}

impl SendMedia {
    fn file(&self) -> Result<OutgoingFile, Error> {
        let name = self.file_name.as_deref().map(|name| decoded("x-file-name", name)).transpose()?.unwrap_or_default();
        let fit = |character: char| !character.is_control() && !matches!(character, '/' | '\\');
        if name.trim().is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || !name.chars().all(fit) {
            let rule =
                format!("must be the file's name, percent-encoded: 1 to {NAME_CHARACTERS_MAX} characters without / and \\");
            return Err(Error::invalid("x-file-name", rule));
        }
        let mime_type = self.mime_type.clone().unwrap_or_else(|| MIME_TYPE_DEFAULT.to_owned());
        if !is_mime_type(&mime_type) {
            return Err(Error::invalid("x-mime-type", "must be a media type, such as image/png"));
        }
        let caption = self.caption.as_deref().map(|caption| decoded("x-caption", caption)).transpose()?.unwrap_or_default();
        if caption.encode_utf16().count() > CAPTION_UNITS_MAX {
            return Err(Error::invalid("x-caption", format!("must have at most {CAPTION_UNITS_MAX} UTF-16 code units")));
        }
        Ok(OutgoingFile { kind: self.kind.unwrap_or_else(|| kind_of(&mime_type)), name, mime_type, caption })
    }
}

fn decoded(header: &str, text: &str) -> Result<String, Error> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| Error::invalid(header, "must be UTF-8, percent-encoded"))?.into_owned())
}

/// `type/subtype` of token characters (RFC 9110, section 8.3.1), without parameters.
fn is_mime_type(text: &str) -> bool {
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

impl Operation for SendMedia {
    const DECLARATION: Declaration = Declaration::new(
        "send_media",
        "Send a file: the body is the file, of any size that Telegram takes.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/media",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .header_fields(&[
        ("x-file-name", "fileName"),
        ("x-mime-type", "mimeType"),
        ("x-caption", "caption"),
        ("content-length", "length"),
    ])
    .takes_bytes()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        if self.length == Some(0) {
            return Err(Error::new(Code::InvalidInput, "The body is empty: send the file's bytes"));
        }
        self.file().map(|_| ())
    }
}

impl AccountOperation for SendMedia {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.send_file(self.chat_id, self.file()?, self.length).await
    }
}

/// Fetches the file of a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadMedia {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// One range of bytes, such as `bytes=0-1023` (RFC 9110, section 14.2). Anything else is answered with the whole file.
    #[serde(default)]
    range: Option<String>,
    /// The `ETag` of what the caller has.
    #[serde(default)]
    if_none_match: Option<String>,
}

impl Operation for DownloadMedia {
    const DECLARATION: Declaration = Declaration::new(
        "download_media",
        "Fetch the file of a message, whole or a range of it.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/media",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    )
    .header_fields(&[("range", "range"), ("if-none-match", "ifNoneMatch")])
    .gives_bytes();
    type Output = ();

    in_chat!();
}

impl DownloadOperation for DownloadMedia {
    async fn run(self, call: AccountCall) -> Result<Download, Error> {
        let file = call.file(self.chat_id, self.message_id).await?;
        let etag = format!("\"{:x}-{:x}\"", file.id, file.size);
        if is_known(&etag, self.if_none_match.as_deref()) {
            return Ok(Download { status: 304, headers: vec![("etag", etag)], length: 0, bytes: None });
        }
        let mut headers = headers_of(&file);
        headers.push(("etag", etag));
        let (status, begin, length) = match self.range.as_deref().and_then(|range| Range::parse(range, file.size)) {
            None => (200, 0, file.size),
            Some(Range::Outside) => {
                let size = format!("The file has {} bytes", file.size);
                return Err(Error::new(Code::RangeNotSatisfiable, size).in_field("range"));
            }
            Some(Range::Within { first, last }) => {
                headers.push(("content-range", format!("bytes {first}-{last}/{}", file.size)));
                (206, first, last - first + 1)
            }
        };
        let bytes = call.download(file, begin, length).await?;
        Ok(Download { status, headers, length, bytes: Some(bytes) })
    }
}

/// Whether a caller has what this tag names, by its `If-None-Match` (RFC 9110, section 13.1.2).
pub(super) fn is_known(etag: &str, if_none_match: Option<&str>) -> bool {
    let known = if_none_match.unwrap_or_default();
    known.split(',').any(|known| matches!(known.trim().trim_start_matches("W/"), tag if tag == etag || tag == "*"))
}

/// One range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Within { first: u64, last: u64 },
    Outside,
}

impl Range {
    /// Reads a `Range` of one part; `None` for what is ignored, which several parts and other units are.
    fn parse(text: &str, size: u64) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (first, last) = match (first.trim(), last.trim()) {
            ("", "") => return None,
            ("", suffix) => {
                (size.saturating_sub(number(suffix)?), if number(suffix)? == 0 { return Some(Self::Outside) } else { size })
            }
            (first, "") => (number(first)?, size),
            (first, last) if number(first)? > number(last)? => return None,
            (first, last) => (number(first)?, number(last)?.saturating_add(1)),
        };
        if first >= size {
            return Some(Self::Outside);
        }
        Some(Self::Within { first, last: last.min(size) - 1 })
    }
}

/// How a browser may treat the bytes, which a stranger sent: what cannot run is shown, all else is saved.
fn headers_of(file: &StoredFile) -> Vec<(&'static str, String)> {
    let mime_type =
        if is_mime_type(&file.mime_type) { file.mime_type.to_ascii_lowercase() } else { MIME_TYPE_DEFAULT.to_owned() };
    let shown = matches!(mime_type.split('/').next(), Some("image" | "audio" | "video")) && mime_type != "image/svg+xml";
    let (content_type, disposition) = if shown { (mime_type, "inline") } else { (MIME_TYPE_DEFAULT.to_owned(), "attachment") };
    let disposition = match file.name.as_deref().map(file_name_parameters) {
        Some(parameters) => format!("{disposition}; {parameters}"),
        None => disposition.to_owned(),
    };
    vec![
        ("content-type", content_type),
        ("content-disposition", disposition),
        ("content-security-policy", "default-src 'none'; sandbox".to_owned()),
        ("accept-ranges", "bytes".to_owned()),
    ]
}

/// `filename` for old clients and `filename*` for all others (RFC 6266); whatever could end a header or a parameter is encoded or replaced.
fn file_name_parameters(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ' ');
    let simple: String = name.chars().map(|character| if plain(character) { character } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("filename=\"{simple}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_http_says() {
        let within = |first, last| Some(Range::Within { first, last });
        assert_eq!(Range::parse("bytes=0-3", 10), within(0, 3));
        assert_eq!(Range::parse("bytes=4-", 10), within(4, 9));
        assert_eq!(Range::parse("bytes=-3", 10), within(7, 9));
        assert_eq!(Range::parse("bytes=-30", 10), within(0, 9));
        assert_eq!(Range::parse("bytes=8-99", 10), within(8, 9));
        assert_eq!(Range::parse("bytes=10-", 10), Some(Range::Outside));
        assert_eq!(Range::parse("bytes=-0", 10), Some(Range::Outside));
        for ignored in ["bytes=3-1", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", ""] {
            assert_eq!(Range::parse(ignored, 10), None, "{ignored}");
        }
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_its_header(name in ".{0,40}") {
            let header = file_name_parameters(&name);
            prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(header.matches('"').count(), 2);
        }

        #[test]
        fn a_range_lies_within_its_file(text in "bytes=[0-9]{0,4}-[0-9]{0,4}", size in 0u64..5_000) {
            if let Some(Range::Within { first, last }) = Range::parse(&text, size) {
                prop_assert!(first <= last && last < size);
            }
        }
    }
}
