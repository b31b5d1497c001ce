//! Files on their way, on a connection of their own, so that they never delay messages. See <https://core.telegram.org/api/files>.

use std::fmt;
use std::sync::Arc;

use grammers_client::Client;
use grammers_client::client::ClientConfiguration;
use grammers_mtsender::SenderPool;
use grammers_tl_types::{RemoteCall, enums, functions, types};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::chat_id::ChatIdKind;
use super::convert;
use super::session::SealedSession;
use super::{AuthLoss, ChatId, Connection, CurrentPhoto, FileKind, Message, OutgoingFile, StoredFile, TelegramError};

/// The length of every part of an upload but the last, in bytes: the longest that Telegram takes.
pub const PART_BYTES: usize = 512 * 1024;

/// How many bytes one call gives, at an offset that is a multiple of it.
pub const PIECE_BYTES: u64 = 512 * 1024;

/// From this length on, in bytes, a file is uploaded as a big one.
const BIG_FILE_BYTES: u64 = 10 * 1024 * 1024;

/// Parts and pieces of one account that may be on their way at once; further ones wait.
const UNDER_WAY_MAX: usize = 4;

/// How often a part is tried when the connection breaks, or another datacentre must be asked.
const TRIES_MAX: usize = 4;

/// The connection for files. Dropping it closes it.
pub struct Transfers {
    client: Client,
    session: Arc<SealedSession>,
    under_way: Semaphore,
    runner: JoinHandle<()>,
    updates: JoinHandle<()>,
}

/// An upload that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    id: i64,
    big: bool,
}

impl Upload {
    /// An upload of so many bytes, if that is known; `id` is random.
    pub fn begin(id: i64, length: Option<u64>) -> Self {
        Self { id, big: length.is_none_or(|length| length > BIG_FILE_BYTES) }
    }
}

impl Connection {
    /// Opens the connection for files, with the account's own session. The socket is dialled by the first call.
    pub fn transfers(&self) -> Transfers {
        let SenderPool { runner, handle, mut updates } =
            SenderPool::with_configuration(Arc::clone(&self.session), self.api_id, self.parameters());
        let client = Client::with_configuration(handle, ClientConfiguration { auto_cache_peers: false });
        Transfers {
            client,
            session: Arc::clone(&self.session),
            under_way: Semaphore::new(UNDER_WAY_MAX),
            runner: tokio::spawn(runner.run()),
            // The account follows its updates on its own connection; what comes here as well is let go.
            updates: tokio::spawn(async move { while updates.recv().await.is_some() {} }),
        }
    }

    /// The file of a message.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`] without such a message, [`TelegramError::NoMedia`] without a file in it, or what any call meets.
    pub async fn file(&self, chat: ChatId, message_id: i32) -> Result<StoredFile, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let id = vec![types::InputMessageId { id: message_id }.into()];
        let raw = match (chat.kind(), &peer) {
            (ChatIdKind::Channel(channel_id), enums::InputPeer::Channel(known)) => {
                let channel = types::InputChannel { channel_id, access_hash: known.access_hash }.into();
                self.invoke(&functions::channels::GetMessages { channel, id }).await?
            }
            _ => self.invoke(&functions::messages::GetMessages { id }).await?,
        };
        let (messages, met) = super::calls::taken_apart(raw)?;
        self.remember(&met).await?;
        let found = messages.iter().find(|message| {
            convert::message_id(message) == message_id && convert::message_place(message).is_some_and(|(_, place)| place == chat)
        });
        let Some(enums::Message::Message(message)) = found else { return Err(TelegramError::MessageNotFound) };
        message.media.as_ref().and_then(stored_file).ok_or(TelegramError::NoMedia)
    }

    /// Sends an uploaded file under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub async fn send_file(
        &self,
        chat: ChatId,
        file: &OutgoingFile,
        upload: Upload,
        parts: i32,
        random_id: i64,
    ) -> Result<Message, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let request = functions::messages::SendMedia {
            silent: false,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer,
            reply_to: None,
            media: input_media(file, upload, parts),
            message: file.caption.clone(),
            random_id,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
            suggested_post: None,
        };
        let sent = self.invoke(&request).await?;
        self.sent_message(random_id, sent).await
    }
}

