//! Calls in groups and channels as one user sees them.

use grammers_tl_types as tl;

use super::{View, count};
use crate::world::administration::right;
use crate::world::group_call::{GroupCall, Participant};
use crate::world::ids::PeerId;

impl View<'_> {
    /// A call.
    pub fn group_call(&self, call: &GroupCall) -> tl::enums::GroupCall {
        let manages = self.state.may_administer(self.viewer, call.peer, right::MANAGE_CALL);
        tl::types::GroupCall {
            join_muted: call.join_muted,
            can_change_join_muted: manages,
            join_date_asc: true,
            schedule_start_subscribed: false,
            can_start_video: false,
            record_video_active: false,
            rtmp_stream: false,
            listeners_hidden: false,
            conference: false,
            creator: call.creator == self.viewer,
            messages_enabled: false,
            can_change_messages_enabled: false,
            min: false,
            id: call.id,
            access_hash: self.state.call_access_hash(call.id, self.viewer),
            participants_count: count(call.participants.len()),
            title: call.title.clone(),
            stream_dc_id: None,
            record_start_date: None,
            schedule_date: None,
            unmuted_video_count: None,
            unmuted_video_limit: 0,
            version: call.version,
            invite_link: None,
            send_paid_messages_stars: None,
            default_send_as: None,
        }
        .into()
    }

    /// How a call is named to the viewer.
    pub fn input_group_call(&self, call_id: i64) -> tl::enums::InputGroupCall {
        let access_hash = self.state.call_access_hash(call_id, self.viewer);
        tl::types::InputGroupCall { id: call_id, access_hash }.into()
    }

    /// How the call in a group or a channel is named to the viewer, if there is one.
    pub(super) fn call_in(&self, peer: PeerId) -> Option<tl::enums::InputGroupCall> {
        self.state.group_calls.of(peer).map(|call| self.input_group_call(call.id))
    }

    /// Whether there is a call in a group or a channel, and anybody in it.
    pub(super) fn call_flags(&self, peer: PeerId) -> (bool, bool) {
        let call = self.state.group_calls.of(peer);
        (call.is_some(), call.is_some_and(|call| !call.participants.is_empty()))
    }

    /// Somebody who takes part, or has just gone.
    pub fn group_call_participant(
        &mut self,
        call: &GroupCall,
        user_id: i64,
        participant: &Participant,
        left: bool,
    ) -> tl::enums::GroupCallParticipant {
        let own = call.participants.get(&self.viewer);
        let volume = own.and_then(|own| own.volumes_for_me.get(&user_id).copied());
        tl::types::GroupCallParticipant {
            muted: participant.muted,
            left,
            can_self_unmute: !participant.muted_by_admin,
            just_joined: false,
            versioned: true,
            min: false,
            muted_by_you: own.is_some_and(|own| own.muted_for_me.contains(&user_id)),
            volume_by_admin: volume.is_none() && participant.volume.is_some(),
            is_self: user_id == self.viewer,
            video_joined: participant.video,
            peer: self.mention(PeerId::User(user_id)),
            date: participant.date,
            active_date: None,
            source: participant.source,
            volume: volume.or(participant.volume),
            about: None,
            raise_hand_rating: participant.raised_hand,
            video: None,
            presentation: None,
            paid_stars_total: None,
        }
        .into()
    }

    pub(super) fn group_call_update(&mut self, call_id: i64) -> Option<tl::enums::Update> {
        let call = self.state.group_calls.calls.get(&call_id)?;
        let peer = Some(self.mention(call.peer));
        Some(tl::types::UpdateGroupCall { live_story: false, peer, call: self.group_call(call) }.into())
    }

    pub(super) fn group_call_over(&mut self, id: i64, peer: PeerId, duration: i32) -> tl::enums::Update {
        let access_hash = self.state.call_access_hash(id, self.viewer);
        let call = tl::types::GroupCallDiscarded { id, access_hash, duration }.into();
        tl::types::UpdateGroupCall { live_story: false, peer: Some(self.mention(peer)), call }.into()
    }

    pub(super) fn participant_update(
        &mut self,
        call_id: i64,
        user_id: i64,
        participant: &Participant,
        left: bool,
    ) -> Option<tl::enums::Update> {
        let call = self.state.group_calls.calls.get(&call_id)?;
        let participants = vec![self.group_call_participant(call, user_id, participant, left)];
        let update =
            tl::types::UpdateGroupCallParticipants { call: self.input_group_call(call_id), participants, version: call.version };
        Some(update.into())
    }
}
