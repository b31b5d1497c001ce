//! Where each user's rows are in the file, so that reading the newest never depends on how long the log is.

use std::collections::{BTreeMap, HashMap};

use super::Phase;
use super::chain::Linked;
use crate::identity::UserId;

/// One row's lines: where its intent or refusal begins, and its outcome once there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowPlace {
    pub(super) entry: LinePlace,
    pub(super) outcome: Option<LinePlace>,
}

/// A line in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinePlace {
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// Sixteen to forty bytes for each mutation, and no text.
#[derive(Default)]
pub(super) struct Index {
    rows: HashMap<UserId, Vec<RowPlace>>,
    /// Intents without an outcome: whose they are, and where their row is.
    open_intents: BTreeMap<u64, (UserId, usize)>,
}

impl Index {
    /// Adds a line that has become durable.
    pub(super) fn add(&mut self, linked: &Linked, place: LinePlace) {
        match linked.phase {
            Phase::Intent | Phase::Denied | Phase::Replayed | Phase::Weighed => {
                let rows = self.rows.entry(linked.user_id.clone()).or_default();
                if linked.phase == Phase::Intent {
                    self.open_intents.insert(linked.seq, (linked.user_id.clone(), rows.len()));
                }
                rows.push(RowPlace { entry: place, outcome: None });
            }
            Phase::Outcome => {
                let open = linked.intent.and_then(|intent| self.open_intents.remove(&intent));
                let row = open.and_then(|(user, row)| self.rows.get_mut(&user)?.get_mut(row));
                if let Some(row) = row {
                    row.outcome = Some(place);
                }
            }
            Phase::Event => {}
        }
    }

    /// The newest rows of a user, oldest of them first.
    pub(super) fn newest(&self, user: &UserId, limit: usize) -> Vec<RowPlace> {
        let rows = self.rows.get(user).map(Vec::as_slice).unwrap_or_default();
        rows.get(rows.len().saturating_sub(limit)..).unwrap_or_default().to_vec()
    }

    /// The intents that have no outcome, oldest first: their numbers and lines.
    pub(super) fn open_intents(&self) -> Vec<(u64, LinePlace)> {
        let place = |(user, row): &(UserId, usize)| self.rows.get(user)?.get(*row).map(|row| row.entry);
        self.open_intents.iter().filter_map(|(intent, row)| Some((*intent, place(row)?))).collect()
    }
}
