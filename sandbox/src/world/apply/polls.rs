//! Polls.

use std::collections::BTreeSet;

use super::{About, Notice};
use crate::world::attachment::Attachment;
use crate::world::ids::PeerId;
use crate::world::message_box::Content;
use crate::world::polls::{PollEvent, Vote};
use crate::world::state::State;

impl State {
    pub(super) fn apply_to_polls(&mut self, event: &PollEvent) -> Vec<Notice> {
        match event {
            PollEvent::Made { poll_id, poll } => {
                self.polls.add(*poll_id, (**poll).clone());
                Vec::new()
            }
            PollEvent::Voted { poll_id, user_id, options, date } => {
                let Some(poll) = self.polls.get_mut(*poll_id) else { return Vec::new() };
                if options.is_empty() {
                    poll.votes.remove(user_id);
                } else {
                    poll.votes.insert(*user_id, Vote { options: options.clone(), date: *date });
                }
                self.tell_of_poll(*poll_id, Some(*user_id))
            }
            PollEvent::Closed { poll_id, by, peer, message_id, date } => {
                self.close_poll(*poll_id, *by, *peer, *message_id, *date)
            }
            PollEvent::Expired { poll_id } => {
                if let Some(poll) = self.polls.get_mut(*poll_id) {
                    poll.closed = true;
                }
                self.tell_of_poll(*poll_id, None)
            }
        }
    }

    fn close_poll(&mut self, poll_id: i64, by: i64, peer: PeerId, message_id: i32, date: i32) -> Vec<Notice> {
        if let Some(poll) = self.polls.get_mut(poll_id) {
            poll.closed = true;
        }
        let mut notices = self.edit_message(by, peer, message_id, &Content::Attachment(Attachment::Poll(poll_id)), date);
        notices.extend(self.tell_of_poll(poll_id, Some(by)));
        notices
    }

    /// Tells who made a poll, everybody who voted in it, and whoever did something to it.
    fn tell_of_poll(&self, poll_id: i64, actor: Option<i64>) -> Vec<Notice> {
        let Some(poll) = self.polls.get(poll_id) else { return Vec::new() };
        let told: BTreeSet<i64> = poll.votes.keys().copied().chain([poll.creator]).chain(actor).collect();
        told.into_iter().map(|to| Notice { to, about: About::Poll { poll_id } }).collect()
    }
}
