//! Coming into groups and channels by invite links.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::help::{CHANNEL_MEMBERS_MAX, CHAT_MEMBERS_MAX};
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::invite::Invite;
use crate::world::view::count;

fn invite<'a>(call: &'a Call<'_>, hash: &str) -> Result<&'a Invite, RpcError> {
    if hash.is_empty() {
        return Err(RpcError::bad_request("INVITE_HASH_EMPTY"));
    }
    let invite = call.state().invites.get(hash).ok_or(RpcError::bad_request("INVITE_HASH_INVALID"))?;
    if invite.is_usable(call.now) { Ok(invite) } else { Err(RpcError::bad_request("INVITE_HASH_EXPIRED")) }
}

/// `messages.checkChatInvite`.
pub fn check_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::CheckChatInvite,
) -> Result<tl::enums::ChatInvite, RpcError> {
    let user_id = call.user_id()?;
    let invite = invite(call, &request.hash)?;
    let view = call.view()?;
    let gone = || RpcError::bad_request("INVITE_HASH_EXPIRED");
    let (title, about, members, broadcast, public, chat) = match invite.peer {
        PeerId::Chat(id) => {
            let chat = call.state().chats.get(&id).ok_or_else(gone)?;
            (&chat.title, None, &chat.members, false, false, view.chat(chat))
        }
        PeerId::Channel(id) => {
            let channel = call.state().channels.get(&id).ok_or_else(gone)?;
            let about = Some(channel.about.clone()).filter(|about| !about.is_empty());
            (&channel.title, about, &channel.members, channel.broadcast, channel.username.is_some(), view.channel(channel))
        }
        PeerId::User(_) => return Err(gone()),
    };
    if members.contains_key(&user_id) {
        return Ok(tl::types::ChatInviteAlready { chat }.into());
    }
    let channel = matches!(invite.peer, PeerId::Channel(_));
    let preview = tl::types::ChatInvite {
        channel,
        broadcast,
        public,
        megagroup: channel && !broadcast,
        request_needed: invite.request_needed,
        verified: false,
        scam: false,
        fake: false,
        can_refulfill_subscription: false,
        title: title.clone(),
        about,
        photo: tl::types::PhotoEmpty { id: 0 }.into(),
        participants_count: count(members.len()),
        participants: None,
        color: 0,
        subscription_pricing: None,
        subscription_form_id: None,
        bot_verification: None,
    };
    Ok(preview.into())
}

/// `messages.importChatInvite`: comes in, or asks to be let in.
pub fn import_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::ImportChatInvite,
) -> Result<tl::enums::messages::ChatInviteJoinResult, RpcError> {
    let user_id = call.user_id()?;
    let invite = invite(call, &request.hash)?;
    let (members, members_max) = match invite.peer {
        PeerId::Chat(id) => (call.state().chats.get(&id).map(|chat| &chat.members), CHAT_MEMBERS_MAX),
        PeerId::Channel(id) => (call.state().channels.get(&id).map(|channel| &channel.members), CHANNEL_MEMBERS_MAX),
        PeerId::User(_) => (None, 0),
    };
    let members = members.ok_or(RpcError::bad_request("INVITE_HASH_EXPIRED"))?;
    if members.contains_key(&user_id) {
        return Err(RpcError::bad_request("USER_ALREADY_PARTICIPANT"));
    }
    if members.len() >= members_max {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    // Who is banned learns nothing of the link.
    if matches!(invite.peer, PeerId::Channel(id) if call.state().channels.get(&id).is_some_and(|it| it.is_banned(user_id, call.now)))
    {
        return Err(RpcError::bad_request("INVITE_HASH_EXPIRED"));
    }
    let (hash, date) = (request.hash, call.now);
    if invite.request_needed {
        call.change(Event::JoinRequested { hash, user_id, date });
        return Err(RpcError::bad_request("INVITE_REQUEST_SENT"));
    }
    let notices = call.change(Event::JoinedByInvite { hash, user_id, date });
    let updates = call.answer(None, &notices)?;
    Ok(tl::types::messages::ChatInviteJoinResultOk { updates }.into())
}
