//! Sending files: cut into parts as they come, of which several are on their way at once, and read no faster than they leave.

use std::rc::Rc;

use bytes::Bytes;
use reqwest::Url;
use tokio::task::JoinSet;

use crate::account::{AccountCall, AccountContext, random};
use crate::error::{Code, Error};
use crate::outbound::Fetched;
use crate::stream::ByteStream;
use crate::telegram::{
    AlbumItem, ChatId, Connection, FileKind, FormattedText, KeptFile, MediaType, Message, OutgoingFile, PART_BYTES, SendOptions,
    TelegramError, Upload, Uploaded,
};

/// [`PART_BYTES`] as a length.
const PART_LENGTH: u64 = PART_BYTES as u64;

/// Parts of one upload that may be on their way at once.
const PARTS_UNDER_WAY_MAX: usize = 4;

/// Telegram takes so many parts of a file, and twice as many from who pays for Telegram Premium
/// (<https://core.telegram.org/api/files#uploading-files>).
const PARTS_MAX: u64 = 4_000;
const PREMIUM_PARTS_MAX: u64 = 8_000;

/// The longest image that Telegram takes for a photo, in bytes.
pub(crate) const PHOTO_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// How long a body is, as far as that is known before it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many bytes.
    Known(u64),
    /// So many bytes at most: a longer body is refused.
    AtMost(u64),
    /// Nobody knows.
    Unknown,
}

impl Length {
    /// How long a file is that is sent as this, if a length was told.
    fn of(kind: FileKind, told: Option<u64>) -> Result<Self, Error> {
        match (kind, told) {
            (FileKind::Photo, Some(told)) if told > PHOTO_BYTES_MAX => Err(longer_than(PHOTO_BYTES_MAX)),
            (FileKind::Photo, None) => Ok(Self::AtMost(PHOTO_BYTES_MAX)),
            (_, Some(told)) => Ok(Self::Known(told)),
            (_, None) => Ok(Self::Unknown),
        }
    }

    fn most(self) -> Option<u64> {
        match self {
            Self::Known(length) | Self::AtMost(length) => Some(length),
            Self::Unknown => None,
        }
    }
}

impl AccountContext {
    /// Uploads a body.
    pub(super) async fn upload(&self, body: ByteStream, length: Length) -> Result<Uploaded, Error> {
        let uploaded = self.upload_parts(Parts { body, rest: Bytes::new(), ended: false }, length).await;
        uploaded.map_err(|failed| match failed {
            Failed::Told(error) => error,
            Failed::Telegram(error) => {
                self.note_transfer_failure(&error);
                not_uploaded(error)
            }
        })
    }

    async fn upload_parts(&self, mut parts: Parts, length: Length) -> Result<Uploaded, Failed> {
        let mut parts_max = self.parts_max(length.most().unwrap_or(0), PARTS_MAX).await?;
        let room = self.transfers().await?;
        let empty = || Error::new(Code::InvalidInput, "The body is empty: send the file's bytes");
        let mut part = Some(parts.next().await?.ok_or_else(empty)?);
        // What ends within its first part is known to be short.
        let length = match &part {
            Some(first) if parts.is_over() => Length::Known(u64::try_from(first.len()).unwrap_or(u64::MAX)),
            _ => length,
        };
        let upload = Upload::begin(i64::from_le_bytes(random()?), length.most());
        let total = match length {
            Length::Known(length) => i32::try_from(length.div_ceil(PART_LENGTH)).unwrap_or(i32::MAX),
            Length::AtMost(_) | Length::Unknown => -1,
        };
        // In tasks of their own, so that what waits for a slow sender holds no other file up.
        let mut under_way: JoinSet<Result<(), TelegramError>> = JoinSet::new();
        let (mut number, mut uploaded) = (0, 0_u64);
        while let Some(bytes) = part {
            uploaded = uploaded.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            if let Length::AtMost(most) = length
                && uploaded > most
            {
                return Err(longer_than(most).into());
            }
            parts_max = self.parts_max(uploaded, parts_max).await?;
            let ahead = loop {
                let ahead = room.ahead().filter(|_| under_way.len() < PARTS_UNDER_WAY_MAX);
                if ahead.is_some() || under_way.is_empty() {
                    break ahead;
                }
                saved(under_way.join_next().await)?;
            };
            // The number of parts must be told with the last one where it was not known before.
            let told = if total < 0 && parts.is_over() { number + 1 } else { total };
            let room = Rc::clone(&room);
            under_way.spawn_local(async move {
                let saved = room.transfers.save_part(upload, number, told, bytes).await;
                drop(ahead);
                saved
            });
            number += 1;
            part = parts.next().await?;
        }
        while let Some(done) = under_way.join_next().await {
            saved(Some(done))?;
        }
        Ok(Uploaded { upload, parts: number })
    }

    /// How many parts a file may have, of which so many bytes are known; `known` was enough until now. Whether the account pays for
    /// more is asked only where it matters.
    async fn parts_max(&self, bytes: u64, known: u64) -> Result<u64, Error> {
        let parts = bytes.div_ceil(PART_LENGTH);
        let most = if parts > known && known == PARTS_MAX { self.parts_of_premium().await? } else { known };
        if parts > most { Err(too_large(most)) } else { Ok(most) }
    }

