//! Photos of people, groups and channels, see <https://core.telegram.org/api/files#downloading-files>.

use grammers_tl_types::{enums, functions, types};

use super::convert::Met;
use super::files::stored_photo;
use super::outgoing::uploaded_file;
use super::peers::Addressed;
use super::{ChatId, ChatIdKind, Connection, StoredFile, TelegramError, Uploaded};

/// The most photos that Telegram gives at once.
pub const PHOTOS_PAGE_MAX: u32 = 100;

/// A current photo as Telegram tells it beside a name or a title: where it is, but not how long.
#[derive(Clone, PartialEq)]
pub struct CurrentPhoto {
    /// Names the photo; another photo has another one.
    pub id: i64,
    pub(super) dc_id: i32,
    pub(super) location: enums::InputFileLocation,
}

/// Photos of a chat.
#[derive(Clone, PartialEq)]
pub struct Photos {
    /// How many there are.
    pub count: u32,
    /// A page of them, the current one first.
    pub photos: Vec<StoredFile>,
}

impl Connection {
    /// The current photo of a person, a group or a channel, in its larger size.
    ///
    /// # Errors
    /// [`TelegramError::NoPhoto`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn current_photo(&self, chat: ChatId) -> Result<CurrentPhoto, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let (photo_id, dc_id) = self.photo_beside(chat).await?.ok_or(TelegramError::NoPhoto)?;
        let location = types::InputPeerPhotoFileLocation { big: true, peer, photo_id };
        Ok(CurrentPhoto { id: photo_id, dc_id, location: location.into() })
    }

    /// The account's own current photo, and its own id as that of a chat.
    ///
    /// # Errors
    /// As [`Self::current_photo`].
    pub async fn own_photo(&self) -> Result<(ChatId, CurrentPhoto), TelegramError> {
        let id = self.session.self_id().ok_or(TelegramError::Unexpected("nobody is logged in"))?;
        let chat = ChatId::of(ChatIdKind::User(id));
        Ok((chat, self.current_photo(chat).await?))
    }

    /// The id and the datacentre of the photo beside a name or a title.
    async fn photo_beside(&self, chat: ChatId) -> Result<Option<(i64, i32)>, TelegramError> {
        let (users, chats) = match self.addressed(chat).await? {
            Addressed::User(id) => (self.invoke(&functions::users::GetUsers { id: vec![id] }).await?, Vec::new()),
            Addressed::Group(id) => {
                let found = self.invoke(&functions::messages::GetChats { id: vec![id] }).await?;
                (Vec::new(), chats_of(found))
            }
            Addressed::Channel(id) => {
                let found = self.invoke(&functions::channels::GetChannels { id: vec![id] }).await?;
                (Vec::new(), chats_of(found))
            }
        };
        let met = Met::new(users, chats);
        self.remember(&met).await?;
        let of_group = |photo: &enums::ChatPhoto| match photo {
            enums::ChatPhoto::Photo(photo) => Some((photo.photo_id, photo.dc_id)),
            enums::ChatPhoto::Empty => None,
        };
        Ok(match chat.kind() {
            ChatIdKind::User(id) => match met.user(id).and_then(|user| user.photo.as_ref()) {
                Some(enums::UserProfilePhoto::Photo(photo)) => Some((photo.photo_id, photo.dc_id)),
                _ => None,
            },
            ChatIdKind::Group(_) | ChatIdKind::Channel(_) => match met.group(chat) {
                Some(enums::Chat::Chat(chat)) => of_group(&chat.photo),
                Some(enums::Chat::Channel(channel)) => of_group(&channel.photo),
                _ => None,
            },
        })
    }

    /// A page of photos from `offset`: of a person all that Telegram keeps, of a group or channel the current one.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn photos(&self, chat: ChatId, offset: u32, limit: u32) -> Result<Photos, TelegramError> {
        let whole = match self.addressed(chat).await? {
            Addressed::User(user_id) => return self.photos_of_user(user_id, offset, limit).await,
            Addressed::Group(chat_id) => self.invoke(&functions::messages::GetFullChat { chat_id }).await?,
            Addressed::Channel(channel) => self.invoke(&functions::channels::GetFullChannel { channel }).await?,
        };
        let enums::messages::ChatFull::Full(whole) = whole;
        let current = match whole.full_chat {
            enums::ChatFull::Full(full) => full.chat_photo,
            enums::ChatFull::ChannelFull(full) => Some(full.chat_photo),
            _ => None,
        };
        self.remember(&Met::new(whole.users, whole.chats)).await?;
        let current = current.as_ref().and_then(stored_photo);
        let count = u32::from(current.is_some());
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Photos { count, photos: current.into_iter().skip(skipped).take(kept).collect() })
    }

    async fn photos_of_user(&self, user_id: enums::InputUser, offset: u32, limit: u32) -> Result<Photos, TelegramError> {
        let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let (offset, limit) = (whole(offset), whole(limit.min(PHOTOS_PAGE_MAX)));
        let (count, photos, users) =
            match self.invoke(&functions::photos::GetUserPhotos { user_id, offset, max_id: 0, limit }).await? {
                enums::photos::Photos::Photos(all) => (None, all.photos, all.users),
                enums::photos::Photos::Slice(slice) => (Some(slice.count), slice.photos, slice.users),
            };
        self.remember(&Met::new(users, Vec::new())).await?;
        let photos: Vec<StoredFile> = photos.iter().filter_map(stored_photo).collect();
        let count = count.map_or(u32::try_from(photos.len()).ok(), |count| u32::try_from(count).ok());
        Ok(Photos { count: count.unwrap_or(u32::MAX), photos })
    }

    /// Gives a group or a channel an uploaded photo.
    ///
    /// # Errors
    /// [`TelegramError::NotAGroup`], [`TelegramError::Refused`], or what any call can meet.
    pub async fn set_chat_photo(&self, chat: ChatId, uploaded: Uploaded) -> Result<(), TelegramError> {
        let photo = types::InputChatUploadedPhoto {
            file: Some(uploaded_file(uploaded, PHOTO_NAME.to_owned())),
            video: None,
            video_start_ts: None,
            video_emoji_markup: None,
        };
        self.edit_chat_photo(chat, photo.into()).await
    }

    /// Takes the photo of a group or a channel away.
    ///
    /// # Errors
    /// [`TelegramError::NoPhoto`]; otherwise as [`Self::set_chat_photo`].
    pub async fn delete_chat_photo(&self, chat: ChatId) -> Result<(), TelegramError> {
        match self.edit_chat_photo(chat, enums::InputChatPhoto::Empty).await {
            Err(error) if error.is_not_modified() => Err(TelegramError::NoPhoto),
            other => other,
        }
    }

    async fn edit_chat_photo(&self, chat: ChatId, photo: enums::InputChatPhoto) -> Result<(), TelegramError> {
        use super::addressing::Place;
        let updates = match self.place(chat).await? {
            Place::Group(chat_id) => self.invoke(&functions::messages::EditChatPhoto { chat_id, photo }).await?,
            Place::Channel(channel) => self.invoke(&functions::channels::EditPhoto { channel, photo }).await?,
        };
        self.remember_updates(updates).await.map(|_| ())
    }

    /// Makes an uploaded photo the account's own current one.
    ///
    /// # Errors
    /// [`TelegramError::Refused`], or what any call can meet.
    pub async fn set_own_photo(&self, uploaded: Uploaded) -> Result<(), TelegramError> {
        let request = functions::photos::UploadProfilePhoto {
            fallback: false,
            bot: None,
            file: Some(uploaded_file(uploaded, PHOTO_NAME.to_owned())),
            video: None,
            video_start_ts: None,
            video_emoji_markup: None,
        };
        self.invoke(&request).await.map(|_| ())
    }

    /// Deletes the account's own current photo; the one before it, if there is one, takes its place.
    ///
    /// # Errors
    /// [`TelegramError::NoPhoto`], or what any call can meet.
    pub async fn delete_own_photo(&self) -> Result<(), TelegramError> {
        let user_id = enums::InputUser::UserSelf;
        let found = self.invoke(&functions::photos::GetUserPhotos { user_id, offset: 0, max_id: 0, limit: 1 }).await?;
        let (enums::photos::Photos::Photos(types::photos::Photos { photos, .. })
        | enums::photos::Photos::Slice(types::photos::PhotosSlice { photos, .. })) = found;
        let Some(enums::Photo::Photo(photo)) = photos.into_iter().next() else { return Err(TelegramError::NoPhoto) };
        let (id, access_hash, file_reference) = (photo.id, photo.access_hash, photo.file_reference);
        let id = vec![types::InputPhoto { id, access_hash, file_reference }.into()];
        let gone = self.invoke(&functions::photos::DeletePhotos { id }).await?;
        if gone.is_empty() { Err(TelegramError::NoPhoto) } else { Ok(()) }
    }
}

/// What an uploaded photo is called: Telegram wants a name, and keeps none.
const PHOTO_NAME: &str = "photo.jpg";

fn chats_of(found: enums::messages::Chats) -> Vec<enums::Chat> {
    match found {
        enums::messages::Chats::Chats(all) => all.chats,
        enums::messages::Chats::Slice(slice) => slice.chats,
    }
}
