//! Calls in groups and channels.

use grammers_tl_types as tl;
use serde::Deserialize;

use super::administration::check_administers;
use super::call::{Call, random};
use super::error::RpcError;
use crate::world::administration::right;
use crate::world::apply::Notice;
use crate::world::event::Event;
use crate::world::group_call::{GroupCall, GroupCallEvent, Participant, ParticipantChange};
use crate::world::ids::PeerId;
use crate::world::view::count;

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 64;
/// Participants that one call gives.
const PARTICIPANTS_MAX: usize = 500;
/// Sources that one call may ask about.
const SOURCES_MAX: usize = 100;
/// The longest parameters, in bytes.
const PARAMETERS_BYTES_MAX: usize = 64 * 1_024;
/// Volumes, in hundredths of a per cent.
const VOLUMES: std::ops::RangeInclusive<i32> = 1..=20_000;

/// What is read of the parameters that a client joins with.
#[derive(Deserialize)]
struct Parameters {
    ufrag: String,
    pwd: String,
    fingerprints: Vec<serde_json::Value>,
    ssrc: i64,
}

fn change(call: &mut Call<'_>, event: GroupCallEvent) -> Vec<Notice> {
    call.change(Event::GroupCall(event))
}

/// The call that the caller names, and who asks: a member of its chat.
fn find(call: &Call<'_>, named: &tl::enums::InputGroupCall) -> Result<(GroupCall, i64), RpcError> {
    let me = call.user_id()?;
    let tl::enums::InputGroupCall::Call(named) = named else { return Err(RpcError::bad_request("GROUPCALL_INVALID")) };
    if call.state().call_access_hash(named.id, me) != named.access_hash {
        return Err(RpcError::bad_request("GROUPCALL_INVALID"));
    }
    if call.state().group_calls.has_ended(named.id) {
        return Err(RpcError::forbidden("GROUPCALL_FORBIDDEN"));
    }
    let found = call.state().group_calls.calls.get(&named.id).ok_or(RpcError::bad_request("GROUPCALL_INVALID"))?;
    if !call.state().is_member(me, found.peer) {
        return Err(RpcError::forbidden("GROUPCALL_FORBIDDEN"));
    }
    Ok((found.clone(), me))
}

