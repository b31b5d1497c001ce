//! Photos of people, groups and channels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AccountCall;
use crate::declaration::BASE_PATH;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Download, DownloadOperation, Effect, Method, Operation, RateClass,
    Repetition,
};
use crate::operations::downloads::picture;
use crate::scope::Scope;
use crate::stream::ByteStream;
use crate::telegram::{ChatId, PHOTOS_PAGE_MAX};

/// The header of what a caller has already.
const IF_NONE_MATCH: &[(&str, &str)] = &[("if-none-match", "ifNoneMatch")];

/// A photo is another one when its id is.
fn etag(photo_id: i64) -> String {
    format!("\"{photo_id:x}\"")
}

/// The answer to who has the photo already, or does not.
pub(super) async fn answer(
    photo_id: i64,
    if_none_match: Option<&str>,
    open: impl AsyncFnOnce() -> Result<(u64, ByteStream), Error>,
) -> Result<Download, Error> {
    picture(etag(photo_id), if_none_match, open).await
}

/// Fetches the current photo of a chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetChatPhoto {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The `ETag` of what the caller has.
    #[serde(default)]
    if_none_match: Option<String>,
}

impl Operation for GetChatPhoto {
    const DECLARATION: Declaration = Declaration::new(
        "get_chat_photo",
        "Fetch the current photo of a person, a group or a channel.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/photo",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    )
    .header_fields(IF_NONE_MATCH)
    .gives_bytes();
    type Output = ();

    in_chat!();
}

impl DownloadOperation for GetChatPhoto {
    async fn run(self, call: AccountCall) -> Result<Download, Error> {
        let photo = call.chat_photo(self.chat_id).await?;
        let open = async || call.open_photo(self.chat_id, photo.clone()).await;
        answer(photo.id, self.if_none_match.as_deref(), open).await
    }
}

/// Counts the photos of a chat and tells where each is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserPhotos {
    account_id: AccountReference,
    chat_id: ChatId,
    /// How many addresses: 100 if absent, and at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl GetUserPhotos {
    fn offset(&self) -> Result<u32, Error> {
        let fault = |_| Error::invalid("cursor", "is not one that this list gave");
        self.cursor.as_deref().map_or(Ok(0), |cursor| cursor.parse().map_err(fault))
    }
}

/// Photos of a chat. No photo is fetched for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatPhotos {
    /// How many there are.
    pub count: u32,
    /// Where they are, the current one first: paths on this server.
    pub urls: Vec<String>,
    /// Where the next page begins, if there is one.
    #[serde(skip)]
    #[schemars(skip)]
    next_cursor: Option<String>,
}

impl Operation for GetUserPhotos {
    const DECLARATION: Declaration = Declaration::new(
        "get_user_photos",
        "Count the photos of a person, or of a group or channel the current one, and tell where each is.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/photos",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = ChatPhotos;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        self.offset().map(|_| ())
    }

    fn next_cursor(photos: &ChatPhotos) -> Option<String> {
        photos.next_cursor.clone()
    }
}

impl AccountOperation for GetUserPhotos {
    async fn run(self, call: AccountCall) -> Result<ChatPhotos, Error> {
        let (offset, limit) = (self.offset()?, self.limit.unwrap_or(PHOTOS_PAGE_MAX).clamp(1, PHOTOS_PAGE_MAX));
        let found = call.photos(self.chat_id, offset, limit).await?;
        let given = u32::try_from(found.photos.len()).unwrap_or(u32::MAX);
        let next = offset.saturating_add(given);
        let (account, chat) = (call.id(), self.chat_id.value());
        let urls = (offset..next).map(|index| format!("{BASE_PATH}/accounts/{account}/chats/{chat}/photos/{index}"));
        let next_cursor = (given > 0 && next < found.count).then(|| next.to_string());
        Ok(ChatPhotos { count: found.count, urls: urls.collect(), next_cursor })
    }
}

/// Fetches one of a chat's photos.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserPhoto {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Which: 0 is the current one.
    index: u32,
    /// The `ETag` of what the caller has.
    #[serde(default)]
    if_none_match: Option<String>,
}

impl Operation for GetUserPhoto {
    const DECLARATION: Declaration = Declaration::new(
        "get_user_photo",
        "Fetch one of the photos of a person, a group or a channel; 0 is the current one.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/photos/{index}",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    )
    .header_fields(IF_NONE_MATCH)
    .gives_bytes();
    type Output = ();

    in_chat!();
}

impl DownloadOperation for GetUserPhoto {
    async fn run(self, call: AccountCall) -> Result<Download, Error> {
        let photo = call.photos(self.chat_id, self.index, 1).await?.photos.into_iter().next();
        let photo = photo.ok_or_else(|| Error::new(Code::NotFound, "There is no such photo"))?;
        let open = async || call.open_stored_photo(photo.clone()).await;
        answer(photo.id, self.if_none_match.as_deref(), open).await
    }
}

/// Fetches the account's own photo.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountAvatar {
    account_id: AccountReference,
    /// The `ETag` of what the caller has.
    #[serde(default)]
    if_none_match: Option<String>,
}

impl Operation for GetAccountAvatar {
    const DECLARATION: Declaration = Declaration::new(
        "get_account_avatar",
        "Fetch the account's own photo.",
        Method::Get,
        "/accounts/{accountId}/avatar",
        Access::Scope(Scope::AccountsRead),
        Effect::Read,
    )
    .header_fields(IF_NONE_MATCH)
    .gives_bytes();
    type Output = ();

    in_account!();
}

impl DownloadOperation for GetAccountAvatar {
    async fn run(self, call: AccountCall) -> Result<Download, Error> {
        let (chat, photo) = call.own_photo().await?;
        let open = async || call.open_photo(chat, photo.clone()).await;
        answer(photo.id, self.if_none_match.as_deref(), open).await
    }
}

/// Gives a group or a channel a photo. The body is the image.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetChatPhoto {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for SetChatPhoto {
    const DECLARATION: Declaration = Declaration::new(
        "set_chat_photo",
        "Give a group or a channel a photo: the body is the image, JPEG or PNG, of at most 10 MiB.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/photo",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204)
    // Again it would be announced to the members again.
    .repetition(Repetition::Never)
    .takes_bytes();
    type Output = ();

    in_chat!();
}

impl AccountOperation for SetChatPhoto {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.set_chat_photo(self.chat_id).await
    }
}

/// Takes the photo of a group or a channel away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteChatPhoto {
    account_id: AccountReference,
    chat_id: ChatId,
}

impl Operation for DeleteChatPhoto {
    const DECLARATION: Declaration = Declaration::new(
        "delete_chat_photo",
        "Take the photo of a group or a channel away.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/photo",
        Access::Scope(Scope::ChatsAdmin),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204);
    type Output = ();

    in_chat!();
}

impl AccountOperation for DeleteChatPhoto {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_chat_photo(self.chat_id).await
    }
}
