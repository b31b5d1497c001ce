//! Calls in groups and channels.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::group_call::{GroupCall, GroupCallEvent, Participant, ParticipantChange};
use crate::world::message_box::Action;
use crate::world::state::State;

impl State {
    pub(super) fn apply_to_group_calls(&mut self, event: &GroupCallEvent) -> Vec<Notice> {
        match event {
            GroupCallEvent::Started(call) => {
                self.group_calls.calls.insert(call.id, call.clone());
                let mut notices = self.tell_call_members(call.id);
                let action = Action::GroupCall { call_id: call.id, duration: None };
                notices.extend(self.send_message(&NewMessage::service(call.creator, call.peer, action, call.date)));
                notices
            }
            GroupCallEvent::Joined { call_id, user_id, participant } => {
                self.change_call(*call_id, |call| _ = call.participants.insert(*user_id, participant.clone()));
                self.tell_of(*call_id, *user_id, participant.clone(), false)
            }
            GroupCallEvent::Left { call_id, user_id } => {
                let mut gone = None;
                self.change_call(*call_id, |call| gone = call.participants.remove(user_id));
                match gone {
                    Some(gone) => self.tell_of(*call_id, *user_id, gone, true),
                    None => Vec::new(),
                }
            }
            GroupCallEvent::Changed { call_id, user_id, change } => {
                self.change_call(*call_id, |call| call.apply(*user_id, change));
                let participant = self.group_calls.calls.get(call_id).and_then(|call| call.participants.get(user_id)).cloned();
                let Some(participant) = participant else { return Vec::new() };
                let mut notices = self.tell_of(*call_id, *user_id, participant, false);
                match change {
                    // What one listener wants is told to that one alone.
                    ParticipantChange::MutedFor { listener, .. } | ParticipantChange::VolumeFor { listener, .. } => {
                        notices.retain(|notice| {
                            notice.to == *listener && matches!(notice.about, About::GroupCallParticipant { .. })
                        });
                    }
                    _ => notices.retain(|notice| matches!(notice.about, About::GroupCallParticipant { .. })),
                }
                notices
            }
            GroupCallEvent::JoinMutedSet { call_id, join_muted } => {
                self.change_call(*call_id, |call| call.join_muted = *join_muted);
                self.tell_call_members(*call_id)
            }
            GroupCallEvent::Ended { call_id, actor, date } => self.end_group_call(*call_id, *actor, *date),
        }
    }

    fn end_group_call(&mut self, call_id: i64, actor: i64, date: i32) -> Vec<Notice> {
        let Some(call) = self.group_calls.end(call_id) else { return Vec::new() };
        let duration = date.saturating_sub(call.date);
        let about = About::GroupCallOver { call_id, peer: call.peer, duration };
        let members = self.members_of(call.peer).into_iter();
        let mut notices: Vec<Notice> = members.map(|to| Notice { to, about: about.clone() }).collect();
        let action = Action::GroupCall { call_id, duration: Some(duration) };
        notices.extend(self.send_message(&NewMessage::service(actor, call.peer, action, date)));
        notices
    }

    fn change_call(&mut self, call_id: i64, change: impl FnOnce(&mut GroupCall)) {
        if let Some(call) = self.group_calls.calls.get_mut(&call_id) {
            call.version = call.version.saturating_add(1);
            change(call);
        }
    }

    /// Everybody in the chat is told how many take part.
    fn tell_call_members(&self, call_id: i64) -> Vec<Notice> {
        let Some(call) = self.group_calls.calls.get(&call_id) else { return Vec::new() };
        self.members_of(call.peer).into_iter().map(|to| Notice { to, about: About::GroupCall { call_id } }).collect()
    }

    /// Those who take part are told of one of them, and everybody in the chat how many there are.
    fn tell_of(&self, call_id: i64, user_id: i64, participant: Participant, left: bool) -> Vec<Notice> {
        let Some(call) = self.group_calls.calls.get(&call_id) else { return Vec::new() };
        let about = About::GroupCallParticipant { call_id, user_id, participant, left };
        let leaving = left.then_some(user_id);
        let told = call.participants.keys().copied().chain(leaving);
        let mut notices: Vec<Notice> = told.map(|to| Notice { to, about: about.clone() }).collect();
        notices.extend(self.tell_call_members(call_id));
        notices
    }
}

impl GroupCall {
    fn apply(&mut self, user_id: i64, change: &ParticipantChange) {
        match change {
            ParticipantChange::MutedFor { listener, muted } => {
                if let Some(listener) = self.participants.get_mut(listener) {
                    if *muted {
                        listener.muted_for_me.insert(user_id);
                    } else {
                        listener.muted_for_me.remove(&user_id);
                    }
                }
            }
            ParticipantChange::VolumeFor { listener, volume } => {
                if let Some(listener) = self.participants.get_mut(listener) {
                    listener.volumes_for_me.insert(user_id, *volume);
                }
            }
            own => {
                let Some(participant) = self.participants.get_mut(&user_id) else { return };
                match own {
                    ParticipantChange::Muted { muted, by_admin } => {
                        participant.muted = *muted;
                        participant.muted_by_admin = *muted && *by_admin;
                        if !*muted {
                            participant.raised_hand = None;
                        }
                    }
                    ParticipantChange::Volume(volume) => participant.volume = Some(*volume),
                    ParticipantChange::RaisedHand(rating) => participant.raised_hand = *rating,
                    ParticipantChange::MutedFor { .. } | ParticipantChange::VolumeFor { .. } => {}
                }
            }
        }
    }
}
