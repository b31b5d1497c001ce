//! Who comes into groups and channels, who leaves, and who may do what there.

use grammers_tl_types::{enums, types};
use serde::Serialize;

use super::super::super::ChatId;
use super::{channel, group};
use crate::events::{EventName, NewEvent};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberChange {
    chat_id: ChatId,
    user_id: i64,
    /// `joined`, `left`, `promoted`, `demoted`, `restricted`, `banned` or `changed`.
    change: &'static str,
    /// Who did it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_user_id: Option<i64>,
    /// When (Unix seconds), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<i64>,
}

impl MemberChange {
    fn event(self) -> NewEvent {
        NewEvent::new(EventName::MemberChanged, Some(self.chat_id), &self)
    }
}

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Outside,
    Banned,
    Restricted,
    Member,
    Admin,
}

fn change(before: Role, after: Role) -> &'static str {
    match (before, after) {
        (_, Role::Banned) => "banned",
        (_, Role::Outside) => "left",
        (Role::Outside | Role::Banned, _) => "joined",
        (_, Role::Restricted) => "restricted",
        (before, Role::Admin) if before != Role::Admin => "promoted",
        (Role::Admin, Role::Member) => "demoted",
        _ => "changed",
    }
}

pub(super) fn came(chat_id: ChatId, user_id: i64, by_user_id: Option<i64>, date: i64) -> NewEvent {
    MemberChange { chat_id, user_id, change: "joined", by_user_id, date: Some(date) }.event()
}

pub(super) fn left(chat_id: ChatId, user_id: i64, by_user_id: Option<i64>, date: i64) -> NewEvent {
    MemberChange { chat_id, user_id, change: "left", by_user_id, date: Some(date) }.event()
}

pub(super) fn added(update: &types::UpdateChatParticipantAdd) -> NewEvent {
    came(group(update.chat_id), update.user_id, Some(update.inviter_id), i64::from(update.date))
}

pub(super) fn removed(chat_id: ChatId, user_id: i64) -> NewEvent {
    MemberChange { chat_id, user_id, change: "left", by_user_id: None, date: None }.event()
}

pub(super) fn promoted(update: &types::UpdateChatParticipantAdmin) -> NewEvent {
    let change = if update.is_admin { "promoted" } else { "demoted" };
    MemberChange { chat_id: group(update.chat_id), user_id: update.user_id, change, by_user_id: None, date: None }.event()
}

pub(super) fn changed_in_group(update: &types::UpdateChatParticipant) -> NewEvent {
    let role = |participant: Option<&enums::ChatParticipant>| match participant {
        None => Role::Outside,
        Some(enums::ChatParticipant::Participant(_)) => Role::Member,
        Some(enums::ChatParticipant::Creator(_) | enums::ChatParticipant::Admin(_)) => Role::Admin,
    };
    let change = change(role(update.prev_participant.as_ref()), role(update.new_participant.as_ref()));
    let (chat_id, by, date) = (group(update.chat_id), Some(update.actor_id), Some(i64::from(update.date)));
    MemberChange { chat_id, user_id: update.user_id, change, by_user_id: by, date }.event()
}

pub(super) fn changed_in_channel(update: &types::UpdateChannelParticipant) -> NewEvent {
    use enums::ChannelParticipant as Raw;
    let role = |participant: Option<&Raw>| match participant {
        None | Some(Raw::Left(_)) => Role::Outside,
        Some(Raw::Participant(_) | Raw::ParticipantSelf(_)) => Role::Member,
        Some(Raw::Creator(_) | Raw::Admin(_)) => Role::Admin,
        Some(Raw::Banned(banned)) if banned.left => Role::Banned,
        Some(Raw::Banned(_)) => Role::Restricted,
    };
    let change = change(role(update.prev_participant.as_ref()), role(update.new_participant.as_ref()));
    let (chat_id, by, date) = (channel(update.channel_id), Some(update.actor_id), Some(i64::from(update.date)));
    MemberChange { chat_id, user_id: update.user_id, change, by_user_id: by, date }.event()
}
