//! The engine that keeps everything in memory: for tests and for trying things.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Batch, BoxFuture, Change, Pair, SCAN_LIMIT_MAX, Snapshot, Store, StoreError};

/// A store that forgets when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    closed: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        let holds = |state: &State| {
            batch.preconditions.iter().all(|condition| condition.holds(state.pairs.get(condition.key()).map(Vec::as_slice)))
        };
        if !holds(&state) {
            return Err(StoreError::PreconditionFailed);
        }
        for (key, value) in &batch.writes {
            match value {
                Some(value) => state.pairs.insert(key.clone(), value.clone()),
                None => state.pairs.remove(key),
            };
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.state().pairs.get(key).cloned()) })
    }

    fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pair>, StoreError>> {
        Box::pin(async move {
            let start = match after {
                Some(after) if after >= prefix => Bound::Excluded(after),
                _ => Bound::Included(prefix),
            };
            let state = self.state();
            let matching = state.pairs.range::<[u8], _>((start, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
            Ok(matching.take(limit.min(SCAN_LIMIT_MAX)).map(|(key, value)| (key.clone(), value.clone())).collect())
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<(), StoreError>> {
        let result = self.apply(&batch);
        Box::pin(std::future::ready(result))
    }

    fn snapshot(&self) -> BoxFuture<'static, Result<Box<dyn Snapshot>, StoreError>> {
        let pairs = self.state().pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        let snapshot: Box<dyn Snapshot> = Box::new(Copy(Some(pairs)));
        Box::pin(std::future::ready(Ok(snapshot)))
    }

    fn is_healthy(&self) -> bool {
        !self.state().closed
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.state().closed = true;
        Box::pin(std::future::ready(()))
    }
}

struct Copy(Option<Vec<Change>>);

impl Snapshot for Copy {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<Change>>, StoreError>> {
        Box::pin(std::future::ready(Ok(self.0.take())))
    }
}