/// `phone.createGroupCall`.
pub fn create_group_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::CreateGroupCall,
) -> Result<tl::enums::Updates, RpcError> {
    let peer = call.peer(&request.peer)?;
    if matches!(peer, PeerId::User(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    if request.schedule_date.is_some() {
        return Err(RpcError::bad_request("SCHEDULE_DATE_INVALID"));
    }
    if request.rtmp_stream {
        return Err(RpcError::bad_request("CREATE_CALL_FAILED"));
    }
    let creator = check_administers(call, peer, right::MANAGE_CALL)?;
    let title = request.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    if title.as_ref().is_some_and(|title| title.chars().count() > TITLE_CHARS_MAX) {
        return Err(RpcError::bad_request("CHAT_TITLE_INVALID"));
    }
    if let Some(known) = call.state().group_calls.of(peer) {
        if known.random_id != request.random_id || known.creator != creator {
            return Err(RpcError::bad_request("GROUPCALL_ALREADY_STARTED"));
        }
        let mut view = call.view()?;
        let updates = view.update(&crate::world::apply::About::GroupCall { call_id: known.id }).into_iter().collect();
        return Ok(view.envelope(updates, call.now));
    }
    let started = GroupCall {
        id: i64::from_le_bytes(random()?) >> 1 & i64::MAX,
        peer,
        creator,
        title,
        date: call.now,
        random_id: request.random_id,
        join_muted: false,
        version: 1,
        participants: Default::default(),
    };
    let notices = change(call, GroupCallEvent::Started(started));
    call.answer(None, &notices)
}

/// `phone.joinGroupCall`.
pub fn join_group_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::JoinGroupCall,
) -> Result<tl::enums::Updates, RpcError> {
    let (found, me) = find(call, &request.call)?;
    if call.peer(&request.join_as)? != PeerId::User(me) {
        return Err(RpcError::bad_request("JOIN_AS_PEER_INVALID"));
    }
    let tl::enums::DataJson::Json(given) = &request.params;
    let parameters = Some(given.data.as_str()).filter(|data| data.len() <= PARAMETERS_BYTES_MAX);
    let parameters: Option<Parameters> = parameters.and_then(|data| serde_json::from_str(data).ok());
    let unfit = || RpcError::bad_request("DATA_JSON_INVALID");
    let parameters = parameters.ok_or_else(unfit)?;
    // WebRTC writes sources without a sign, TL with one.
    let source = i32::try_from(parameters.ssrc).ok().or_else(|| u32::try_from(parameters.ssrc).ok().map(u32::cast_signed));
    let source = source.filter(|source| *source != 0).ok_or_else(unfit)?;
    if parameters.ufrag.is_empty() || parameters.pwd.is_empty() || parameters.fingerprints.len() > SOURCES_MAX {
        return Err(unfit());
    }
    if found.participants.iter().any(|(other, participant)| *other != me && participant.source == source) {
        return Err(RpcError::bad_request("GROUPCALL_SSRC_DUPLICATE_MUCH"));
    }
    let manages = call.state().may_administer(me, found.peer, right::MANAGE_CALL);
    let muted_by_admin = found.join_muted && !manages;
    let participant = Participant {
        date: call.now,
        source,
        muted: request.muted || muted_by_admin,
        muted_by_admin,
        volume: None,
        raised_hand: None,
        video: !request.video_stopped,
        muted_for_me: Default::default(),
        volumes_for_me: Default::default(),
    };
    let notices = change(call, GroupCallEvent::Joined { call_id: found.id, user_id: me, participant });
    // There is no server here that would hand sound on, so there is nowhere to send it.
    let params = tl::types::DataJson { data: r#"{"transport":null}"#.into() }.into();
    let connection = tl::types::UpdateGroupCallConnection { presentation: false, params }.into();
    call.answer(Some(connection), &notices)
}

/// `phone.leaveGroupCall`.
pub fn leave_group_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::LeaveGroupCall,
) -> Result<tl::enums::Updates, RpcError> {
    let (found, me) = find(call, &request.call)?;
    check_joined(&found, me)?;
    let notices = change(call, GroupCallEvent::Left { call_id: found.id, user_id: me });
    call.answer(None, &notices)
}

fn check_joined(found: &GroupCall, user_id: i64) -> Result<(), RpcError> {
    if found.participants.contains_key(&user_id) { Ok(()) } else { Err(RpcError::bad_request("GROUPCALL_JOIN_MISSING")) }
}

/// `phone.discardGroupCall`.
pub fn discard_group_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::DiscardGroupCall,
) -> Result<tl::enums::Updates, RpcError> {
    let (found, _) = find(call, &request.call)?;
    let actor = check_administers(call, found.peer, right::MANAGE_CALL)?;
    let date = call.now;
    let notices = change(call, GroupCallEvent::Ended { call_id: found.id, actor, date });
    call.answer(None, &notices)
}

/// `phone.toggleGroupCallSettings`: whether who comes is muted.
pub fn toggle_group_call_settings(
    call: &mut Call<'_>,
    request: tl::functions::phone::ToggleGroupCallSettings,
) -> Result<tl::enums::Updates, RpcError> {
    let (found, _) = find(call, &request.call)?;
    check_administers(call, found.peer, right::MANAGE_CALL)?;
    let join_muted = request.join_muted.filter(|join_muted| *join_muted != found.join_muted);
    let join_muted = join_muted.ok_or(RpcError::bad_request("GROUPCALL_NOT_MODIFIED"))?;
    let notices = change(call, GroupCallEvent::JoinMutedSet { call_id: found.id, join_muted });
    call.answer(None, &notices)
}

/// `phone.editGroupCallParticipant`: oneself; others as an administrator, and else for one's own ears.
pub fn edit_group_call_participant(
    call: &mut Call<'_>,
    request: tl::functions::phone::EditGroupCallParticipant,
) -> Result<tl::enums::Updates, RpcError> {
    let (found, me) = find(call, &request.call)?;
    check_joined(&found, me)?;
    let PeerId::User(user_id) = call.peer(&request.participant)? else {
        return Err(RpcError::bad_request("PARTICIPANT_JOIN_MISSING"));
    };
    let known = found.participants.get(&user_id).ok_or(RpcError::forbidden("PARTICIPANT_JOIN_MISSING"))?;
    let manages = call.state().may_administer(me, found.peer, right::MANAGE_CALL);
    let mut changes = Vec::new();
    if let Some(muted) = request.muted {
        changes.push(match (user_id == me, manages) {
            (true, false) if !muted && known.muted_by_admin => return Err(RpcError::forbidden("GROUPCALL_FORBIDDEN")),
            (true, _) => ParticipantChange::Muted { muted, by_admin: known.muted_by_admin && muted },
            // An administrator does not speak for others: they are let speak, and unmute themselves.
            (false, true) => ParticipantChange::Muted { muted: true, by_admin: muted },
            (false, false) => ParticipantChange::MutedFor { listener: me, muted },
        });
    }
    if let Some(volume) = request.volume {
        if !VOLUMES.contains(&volume) || user_id == me {
            return Err(RpcError::bad_request("USER_VOLUME_INVALID"));
        }
        changes.push(if manages {
            ParticipantChange::Volume(volume)
        } else {
            ParticipantChange::VolumeFor { listener: me, volume }
        });
    }
    if let Some(raise) = request.raise_hand {
        if user_id != me {
            return Err(RpcError::forbidden("RAISE_HAND_FORBIDDEN"));
        }
        changes.push(ParticipantChange::RaisedHand(raise.then(|| i64::MAX - i64::from(call.now))));
    }
    if request.video_stopped.is_some() || request.video_paused.is_some() || request.presentation_paused.is_some() {
        return Err(RpcError::forbidden("VIDEO_STOP_FORBIDDEN"));
    }
    let mut notices = Vec::new();
    for made in changes {
        notices.extend(change(call, GroupCallEvent::Changed { call_id: found.id, user_id, change: made }));
    }
    call.answer(None, &notices)
}