impl Transfers {
    /// Uploads one part. `parts` is how many there are, or -1 while that is not known.
    ///
    /// # Errors
    /// What any call can meet; a broken connection has been tried again.
    pub async fn save_part(&self, upload: Upload, part: i32, parts: i32, bytes: Vec<u8>) -> Result<(), TelegramError> {
        let (file_id, file_part) = (upload.id, part);
        let saved = if upload.big {
            let request = functions::upload::SaveBigFilePart { file_id, file_part, file_total_parts: parts, bytes };
            self.call(None, &request).await?
        } else {
            self.call(None, &functions::upload::SaveFilePart { file_id, file_part, bytes }).await?
        };
        if saved { Ok(()) } else { Err(TelegramError::Unexpected("a part was not kept")) }
    }

    /// The piece of a file that begins at `offset`, a multiple of [`PIECE_BYTES`]: as long, or shorter at the file's end.
    ///
    /// # Errors
    /// As [`Transfers::save_part`].
    pub async fn piece(&self, file: &StoredFile, offset: u64) -> Result<Vec<u8>, TelegramError> {
        self.piece_at(file.dc_id, &file.location, offset).await
    }

    /// The beginning of a photo: all of it where it is shorter than [`PIECE_BYTES`].
    ///
    /// # Errors
    /// As [`Transfers::save_part`].
    pub async fn beginning(&self, photo: &CurrentPhoto) -> Result<Vec<u8>, TelegramError> {
        self.piece_at(photo.dc_id, &photo.location, 0).await
    }

    async fn piece_at(&self, dc_id: i32, location: &enums::InputFileLocation, offset: u64) -> Result<Vec<u8>, TelegramError> {
        let request = functions::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location: location.clone(),
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            limit: i32::try_from(PIECE_BYTES).unwrap_or(i32::MAX),
        };
        match self.call(Some(dc_id), &request).await? {
            enums::upload::File::File(file) => Ok(file.bytes),
            enums::upload::File::CdnRedirect(_) => Err(TelegramError::Unexpected("a redirection that was not asked for")),
        }
    }

    /// Calls a method in a datacentre, or at home, until it is answered: parts and pieces may be asked for twice.
    async fn call<R: RemoteCall>(&self, dc_id: Option<i32>, request: &R) -> Result<R::Return, TelegramError> {
        let _turn = self.under_way.acquire().await;
        let home = self.session.home_dc()?;
        let mut dc_id = dc_id.unwrap_or(home);
        let mut tries = 1;
        loop {
            let answered = tokio::time::timeout(super::connection::CALL_TIMEOUT, self.client.invoke_in_dc(dc_id, request)).await;
            let error = match answered {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => TelegramError::from(error),
                Err(_) => TelegramError::Timeout,
            };
            if tries >= TRIES_MAX {
                return Err(error);
            }
            tries += 1;
            match error {
                TelegramError::Connection(_) | TelegramError::Unreachable(_) | TelegramError::Timeout => {}
                TelegramError::Migrate(other) => dc_id = other,
                // The key of another datacentre is logged in by a token from home.
                TelegramError::AuthLost(AuthLoss::AuthKeyUnregistered) if dc_id != home => self.log_in_to(dc_id).await?,
                error => return Err(error),
            }
        }
    }

    async fn log_in_to(&self, dc_id: i32) -> Result<(), TelegramError> {
        let exported = self.client.invoke(&functions::auth::ExportAuthorization { dc_id }).await?;
        let enums::auth::ExportedAuthorization::Authorization(exported) = exported;
        let request = functions::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes };
        self.client.invoke_in_dc(dc_id, &request).await?;
        Ok(())
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        self.runner.abort();
        self.updates.abort();
    }
}

impl fmt::Debug for Transfers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transfers")
    }
}

/// What was uploaded, as calls name it.
pub(super) fn uploaded_file(upload: Upload, parts: i32, name: String) -> enums::InputFile {
    let id = upload.id;
    if upload.big {
        types::InputFileBig { id, parts, name }.into()
    } else {
        types::InputFile { id, parts, name, md5_checksum: String::new() }.into()
    }
}

