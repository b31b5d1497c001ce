//! Fetching the files of messages, whole or in part, and pictures of them. Their bytes are handed on as they come.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_fields::{MIME_TYPE_DEFAULT, is_mime_type};
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{Access, AccountReference, Declaration, Download, DownloadOperation, Effect, Method, Operation};
use crate::scope::Scope;
use crate::stream::{ByteStream, stream_of};
use crate::telegram::{ChatId, Picture, StoredFile};

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
    fn message(&self) -> Option<(ChatId, i32)> {
        Some((self.chat_id, self.message_id))
    }

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
fn is_known(etag: &str, if_none_match: Option<&str>) -> bool {
    let known = if_none_match.unwrap_or_default();
    known.split(',').any(|known| matches!(known.trim().trim_start_matches("W/"), tag if tag == etag || tag == "*"))
}

/// Fetches a picture of the file of a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetThumbnail {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// The name of the size, such as `m`, as Telegram has it. The largest that is not the file itself if absent.
    #[serde(default)]
    size: Option<String>,
    /// The `ETag` of what the caller has.
    #[serde(default)]
    if_none_match: Option<String>,
}

impl Operation for GetThumbnail {
    const DECLARATION: Declaration = Declaration::new(
        "get_thumbnail",
        "Fetch a small picture of the photo, video or file of a message.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/thumbnail",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    )
    .header_fields(&[("if-none-match", "ifNoneMatch")])
    .gives_bytes();
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        let named = |size: &String| size.len() == 1 && size.bytes().all(|byte| byte.is_ascii_lowercase());
        match &self.size {
            Some(size) if !named(size) => Err(Error::invalid("size", "must be one letter, such as m")),
            _ => Ok(()),
        }
    }
}

impl DownloadOperation for GetThumbnail {
    fn message(&self) -> Option<(ChatId, i32)> {
        Some((self.chat_id, self.message_id))
    }

    async fn run(self, call: AccountCall) -> Result<Download, Error> {
        let picture = call.picture(self.chat_id, self.message_id, self.size.as_deref()).await?;
        let (id, length) = match &picture {
            Picture::Stored(file) => (file.id, file.size),
            Picture::Inline { id, bytes } => (*id, u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        };
        let open = async || match picture {
            Picture::Stored(file) => Ok((length, call.download(file, 0, length).await?)),
            Picture::Inline { bytes, .. } => Ok((length, stream_of(Bytes::from(bytes)))),
        };
        self::picture(format!("\"{id:x}-{length:x}-picture\""), self.if_none_match.as_deref(), open).await
    }
}

/// The answer of a picture to who has it already, or does not.
pub(super) async fn picture(
    etag: String,
    if_none_match: Option<&str>,
    open: impl AsyncFnOnce() -> Result<(u64, ByteStream), Error>,
) -> Result<Download, Error> {
    // It may be kept, but whoever looks again asks again: the same address has another picture tomorrow.
    let cached = ("cache-control", "private, no-cache".to_owned());
    if is_known(&etag, if_none_match) {
        return Ok(Download { status: 304, headers: vec![("etag", etag), cached], length: 0, bytes: None });
    }
    let (length, bytes) = open().await?;
    let headers = vec![
        ("content-type", "image/jpeg".to_owned()),
        ("content-disposition", "inline".to_owned()),
        ("content-security-policy", "default-src 'none'; sandbox".to_owned()),
        ("etag", etag),
        cached,
    ];
    Ok(Download { status: 200, headers, length, bytes: Some(bytes) })
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
