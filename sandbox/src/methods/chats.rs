//! Basic groups.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::help::CHAT_MEMBERS_MAX;
use crate::world::administration::taken;
use crate::world::apply::Notice;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::privacy::PrivacyKey;

/// The longest title of a group or a channel, in characters.
const TITLE_CHARS_MAX: usize = 128;
/// Groups and channels that one call may ask for.
pub const CHATS_MAX: usize = 100;

/// A title as it is kept.
///
/// # Errors
/// `CHAT_TITLE_EMPTY`, or `CHAT_TITLE_INVALID` for one that is too long.
pub fn title(title: &str) -> Result<String, RpcError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(RpcError::bad_request("CHAT_TITLE_EMPTY"));
    }
    if title.chars().count() > TITLE_CHARS_MAX {
        return Err(RpcError::bad_request("CHAT_TITLE_INVALID"));
    }
    Ok(title.to_owned())
}

/// `messages.getChats`.
pub fn get_chats(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetChats,
) -> Result<tl::enums::messages::Chats, RpcError> {
    if request.id.len() > CHATS_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let view = call.view()?;
    let chats: Result<Vec<_>, RpcError> = request.id.iter().map(|id| Ok(view.chat(call.chat(*id)?))).collect();
    Ok(tl::types::messages::Chats { chats: chats? }.into())
}

/// `messages.getFullChat`.
pub fn get_full_chat(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetFullChat,
) -> Result<tl::enums::messages::ChatFull, RpcError> {
    let chat = call.chat(request.chat_id)?;
    let mut view = call.view()?;
    let full_chat = view.chat_full(chat);
    let (users, chats) = view.mentioned();
    Ok(tl::types::messages::ChatFull { full_chat, chats, users }.into())
}

/// `messages.createChat`.
pub fn create_chat(
    call: &mut Call<'_>,
    request: tl::functions::messages::CreateChat,
) -> Result<tl::enums::messages::InvitedUsers, RpcError> {
    let creator = call.user_id()?;
    let title = title(&request.title)?;
    let members: Result<Vec<i64>, RpcError> = request.users.iter().map(|named| Ok(call.user(named)?.id)).collect();
    let mut members = members?;
    members.retain(|member| *member != creator);
    if members.is_empty() {
        return Err(RpcError::bad_request("USERS_TOO_FEW"));
    }
    if members.len() >= CHAT_MEMBERS_MAX {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    let (members, missing) = by_privacy(call, creator, members);
    let notices = call.change(Event::ChatCreated { creator, title, members, date: call.now });
    invited(call, &notices, &missing)
}

/// Who lets somebody add them to groups and channels, and who does not.
pub fn by_privacy(call: &Call<'_>, inviter: i64, members: Vec<i64>) -> (Vec<i64>, Vec<i64>) {
    members.into_iter().partition(|member| call.state().permits(*member, PrivacyKey::ChatInvite, inviter))
}

/// The answer to an invitation that those accepted who are not missing.
pub fn invited(call: &Call<'_>, notices: &[Notice], missing: &[i64]) -> Result<tl::enums::messages::InvitedUsers, RpcError> {
    let updates = call.answer(None, notices)?;
    let (premium_would_allow_invite, premium_required_for_pm) = (false, false);
    let invitee =
        |user_id: &i64| tl::types::MissingInvitee { premium_would_allow_invite, premium_required_for_pm, user_id: *user_id };
    let missing_invitees = missing.iter().map(|user_id| invitee(user_id).into()).collect();
    Ok(tl::types::messages::InvitedUsers { updates, missing_invitees }.into())
}

/// `messages.addChatUser`: any member may add others.
pub fn add_chat_user(
    call: &mut Call<'_>,
    request: tl::functions::messages::AddChatUser,
) -> Result<tl::enums::messages::InvitedUsers, RpcError> {
    let inviter = call.user_id()?;
    let chat = call.chat(request.chat_id)?;
    let member = call.user(&request.user_id)?.id;
    if !chat.members.contains_key(&inviter) {
        return Err(RpcError::forbidden("CHAT_WRITE_FORBIDDEN"));
    }
    if !call.state().may(inviter, PeerId::Chat(chat.id), taken::INVITE_USERS, call.now) {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    if chat.members.contains_key(&member) {
        return Err(RpcError::bad_request("USER_ALREADY_PARTICIPANT"));
    }
    if chat.members.len() >= CHAT_MEMBERS_MAX {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    if !call.state().permits(member, PrivacyKey::ChatInvite, inviter) {
        return Err(RpcError::forbidden("USER_PRIVACY_RESTRICTED"));
    }
    let peer = PeerId::Chat(chat.id);
    let notices = call.change(Event::MembersAdded { peer, inviter, members: vec![member], date: call.now });
    invited(call, &notices, &[])
}

/// `messages.deleteChatUser`: members leave, and administrators or who invited them may remove them.
pub fn delete_chat_user(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteChatUser,
) -> Result<tl::enums::Updates, RpcError> {
    let actor = call.user_id()?;
    let chat = call.chat(request.chat_id)?;
    let member = call.user(&request.user_id)?.id;
    let found = chat.members.get(&member).ok_or(RpcError::bad_request("USER_NOT_PARTICIPANT"))?;
    // Administrators remove whom they like, but neither each other nor the creator.
    let administers = chat.administration.admins.contains_key(&actor);
    let untouchable = member == chat.creator || chat.administration.admins.contains_key(&member);
    let may = chat.creator == actor || (!untouchable && (administers || found.inviter == actor));
    if member != actor && !may {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let peer = PeerId::Chat(chat.id);
    let notices = call.change(Event::MemberRemoved { peer, actor, member, date: call.now });
    call.answer(None, &notices)
}

/// `messages.getCommonChats`: those with the largest ids first.
pub fn get_common_chats(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetCommonChats,
) -> Result<tl::enums::messages::Chats, RpcError> {
    let (me, other) = (call.user_id()?, call.user(&request.user_id)?.id);
    if other == me {
        return Err(RpcError::bad_request("USER_ID_INVALID"));
    }
    let state = call.state();
    let groups = state.chats.values().map(|chat| (chat.id, PeerId::Chat(chat.id), &chat.members));
    let channels = state.channels.values().filter(|channel| !channel.broadcast);
    let channels = channels.map(|channel| (channel.id, PeerId::Channel(channel.id), &channel.members));
    let common = groups.chain(channels).filter(|(id, _, members)| {
        members.contains_key(&me) && members.contains_key(&other) && (request.max_id <= 0 || *id < request.max_id)
    });
    let mut common: Vec<(i64, PeerId)> = common.map(|(id, peer, _)| (id, peer)).collect();
    common.sort_unstable_by(|left, right| right.cmp(left));
    let view = call.view()?;
    let page = common.into_iter().take(usize::try_from(request.limit).unwrap_or(0).min(CHATS_MAX));
    let page = page.filter_map(|(id, peer)| match peer {
        PeerId::Chat(_) => state.chats.get(&id).map(|chat| view.chat(chat)),
        PeerId::Channel(_) => state.channels.get(&id).map(|channel| view.channel(channel)),
        PeerId::User(_) => None,
    });
    Ok(tl::types::messages::Chats { chats: page.collect() }.into())
}
