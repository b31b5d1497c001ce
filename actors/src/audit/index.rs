//! Where each user's rows are in the file, so that reading the newest never depends on how long the log is.

use std::collections::HashMap;

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
    /// Intents without an outcome: where their row is.
    open_intents: HashMap<u64, usize>,
}

impl Index {
    /// Adds a line that has become durable.
    pub(super) fn add(&mut self, linked: &Linked, place: LinePlace) {
        match linked.phase {
            Phase::Intent | Phase::Denied | Phase::Replayed => {
                let rows = self.rows.entry(linked.user_id.clone()).or_default();
                if linked.phase == Phase::Intent {
                    self.open_intents.insert(linked.seq, rows.len());
                }
                rows.push(RowPlace { entry: place, outcome: None });
            }
            Phase::Outcome => {
                let row = linked.intent.and_then(|intent| self.open_intents.remove(&intent));
                let rows = self.rows.get_mut(&linked.user_id);
                if let Some(row) = rows.zip(row).and_then(|(rows, row)| rows.get_mut(row)) {
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

    /// How many intents have no outcome.
    pub(super) fn open_intents(&self) -> usize {
        self.open_intents.len()
    }
}
