//! What administrators of groups and channels do.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::administration::{Act, Administered, admin_bits, right, taken_bits};
use crate::world::event::Event;
use crate::world::ids::PeerId;

/// The longest title of an administrator, in characters.
const RANK_CHARS_MAX: usize = 16;

/// Whether the caller administers a group or a channel, with this right.
///
/// # Errors
/// `CHAT_ADMIN_REQUIRED`.
pub fn check_administers(call: &Call<'_>, peer: PeerId, right: u32) -> Result<i64, RpcError> {
    let user_id = call.user_id()?;
    let may = call.state().may_administer(user_id, peer, right);
    if may { Ok(user_id) } else { Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED")) }
}

/// Does an act in the caller's name.
pub fn act(call: &mut Call<'_>, peer: PeerId, act: Act) -> Result<tl::enums::Updates, RpcError> {
    let actor = call.user_id()?;
    let date = call.now;
    let notices = call.change(Event::Administered(Administered { peer, actor, act, date }));
    call.answer(None, &notices)
}

/// An administrator may not be touched but by the creator and by who promoted them, and the creator by nobody.
fn check_touches(call: &Call<'_>, peer: PeerId, actor: i64, user_id: i64) -> Result<(), RpcError> {
    let creator = call.state().creator(peer);
    if creator == Some(user_id) {
        return Err(RpcError::bad_request("USER_ADMIN_INVALID"));
    }
    let admin = call.state().administration(peer).and_then(|found| found.admins.get(&user_id));
    match admin {
        Some(admin) if creator != Some(actor) && admin.by != actor => Err(RpcError::bad_request("USER_ADMIN_INVALID")),
        _ => Ok(()),
    }
}

/// `channels.editAdmin`.
pub fn edit_admin(call: &mut Call<'_>, request: tl::functions::channels::EditAdmin) -> Result<tl::enums::Updates, RpcError> {
    let peer = PeerId::Channel(call.channel(&request.channel)?.id);
    let user_id = call.user(&request.user_id)?.id;
    let actor = check_administers(call, peer, right::ADD_ADMINS)?;
    check_touches(call, peer, actor, user_id)?;
    let rights = admin_bits(&request.admin_rights);
    let own = call.state().administration(peer).and_then(|found| found.admins.get(&actor));
    if own.is_some_and(|own| rights & !own.rights != 0) {
        return Err(RpcError::forbidden("RIGHT_FORBIDDEN"));
    }
    if request.rank.as_ref().is_some_and(|rank| rank.chars().count() > RANK_CHARS_MAX) {
        return Err(RpcError::bad_request("ADMIN_RANK_INVALID"));
    }
    let rank = request.rank.filter(|rank| !rank.is_empty());
    act(call, peer, Act::AdminSet { user_id, rights, rank })
}

/// `channels.editBanned`.
pub fn edit_banned(call: &mut Call<'_>, request: tl::functions::channels::EditBanned) -> Result<tl::enums::Updates, RpcError> {
    let peer = PeerId::Channel(call.channel(&request.channel)?.id);
    let PeerId::User(user_id) = call.peer(&request.participant)? else {
        return Err(RpcError::bad_request("PARTICIPANT_ID_INVALID"));
    };
    let actor = check_administers(call, peer, right::BAN_USERS)?;
    if user_id == actor {
        return Err(RpcError::bad_request("USER_ADMIN_INVALID"));
    }
    check_touches(call, peer, actor, user_id)?;
    let (taken, until) = taken_bits(&request.banned_rights);
    act(call, peer, Act::BanSet { user_id, taken, until })
}

/// `messages.editChatAdmin`: for the creator of a basic group.
pub fn edit_chat_admin(call: &mut Call<'_>, request: tl::functions::messages::EditChatAdmin) -> Result<bool, RpcError> {
    let chat = call.chat(request.chat_id)?;
    let peer = PeerId::Chat(chat.id);
    let user_id = call.user(&request.user_id)?.id;
    if chat.creator != call.user_id()? {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    if !chat.members.contains_key(&user_id) {
        return Err(RpcError::bad_request("USER_NOT_PARTICIPANT"));
    }
    if chat.creator == user_id {
        return Err(RpcError::bad_request("USER_CREATOR"));
    }
    // A basic group's administrators can do everything but make others.
    let rights = if request.is_admin { right::ALL & !right::ADD_ADMINS } else { 0 };
    act(call, peer, Act::AdminSet { user_id, rights, rank: None })?;
    Ok(true)
}
