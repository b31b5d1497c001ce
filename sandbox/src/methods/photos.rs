//! Photos of people, groups and channels.

use grammers_tl_types as tl;

use super::call::Call;
use super::chat_profile::check_changes_info;
use super::error::RpcError;
use super::media;
use super::upload;
use crate::world::event::Event;
use crate::world::file::Media;
use crate::world::ids::PeerId;
use crate::world::privacy::PrivacyKey;
use crate::world::profile::ProfileEvent;
use crate::world::view::count;

/// Photos that one call gives.
const PHOTOS_MAX: usize = 100;
/// Photos that one call deletes.
const DELETED_MAX: usize = 100;
/// How the images begin that the network takes: JPEG and PNG.
const IMAGES: [&[u8]; 2] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"];

/// An image that was uploaded.
fn uploaded(call: &mut Call<'_>, owner: i64, file: tl::enums::InputFile) -> Result<Media, RpcError> {
    let upload_id = match &file {
        tl::enums::InputFile::File(file) => file.id,
        tl::enums::InputFile::Big(file) => file.id,
        tl::enums::InputFile::StoryDocument(_) => return Err(RpcError::bad_request("PHOTO_FILE_MISSING")),
    };
    let beginning = call.files.beginning(owner, upload_id).map_err(|_| RpcError::internal())?;
    let beginning = beginning.ok_or(RpcError::bad_request("FILE_PART_0_MISSING"))?;
    if !IMAGES.iter().any(|image| beginning.starts_with(image)) {
        return Err(RpcError::bad_request("IMAGE_PROCESS_FAILED"));
    }
    let photo = tl::types::InputMediaUploadedPhoto {
        spoiler: false,
        live_photo: false,
        file,
        stickers: None,
        ttl_seconds: None,
        video: None,
    };
    media::file(call, photo.into())
}

/// A photo of somebody's, by what the network gave of it.
fn known(call: &Call<'_>, of: PeerId, named: &tl::enums::InputPhoto) -> Option<Media> {
    let tl::enums::InputPhoto::Photo(named) = named else { return None };
    let photos = call.state().profiles.photos.get(&of)?;
    let known = upload::known(call, true, named.id, named.access_hash, &named.file_reference).ok()?;
    photos.contains(&known.file_id).then(|| known.clone())
}

fn set(call: &mut Call<'_>, photo: Media) -> Result<tl::enums::photos::Photo, RpcError> {
    let user_id = call.user_id()?;
    let (of, date) = (PeerId::User(user_id), call.now);
    call.change(Event::Profile(ProfileEvent::PhotoSet { of, by: user_id, photo: photo.clone(), date }));
    let photo = call.view()?.profile_photo(&photo);
    answer(call, photo)
}

fn answer(call: &Call<'_>, photo: tl::enums::Photo) -> Result<tl::enums::photos::Photo, RpcError> {
    let users = vec![call.view()?.user(call.me()?)];
    Ok(tl::types::photos::Photo { photo, users }.into())
}

/// `photos.uploadProfilePhoto`.
pub fn upload_profile_photo(
    call: &mut Call<'_>,
    request: tl::functions::photos::UploadProfilePhoto,
) -> Result<tl::enums::photos::Photo, RpcError> {
    let user_id = call.user_id()?;
    let plain = request.video.is_none() && request.video_emoji_markup.is_none() && request.bot.is_none() && !request.fallback;
    let file = request.file.filter(|_| plain).ok_or(RpcError::bad_request("PHOTO_FILE_MISSING"))?;
    let photo = uploaded(call, user_id, file)?;
    set(call, photo)
}

/// `photos.updateProfilePhoto`: an earlier photo becomes the current one; without one, the current one goes.
pub fn update_profile_photo(
    call: &mut Call<'_>,
    request: tl::functions::photos::UpdateProfilePhoto,
) -> Result<tl::enums::photos::Photo, RpcError> {
    let of = PeerId::User(call.user_id()?);
    if !matches!(request.id, tl::enums::InputPhoto::Empty) {
        let photo = known(call, of, &request.id).ok_or(RpcError::bad_request("PHOTO_ID_INVALID"))?;
        return set(call, photo);
    }
    if let Some(current) = call.state().profiles.photo_of(of) {
        remove(call, of, vec![current])?;
    }
    answer(call, tl::types::PhotoEmpty { id: 0 }.into())
}

fn remove(call: &mut Call<'_>, of: PeerId, photos: Vec<i64>) -> Result<(), RpcError> {
    let (by, date) = (call.user_id()?, call.now);
    call.change(Event::Profile(ProfileEvent::PhotosRemoved { of, by, photos, date }));
    Ok(())
}

