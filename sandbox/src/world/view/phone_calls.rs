//! Calls between two people as one of them sees them.

use grammers_tl_types as tl;

use super::View;
use crate::world::ids::PeerId;
use crate::world::phone_call::{PhoneCall, Protocol, Reason};

impl View<'_> {
    /// A call as the viewer, one of the two, sees it.
    pub fn phone_call(&mut self, call: &PhoneCall) -> tl::enums::PhoneCall {
        self.mention(PeerId::User(call.caller));
        self.mention(PeerId::User(call.callee));
        let access_hash = self.state.call_access_hash(call.id, self.viewer);
        let calls = call.caller == self.viewer;
        let (id, date, admin_id, participant_id, video) = (call.id, call.date, call.caller, call.callee, call.video);
        match (&call.accepted, &call.confirmed) {
            (Some(accepted), Some(confirmed)) => tl::types::PhoneCall {
                p2p_allowed: true,
                video,
                conference_supported: false,
                id,
                access_hash,
                date,
                admin_id,
                participant_id,
                g_a_or_b: if calls { accepted.g_b.0.clone() } else { confirmed.g_a.0.clone() },
                key_fingerprint: confirmed.fingerprint,
                protocol: protocol(if calls { &accepted.protocol } else { &call.protocol }),
                // There is no server here that would hand sound on.
                connections: Vec::new(),
                start_date: confirmed.date,
                custom_parameters: None,
            }
            .into(),
            (Some(accepted), None) if calls => tl::types::PhoneCallAccepted {
                video,
                id,
                access_hash,
                date,
                admin_id,
                participant_id,
                g_b: accepted.g_b.0.clone(),
                protocol: protocol(&accepted.protocol),
            }
            .into(),
            (None, _) if !calls => tl::types::PhoneCallRequested {
                video,
                id,
                access_hash,
                date,
                admin_id,
                participant_id,
                g_a_hash: call.g_a_hash.0.clone(),
                protocol: protocol(&call.protocol),
            }
            .into(),
            _ => tl::types::PhoneCallWaiting {
                video,
                id,
                access_hash,
                date,
                admin_id,
                participant_id,
                protocol: protocol(&call.protocol),
                receive_date: call.received_at,
            }
            .into(),
        }
    }

    pub(super) fn phone_call_update(&mut self, call_id: i64) -> Option<tl::enums::Update> {
        let call = self.state.phone_calls.calls.get(&call_id)?;
        Some(tl::types::UpdatePhoneCall { phone_call: self.phone_call(call) }.into())
    }
}

/// The update that tells of a call's end.
pub(super) fn over(id: i64, video: bool, reason: Option<Reason>, duration: Option<i32>) -> tl::enums::Update {
    let (need_rating, need_debug, reason) = (false, false, reason.map(discard_reason));
    let discarded = tl::types::PhoneCallDiscarded { need_rating, need_debug, video, id, reason, duration };
    tl::types::UpdatePhoneCall { phone_call: discarded.into() }.into()
}

pub(super) fn discard_reason(reason: Reason) -> tl::enums::PhoneCallDiscardReason {
    match reason {
        Reason::Missed => tl::enums::PhoneCallDiscardReason::Missed,
        Reason::Disconnect => tl::enums::PhoneCallDiscardReason::Disconnect,
        Reason::HangUp => tl::enums::PhoneCallDiscardReason::Hangup,
        Reason::Busy => tl::enums::PhoneCallDiscardReason::Busy,
    }
}

fn protocol(protocol: &Protocol) -> tl::enums::PhoneCallProtocol {
    tl::types::PhoneCallProtocol {
        udp_p2p: true,
        udp_reflector: true,
        min_layer: protocol.min_layer,
        max_layer: protocol.max_layer,
        library_versions: protocol.library_versions.clone(),
    }
    .into()
}
