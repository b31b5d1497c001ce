//! Fetching files: in pieces that are on their way at once, handed on in order, and never faster than their reader takes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;

use super::transfer::FileRoom;
use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::stream::{ByteSender, ByteStream, byte_stream};
use crate::telegram::{ChatId, PIECE_BYTES, Picture, StoredFile, TelegramError};

/// Pieces of one file that may be on their way at once.
const PIECES_UNDER_WAY_MAX: usize = 4;

/// How many bytes are handed on at once: less than a piece, so that a slow reader keeps little waiting.
const SLICE_BYTES: usize = 64 * 1_024;

/// A reader that takes nothing for this long is taken for gone.
const READER_PATIENCE: Duration = Duration::from_secs(120);

/// How often one piece is asked for with a fresh reference.
const REFRESHES_MAX: usize = 2;

impl AccountContext {
    /// The file of a message.
    pub(crate) async fn file(&self, chat: ChatId, message_id: i32) -> Result<StoredFile, Error> {
        self.repeatable("messages.getMessages", async |connection| connection.file(chat, message_id).await).await
    }

    /// A picture of a message's file: the one of this size, or else the largest.
    pub(crate) async fn picture(&self, chat: ChatId, message_id: i32, size: Option<&str>) -> Result<Picture, Error> {
        self.repeatable("messages.getMessages", async |connection| connection.picture(chat, message_id, size).await).await
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

    /// The bytes of a file from `offset`, `length` of them. What keeps the first of them away is an error of the call, not of the
    /// stream.
    pub(crate) async fn download(self: &Rc<Self>, file: StoredFile, offset: u64, length: u64) -> Result<ByteStream, Error> {
        let room = self.transfers().await?;
        let download = Rc::new(Downloading { context: Rc::clone(self), room, file: RefCell::new(Rc::new(file)) });
        let mut pieces = Pieces::ask(download, offset, length);
        let first = match pieces.next().await {
            Ok(first) => first,
            Err(error) => {
                self.note_transfer_failure(&error);
                return Err(error.into());
            }
        };
        let (sender, stream) = byte_stream();
        let context = Rc::clone(self);
        self.tasks.spawn(async move {
            let account = context.ownership.account;
            match hand_on(first, pieces, &sender).await {
                Ok(()) => sender.end().await,
                Err(Stopped::ReaderGone) => tracing::debug!(%account, "nobody reads a file any more"),
                Err(Stopped::Telegram(error)) => {
                    tracing::warn!(%account, %error, "a file could not be read whole");
                    context.note_transfer_failure(&error);
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

/// One file on its way down.
struct Downloading {
    context: Rc<AccountContext>,
    room: Rc<FileRoom>,
    /// The file; its reference may be replaced meanwhile.
    file: RefCell<Rc<StoredFile>>,
}

/// A piece that was asked for, and the room that it takes.
type Awaited = (oneshot::Receiver<Result<Vec<u8>, TelegramError>>, Option<OwnedSemaphorePermit>);

/// A piece that has come, and the room that it takes until it is handed on.
type Piece = (Bytes, Option<OwnedSemaphorePermit>);

/// The pieces of a file, in order, several of them on their way at once.
struct Pieces {
    download: Rc<Downloading>,
    at: u64,
    end: u64,
    next: u64,
    /// Tasks of their own, so that what waits for a slow reader holds no other file up.
    asking: JoinSet<()>,
    awaited: VecDeque<Awaited>,
}

impl Pieces {
    fn ask(download: Rc<Downloading>, offset: u64, length: u64) -> Self {
        let (end, next) = (offset.saturating_add(length), offset - offset % PIECE_BYTES);
        Self { download, at: offset, end, next, asking: JoinSet::new(), awaited: VecDeque::new() }
    }

    /// The next piece; nothing after the last.
    async fn next(&mut self) -> Result<Option<Piece>, TelegramError> {
        while self.next < self.end && self.awaited.len() < PIECES_UNDER_WAY_MAX {
            let room = self.download.room.ahead();
            if room.is_none() && !self.awaited.is_empty() {
                break;
            }
            let (answer, piece) = oneshot::channel();
            let (download, offset) = (Rc::clone(&self.download), self.next);
            while self.asking.try_join_next().is_some() {}
            self.asking.spawn_local(async move {
                let _nobody_may_wait = answer.send(download.piece(offset).await);
            });
            self.awaited.push_back((piece, room));
            self.next += PIECE_BYTES;
        }
        let Some((piece, room)) = self.awaited.pop_front() else { return Ok(None) };
        let piece = wanted(piece.await.unwrap_or(Err(TelegramError::Panicked))?, self.at, self.end)?;
        self.at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(Some((piece, room)))
    }
}

async fn hand_on(first: Option<Piece>, mut pieces: Pieces, sender: &ByteSender) -> Result<(), Stopped> {
    let mut next = first;
    while let Some((piece, room)) = next {
        give(sender, piece).await?;
        drop(room);
        next = tokio::select! {
            next = pieces.next() => next.map_err(Stopped::Telegram)?,
            () = sender.closed() => return Err(Stopped::ReaderGone),
        };
    }
    Ok(())
}

impl Downloading {
    async fn piece(&self, offset: u64) -> Result<Vec<u8>, TelegramError> {
        let mut refreshes = 0;
        loop {
            let file = Rc::clone(&self.file.borrow());
            match self.room.transfers.piece(&file, offset).await {
                Err(error) if error.is_stale_reference() && refreshes < REFRESHES_MAX => {
                    refreshes += 1;
                    self.refresh(&file).await?;
                }
                decided => return decided,
            }
        }
    }

    /// Reads the message again for a fresh reference, unless another piece has done so meanwhile.
    async fn refresh(&self, stale: &Rc<StoredFile>) -> Result<(), TelegramError> {
        if !Rc::ptr_eq(stale, &self.file.borrow()) {
            return Ok(());
        }
        let connection = self.context.connection.borrow().clone();
        let connection = connection.ok_or_else(|| TelegramError::Connection("the account is not connected".to_owned()))?;
        let fresh = connection.refreshed(stale).await?;
        self.file.replace(Rc::new(fresh));
        Ok(())
    }
}

/// What of a piece is asked for, from `at` in the file and not beyond `end`.
fn wanted(piece: Vec<u8>, at: u64, end: u64) -> Result<Bytes, TelegramError> {
    let piece = Bytes::from(piece);
    let skipped = usize::try_from(at % PIECE_BYTES).unwrap_or(usize::MAX);
    let last = usize::try_from(end - (at - at % PIECE_BYTES)).unwrap_or(usize::MAX).min(piece.len());
    if skipped >= last {
        return Err(TelegramError::Unexpected("the file is shorter than Telegram said"));
    }
    Ok(piece.slice(skipped..last))
}

async fn give(sender: &ByteSender, mut piece: Bytes) -> Result<(), Stopped> {
    while !piece.is_empty() {
        let slice = piece.split_to(piece.len().min(SLICE_BYTES));
        match tokio::time::timeout(READER_PATIENCE, sender.send(slice)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Stopped::ReaderGone),
        }
    }
    Ok(())
}
