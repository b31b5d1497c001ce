//! A snapshot of an engine that has none: all pairs, page after page, and whatever is written meanwhile.
//!
//! A page may be older or newer than the one before it. But every write that a page has missed is told of after that page, since the writer
//! tells of it when it is applied; and one that is told of twice makes no difference. So pages and writes together, in the order in which
//! they are given, make the store what it was when the last write was told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::sled_engine::{Work, scan_tree};
use super::{BoxFuture, Change, Snapshot, StoreError};

/// Pairs of a page.
const PAGE_LENGTH: usize = 1_024;

/// Groups of writes that may wait to be taken. A snapshot whose reader is slower than that fails, and the writer goes on.
const WAITING_MAX: usize = 16_384;

/// Told of writes by the writer.
pub(super) struct Watcher {
    writes: mpsc::Sender<Vec<Change>>,
    overran: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn new() -> (Self, Changes) {
        let (writes, taken) = mpsc::channel(WAITING_MAX);
        let overran = Arc::new(AtomicBool::new(false));
        (Self { writes, overran: Arc::clone(&overran) }, Changes { writes: taken, overran })
    }

    /// Tells of writes that were applied. Answers whether it wants more.
    pub(super) fn tell(&self, writes: HashMap<Vec<u8>, Option<Vec<u8>>>) -> bool {
        let told = writes.is_empty() || self.writes.try_send(writes.into_iter().collect()).is_ok();
        if !told {
            self.overran.store(true, Ordering::SeqCst);
        }
        told
    }
}

/// The writes that a watcher was told of.
pub(super) struct Changes {
    writes: mpsc::Receiver<Vec<Change>>,
    overran: Arc<AtomicBool>,
}

enum Stage {
    /// Pages come, from after this key.
    Pages(Option<Vec<u8>>),
    /// The rest of the writes comes.
    Rest,
}

pub(super) struct SledSnapshot {
    tree: sled::Db,
    queue: mpsc::Sender<Work>,
    changes: Changes,
    stage: Stage,
}

impl SledSnapshot {
    pub(super) fn new(tree: sled::Db, queue: mpsc::Sender<Work>, changes: Changes) -> Self {
        Self { tree, queue, changes, stage: Stage::Pages(None) }
    }

    async fn part(&mut self) -> Result<Option<Vec<Change>>, StoreError> {
        if let Stage::Pages(after) = &mut self.stage {
            let (tree, from) = (self.tree.clone(), after.clone());
            let reading = tokio::task::spawn_blocking(move || scan_tree(&tree, b"", from.as_deref(), PAGE_LENGTH));
            let page = reading.await.map_err(|error| StoreError::Engine(error.to_string()))??;
            match page.last() {
                Some((last, _)) => *after = Some(last.clone()),
                None => {
                    self.queue.send(Work::EndWatch).await.map_err(|_| StoreError::Closed)?;
                    self.stage = Stage::Rest;
                }
            }
            let mut changes: Vec<Change> = page.into_iter().map(|(key, value)| (key, Some(value))).collect();
            while let Ok(writes) = self.changes.writes.try_recv() {
                changes.extend(writes);
            }
            return Ok(Some(changes));
        }
        let rest = self.changes.writes.recv().await;
        if rest.is_none() && self.changes.overran.load(Ordering::SeqCst) {
            return Err(StoreError::Engine("more was written during a snapshot than its reader could take".into()));
        }
        Ok(rest)
    }
}

impl Snapshot for SledSnapshot {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<Change>>, StoreError>> {
        Box::pin(self.part())
    }
}

impl Drop for SledSnapshot {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Pages(_)) {
            // The writer lets go of a watcher that nobody listens to.
            self.changes.writes.close();
        }
    }
}
