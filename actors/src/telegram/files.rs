//! The files that messages bring: where Telegram keeps them, and in which sizes.

use grammers_tl_types::{enums, types};

use super::{ChatId, Connection, TelegramError};

/// A file that Telegram keeps.
#[derive(Clone, PartialEq)]
pub struct StoredFile {
    /// Its id.
    pub id: i64,
    /// How many bytes it has.
    pub size: u64,
    /// Its media type, as its sender said.
    pub mime_type: String,
    /// Its name, as its sender said.
    pub name: Option<String>,
    /// The message that it was found in, if it was one: there it is found again.
    pub(super) source: Option<FileSource>,
    pub(super) dc_id: i32,
    pub(super) location: enums::InputFileLocation,
}

/// Where a file is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileSource {
    chat: ChatId,
    message_id: i32,
    /// For a picture of the file, the name of its size.
    picture: Option<String>,
}

/// A picture of a message's file.
#[derive(Clone, PartialEq)]
pub enum Picture {
    /// One that Telegram keeps.
    Stored(StoredFile),
    /// A small one, which came with the message.
    Inline {
        /// The id of the file that it is of.
        id: i64,
        /// A JPEG file.
        bytes: Vec<u8>,
    },
}

impl Connection {
    /// The file of a message.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`] without such a message, [`TelegramError::NoMedia`] without a file in it, or what any call meets.
    pub async fn file(&self, chat: ChatId, message_id: i32) -> Result<StoredFile, TelegramError> {
        let media = self.message_media(chat, message_id).await?;
        let source = FileSource { chat, message_id, picture: None };
        Found::of(&media).and_then(|found| found.whole(Some(source))).ok_or(TelegramError::NoMedia)
    }

    /// A picture of a message's file: the one with the size of this name, or else the largest that is not the file itself.
    ///
    /// # Errors
    /// [`TelegramError::NoThumbnail`]; otherwise as [`Self::file`].
    pub async fn picture(&self, chat: ChatId, message_id: i32, size: Option<&str>) -> Result<Picture, TelegramError> {
        let media = self.message_media(chat, message_id).await?;
        let found = Found::of(&media).ok_or(TelegramError::NoMedia)?;
        found.picture(chat, message_id, size).ok_or(TelegramError::NoThumbnail)
    }

    /// The same file with a reference that is fresh.
    ///
    /// # Errors
    /// [`TelegramError::FileChanged`] when the message has another file by now; otherwise as [`Self::file`].
    pub async fn refreshed(&self, file: &StoredFile) -> Result<StoredFile, TelegramError> {
        let FileSource { chat, message_id, picture } = file.source.as_ref().ok_or(TelegramError::FileChanged)?;
        let fresh = match picture {
            None => self.file(*chat, *message_id).await?,
            Some(size) => match self.picture(*chat, *message_id, Some(size)).await? {
                Picture::Stored(fresh) => fresh,
                Picture::Inline { .. } => return Err(TelegramError::FileChanged),
            },
        };
        if (fresh.id, fresh.size) == (file.id, file.size) { Ok(fresh) } else { Err(TelegramError::FileChanged) }
    }

    async fn message_media(&self, chat: ChatId, message_id: i32) -> Result<enums::MessageMedia, TelegramError> {
        let (messages, _) = self.messages_by_id(chat, &[message_id]).await?;
        match messages.into_iter().next() {
            Some(enums::Message::Message(message)) => message.media.ok_or(TelegramError::NoMedia),
            Some(enums::Message::Service(_)) => Err(TelegramError::NoMedia),
            _ => Err(TelegramError::MessageNotFound),
        }
    }
}

/// A photo in its largest size.
pub(super) fn stored_photo(photo: &enums::Photo) -> Option<StoredFile> {
    let enums::Photo::Photo(photo) = photo else { return None };
    Found::Photo(photo).whole(None)
}

/// What of a message's media is a file.
enum Found<'a> {
    Photo(&'a types::Photo),
    Document(&'a types::Document),
}

/// One size of a picture.
struct Size<'a> {
    name: &'a str,
    pixels: i64,
    length: Length<'a>,
}

enum Length<'a> {
    Bytes(u64),
    Inline(&'a [u8]),
}

