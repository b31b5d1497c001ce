//! Channels and supergroups.

use grammers_tl_types as tl;

use super::call::Call;
use super::chats::{CHATS_MAX, invited, title};
use super::error::RpcError;
use super::help::CHANNEL_MEMBERS_MAX;
use super::history::PAGE_MAX;
use super::messages::DELETED_MAX;
use crate::world::event::{Event, NewChannel};
use crate::world::ids::PeerId;
use crate::world::state::{Channel, Member};
use crate::world::view::{View, count};

/// The longest description, in characters.
const ABOUT_CHARS_MAX: usize = 255;
/// Members that one call may ask for.
const PARTICIPANTS_MAX: usize = 200;

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
    call.change(Event::HistoryRead { user_id, peer, max_id: request.max_id });
    Ok(true)
}

/// `channels.deleteMessages`: one's own, and for the creator anybody's.
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
    if !member || named.any(|message| channel.creator != user_id && message.from != PeerId::User(user_id)) {
        return Err(RpcError::forbidden("MESSAGE_DELETE_FORBIDDEN"));
    }
    let channel_id = channel.id;
    let before = channel.messages.pts();
    call.change(Event::ChannelMessagesDeleted { channel_id, message_ids: request.id, date: call.now });
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

/// `channels.inviteToChannel`: members invite to a supergroup, the creator to a channel.
pub fn invite_to_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::InviteToChannel,
) -> Result<tl::enums::messages::InvitedUsers, RpcError> {
    let inviter = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    let allowed = channel.creator == inviter || (!channel.broadcast && channel.members.contains_key(&inviter));
    if !allowed {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let members: Result<Vec<i64>, RpcError> = request.users.iter().map(|named| Ok(call.user(named)?.id)).collect();
    let mut members = members?;
    members.retain(|member| !channel.members.contains_key(member));
    members.sort_unstable();
    members.dedup();
    if members.len().saturating_add(channel.members.len()) > CHANNEL_MEMBERS_MAX || members.len() > PAGE_MAX {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    let peer = PeerId::Channel(channel.id);
    let mut notices = Vec::new();
    if !members.is_empty() {
        notices = call.change(Event::MembersAdded { peer, inviter, members, date: call.now });
    }
    invited(call, &notices)
}

/// `channels.getParticipants`. A channel's members are for its creator's eyes.
pub fn get_participants(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetParticipants,
) -> Result<tl::enums::channels::ChannelParticipants, RpcError> {
    let channel = call.channel(&request.channel)?;
    check_sees_members(call, channel)?;
    let found: Vec<(&i64, &Member)> =
        channel.members.iter().filter(|(user_id, _)| fits(call, channel, **user_id, &request.filter)).collect();
    let offset = usize::try_from(request.offset).unwrap_or(0);
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PARTICIPANTS_MAX);
    let mut view = call.view()?;
    let page = found.iter().skip(offset).take(limit);
    let participants = page.map(|(user_id, member)| view.channel_participant(channel, **user_id, member)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::channels::ChannelParticipants { count: count(found.len()), participants, chats, users }.into())
}

fn check_sees_members(call: &Call<'_>, channel: &Channel) -> Result<(), RpcError> {
    let user_id = call.user_id()?;
    let member = channel.members.contains_key(&user_id);
    if channel.creator == user_id || (member && !channel.broadcast) {
        return Ok(());
    }
    Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"))
}

fn fits(call: &Call<'_>, channel: &Channel, user_id: i64, filter: &tl::enums::ChannelParticipantsFilter) -> bool {
    use tl::enums::ChannelParticipantsFilter as Filter;
    let named = |query: &str| {
        let query = query.to_lowercase();
        call.state().users.get(&user_id).is_some_and(|user| {
            let names = [Some(&user.first_name), Some(&user.last_name), user.username.as_ref()];
            names.into_iter().flatten().any(|name| name.to_lowercase().contains(&query))
        })
    };
    match filter {
        Filter::ChannelParticipantsRecent | Filter::ChannelParticipantsMentions(_) => true,
        Filter::ChannelParticipantsAdmins => user_id == channel.creator,
        Filter::ChannelParticipantsSearch(search) => named(&search.q),
        Filter::ChannelParticipantsContacts(search) => {
            let contact = call.me().is_ok_and(|me| me.contacts.contains_key(&user_id));
            contact && named(&search.q)
        }
        // Nobody is ever banned here, and there are no bots.
        Filter::ChannelParticipantsKicked(_) | Filter::ChannelParticipantsBanned(_) | Filter::ChannelParticipantsBots => false,
    }
}

/// `channels.getParticipant`.
pub fn get_participant(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetParticipant,
) -> Result<tl::enums::channels::ChannelParticipant, RpcError> {
    let channel = call.channel(&request.channel)?;
    let PeerId::User(user_id) = call.peer(&request.participant)? else {
        return Err(RpcError::bad_request("PARTICIPANT_ID_INVALID"));
    };
    if user_id != call.user_id()? {
        check_sees_members(call, channel)?;
    }
    let member = channel.members.get(&user_id).ok_or(RpcError::bad_request("USER_NOT_PARTICIPANT"))?;
    let mut view: View<'_> = call.view()?;
    let participant = view.channel_participant(channel, user_id, member);
    let (users, chats) = view.mentioned();
    Ok(tl::types::channels::ChannelParticipant { participant, chats, users }.into())
}