    async fn parts_of_premium(&self) -> Result<u64, Error> {
        let premium = self.repeatable("users.getUsers", async |connection| connection.is_premium().await).await?;
        Ok(if premium { PREMIUM_PARTS_MAX } else { PARTS_MAX })
    }

    /// Uploads a body and makes Telegram keep it for a chat.
    pub(crate) async fn keep_file(&self, chat: ChatId, file: &OutgoingFile, body: ByteStream) -> Result<KeptFile, Error> {
        let uploaded = self.upload(body, Length::of(file.kind, None)?).await?;
        self.repeatable("messages.uploadMedia", async |connection| connection.keep_file(chat, file, uploaded).await).await
    }
}

impl AccountCall {
    /// Asks for a file that is somewhere on the web.
    pub(crate) async fn fetch(&self, url: Url) -> Result<Fetched, Error> {
        self.environment.fetcher.fetch(url).await
    }

    /// Uploads a body and sends it; `length` is how long the body is, if that is known.
    pub(crate) async fn send_file(
        &self,
        chat: ChatId,
        (file, body, length): (&OutgoingFile, ByteStream, Option<u64>),
        caption: &FormattedText,
        options: &SendOptions,
    ) -> Result<Message, Error> {
        let uploaded = self.upload(body, Length::of(file.kind, length)?).await?;
        let send = async |connection: &Connection, random_id| {
            connection.send_file(chat, (file, uploaded), caption, options, random_id).await
        };
        let is_it = |message: &Message| {
            let Some(media) = message.media.iter().flatten().next() else { return false };
            // Telegram makes photos anew, so that their size says nothing.
            let same_size = media.media_type == MediaType::Photo || length.is_none() || media.file_size == length;
            same_size && message.text.as_deref().unwrap_or_default() == caption.text && options.is_met_by(message)
        };
        self.send_once("messages.sendMedia", chat, send, is_it).await
    }

    /// Sends an album of files that Telegram keeps.
    pub(crate) async fn send_album(
        &self,
        chat: ChatId,
        items: &[AlbumItem],
        options: &SendOptions,
    ) -> Result<Vec<Message>, Error> {
        let send =
            async |connection: &Connection, random_ids: &[i64]| connection.send_album(chat, items, options, random_ids).await;
        let is_it = |album: &&[Message]| {
            let captions = album.iter().map(|message| message.text.as_deref().unwrap_or_default());
            let alike = album.len() == items.len() && captions.eq(items.iter().map(|item| item.caption.text.as_str()));
            alike && album.iter().all(|message| options.is_met_by(message))
        };
        let find = |messages: Vec<Message>| {
            let in_one = |one: &Message, other: &Message| one.grouped_id.is_some() && one.grouped_id == other.grouped_id;
            messages.chunk_by(in_one).find(is_it).map(<[Message]>::to_vec)
        };
        self.send_all_once("messages.sendMultiMedia", chat, items.len(), send, find).await
    }
}

/// Why an upload ended: what the caller is told, or what Telegram did.
enum Failed {
    Told(Error),
    Telegram(TelegramError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

fn saved(done: Option<Result<Result<(), TelegramError>, tokio::task::JoinError>>) -> Result<(), Failed> {
    match done {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(Failed::Telegram(error)),
        Some(Err(_)) => Err(Failed::Telegram(TelegramError::Panicked)),
    }
}

/// A body cut into parts.
struct Parts {
    body: ByteStream,
    rest: Bytes,
    ended: bool,
}

impl Parts {
    /// The next part: [`PART_BYTES`] long, or shorter at the end; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut part = Vec::with_capacity(PART_BYTES);
        loop {
            if self.rest.is_empty() && !self.ended {
                match self.body.next().await? {
                    Some(bytes) => self.rest = bytes,
                    None => self.ended = true,
                }
            }
            // Only with more behind it, or nothing, is a part known to be the last or not.
            let missing = PART_BYTES - part.len();
            if self.is_over() || (missing == 0 && !self.rest.is_empty()) {
                return Ok(Some(part).filter(|part| !part.is_empty()));
            }
            part.extend_from_slice(&self.rest.split_to(missing.min(self.rest.len())));
        }
    }

    /// Whether nothing follows what was given.
    fn is_over(&self) -> bool {
        self.ended && self.rest.is_empty()
    }
}

fn longer_than(most: u64) -> Error {
    Error::new(Code::PayloadTooLarge, format!("A photo may have at most {most} bytes: send a longer one as a document"))
}

fn too_large(parts_max: u64) -> Error {
    let mebibytes = parts_max / 2;
    let hint = if parts_max == PARTS_MAX { ", and 4000 MiB with Telegram Premium" } else { "" };
    Error::new(Code::PayloadTooLarge, format!("Telegram takes files of at most {mebibytes} MiB from this account{hint}"))
}

/// An upload that fails has changed nothing that anybody sees.
fn not_uploaded(error: TelegramError) -> Error {
    match error {
        TelegramError::FloodWait { .. }
        | TelegramError::Refused { .. }
        | TelegramError::Rpc { .. }
        | TelegramError::AuthLost(_) => error.into(),
        _ => Error::new(Code::TelegramUnreachable, "The file could not be uploaded; nothing was sent").retry_after_secs(5),
    }
}
