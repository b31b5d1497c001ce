//! Files that are sent: as what, with which attributes, and what Telegram is told of them.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChatId, Connection, FormattedText, Message, SendOptions, TelegramError, Upload};

/// As what a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A photo, which Telegram compresses.
    Photo,
    /// A video.
    Video,
    /// A round video.
    VideoNote,
    /// A video without sound that repeats.
    Gif,
    /// Music or another sound.
    Audio,
    /// A voice message.
    Voice,
    /// A sticker.
    Sticker,
    /// A file, as it is.
    Document,
}

impl FileKind {
    /// Whether it is shown, so that it has a width and a height.
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Video | Self::VideoNote | Self::Gif | Self::Sticker)
    }

    /// Whether it is played, so that it has a duration.
    pub fn is_played(self) -> bool {
        matches!(self, Self::Video | Self::VideoNote | Self::Gif | Self::Audio | Self::Voice)
    }
}

/// A file that is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingFile {
    /// As what.
    pub kind: FileKind,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime_type: String,
    /// How wide it is, in pixels; 0 where that is not known.
    pub width: i32,
    /// How high it is, in pixels; 0 where that is not known.
    pub height: i32,
    /// How long it plays, in seconds; 0 where that is not known.
    pub duration: i32,
    /// Whether a video can be played before it was fetched whole.
    pub supports_streaming: bool,
    /// What a piece of music is called.
    pub title: Option<String>,
    /// Who plays a piece of music.
    pub performer: Option<String>,
    /// Which emoji a sticker stands for.
    pub emoji: String,
    /// Whether it is hidden until it is touched.
    pub spoiler: bool,
}

/// A file that was uploaded, but not sent.
#[derive(Clone, Copy, Debug)]
pub struct Uploaded {
    /// The upload.
    pub upload: Upload,
    /// How many parts it has.
    pub parts: i32,
}

/// A photo or a file that Telegram keeps, which messages can bring.
#[derive(Clone)]
pub struct KeptFile(enums::InputMedia);

/// One photo or file of an album.
#[derive(Clone)]
pub struct AlbumItem {
    /// What it is.
    pub file: KeptFile,
    /// Its own caption; may be empty.
    pub caption: FormattedText,
}

impl Connection {
    /// Whether the account pays for Telegram Premium.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn is_premium(&self) -> Result<bool, TelegramError> {
        let users = self.invoke(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
        Ok(users.iter().any(|user| matches!(user, enums::User::User(user) if user.premium)))
    }

    /// Sends an uploaded file under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub async fn send_file(
        &self,
        chat: ChatId,
        (file, uploaded): (&OutgoingFile, Uploaded),
        caption: &FormattedText,
        options: &SendOptions,
        random_id: i64,
    ) -> Result<Message, TelegramError> {
        self.send_input_media(chat, input_media(file, uploaded), caption, options, random_id).await
    }

    /// Sends what is no text under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub(super) async fn send_input_media(
        &self,
        chat: ChatId,
        media: enums::InputMedia,
        caption: &FormattedText,
        options: &SendOptions,
        random_id: i64,
    ) -> Result<Message, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let request = functions::messages::SendMedia {
            silent: options.silent,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer,
            reply_to: options.reply(),
            media,
            message: caption.text.clone(),
            random_id,
            reply_markup: None,
            entities: self.caption_entities(caption).await?,
            schedule_date: options.schedule_at,
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

    async fn caption_entities(&self, caption: &FormattedText) -> Result<Option<Vec<enums::MessageEntity>>, TelegramError> {
        let entities = self.wire_entities(caption).await?;
        Ok(Some(entities).filter(|entities| !entities.is_empty()))
    }

    /// Makes Telegram keep an uploaded file for a chat, so that an album can bring it. May be done twice.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn keep_file(&self, chat: ChatId, file: &OutgoingFile, uploaded: Uploaded) -> Result<KeptFile, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let media = input_media(file, uploaded);
        let kept = self.invoke(&functions::messages::UploadMedia { business_connection_id: None, peer, media }).await?;
        kept_file(&kept, file.spoiler).ok_or(TelegramError::Unexpected("the file was not kept"))
    }

    /// Sends an album, each of it under a `random_id` that Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub async fn send_album(
        &self,
        chat: ChatId,
        items: &[AlbumItem],
        options: &SendOptions,
        random_ids: &[i64],
    ) -> Result<Vec<Message>, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let mut multi_media = Vec::new();
        for (item, random_id) in items.iter().zip(random_ids) {
            let single = types::InputSingleMedia {
                media: item.file.0.clone(),
                random_id: *random_id,
                message: item.caption.text.clone(),
                entities: self.caption_entities(&item.caption).await?,
            };
            multi_media.push(single.into());
        }
        let request = functions::messages::SendMultiMedia {
            silent: options.silent,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer,
            reply_to: options.reply(),
            multi_media,
            schedule_date: options.schedule_at,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
        };
        let sent = self.invoke(&request).await?;
        self.sent_messages(random_ids, sent).await
    }
}