fn input_media(file: &OutgoingFile, upload: Upload, parts: i32) -> enums::InputMedia {
    let input = uploaded_file(upload, parts, file.name.clone());
    if file.kind == FileKind::Photo {
        let photo = types::InputMediaUploadedPhoto {
            spoiler: false,
            live_photo: false,
            file: input,
            stickers: None,
            ttl_seconds: None,
            video: None,
        };
        return photo.into();
    }
    types::InputMediaUploadedDocument {
        nosound_video: file.kind == FileKind::Gif,
        force_file: file.kind == FileKind::Document,
        spoiler: false,
        file: input,
        thumb: None,
        mime_type: file.mime_type.clone(),
        attributes: attributes(file),
        stickers: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}

fn attributes(file: &OutgoingFile) -> Vec<enums::DocumentAttribute> {
    let video = |round_message: bool| types::DocumentAttributeVideo {
        round_message,
        supports_streaming: !round_message,
        nosound: false,
        duration: 0.0,
        w: 0,
        h: 0,
        preload_prefix_size: None,
        video_start_ts: None,
        video_codec: None,
    };
    let audio = |voice: bool| types::DocumentAttributeAudio { voice, duration: 0, title: None, performer: None, waveform: None };
    let mut attributes: Vec<enums::DocumentAttribute> =
        vec![types::DocumentAttributeFilename { file_name: file.name.clone() }.into()];
    match file.kind {
        FileKind::Photo | FileKind::Document => {}
        FileKind::Video => attributes.push(video(false).into()),
        FileKind::VideoNote => attributes.push(video(true).into()),
        FileKind::Gif => attributes.extend([video(false).into(), enums::DocumentAttribute::Animated]),
        FileKind::Audio => attributes.push(audio(false).into()),
        FileKind::Voice => attributes.push(audio(true).into()),
        FileKind::Sticker => attributes.push(
            types::DocumentAttributeSticker {
                mask: false,
                alt: String::new(),
                stickerset: enums::InputStickerSet::Empty,
                mask_coords: None,
            }
            .into(),
        ),
    }
    attributes
}

/// What a message's media is as a file; nothing for media without one.
pub(super) fn stored_file(media: &enums::MessageMedia) -> Option<StoredFile> {
    match media {
        enums::MessageMedia::Photo(media) => stored_photo(media.photo.as_ref()?),
        enums::MessageMedia::Document(media) => stored_document(media.document.as_ref()?),
        _ => None,
    }
}

/// A photo in its largest size.
pub(super) fn stored_photo(photo: &enums::Photo) -> Option<StoredFile> {
    let enums::Photo::Photo(photo) = photo else { return None };
    let largest = photo.sizes.iter().filter_map(|size| match size {
        enums::PhotoSize::Size(size) => Some((size.size, size.r#type.clone())),
        enums::PhotoSize::Progressive(size) => Some((size.sizes.iter().copied().max()?, size.r#type.clone())),
        _ => None,
    });
    let (size, thumb_size) = largest.max_by_key(|(size, _)| *size)?;
    let location = types::InputPhotoFileLocation {
        id: photo.id,
        access_hash: photo.access_hash,
        file_reference: photo.file_reference.clone(),
        thumb_size,
    };
    Some(StoredFile {
        id: photo.id,
        size: u64::try_from(size).ok()?,
        mime_type: "image/jpeg".to_owned(),
        name: None,
        dc_id: photo.dc_id,
        location: location.into(),
    })
}

fn stored_document(document: &enums::Document) -> Option<StoredFile> {
    let enums::Document::Document(document) = document else { return None };
    let name = document.attributes.iter().find_map(|attribute| match attribute {
        enums::DocumentAttribute::Filename(name) => Some(name.file_name.clone()),
        _ => None,
    });
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: String::new(),
    };
    Some(StoredFile {
        id: document.id,
        size: u64::try_from(document.size).ok()?,
        mime_type: document.mime_type.clone(),
        name,
        dc_id: document.dc_id,
        location: location.into(),
    })
}
