//! Who takes part in a channel or a supergroup.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::administration::right;
use crate::world::ids::PeerId;
use crate::world::state::Channel;
use crate::world::view::{View, count};

/// Members that one call may ask for.
const PARTICIPANTS_MAX: usize = 200;

/// `channels.getParticipants`. A channel's members are for its administrators' eyes, and so is who is banned.
pub fn get_participants(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetParticipants,
) -> Result<tl::enums::channels::ChannelParticipants, RpcError> {
    let channel = call.channel(&request.channel)?;
    check_sees_members(call, channel)?;
    let found = found(call, channel, &request.filter)?;
    let offset = usize::try_from(request.offset).unwrap_or(0);
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PARTICIPANTS_MAX);
    let mut view = call.view()?;
    let page = found.iter().skip(offset).take(limit);
    let participants = page.filter_map(|user_id| view.channel_participant(channel, *user_id)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::channels::ChannelParticipants { count: count(found.len()), participants, chats, users }.into())
}

fn check_sees_members(call: &Call<'_>, channel: &Channel) -> Result<(), RpcError> {
    let user_id = call.user_id()?;
    let peer = PeerId::Channel(channel.id);
    let member = channel.members.contains_key(&user_id) && !channel.broadcast;
    if member || call.state().may_administer(user_id, peer, right::ALL) {
        return Ok(());
    }
    Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"))
}

fn found(call: &Call<'_>, channel: &Channel, filter: &tl::enums::ChannelParticipantsFilter) -> Result<Vec<i64>, RpcError> {
    use tl::enums::ChannelParticipantsFilter as Filter;
    let administration = &channel.administration;
    let members = || channel.members.keys().copied();
    let banned = |out: bool| {
        let all = administration.banned.iter();
        all.filter(move |(_, banned)| banned.is_out() == out && banned.stands(call.now)).map(|(user_id, _)| *user_id)
    };
    Ok(match filter {
        Filter::ChannelParticipantsRecent | Filter::ChannelParticipantsMentions(_) => members().collect(),
        Filter::ChannelParticipantsAdmins => {
            members().filter(|id| *id == channel.creator || administration.admins.contains_key(id)).collect()
        }
        Filter::ChannelParticipantsSearch(search) => members().filter(|id| is_named(call, *id, &search.q)).collect(),
        Filter::ChannelParticipantsContacts(search) => {
            let contacts = &call.me()?.contacts;
            members().filter(|id| contacts.contains_key(id) && is_named(call, *id, &search.q)).collect()
        }
        Filter::ChannelParticipantsKicked(search) => {
            check_sees_banned(call, channel)?;
            banned(true).filter(|id| is_named(call, *id, &search.q)).collect()
        }
        Filter::ChannelParticipantsBanned(search) => {
            check_sees_banned(call, channel)?;
            banned(false).filter(|id| is_named(call, *id, &search.q)).collect()
        }
        Filter::ChannelParticipantsBots => Vec::new(),
    })
}

fn check_sees_banned(call: &Call<'_>, channel: &Channel) -> Result<(), RpcError> {
    let administers = call.state().may_administer(call.user_id()?, PeerId::Channel(channel.id), right::ALL);
    if administers { Ok(()) } else { Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED")) }
}

fn is_named(call: &Call<'_>, user_id: i64, query: &str) -> bool {
    let query = query.to_lowercase();
    call.state().users.get(&user_id).is_some_and(|user| {
        let names = [Some(&user.first_name), Some(&user.last_name), user.username.as_ref()];
        names.into_iter().flatten().any(|name| name.to_lowercase().contains(&query))
    })
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
    let mut view: View<'_> = call.view()?;
    let participant = view.channel_participant(channel, user_id);
    let participant = participant.ok_or(RpcError::bad_request("USER_NOT_PARTICIPANT"))?;
    let (users, chats) = view.mentioned();
    Ok(tl::types::channels::ChannelParticipant { participant, chats, users }.into())
}
