//! Photos of people, groups and channels, and the account's own.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};

use super::upload::{Length, PHOTO_BYTES_MAX};
use crate::account::{AccountCall, AccountContext};
use crate::error::{Code, Error};
use crate::stream::{ByteSender, ByteStream, byte_stream, stream_of};
use crate::telegram::{ChatId, CurrentPhoto, PIECE_BYTES, Photos, StoredFile, Uploaded};

/// How an image begins that Telegram takes: JPEG and PNG.
const IMAGES: [&[u8]; 2] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"];
const IMAGE_BEGINNING_BYTES: usize = 8;

impl AccountContext {
    /// The current photo of a chat.
    pub(crate) async fn chat_photo(&self, chat: ChatId) -> Result<CurrentPhoto, Error> {
        self.repeatable("messages.getChats", async |connection| connection.current_photo(chat).await).await
    }

    /// The account's own current photo, and its own id as that of a chat.
    pub(crate) async fn own_photo(&self) -> Result<(ChatId, CurrentPhoto), Error> {
        self.repeatable("users.getUsers", async |connection| connection.own_photo().await).await
    }

    /// A page of a chat's photos, the current one first.
    pub(crate) async fn photos(&self, chat: ChatId, offset: u32, limit: u32) -> Result<Photos, Error> {
        self.repeatable("photos.getUserPhotos", async |connection| connection.photos(chat, offset, limit).await).await
    }

    /// The bytes of a current photo, and how many there are. Where it is does not tell how long it is, but a photo is short: nearly
    /// always its first piece is all of it.
    pub(crate) async fn open_photo(self: &Rc<Self>, chat: ChatId, photo: CurrentPhoto) -> Result<(u64, ByteStream), Error> {
        let beginning = Bytes::from(self.transfers().await?.transfers.beginning(&photo).await?);
        let length = u64::try_from(beginning.len()).unwrap_or(u64::MAX);
        if length >= PIECE_BYTES {
            let whole = self.photos(chat, 0, 1).await?.photos.into_iter().find(|whole| whole.id == photo.id);
            let whole = whole.ok_or_else(|| Error::new(Code::NotFound, "The photo was changed meanwhile"))?;
            return self.open_stored_photo(whole).await;
        }
        Ok((length, stream_of(beginning)))
    }

    /// The bytes of a photo, and how many there are.
    pub(crate) async fn open_stored_photo(self: &Rc<Self>, photo: StoredFile) -> Result<(u64, ByteStream), Error> {
        let length = photo.size;
        Ok((length, self.download(photo, 0, length).await?))
    }

    /// Takes the photo of a group or a channel away.
    pub(crate) async fn delete_chat_photo(&self, chat: ChatId) -> Result<(), Error> {
        self.once("channels.editPhoto", async |connection| connection.delete_chat_photo(chat).await).await
    }

    /// Deletes the account's own current photo.
    pub(crate) async fn delete_own_photo(&self) -> Result<(), Error> {
        self.once("photos.deletePhotos", async |connection| connection.delete_own_photo().await).await
    }
}

impl AccountCall {
    /// Uploads the request's body and makes it the photo of a group or a channel.
    pub(crate) async fn set_chat_photo(&self, chat: ChatId) -> Result<(), Error> {
        let uploaded = self.upload_photo().await?;
        self.once("channels.editPhoto", async |connection| connection.set_chat_photo(chat, uploaded).await).await
    }

    /// Uploads the request's body and makes it the account's own photo.
    pub(crate) async fn set_own_photo(&self) -> Result<(), Error> {
        let uploaded = self.upload_photo().await?;
        self.once("photos.uploadProfilePhoto", async |connection| connection.set_own_photo(uploaded).await).await
    }

    async fn upload_photo(&self) -> Result<Uploaded, Error> {
        let body = self.take_body()?;
        let (sender, image) = byte_stream();
        self.tasks.spawn(hand_on_image(body, sender));
        self.upload(image, Length::AtMost(PHOTO_BYTES_MAX)).await
    }
}

/// Hands an image on. What is none, or too long, ends with the reason.
async fn hand_on_image(mut body: ByteStream, sender: ByteSender) {
    let (mut beginning, mut is_image, mut length) = (BytesMut::new(), false, 0_u64);
    loop {
        let piece = match body.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) if is_image => return sender.end().await,
            Ok(None) => return sender.fail(no_image()).await,
            Err(error) => return sender.fail(error).await,
        };
        length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if length > PHOTO_BYTES_MAX {
            let rule = format!("A photo may have at most {PHOTO_BYTES_MAX} bytes");
            return sender.fail(Error::new(Code::PayloadTooLarge, rule)).await;
        }
        let ready = if is_image {
            piece
        } else {
            beginning.extend_from_slice(&piece);
            if beginning.len() < IMAGE_BEGINNING_BYTES {
                continue;
            }
            is_image = IMAGES.iter().any(|image| beginning.starts_with(image));
            if !is_image {
                return sender.fail(no_image()).await;
            }
            beginning.split().freeze()
        };
        if sender.send(ready).await.is_err() {
            return;
        }
    }
}

fn no_image() -> Error {
    Error::new(Code::InvalidInput, "The body must be a JPEG or PNG image")
}
