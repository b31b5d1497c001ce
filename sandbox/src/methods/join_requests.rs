//! Who came by invite links, and who asks to be let in.

use grammers_tl_types as tl;

use super::administration::check_administers;
use super::call::Call;
use super::error::RpcError;
use super::help::{CHANNEL_MEMBERS_MAX, CHAT_MEMBERS_MAX};
use super::history::PAGE_MAX;
use super::invites::{hash_of, known};
use crate::world::administration::right;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::invite::InviteEvent;
use crate::world::state::State;
use crate::world::view::count;

/// Requests that one call decides.
const DECIDED_MAX: usize = 1_000;

/// One who came by a link, or asks to.
struct Found {
    user_id: i64,
    date: i32,
    requested: bool,
    approved_by: Option<i64>,
}

/// `messages.getChatInviteImporters`: the latest first.
pub fn get_chat_invite_importers(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetChatInviteImporters,
) -> Result<tl::enums::messages::ChatInviteImporters, RpcError> {
    let peer = call.peer(&request.peer)?;
    check_administers(call, peer, right::INVITE_USERS)?;
    let hash = match &request.link {
        Some(link) => Some(known(call, peer, link)?.0),
        None => None,
    };
    let mut found = if request.requested { requesters(call.state(), peer) } else { importers(call.state(), peer) };
    if let Some(hash) = hash {
        found.retain(|(of, _)| *of == hash);
    }
    let query = request.q.unwrap_or_default().to_lowercase();
    let mut found: Vec<Found> = found.into_iter().map(|(_, found)| found).collect();
    found.retain(|found| is_called(call.state(), found.user_id, &query));
    found.sort_unstable_by_key(|found| (-found.date, -found.user_id));
    let total = found.len();
    if request.offset_date > 0 {
        let after = match &request.offset_user {
            tl::enums::InputUser::Empty => i64::MAX,
            named => call.user(named)?.id,
        };
        found.retain(|found| (-found.date, -found.user_id) > (-request.offset_date, -after));
    }
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    let mut view = call.view()?;
    let importers = found.into_iter().take(limit).map(|found| {
        view.mention(PeerId::User(found.user_id));
        let about = call.state().about_of(PeerId::User(found.user_id));
        tl::types::ChatInviteImporter {
            requested: found.requested,
            via_chatlist: false,
            user_id: found.user_id,
            date: found.date,
            about: Some(about.to_owned()).filter(|about| found.requested && !about.is_empty()),
            approved_by: found.approved_by,
        }
        .into()
    });
    let importers = importers.collect();
    let (users, _) = view.mentioned();
    Ok(tl::types::messages::ChatInviteImporters { count: count(total), importers, users }.into())
}

fn is_called(state: &State, user_id: i64, query: &str) -> bool {
    let Some(user) = state.users.get(&user_id) else { return false };
    let names = [Some(&user.first_name), Some(&user.last_name), user.username.as_ref()];
    names.into_iter().flatten().any(|name| name.to_lowercase().starts_with(query))
}

fn requesters(state: &State, peer: PeerId) -> Vec<(String, Found)> {
    let requests = state.join_requests.get(&peer).into_iter().flatten();
    let found = requests.map(|(user_id, request)| {
        (request.hash.clone(), Found { user_id: *user_id, date: request.date, requested: true, approved_by: None })
    });
    found.collect()
}

fn importers(state: &State, peer: PeerId) -> Vec<(String, Found)> {
    let links = state.invites.iter().filter(|(_, invite)| invite.peer == peer);
    let came = links.flat_map(|(hash, _)| {
        let importers = state.importers.get(hash).into_iter().flatten();
        importers.map(move |(user_id, importer)| {
            let (date, approved_by) = (importer.date, importer.approved_by);
            (hash.clone(), Found { user_id: *user_id, date, requested: false, approved_by })
        })
    });
    came.collect()
}

/// `messages.hideChatJoinRequest`: lets one in, or not.
pub fn hide_chat_join_request(
    call: &mut Call<'_>,
    request: tl::functions::messages::HideChatJoinRequest,
) -> Result<tl::enums::Updates, RpcError> {
    let peer = call.peer(&request.peer)?;
    check_administers(call, peer, right::INVITE_USERS)?;
    let user_id = call.user(&request.user_id)?.id;
    if call.state().is_member(user_id, peer) {
        return Err(RpcError::bad_request("USER_ALREADY_PARTICIPANT"));
    }
    if !call.state().join_requests.get(&peer).is_some_and(|requests| requests.contains_key(&user_id)) {
        return Err(RpcError::bad_request("HIDE_REQUESTER_MISSING"));
    }
    decide(call, peer, vec![user_id], request.approved)
}

/// `messages.hideAllChatJoinRequests`: lets all in who ask, or those who ask by one link, or none of them.
pub fn hide_all_chat_join_requests(
    call: &mut Call<'_>,
    request: tl::functions::messages::HideAllChatJoinRequests,
) -> Result<tl::enums::Updates, RpcError> {
    let peer = call.peer(&request.peer)?;
    check_administers(call, peer, right::INVITE_USERS)?;
    let hash = request.link.as_deref().map(hash_of);
    let asked = requesters(call.state(), peer).into_iter().filter(|(of, _)| hash.is_none_or(|hash| of == hash));
    let users: Vec<i64> = asked.map(|(_, found)| found.user_id).take(DECIDED_MAX).collect();
    if users.is_empty() {
        return Err(RpcError::bad_request("HIDE_REQUESTER_MISSING"));
    }
    decide(call, peer, users, request.approved)
}

fn decide(call: &mut Call<'_>, peer: PeerId, users: Vec<i64>, approved: bool) -> Result<tl::enums::Updates, RpcError> {
    let state = call.state();
    let (members, members_max) = match peer {
        PeerId::Chat(id) => (state.chats.get(&id).map_or(0, |chat| chat.members.len()), CHAT_MEMBERS_MAX),
        PeerId::Channel(id) => (state.channels.get(&id).map_or(0, |channel| channel.members.len()), CHANNEL_MEMBERS_MAX),
        PeerId::User(_) => return Err(RpcError::bad_request("PEER_ID_INVALID")),
    };
    if approved && members.saturating_add(users.len()) > members_max {
        return Err(RpcError::bad_request("USERS_TOO_MUCH"));
    }
    let (by, date) = (call.user_id()?, call.now);
    let notices = call.change(Event::Invite(InviteEvent::RequestsDecided { peer, users, approved, by, date }));
    call.answer(None, &notices)
}
