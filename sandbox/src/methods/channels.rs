//! Channels and supergroups.

use grammers_tl_types as tl;

use super::call::Call;
use super::chats::{CHATS_MAX, by_privacy, invited, title};
use super::error::RpcError;
use super::help::CHANNEL_MEMBERS_MAX;
use super::history::PAGE_MAX;
use super::messages::DELETED_MAX;
use crate::world::administration::{right, taken};
use crate::world::event::{Event, NewChannel};
use crate::world::ids::PeerId;

/// The longest description, in characters.
pub const ABOUT_CHARS_MAX: usize = 255;

/// `channels.createChannel`: a supergroup with `megagroup`, a channel with `broadcast`.
pub fn create_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::CreateChannel,
) -> Result<tl::enums::Updates, RpcError> {
    let creator = call.user_id()?;
    let title = title(&request.title)?;
    if request.about.chars().count() > ABOUT_CHARS_MAX {
        return Err(RpcError::bad_request("CHAT_ABOUT_TOO_LONG"));
    }
    if request.broadcast == request.megagroup || request.forum || request.for_import {
        return Err(RpcError::bad_request("CHANNEL_INVALID"));
    }
    let new = NewChannel { creator, title, about: request.about, broadcast: request.broadcast, username: None, date: call.now };
    let notices = call.change(Event::ChannelCreated(new));
    call.answer(None, &notices)
}

/// `channels.getChannels`.
pub fn get_channels(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetChannels,
) -> Result<tl::enums::messages::Chats, RpcError> {
    if request.id.len() > CHATS_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let view = call.view()?;
    let chats: Result<Vec<_>, RpcError> = request.id.iter().map(|named| Ok(view.channel(call.channel(named)?))).collect();
    Ok(tl::types::messages::Chats { chats: chats? }.into())
}

/// `channels.getFullChannel`.
pub fn get_full_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetFullChannel,
) -> Result<tl::enums::messages::ChatFull, RpcError> {
    let channel = call.channel(&request.channel)?;
    let mut view = call.view()?;
    let full_chat = view.channel_full(channel);
    let (users, chats) = view.mentioned();
    Ok(tl::types::messages::ChatFull { full_chat, chats, users }.into())
}

/// `channels.readHistory`.
pub fn read_history(call: &mut Call<'_>, request: tl::functions::channels::ReadHistory) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let peer = PeerId::Channel(call.channel(&request.channel)?.id);
    call.change(Event::HistoryRead { user_id, peer, date: call.now, max_id: request.max_id });
    Ok(true)
}

/// `channels.deleteMessages`: one's own, and for administrators anybody's.
pub fn delete_messages(
    call: &mut Call<'_>,
    request: tl::functions::channels::DeleteMessages,
) -> Result<tl::enums::messages::AffectedMessages, RpcError> {
    let user_id = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    if request.id.len() > DELETED_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let mut named = request.id.iter().filter_map(|id| channel.messages.get(*id));
    let member = channel.members.contains_key(&user_id);
    let others = call.state().may_administer(user_id, PeerId::Channel(channel.id), right::DELETE_MESSAGES);
    if !member || named.any(|message| !others && message.from != PeerId::User(user_id)) {
        return Err(RpcError::forbidden("MESSAGE_DELETE_FORBIDDEN"));
    }
    let channel_id = channel.id;
    let before = channel.messages.pts();
    call.change(Event::ChannelMessagesDeleted { channel_id, message_ids: request.id, by: user_id, date: call.now });
    let pts = call.state().channels.get(&channel_id).map_or(before, |channel| channel.messages.pts());
    Ok(tl::types::messages::AffectedMessages { pts, pts_count: pts.saturating_sub(before) }.into())
}

/// `channels.joinChannel`: anybody may join what has a username.
pub fn join_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::JoinChannel,
) -> Result<tl::enums::messages::ChatInviteJoinResult, RpcError> {
    let user_id = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    if channel.members.contains_key(&user_id) {
        return Err(RpcError::bad_request("USER_ALREADY_PARTICIPANT"));
    }
    if channel.members.len() >= CHANNEL_MEMBERS_MAX {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    let peer = PeerId::Channel(channel.id);
    let notices = call.change(Event::MembersAdded { peer, inviter: user_id, members: vec![user_id], date: call.now });
    let updates = call.answer(None, &notices)?;
    Ok(tl::types::messages::ChatInviteJoinResultOk { updates }.into())
}

/// `channels.leaveChannel`.
pub fn leave_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::LeaveChannel,
) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    if !channel.members.contains_key(&user_id) {
        return Err(RpcError::bad_request("USER_NOT_PARTICIPANT"));
    }
    if channel.creator == user_id {
        return Err(RpcError::bad_request("USER_CREATOR"));
    }
    let peer = PeerId::Channel(channel.id);
    let notices = call.change(Event::MemberRemoved { peer, actor: user_id, member: user_id, date: call.now });
    call.answer(None, &notices)
}

/// `channels.inviteToChannel`: members invite to a supergroup, administrators to a channel.
pub fn invite_to_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::InviteToChannel,
) -> Result<tl::enums::messages::InvitedUsers, RpcError> {
    let inviter = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    let peer = PeerId::Channel(channel.id);
    let state = call.state();
    let administers = state.may_administer(inviter, peer, right::INVITE_USERS);
    if !administers && !state.may(inviter, peer, taken::INVITE_USERS, call.now) {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let members: Result<Vec<i64>, RpcError> = request.users.iter().map(|named| Ok(call.user(named)?.id)).collect();
    let mut members = members?;
    members.retain(|member| !channel.members.contains_key(member));
    members.sort_unstable();
    members.dedup();
    if members.iter().any(|member| channel.is_banned(*member, call.now)) {
        return Err(RpcError::bad_request("USER_KICKED"));
    }
    if members.len().saturating_add(channel.members.len()) > CHANNEL_MEMBERS_MAX || members.len() > PAGE_MAX {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    let (members, missing) = by_privacy(call, inviter, members);
    let mut notices = Vec::new();
    if !members.is_empty() {
        notices = call.change(Event::MembersAdded { peer, inviter, members, date: call.now });
    }
    invited(call, &notices, &missing)
}
