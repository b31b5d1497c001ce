//! Albums: several photos and files in one message, as people see it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::file_fields::{CaptionFields, FileFields, MIME_TYPE_DEFAULT, Spelling, is_mime_type};
use super::send_fields::SendFields;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::form::{Form, Part};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::stream::byte_stream;
use crate::telegram::{AlbumItem, ChatId, FileKind, FormattedText, Message, OutgoingFile, SendOptions};

/// Telegram's own limits for the items of an album.
const ITEMS_MIN: usize = 2;
const ITEMS_MAX: usize = 10;

/// Sends an album. The body is a form (`multipart/form-data`): first, if anything is to be said of it, the part `album`, which is JSON;
/// then 2 to 10 files, each a part with a file name. They are sent on as they come.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendAlbum {
    account_id: AccountReference,
    chat_id: ChatId,
    /// `multipart/form-data`, with its boundary.
    #[serde(default)]
    content_type: Option<String>,
    /// What is said of the album.
    #[serde(default)]
    #[expect(dead_code, reason = "it is part of the form, and read from there")]
    album: Option<AlbumFields>,
    /// The files, in order: photos and videos together, or pieces of music, or other files.
    #[serde(default)]
    #[expect(dead_code, reason = "it is part of the form, and read from there")]
    #[schemars(length(min = 2, max = 10))]
    file: Vec<FilePart>,
}

/// A part of a form that is a file: it never is among the fields that are decoded.
#[derive(Deserialize)]
struct FilePart;

impl JsonSchema for FilePart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FilePart".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": "binary", "description": "A file, as it is." })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// What is said of an album.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AlbumFields {
    /// The caption of the album, which is that of its first item.
    #[serde(flatten)]
    caption: CaptionFields,
    #[serde(flatten)]
    send: SendFields,
    /// What is said of each file, in their order. May be shorter than the album.
    #[serde(default)]
    items: Vec<ItemFields>,
}

/// What is said of one file of an album.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ItemFields {
    #[serde(flatten)]
    file: FileFields,
    #[serde(flatten)]
    caption: CaptionFields,
}

/// What was checked of an album before any file of it.
struct Album {
    options: SendOptions,
    caption: FormattedText,
    items: Vec<ItemFields>,
}

/// What goes together in one album (<https://core.telegram.org/api/files#albums-grouped-media>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Pictures,
    Music,
    Files,
}

impl Group {
    fn of(kind: FileKind) -> Option<Self> {
        match kind {
            FileKind::Photo | FileKind::Video => Some(Self::Pictures),
            FileKind::Audio => Some(Self::Music),
            FileKind::Document => Some(Self::Files),
            FileKind::VideoNote | FileKind::Gif | FileKind::Voice | FileKind::Sticker => None,
        }
    }
}

impl Operation for SendAlbum {
    const DECLARATION: Declaration = Declaration::new(
        "send_album",
        "Send 2 to 10 photos, videos, pieces of music or files as one album: a form, whose files are sent on as they come.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/album",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .header_fields(&[("content-type", "contentType")])
    .takes_form()
    .repetition(Repetition::OnceByTelegram);
    type Output = Vec<Message>;

    in_chat!();

    leaves_out_of_what_was_done!();
}

impl AccountOperation for SendAlbum {
    async fn run(self, call: AccountCall) -> Result<Vec<Message>, Error> {
        let mut form = Form::read(call.take_body()?, self.content_type.as_deref())?;
        let mut album = None;
        let (mut items, mut group) = (Vec::new(), None);
        while let Some(part) = form.next().await? {
            if part.file_name().is_none() {
                if part.name() != "album" || album.is_some() || !items.is_empty() {
                    let name = part.name().to_owned();
                    let rule = "is not expected: first comes the part album, at most once, and then files, with their names";
                    return Err(Error::invalid(&name, rule));
                }
                album = Some(Album::read(&part.text().await?)?);
                continue;
            }
            let about = album.get_or_insert_with(Album::without_words);
            if items.len() >= ITEMS_MAX {
                return Err(Error::invalid("file", format!("an album has at most {ITEMS_MAX} files")));
            }
            let item = about.item(&part, items.len(), &mut group)?;
            items.push(upload(&call, self.chat_id, part, item).await?);
        }
        if items.len() < ITEMS_MIN {
            return Err(Error::invalid("file", format!("an album has at least {ITEMS_MIN} files")));
        }
        let album = album.unwrap_or_else(Album::without_words);
        if album.items.len() > items.len() {
            return Err(Error::invalid("items", "tells of more files than there are"));
        }
        call.send_album(self.chat_id, &items, &album.options).await
    }
}

/// Uploads one file as it comes.
async fn upload(
    call: &AccountCall,
    chat: ChatId,
    part: Part,
    (file, caption): (OutgoingFile, FormattedText),
) -> Result<AlbumItem, Error> {
    let (sender, body) = byte_stream();
    let keeping = call.keep_file(chat, &file, body);
    let (kept, ()) = futures::join!(keeping, part.hand_on(sender));
    Ok(AlbumItem { file: kept?, caption })
}

impl Album {
    fn without_words() -> Self {
        Self { options: SendOptions::default(), caption: FormattedText::default(), items: Vec::new() }
    }

    fn read(text: &str) -> Result<Self, Error> {
        let fields: AlbumFields = serde_json::from_str(text).map_err(|error| {
            let code = if error.is_data() { Code::UnprocessableInput } else { Code::BadRequest };
            Error::new(code, format!("album: {error}")).in_field("album")
        })?;
        if fields.items.len() > ITEMS_MAX {
            return Err(Error::invalid("items", format!("an album has at most {ITEMS_MAX} files")));
        }
        let caption = fields.caption.caption(Spelling::Json)?;
        let own = fields.items.first().map(|first| first.caption.caption(Spelling::Item(0))).transpose()?;
        if !caption.text.is_empty() && own.is_some_and(|own| !own.text.is_empty()) {
            return Err(Error::invalid("caption", "is that of the first file, which has one of its own: give one of them"));
        }
        Ok(Self { options: fields.send.options()?, caption, items: fields.items })
    }

    /// What is sent of the file at this place.
    fn item(&self, part: &Part, place: usize, group: &mut Option<Group>) -> Result<(OutgoingFile, FormattedText), Error> {
        let spelling = Spelling::Item(place);
        let mut fields = self.items.get(place).cloned().unwrap_or_default();
        if fields.file.file_name.is_none() {
            fields.file.file_name = part.file_name().map(str::to_owned);
        }
        if fields.file.mime_type.is_none() {
            let told = part.content_type().filter(|told| is_mime_type(told));
            fields.file.mime_type = Some(told.unwrap_or_else(|| MIME_TYPE_DEFAULT.to_owned()));
        }
        let file = fields.file.file(spelling)?;
        let kind = spelling.of("kind");
        let alone = || Error::invalid(&kind, "is not one of which albums are made: send it alone, as media");
        let its_group = Group::of(file.kind).ok_or_else(alone)?;
        if *group.get_or_insert(its_group) != its_group {
            let rule =
                "does not go with the file before: photos and videos go together, and so does music, and so do other files";
            return Err(Error::invalid(&kind, rule));
        }
        let own = fields.caption.caption(spelling)?;
        let caption = if place == 0 && own.text.is_empty() { self.caption.clone() } else { own };
        Ok((file, caption))
    }
}
