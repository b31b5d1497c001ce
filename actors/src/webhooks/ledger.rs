//! The deliveries of one webhook, in memory: in which lanes they wait, when each is tried, and which settled ones are still known.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use super::{Delivery, DeliveryStatus};
use crate::identity::AccountId;

/// Settled deliveries that are remembered, of each status; the oldest are forgotten first.
pub(super) const SETTLED_MAX: usize = 1_000;

/// Within a lane, nothing overtakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    account: AccountId,
    /// The chat; none for what is of no chat.
    chat: Option<i64>,
}

impl Lane {
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self { account: delivery.account_id, chat: delivery.chat_id }
    }
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    position: u64,
    /// Unix milliseconds.
    due_at: u64,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    lanes: HashMap<Lane, VecDeque<Waiting>>,
    busy: HashSet<Lane>,
    pending: BTreeSet<u64>,
    settled: BTreeMap<u64, DeliveryStatus>,
}

impl Ledger {
    /// Deliveries that wait or are being tried.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The positions of all deliveries that are known, the newest first, before this one.
    pub(super) fn before(&self, position: Option<u64>, status: Option<DeliveryStatus>) -> Vec<u64> {
        let known = self.pending.iter().map(|position| (*position, DeliveryStatus::Pending));
        let settled = self.settled.iter().map(|(position, status)| (*position, *status));
        let wanted = known
            .chain(settled)
            .filter(|(at, is)| position.is_none_or(|position| *at < position) && status.is_none_or(|status| *is == status));
        let mut positions: Vec<u64> = wanted.map(|(position, _)| position).collect();
        positions.sort_unstable_by(|one, other| other.cmp(one));
        positions
    }

    /// The status of a delivery, if it is known.
    pub(super) fn status(&self, position: u64) -> Option<DeliveryStatus> {
        let pending = self.pending.contains(&position).then_some(DeliveryStatus::Pending);
        pending.or_else(|| self.settled.get(&position).copied())
    }

    /// A delivery waits: at its place in its lane, which is the order of positions.
    pub(super) fn wait(&mut self, position: u64, lane: Lane, due_at: u64) {
        self.settled.remove(&position);
        if self.pending.insert(position) {
            let lane = self.lanes.entry(lane).or_default();
            let place = lane.partition_point(|waiting| waiting.position < position);
            lane.insert(place, Waiting { position, due_at });
        }
    }

    /// The first delivery of each lane that is due at this time (Unix milliseconds), at most `room`. Their lanes are busy from then on.
    pub(super) fn take_due(&mut self, now: u64, room: usize) -> Vec<u64> {
        let mut due: Vec<(Waiting, Lane)> = self.heads().filter(|(waiting, _)| waiting.due_at <= now).collect();
        due.sort_unstable_by_key(|(waiting, _)| waiting.position);
        due.truncate(room);
        self.busy.extend(due.iter().map(|(_, lane)| *lane));
        due.into_iter().map(|(waiting, _)| waiting.position).collect()
    }

    /// When the next delivery is due (Unix milliseconds).
    pub(super) fn next_due(&self) -> Option<u64> {
        self.heads().map(|(waiting, _)| waiting.due_at).min()
    }

    fn heads(&self) -> impl Iterator<Item = (Waiting, Lane)> {
        let idle = self.lanes.iter().filter(|(lane, _)| !self.busy.contains(lane));
        idle.filter_map(|(lane, waiting)| Some((*waiting.front()?, *lane)))
    }

    /// A delivery that was tried is to be tried again.
    pub(super) fn put_off(&mut self, position: u64, lane: Lane, due_at: u64) {
        self.busy.remove(&lane);
        let waiting = self.lanes.get_mut(&lane).and_then(|lane| lane.iter_mut().find(|waiting| waiting.position == position));
        if let Some(waiting) = waiting {
            waiting.due_at = due_at;
        }
    }

    /// A delivery is over; what is behind it in its lane may go. Answers the deliveries that are forgotten for it.
    pub(super) fn settle(&mut self, position: u64, lane: Lane, status: DeliveryStatus) -> Vec<u64> {
        self.pending.remove(&position);
        self.leave(position, lane);
        self.settled.insert(position, status);
        self.forget_beyond(status)
    }