impl<'a> Found<'a> {
    fn of(media: &'a enums::MessageMedia) -> Option<Self> {
        match media {
            enums::MessageMedia::Photo(types::MessageMediaPhoto { photo: Some(enums::Photo::Photo(photo)), .. }) => {
                Some(Self::Photo(photo))
            }
            enums::MessageMedia::Document(types::MessageMediaDocument {
                document: Some(enums::Document::Document(document)),
                ..
            }) => Some(Self::Document(document)),
            _ => None,
        }
    }

    fn whole(&self, source: Option<FileSource>) -> Option<StoredFile> {
        match self {
            Self::Photo(photo) => {
                let largest = self.sizes().into_iter().max_by_key(|size| size.pixels)?;
                let Length::Bytes(size) = largest.length else { return None };
                Some(self.stored(photo.id, size, photo.dc_id, largest.name, source))
            }
            Self::Document(document) => {
                let name = document.attributes.iter().find_map(|attribute| match attribute {
                    enums::DocumentAttribute::Filename(name) => Some(name.file_name.clone()),
                    _ => None,
                });
                let size = u64::try_from(document.size).ok()?;
                let file = self.stored(document.id, size, document.dc_id, "", source);
                Some(StoredFile { name, mime_type: document.mime_type.clone(), ..file })
            }
        }
    }

    fn picture(&self, chat: ChatId, message_id: i32, wanted: Option<&str>) -> Option<Picture> {
        let mut sizes = self.sizes();
        sizes.sort_by_key(|size| size.pixels);
        // The largest size of a photo is the photo.
        let whole = match self {
            Self::Photo(_) if sizes.len() > 1 => sizes.last().map(|size| size.name),
            _ => None,
        };
        let found = match wanted {
            Some(name) => sizes.iter().find(|size| size.name == name)?,
            None => sizes.iter().rfind(|size| Some(size.name) != whole)?,
        };
        let (id, dc_id) = match self {
            Self::Photo(photo) => (photo.id, photo.dc_id),
            Self::Document(document) => (document.id, document.dc_id),
        };
        Some(match found.length {
            Length::Inline(bytes) => Picture::Inline { id, bytes: bytes.to_vec() },
            Length::Bytes(size) => {
                let source = Some(FileSource { chat, message_id, picture: Some(found.name.to_owned()) });
                Picture::Stored(self.stored(id, size, dc_id, found.name, source))
            }
        })
    }

    /// The sizes that are pictures: those without bytes, outlines and blurs are left out.
    fn sizes(&self) -> Vec<Size<'a>> {
        let sizes = match self {
            Self::Photo(photo) => photo.sizes.as_slice(),
            Self::Document(document) => document.thumbs.as_deref().unwrap_or_default(),
        };
        let pixels = |w: i32, h: i32| i64::from(w) * i64::from(h);
        let bytes = |length: i32| u64::try_from(length).ok().map(Length::Bytes);
        let sizes = sizes.iter().filter_map(|size| match size {
            enums::PhotoSize::Size(it) => Some(Size { name: &it.r#type, pixels: pixels(it.w, it.h), length: bytes(it.size)? }),
            enums::PhotoSize::Progressive(it) => {
                let length = bytes(it.sizes.iter().copied().max()?)?;
                Some(Size { name: &it.r#type, pixels: pixels(it.w, it.h), length })
            }
            enums::PhotoSize::PhotoCachedSize(it) => {
                Some(Size { name: &it.r#type, pixels: pixels(it.w, it.h), length: Length::Inline(&it.bytes) })
            }
            _ => None,
        });
        sizes.collect()
    }

    fn stored(&self, id: i64, size: u64, dc_id: i32, size_name: &str, source: Option<FileSource>) -> StoredFile {
        let thumb_size = size_name.to_owned();
        let location = match self {
            Self::Photo(photo) => {
                let (access_hash, file_reference) = (photo.access_hash, photo.file_reference.clone());
                types::InputPhotoFileLocation { id, access_hash, file_reference, thumb_size }.into()
            }
            Self::Document(document) => {
                let (access_hash, file_reference) = (document.access_hash, document.file_reference.clone());
                types::InputDocumentFileLocation { id, access_hash, file_reference, thumb_size }.into()
            }
        };
        StoredFile { id, size, mime_type: "image/jpeg".to_owned(), name: None, source, dc_id, location }
    }
}
