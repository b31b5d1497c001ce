//! Calls that go on, and the last ones that are over.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Calls that are remembered as over.
const ENDED_MAX: usize = 1_000;

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTable<T> {
    /// Those that go on, by id.
    pub calls: BTreeMap<i64, T>,
    ended: VecDeque<i64>,
}

impl<T> Default for CallTable<T> {
    fn default() -> Self {
        Self { calls: BTreeMap::new(), ended: VecDeque::new() }
    }
}

impl<T> CallTable<T> {
    /// Takes a call away: it is over.
    pub fn end(&mut self, id: i64) -> Option<T> {
        let call = self.calls.remove(&id)?;
        self.ended.push_back(id);
        while self.ended.len() > ENDED_MAX {
            self.ended.pop_front();
        }
        Some(call)
    }

    /// Whether a call has ended lately.
    pub fn has_ended(&self, id: i64) -> bool {
        self.ended.contains(&id)
    }
}