/// `photos.deletePhotos`: the caller's own; answers those that are gone.
pub fn delete_photos(call: &mut Call<'_>, request: tl::functions::photos::DeletePhotos) -> Result<Vec<i64>, RpcError> {
    if request.id.len() > DELETED_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let of = PeerId::User(call.user_id()?);
    let gone: Vec<i64> = request.id.iter().filter_map(|named| known(call, of, named)).map(|photo| photo.file_id).collect();
    if !gone.is_empty() {
        remove(call, of, gone.clone())?;
    }
    Ok(gone)
}

/// `photos.getUserPhotos`: the current one first.
pub fn get_user_photos(
    call: &mut Call<'_>,
    request: tl::functions::photos::GetUserPhotos,
) -> Result<tl::enums::photos::Photos, RpcError> {
    let me = call.user_id()?;
    let user = call.user(&request.user_id)?;
    let visible = call.state().permits(user.id, PrivacyKey::ProfilePhoto, me);
    let photos = call.state().profiles.photos.get(&PeerId::User(user.id)).filter(|_| visible);
    let total = photos.map_or(0, Vec::len);
    let older = |id: &&i64| request.max_id <= 0 || **id < request.max_id;
    let page = photos.into_iter().flat_map(|photos| photos.iter().rev()).filter(older);
    let page = page.skip(usize::try_from(request.offset).unwrap_or(0));
    let page = page.take(usize::try_from(request.limit).unwrap_or(0).min(PHOTOS_MAX));
    let view = call.view()?;
    let page = page.filter_map(|id| call.state().files.get(id)).map(|photo| view.profile_photo(photo));
    let photos: Vec<_> = page.collect();
    let users = vec![call.view()?.user(user)];
    if photos.len() == total {
        return Ok(tl::types::photos::Photos { photos, users }.into());
    }
    Ok(tl::types::photos::PhotosSlice { count: count(total), photos, users }.into())
}

/// `messages.editChatPhoto`.
pub fn edit_chat_photo(
    call: &mut Call<'_>,
    request: tl::functions::messages::EditChatPhoto,
) -> Result<tl::enums::Updates, RpcError> {
    let of = PeerId::Chat(call.chat(request.chat_id)?.id);
    edit(call, of, request.photo)
}

/// `channels.editPhoto`.
pub fn edit_channel_photo(
    call: &mut Call<'_>,
    request: tl::functions::channels::EditPhoto,
) -> Result<tl::enums::Updates, RpcError> {
    let of = PeerId::Channel(call.channel(&request.channel)?.id);
    edit(call, of, request.photo)
}

fn edit(call: &mut Call<'_>, of: PeerId, photo: tl::enums::InputChatPhoto) -> Result<tl::enums::Updates, RpcError> {
    check_changes_info(call, of)?;
    let (by, date) = (call.user_id()?, call.now);
    let change = match photo {
        tl::enums::InputChatPhoto::Empty => {
            let photos = call.state().profiles.photos.get(&of).cloned();
            let photos = photos.ok_or(RpcError::bad_request("CHAT_NOT_MODIFIED"))?;
            ProfileEvent::PhotosRemoved { of, by, photos, date }
        }
        tl::enums::InputChatPhoto::InputChatUploadedPhoto(uploading) => {
            let file = uploading.file.filter(|_| uploading.video.is_none() && uploading.video_emoji_markup.is_none());
            let photo = uploaded(call, by, file.ok_or(RpcError::bad_request("PHOTO_INVALID"))?)?;
            ProfileEvent::PhotoSet { of, by, photo, date }
        }
        tl::enums::InputChatPhoto::Photo(earlier) => {
            let photo = known(call, of, &earlier.id).or_else(|| known(call, PeerId::User(by), &earlier.id));
            let photo = photo.ok_or(RpcError::bad_request("PHOTO_INVALID"))?;
            if call.state().profiles.photo_of(of) == Some(photo.file_id) {
                return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
            }
            ProfileEvent::PhotoSet { of, by, photo, date }
        }
    };
    let notices = call.change(Event::Profile(change));
    call.answer(None, &notices)
}

/// The photo that a file's location means, if the caller may see it.
pub fn at<'a>(call: &'a Call<'_>, location: &tl::types::InputPeerPhotoFileLocation) -> Result<&'a Media, RpcError> {
    let (me, of) = (call.user_id()?, call.peer(&location.peer)?);
    let visible = match of {
        PeerId::User(id) => call.state().permits(id, PrivacyKey::ProfilePhoto, me),
        PeerId::Chat(_) | PeerId::Channel(_) => true,
    };
    let photos = call.state().profiles.photos.get(&of).filter(|_| visible);
    let photo = photos.filter(|photos| photos.contains(&location.photo_id)).and(call.state().files.get(&location.photo_id));
    photo.ok_or(RpcError::bad_request("PHOTO_ID_INVALID"))
}
