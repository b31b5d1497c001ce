//! What a group or a channel shows of itself, and what its members may do.

use grammers_tl_types as tl;

use super::administration::check_administers;
use super::call::Call;
use super::channels::ABOUT_CHARS_MAX;
use super::chats;
use super::error::RpcError;
use crate::world::administration::{right, taken, taken_bits, with_implied};
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::profile::ProfileEvent;

/// How long slow mode may make members wait, in seconds; 0 turns it off.
const SLOW_MODES: [i32; 8] = [0, 5, 10, 30, 60, 300, 900, 3_600];

/// Whether the caller may change the title, the photo and the description: administrators with the right, and members where all may.
///
/// # Errors
/// `CHAT_ADMIN_REQUIRED`, and `PEER_ID_INVALID` for a person.
pub fn check_changes_info(call: &Call<'_>, of: PeerId) -> Result<(), RpcError> {
    let user_id = call.user_id()?;
    if matches!(of, PeerId::User(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    let state = call.state();
    let administers = state.may_administer(user_id, of, right::CHANGE_INFO);
    let is_admin = state.may_administer(user_id, of, right::ALL);
    if administers || (!is_admin && state.may(user_id, of, taken::CHANGE_INFO, call.now)) {
        return Ok(());
    }
    Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"))
}

/// `messages.editChatTitle`.
pub fn edit_chat_title(
    call: &mut Call<'_>,
    request: tl::functions::messages::EditChatTitle,
) -> Result<tl::enums::Updates, RpcError> {
    let chat = call.chat(request.chat_id)?;
    let (of, before) = (PeerId::Chat(chat.id), chat.title.clone());
    edit_title(call, of, &before, &request.title)
}

/// `channels.editTitle`.
pub fn edit_channel_title(
    call: &mut Call<'_>,
    request: tl::functions::channels::EditTitle,
) -> Result<tl::enums::Updates, RpcError> {
    let channel = call.channel(&request.channel)?;
    let (of, before) = (PeerId::Channel(channel.id), channel.title.clone());
    edit_title(call, of, &before, &request.title)
}

fn edit_title(call: &mut Call<'_>, of: PeerId, before: &str, title: &str) -> Result<tl::enums::Updates, RpcError> {
    check_changes_info(call, of)?;
    let title = chats::title(title)?;
    if title == before {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    let (by, date) = (call.user_id()?, call.now);
    let notices = call.change(Event::Profile(ProfileEvent::TitleSet { of, by, title, date }));
    call.answer(None, &notices)
}

/// `messages.editChatAbout`, of basic groups and of channels.
pub fn edit_chat_about(call: &mut Call<'_>, request: tl::functions::messages::EditChatAbout) -> Result<bool, RpcError> {
    let of = call.peer(&request.peer)?;
    check_changes_info(call, of)?;
    let about = request.about.trim().to_owned();
    if about.chars().count() > ABOUT_CHARS_MAX {
        return Err(RpcError::bad_request("CHAT_ABOUT_TOO_LONG"));
    }
    if call.state().about_of(of) == about {
        return Err(RpcError::bad_request("CHAT_ABOUT_NOT_MODIFIED"));
    }
    let (by, date) = (call.user_id()?, call.now);
    call.change(Event::Profile(ProfileEvent::AboutSet { of, about, by, date }));
    Ok(true)
}

/// `channels.toggleSlowMode`.
pub fn toggle_slow_mode(
    call: &mut Call<'_>,
    request: tl::functions::channels::ToggleSlowMode,
) -> Result<tl::enums::Updates, RpcError> {
    let channel = call.channel(&request.channel)?;
    let (channel_id, broadcast) = (channel.id, channel.broadcast);
    let by = check_administers(call, PeerId::Channel(channel_id), right::BAN_USERS)?;
    if broadcast {
        return Err(RpcError::bad_request("CHAT_ID_INVALID"));
    }
    if !SLOW_MODES.contains(&request.seconds) {
        return Err(RpcError::bad_request("SECONDS_INVALID"));
    }
    let before = call.state().profiles.slow_modes.get(&channel_id).map_or(0, |slow| slow.seconds);
    if before == request.seconds {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    let (seconds, date) = (request.seconds, call.now);
    let notices = call.change(Event::Profile(ProfileEvent::SlowModeSet { channel_id, seconds, by, date }));
    call.answer(None, &notices)
}

/// `messages.editChatDefaultBannedRights`.
pub fn edit_chat_default_banned_rights(
    call: &mut Call<'_>,
    request: tl::functions::messages::EditChatDefaultBannedRights,
) -> Result<tl::enums::Updates, RpcError> {
    let of = call.peer(&request.peer)?;
    if matches!(of, PeerId::User(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    let by = check_administers(call, of, right::BAN_USERS)?;
    let (bits, until) = taken_bits(&request.banned_rights);
    if until != 0 && until != i32::MAX {
        return Err(RpcError::bad_request("UNTIL_DATE_INVALID"));
    }
    let taken = with_implied(bits);
    if taken & taken::VIEW_MESSAGES != 0 {
        return Err(RpcError::bad_request("BANNED_RIGHTS_INVALID"));
    }
    if call.state().administration(of).is_some_and(|administration| administration.taken_from_all == taken) {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    let date = call.now;
    let notices = call.change(Event::Profile(ProfileEvent::MembersRestricted { of, taken, by, date }));
    call.answer(None, &notices)
}
