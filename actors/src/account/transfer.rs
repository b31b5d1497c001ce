//! Files of an account on their way: never held whole, never faster than the slower side, and ended by whoever goes away.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::account::{AccountCall, AccountContext, random};
use crate::error::{Code, Error};
use crate::stream::{ByteSender, ByteStream, byte_stream};
use crate::telegram::{
    ChatId, Connection, MediaType, Message, OutgoingFile, PART_BYTES, PIECE_BYTES, StoredFile, TelegramError, Transfers, Upload,
};

/// Parts of one upload that are on their way at once.
const PARTS_UNDER_WAY_MAX: usize = 2;

/// Telegram takes so many parts of a file from premium accounts, and half of them from others.
const PARTS_MAX: i32 = 8_000;

/// Files of one account that may be on their way at once.
const TRANSFERS_MAX: usize = 32;

/// A reader that takes nothing for this long is taken for gone.
const READER_PATIENCE: Duration = Duration::from_secs(120);

impl AccountContext {
    /// The connection for files: one for all that are on their way, closed after the last of them.
    pub(super) async fn transfers(&self) -> Result<Rc<Transfers>, Error> {
        let connection = self.connection().await?;
        let open = self.transfers.borrow().upgrade();
        let transfers = open.unwrap_or_else(|| {
            let opened = Rc::new(connection.transfers());
            self.transfers.replace(Rc::downgrade(&opened));
            opened
        });
        if Rc::strong_count(&transfers) > TRANSFERS_MAX {
            let busy = format!("{TRANSFERS_MAX} files of this account are on their way; try again");
            return Err(Error::new(Code::Overloaded, busy).retry_after_secs(5));
        }
        Ok(transfers)
    }

    /// The file of a message.
    pub(crate) async fn file(&self, chat: ChatId, message_id: i32) -> Result<StoredFile, Error> {
        self.repeatable("messages.getMessages", async |connection| connection.file(chat, message_id).await).await
    }

    /// The bytes of what can be heard in a message, unless there are too many.
    pub(super) async fn audio(self: &Rc<Self>, chat: ChatId, message_id: i32, bytes_max: u64) -> Result<ByteStream, Error> {
        let file = self.file(chat, message_id).await?;
        let sounds = |kind: &str| matches!(kind.split('/').next(), Some("audio" | "video")) || kind == "application/ogg";
        if !sounds(&file.mime_type.to_ascii_lowercase()) {
            return Err(Error::invalid("messageId", "is of a message in which nothing can be heard"));
        }
        if file.size > bytes_max {
            let rule = format!("The message's file has {} bytes, and at most {bytes_max} are heard", file.size);
            return Err(Error::new(Code::PayloadTooLarge, rule).in_field("messageId"));
        }
        let size = file.size;
        self.download(file, 0, size).await
    }

    /// The bytes of a file from `offset`, `length` of them.
    pub(crate) async fn download(self: &Rc<Self>, file: StoredFile, offset: u64, length: u64) -> Result<ByteStream, Error> {
        let transfers = self.transfers().await?;
        let (sender, stream) = byte_stream();
        let account = self.ownership.account;
        self.tasks.spawn(async move {
            match hand_on(&transfers, &file, offset, length, &sender).await {
                Ok(()) => sender.end().await,
                Err(Stopped::ReaderGone) => tracing::debug!(%account, "nobody reads a file any more"),
                Err(Stopped::Telegram(error)) => {
                    tracing::warn!(%account, %error, "a file could not be read whole");
                    sender.fail(error.into()).await;
                }
            }
        });
        Ok(stream)
    }
}

enum Stopped {
    ReaderGone,
    Telegram(TelegramError),
}

async fn hand_on(transfers: &Transfers, file: &StoredFile, offset: u64, length: u64, sender: &ByteSender) -> Result<(), Stopped> {
    let (mut at, end) = (offset, offset.saturating_add(length));
    while at < end {
        let begin = at - at % PIECE_BYTES;
        let piece = tokio::select! {
            piece = transfers.piece(file, begin) => Bytes::from(piece.map_err(Stopped::Telegram)?),
            () = sender.closed() => return Err(Stopped::ReaderGone),
        };
        let skipped = usize::try_from(at - begin).unwrap_or(usize::MAX);
        let wanted = usize::try_from(end - begin).unwrap_or(usize::MAX).min(piece.len());
        if skipped >= wanted {
            return Err(Stopped::Telegram(TelegramError::Unexpected("the file is shorter than Telegram said")));
        }
        let piece = piece.slice(skipped..wanted);
        at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        match tokio::time::timeout(READER_PATIENCE, sender.send(piece)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Stopped::ReaderGone),
        }
    }
    Ok(())
}

