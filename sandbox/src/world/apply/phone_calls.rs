//! Calls between two people.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::message_box::Action;
use crate::world::phone_call::{PhoneCallEvent, Reason};
use crate::world::state::State;

impl State {
    pub(super) fn apply_to_phone_calls(&mut self, event: &PhoneCallEvent) -> Vec<Notice> {
        match event {
            PhoneCallEvent::Requested(call) => {
                self.phone_calls.end_stale(call.date);
                self.phone_calls.calls.insert(call.id, call.clone());
                vec![tell(call.callee, call.id)]
            }
            PhoneCallEvent::Received { call_id, date } => {
                let Some(call) = self.phone_calls.calls.get_mut(call_id) else { return Vec::new() };
                call.received_at = call.received_at.or(Some(*date));
                vec![tell(call.caller, call.id)]
            }
            PhoneCallEvent::Accepted { call_id, accepted } => {
                let Some(call) = self.phone_calls.calls.get_mut(call_id) else { return Vec::new() };
                call.accepted = Some(accepted.clone());
                // The other devices of whoever was called need not ring any more.
                let over = About::PhoneCallOver { call_id: *call_id, video: call.video, reason: None, duration: None };
                vec![tell(call.caller, call.id), Notice { to: call.callee, about: over }]
            }
            PhoneCallEvent::Confirmed { call_id, confirmed } => {
                let Some(call) = self.phone_calls.calls.get_mut(call_id) else { return Vec::new() };
                call.confirmed = Some(confirmed.clone());
                vec![tell(call.callee, call.id)]
            }
            PhoneCallEvent::Ended { call_id, reason, duration, date } => self.end_phone_call(*call_id, *reason, *duration, *date),
        }
    }

    /// Ends a call, which both sides then find in their conversation.
    fn end_phone_call(&mut self, call_id: i64, reason: Reason, duration: Option<i32>, date: i32) -> Vec<Notice> {
        let Some(call) = self.phone_calls.end(call_id) else { return Vec::new() };
        let video = call.video;
        let over = About::PhoneCallOver { call_id, video, reason: Some(reason), duration };
        let mut notices: Vec<Notice> =
            [call.caller, call.callee].map(|to| Notice { to, about: over.clone() }).into_iter().collect();
        let action = Action::PhoneCall { call_id, video, reason, duration };
        notices.extend(self.send_message(&NewMessage::service(call.caller, PeerId::User(call.callee), action, date)));
        notices
    }
}

fn tell(to: i64, call_id: i64) -> Notice {
    Notice { to, about: About::PhoneCall { call_id } }
}