    /// A delivery of which nothing is kept.
    pub(super) fn forget(&mut self, position: u64) {
        self.pending.remove(&position);
        let of_it = |waiting: &VecDeque<Waiting>| waiting.iter().any(|waiting| waiting.position == position);
        if let Some(lane) = self.lanes.iter().find(|(_, waiting)| of_it(waiting)).map(|(lane, _)| *lane) {
            self.leave(position, lane);
        }
    }

    fn leave(&mut self, position: u64, lane: Lane) {
        self.busy.remove(&lane);
        if let Some(waiting) = self.lanes.get_mut(&lane) {
            waiting.retain(|waiting| waiting.position != position);
            if waiting.is_empty() {
                self.lanes.remove(&lane);
            }
        }
    }

    /// A delivery that was settled before; used when the ledger is read.
    pub(super) fn remember(&mut self, position: u64, status: DeliveryStatus) {
        self.settled.insert(position, status);
    }

    fn forget_beyond(&mut self, status: DeliveryStatus) -> Vec<u64> {
        let of_status: Vec<u64> = self.settled.iter().filter(|(_, is)| **is == status).map(|(position, _)| *position).collect();
        let surplus = of_status.len().saturating_sub(SETTLED_MAX);
        let forgotten: Vec<u64> = of_status.into_iter().take(surplus).collect();
        for position in &forgotten {
            self.settled.remove(position);
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lane(chat: i64) -> Lane {
        Lane { account: AccountId::from_bytes([1; 16]), chat: Some(chat) }
    }

    proptest! {
        /// Whatever fails and however long it is put off: within a chat the order of what arrives is that of the events.
        #[test]
        fn nothing_overtakes_within_a_chat(
            chats in proptest::collection::vec(0i64..4, 1..60),
            failures in proptest::collection::vec((0usize..3, 0u64..50), 0..200),
        ) {
            let mut ledger = Ledger::default();
            for (position, chat) in chats.iter().enumerate() {
                ledger.wait(position as u64 + 1, lane(*chat), 0);
            }
            let (mut now, mut failures, mut arrived) = (0, failures.into_iter(), HashMap::<i64, Vec<u64>>::new());
            while ledger.pending() > 0 {
                let due = ledger.take_due(now, 3);
                let taken: HashSet<i64> = due.iter().map(|position| chats[*position as usize - 1]).collect();
                prop_assert_eq!(taken.len(), due.len(), "two of one chat at once");
                for position in due {
                    let chat = chats[position as usize - 1];
                    match failures.next() {
                        Some((0, wait)) => ledger.put_off(position, lane(chat), now + wait),
                        _ => {
                            arrived.entry(chat).or_default().push(position);
                            ledger.settle(position, lane(chat), DeliveryStatus::Delivered);
                        }
                    }
                }
                now = ledger.next_due().unwrap_or(now).max(now);
            }
            prop_assert_eq!(arrived.values().map(Vec::len).sum::<usize>(), chats.len());
            prop_assert!(arrived.values().all(|positions| positions.is_sorted()));
        }
    }

    #[test]
    fn the_oldest_settled_ones_are_forgotten_of_each_status() {
        let mut ledger = Ledger::default();
        ledger.wait(1, lane(1), 0);
        assert_eq!(ledger.take_due(0, 8), [1]);
        assert!(ledger.settle(1, lane(1), DeliveryStatus::Dead).is_empty());
        for position in 2..SETTLED_MAX as u64 + 2 {
            assert!(ledger.settle(position, lane(1), DeliveryStatus::Delivered).is_empty());
        }
        assert_eq!(ledger.settle(9_999, lane(1), DeliveryStatus::Delivered), [2]);
        assert_eq!(ledger.status(1), Some(DeliveryStatus::Dead));
        assert_eq!(ledger.before(Some(4), None), [3, 1]);
    }

    #[test]
    fn what_is_replayed_waits_again_at_its_place() {
        let mut ledger = Ledger::default();
        ledger.remember(3, DeliveryStatus::Dead);
        ledger.wait(5, lane(1), 0);
        ledger.wait(3, lane(1), 0);
        assert_eq!(ledger.status(3), Some(DeliveryStatus::Pending));
        assert_eq!(ledger.take_due(0, 8), [3]);
        assert!(ledger.take_due(0, 8).is_empty(), "its lane is busy");
    }
}