impl AccountContext {
    /// Uploads a body; answers in how many parts. `length` is how long it is, if that is known; for what is not longer than 10 MiB,
    /// how long at most.
    pub(super) async fn upload(&self, body: ByteStream, length: Option<u64>) -> Result<(Upload, i32), Error> {
        let transfers = self.transfers().await?;
        let upload_id = i64::from_le_bytes(random()?);
        upload_all(&transfers, upload_id, Parts { body, rest: BytesMut::new(), ended: false }, length).await
    }
}

impl AccountCall {
    /// Uploads the request's body and sends it; `length` is how long the body is, if that is known.
    pub(crate) async fn send_file(&self, chat: ChatId, file: OutgoingFile, length: Option<u64>) -> Result<Message, Error> {
        let (upload, parts) = self.upload(self.take_body()?, length).await?;
        let send = async |connection: &Connection, random_id| connection.send_file(chat, &file, upload, parts, random_id).await;
        let is_it = |message: &Message| {
            let Some(media) = message.media.iter().flatten().next() else { return false };
            // Telegram makes photos anew, so that their size says nothing.
            let same_size = media.media_type == MediaType::Photo || length.is_none() || media.file_size == length;
            same_size && message.text.as_deref().unwrap_or_default() == file.caption
        };
        self.send_once("messages.sendMedia", chat, send, is_it).await
    }
}

/// A body cut into parts.
struct Parts {
    body: ByteStream,
    rest: BytesMut,
    ended: bool,
}

impl Parts {
    /// The next part: [`PART_BYTES`] long, or shorter at the end; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while !self.ended && self.rest.len() < PART_BYTES {
            match self.body.next().await? {
                Some(bytes) => self.rest.extend_from_slice(&bytes),
                None => self.ended = true,
            }
        }
        let length = self.rest.len().min(PART_BYTES);
        Ok((length > 0).then(|| self.rest.split_to(length).to_vec()))
    }

    /// Whether nothing follows what was given.
    fn is_over(&self) -> bool {
        self.ended && self.rest.is_empty()
    }
}

async fn upload_all(transfers: &Transfers, id: i64, mut parts: Parts, length: Option<u64>) -> Result<(Upload, i32), Error> {
    let empty = || Error::new(Code::InvalidInput, "The body is empty: send the file's bytes");
    let first = parts.next().await?.ok_or_else(empty)?;
    // What ends within its first part is known to be short.
    let length = if parts.is_over() { u64::try_from(first.len()).ok() } else { length };
    let upload = Upload::begin(id, length);
    let total = length.map_or(-1, |length| {
        let part_bytes = u64::try_from(PART_BYTES).unwrap_or(u64::MAX);
        i32::try_from(length.div_ceil(part_bytes)).unwrap_or(i32::MAX)
    });
    let mut under_way = FuturesUnordered::new();
    let (mut next, mut number) = (Some(first), 0);
    while let Some(part) = next {
        if number >= PARTS_MAX {
            return Err(Error::new(Code::PayloadTooLarge, "Telegram takes no file that is so large"));
        }
        while under_way.len() >= PARTS_UNDER_WAY_MAX {
            let saved: Option<Result<(), TelegramError>> = under_way.next().await;
            saved.unwrap_or(Ok(())).map_err(not_uploaded)?;
        }
        // The number of parts must be told with the last one where it was not known before.
        let following = parts.next().await?;
        let told = if total < 0 && following.is_none() { number + 1 } else { total };
        under_way.push(transfers.save_part(upload, number, told, part));
        (next, number) = (following, number + 1);
    }
    while let Some(saved) = under_way.next().await {
        saved.map_err(not_uploaded)?;
    }
    Ok((upload, number))
}

/// An upload that fails has changed nothing that anybody sees.
fn not_uploaded(error: TelegramError) -> Error {
    match error {
        TelegramError::FloodWait { .. } | TelegramError::Refused { .. } | TelegramError::Rpc { .. } => error.into(),
        _ => Error::new(Code::TelegramUnreachable, "The file could not be uploaded; nothing was sent").retry_after_secs(5),
    }
}
