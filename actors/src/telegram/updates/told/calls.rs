//! Calls between two people and in groups, with the reference's names and members.

use grammers_tl_types::{enums, types};
use serde::Serialize;

use super::super::super::ChatId;
use super::super::super::convert::chat_of;
use crate::events::{EventName, NewEvent};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncomingCall {
    call_id: i64,
    access_hash: i64,
    user_id: i64,
    is_video: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallState<'a> {
    call_id: i64,
    state: &'static str,
    /// The other side's half of the key, once it has accepted.
    #[serde(rename = "gB", skip_serializing_if = "Option::is_none")]
    half: Option<&'a [u8]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignalingData<'a> {
    call_id: i64,
    data: &'a [u8],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActiveGroupCall<'a> {
    call_id: i64,
    state: &'static str,
    access_hash: i64,
    chat_id: Option<ChatId>,
    title: Option<&'a str>,
    participants_count: i32,
    can_start_video: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndedGroupCall {
    call_id: i64,
    state: &'static str,
    duration: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Participants<'a> {
    call_id: Option<i64>,
    access_hash: Option<i64>,
    version: i32,
    participants: Vec<Participant<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Participant<'a> {
    user_id: ChatId,
    is_muted: bool,
    is_self: bool,
    left: bool,
    can_self_unmute: bool,
    video_joined: bool,
    volume: Option<i32>,
    about: Option<&'a str>,
    raise_hand_rating: Option<i64>,
    source: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupCallConnection<'a> {
    presentation: bool,
    params: &'a str,
}

/// Participants of one event; more of them are several events.
const PARTICIPANTS_MAX: usize = 50;

/// A call that comes, or another state of one.
pub(super) fn call(call: &enums::PhoneCall) -> NewEvent {
    let state = |call_id, state| CallState { call_id, state, half: None, reason: None };
    let content = match call {
        enums::PhoneCall::Requested(call) => {
            let (access_hash, user_id, is_video) = (call.access_hash, call.admin_id, call.video);
            let content = IncomingCall { call_id: call.id, access_hash, user_id, is_video };
            return NewEvent::new(EventName::IncomingCall, None, &content);
        }
        enums::PhoneCall::Waiting(call) => state(call.id, "waiting"),
        enums::PhoneCall::Accepted(call) => CallState { half: Some(&call.g_b), ..state(call.id, "accepted") },
        enums::PhoneCall::Call(call) => state(call.id, "active"),
        enums::PhoneCall::Discarded(call) => {
            CallState { reason: Some(reason(call.reason.as_ref())), ..state(call.id, "discarded") }
        }
        enums::PhoneCall::Empty(call) => CallState { reason: Some("unknown"), ..state(call.id, "discarded") },
    };
    NewEvent::new(EventName::CallStateChanged, None, &content)
}

fn reason(reason: Option<&enums::PhoneCallDiscardReason>) -> &'static str {
    use enums::PhoneCallDiscardReason as Raw;
    match reason {
        Some(Raw::Missed) => "missed",
        Some(Raw::Disconnect) => "disconnect",
        Some(Raw::Hangup) => "hangup",
        Some(Raw::Busy) => "busy",
        Some(Raw::MigrateConferenceCall(_)) => "migrate",
        None => "unknown",
    }
}

pub(super) fn signaling(update: &types::UpdatePhoneCallSignalingData) -> NewEvent {
    let content = SignalingData { call_id: update.phone_call_id, data: &update.data };
    NewEvent::new(EventName::CallSignalingData, None, &content)
}

pub(super) fn group_call(update: &types::UpdateGroupCall) -> NewEvent {
    let chat_id = update.peer.as_ref().map(chat_of);
    match &update.call {
        enums::GroupCall::Call(call) => {
            let content = ActiveGroupCall {
                call_id: call.id,
                state: "active",
                access_hash: call.access_hash,
                chat_id,
                title: call.title.as_deref(),
                participants_count: call.participants_count,
                can_start_video: call.can_start_video,
            };
            NewEvent::new(EventName::GroupCallUpdate, chat_id, &content)
        }
        enums::GroupCall::Discarded(call) => {
            let content = EndedGroupCall { call_id: call.id, state: "discarded", duration: call.duration };
            NewEvent::new(EventName::GroupCallUpdate, chat_id, &content)
        }
    }
}

pub(super) fn participants(update: &types::UpdateGroupCallParticipants, events: &mut Vec<NewEvent>) {
    let (call_id, access_hash) = match &update.call {
        enums::InputGroupCall::Call(call) => (Some(call.id), Some(call.access_hash)),
        _ => (None, None),
    };
    for some in update.participants.chunks(PARTICIPANTS_MAX) {
        let participants = some.iter().map(|enums::GroupCallParticipant::Participant(one)| Participant {
            user_id: chat_of(&one.peer),
            is_muted: one.muted,
            is_self: one.is_self,
            left: one.left,
            can_self_unmute: one.can_self_unmute,
            video_joined: one.video_joined,
            volume: one.volume,
            about: one.about.as_deref(),
            raise_hand_rating: one.raise_hand_rating,
            source: one.source,
        });
        let content = Participants { call_id, access_hash, version: update.version, participants: participants.collect() };
        events.push(NewEvent::new(EventName::GroupCallParticipants, None, &content));
    }
}

pub(super) fn connection(update: &types::UpdateGroupCallConnection) -> NewEvent {
    let enums::DataJson::Json(params) = &update.params;
    let content = GroupCallConnection { presentation: update.presentation, params: &params.data };
    NewEvent::new(EventName::GroupCallConnection, None, &content)
}