/// Participants with their users, and the place where the next page begins.
type Page<'a> = (Vec<(i64, &'a Participant)>, String);

/// Participants from a place on, the earliest first, and the place after them.
fn page<'a>(chosen: impl Iterator<Item = (&'a i64, &'a Participant)>, offset: &str, limit: i32) -> Result<Page<'a>, RpcError> {
    let after: i64 = match offset {
        "" => 0,
        text => text.parse().map_err(|_| RpcError::bad_request("OFFSET_INVALID"))?,
    };
    let limit = usize::try_from(limit).unwrap_or(0).min(PARTICIPANTS_MAX);
    let mut rest = chosen.filter(|(user_id, _)| **user_id > after);
    let page: Vec<_> = rest.by_ref().take(limit).map(|(user_id, participant)| (*user_id, participant)).collect();
    let next = rest.next().and(page.last()).map(|(user_id, _)| user_id.to_string());
    Ok((page, next.unwrap_or_default()))
}

/// `phone.getGroupCall`.
pub fn get_group_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::GetGroupCall,
) -> Result<tl::enums::phone::GroupCall, RpcError> {
    let (found, _) = find(call, &request.call)?;
    let (page, participants_next_offset) = page(found.participants.iter(), "", request.limit)?;
    let mut view = call.view()?;
    view.mention(found.peer);
    let participants = page.into_iter().map(|(user_id, one)| view.group_call_participant(&found, user_id, one, false));
    let participants = participants.collect();
    let told = view.group_call(&found);
    let (users, chats) = view.mentioned();
    Ok(tl::types::phone::GroupCall { call: told, participants, participants_next_offset, chats, users }.into())
}

/// `phone.getGroupParticipants`.
pub fn get_group_participants(
    call: &mut Call<'_>,
    request: tl::functions::phone::GetGroupParticipants,
) -> Result<tl::enums::phone::GroupParticipants, RpcError> {
    let (found, _) = find(call, &request.call)?;
    if request.ids.len() > SOURCES_MAX || request.sources.len() > SOURCES_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let ids: Vec<PeerId> = request.ids.iter().map(|named| call.peer(named)).collect::<Result<_, _>>()?;
    let all = ids.is_empty() && request.sources.is_empty();
    let chosen = found.participants.iter().filter(|(user_id, participant)| {
        all || ids.contains(&PeerId::User(**user_id)) || request.sources.contains(&participant.source)
    });
    let (page, next_offset) = page(chosen, &request.offset, request.limit)?;
    let mut view = call.view()?;
    let participants = page.into_iter().map(|(user_id, one)| view.group_call_participant(&found, user_id, one, false));
    let participants = participants.collect();
    let (users, chats) = view.mentioned();
    let (count, version) = (count(found.participants.len()), found.version);
    Ok(tl::types::phone::GroupParticipants { count, participants, next_offset, chats, users, version }.into())
}

/// `phone.checkGroupCall`: which of these sources of the caller's are still there.
pub fn check_group_call(call: &mut Call<'_>, request: tl::functions::phone::CheckGroupCall) -> Result<Vec<i32>, RpcError> {
    let (found, me) = find(call, &request.call)?;
    check_joined(&found, me)?;
    let own = found.participants.get(&me).map(|participant| participant.source);
    Ok(request.sources.into_iter().take(SOURCES_MAX).filter(|source| Some(*source) == own).collect())
}
