//! Messages that are to be sent later, and the network's clock that sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::World;
use super::administration::right;
use super::event::{Event, NewMessage};
use super::ids::PeerId;
use super::live::{Live, Origin, Transaction};
use super::pins::CHANNEL_BOX;
use super::polls::PollEvent;
use super::state::State;
use crate::journal::Written;

/// Messages that may wait in one conversation.
pub const WAITING_MAX: usize = 100;

/// How often the clock looks what is due. Dates are whole seconds.
const CLOCK_PERIOD: Duration = Duration::from_millis(200);

/// The messages that wait in one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    last_id: i32,
    messages: BTreeMap<i32, NewMessage>,
}

impl Queue {
    /// The message with this id, whose date is when it is to be sent.
    pub fn get(&self, id: i32) -> Option<&NewMessage> {
        self.messages.get(&id)
    }

    /// The messages by id, the last to be sent first.
    pub fn latest_first(&self) -> Vec<(i32, &NewMessage)> {
        let mut messages: Vec<_> = self.messages.iter().map(|(id, message)| (*id, message)).collect();
        messages.sort_by_key(|(id, message)| std::cmp::Reverse((message.date, *id)));
        messages
    }
}

/// The messages that wait: by owner and conversation. The queue of a broadcast channel is all its administrators' and has the
/// owner [`CHANNEL_BOX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scheduled {
    queues: BTreeMap<i64, BTreeMap<PeerId, Queue>>,
    /// The shared ids of those that were sent.
    pub sent: BTreeSet<i64>,
}

/// Messages of one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The queue's owner.
    pub owner: i64,
    /// The conversation.
    pub peer: PeerId,
    /// Which.
    pub message_ids: Vec<i32>,
}

/// What happens to messages that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScheduleEvent {
    /// One is added.
    Added {
        /// The queue's owner.
        owner: i64,
        /// The message; its date is when it is to be sent.
        message: Box<NewMessage>,
    },
    /// Some are taken out.
    Removed(Waiting),
    /// Some are sent.
    Sent {
        /// Which.
        waiting: Waiting,
        /// When, in Unix seconds.
        date: i32,
    },
}

impl Scheduled {
    /// A queue, if anything was ever scheduled there.
    pub fn queue(&self, owner: i64, peer: PeerId) -> Option<&Queue> {
        self.queues.get(&owner)?.get(&peer)
    }

    /// Adds a message to a queue. Answers its id there.
    pub(super) fn add(&mut self, owner: i64, message: &NewMessage) -> i32 {
        let queue = self.queues.entry(owner).or_default().entry(message.peer).or_default();
        queue.last_id = queue.last_id.saturating_add(1);
        queue.messages.insert(queue.last_id, message.clone());
        queue.last_id
    }

    /// Takes messages out of their queue. Answers those that were there.
    pub(super) fn take(&mut self, waiting: &Waiting) -> Vec<(i32, NewMessage)> {
        let queue = self.queues.get_mut(&waiting.owner).and_then(|queues| queues.get_mut(&waiting.peer));
        let Some(queue) = queue else { return Vec::new() };
        waiting.message_ids.iter().filter_map(|id| queue.messages.remove_entry(id)).collect()
    }

    /// What is to be sent by now, each queue in the order of its dates.
    pub fn due(&self, now: i32) -> Vec<Waiting> {
        let mut due = Vec::new();
        for (owner, queues) in &self.queues {
            for (peer, queue) in queues {
                let mut ready: Vec<_> = queue.messages.iter().filter(|(_, message)| message.date <= now).collect();
                ready.sort_by_key(|(id, message)| (message.date, **id));
                let message_ids: Vec<i32> = ready.into_iter().map(|(id, _)| *id).collect();
                if !message_ids.is_empty() {
                    due.push(Waiting { owner: *owner, peer: *peer, message_ids });
                }
            }
        }
        due
    }
}

impl State {
    /// Who owns the queue of a conversation for somebody who writes there.
    pub fn queue_owner(&self, user_id: i64, peer: PeerId) -> i64 {
        if self.is_broadcast(peer) { CHANNEL_BOX } else { user_id }
    }

    /// Whom a queue is told of.
    pub(super) fn queue_watchers(&self, owner: i64, peer: PeerId) -> Vec<i64> {
        match peer {
            PeerId::Channel(id) if owner == CHANNEL_BOX => {
                let members = self.channels.get(&id).into_iter().flat_map(|channel| channel.members.keys().copied());
                members.filter(|member| self.may_administer(*member, peer, right::POST_MESSAGES)).collect()
            }
            _ => vec![owner],
        }
    }
}

impl Live {
    /// Sends what is due, and closes the polls whose time is over. What its author may not send any more is dropped.
    pub fn send_due(&mut self, now: i32) -> Option<Written> {
        let due = self.state.scheduled.due(now);
        let over = self.state.polls.due(now);
        if due.is_empty() && over.is_empty() {
            return None;
        }
        let mut transaction = Transaction::default();
        let origin = Origin { user_id: 0, session: None, now };
        for poll_id in over {
            self.change(&mut transaction, origin, Event::Poll(PollEvent::Expired { poll_id }));
        }
        for waiting in due {
            let Waiting { owner, peer, message_ids } = waiting;
            let author = |id: &i32| self.state.scheduled.queue(owner, peer)?.get(*id).map(|message| message.from);
            let may = |id: &i32| author(id).is_some_and(|from| self.state.may_write(from, peer));
            let (sent, dropped): (Vec<i32>, Vec<i32>) = message_ids.iter().partition(|id| may(id));
            if !sent.is_empty() {
                let waiting = Waiting { owner, peer, message_ids: sent };
                self.change(&mut transaction, origin, Event::Scheduled(ScheduleEvent::Sent { waiting, date: now }));
            }
            if !dropped.is_empty() {
                let waiting = Waiting { owner, peer, message_ids: dropped };
                self.change(&mut transaction, origin, Event::Scheduled(ScheduleEvent::Removed(waiting)));
            }
        }
        Some(self.finish(transaction))
    }
}

impl World {
    /// Sends scheduled messages when their time comes; those too whose time came while the network stood still. Never ends.
    pub async fn keep_time(&self) {
        loop {
            let written = {
                let mut live = self.lock();
                let now = live.now();
                live.send_due(now)
            };
            if let Some(written) = written
                && super::durable(written).await.is_err()
            {
                tracing::error!("scheduled messages could not be kept as sent");
            }
            tokio::time::sleep(CLOCK_PERIOD).await;
        }
    }
}