/// What Telegram keeps, as calls name it.
fn kept_file(media: &enums::MessageMedia, spoiler: bool) -> Option<KeptFile> {
    Some(KeptFile(match media {
        enums::MessageMedia::Photo(types::MessageMediaPhoto { photo: Some(enums::Photo::Photo(photo)), .. }) => {
            let file_reference = photo.file_reference.clone();
            let id = types::InputPhoto { id: photo.id, access_hash: photo.access_hash, file_reference }.into();
            types::InputMediaPhoto { spoiler, live_photo: false, id, ttl_seconds: None, video: None }.into()
        }
        enums::MessageMedia::Document(types::MessageMediaDocument { document, .. }) => {
            let Some(enums::Document::Document(document)) = document else { return None };
            let file_reference = document.file_reference.clone();
            let id = types::InputDocument { id: document.id, access_hash: document.access_hash, file_reference }.into();
            let (video_cover, video_timestamp, ttl_seconds, query) = (None, None, None, None);
            types::InputMediaDocument { spoiler, id, video_cover, video_timestamp, ttl_seconds, query }.into()
        }
        _ => return None,
    }))
}

/// What was uploaded, as calls name it.
pub(super) fn uploaded_file(Uploaded { upload, parts }: Uploaded, name: String) -> enums::InputFile {
    let id = upload.id;
    if upload.big {
        types::InputFileBig { id, parts, name }.into()
    } else {
        types::InputFile { id, parts, name, md5_checksum: String::new() }.into()
    }
}

fn input_media(file: &OutgoingFile, uploaded: Uploaded) -> enums::InputMedia {
    let input = uploaded_file(uploaded, file.name.clone());
    if file.kind == FileKind::Photo {
        let photo = types::InputMediaUploadedPhoto {
            spoiler: file.spoiler,
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
        spoiler: file.spoiler,
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
    let video = || types::DocumentAttributeVideo {
        round_message: file.kind == FileKind::VideoNote,
        supports_streaming: file.supports_streaming,
        nosound: file.kind == FileKind::Gif,
        duration: f64::from(file.duration),
        w: file.width,
        h: file.height,
        preload_prefix_size: None,
        video_start_ts: None,
        video_codec: None,
    };
    let audio = || types::DocumentAttributeAudio {
        voice: file.kind == FileKind::Voice,
        duration: file.duration,
        title: file.title.clone(),
        performer: file.performer.clone(),
        waveform: None,
    };
    let mut attributes: Vec<enums::DocumentAttribute> =
        vec![types::DocumentAttributeFilename { file_name: file.name.clone() }.into()];
    match file.kind {
        FileKind::Photo | FileKind::Document => {}
        FileKind::Video | FileKind::VideoNote => attributes.push(video().into()),
        FileKind::Gif => attributes.extend([video().into(), enums::DocumentAttribute::Animated]),
        FileKind::Audio | FileKind::Voice => attributes.push(audio().into()),
        FileKind::Sticker => {
            let (alt, stickerset) = (file.emoji.clone(), enums::InputStickerSet::Empty);
            attributes.push(types::DocumentAttributeSticker { mask: false, alt, stickerset, mask_coords: None }.into());
            if file.width > 0 && file.height > 0 {
                attributes.push(types::DocumentAttributeImageSize { w: file.width, h: file.height }.into());
            }
        }
    }
    attributes
}
