//! The embedded engine: sled 0.34, under rules that make its commits durable.
//!
//! sled's `flush` on Linux does not call fsync, and its asynchronous flush deadlocks under concurrency. So one thread writes: it drains a
//! bounded queue, applies what it found, flushes and syncs the database file once, and then answers everyone.
//!
//! sled also moves a tree node that is larger than a quarter of a segment into a file of its own, which nobody ever syncs. Segments are
//! so large here that no node is.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::sled_snapshot::{SledSnapshot, Watcher};
use super::{Batch, BoxFuture, DataFolder, Durability, Pair, SCAN_LIMIT_MAX, Snapshot, Store, StoreError};

/// Commits that may wait for the writer; a commit beyond them waits for room.
const QUEUE_LENGTH_MAX: usize = 4_096;

/// Commits that are made durable by one sync.
const GROUP_LENGTH_MAX: usize = 1_024;

/// Commits of so many bytes are applied at once, about.
const GROUP_BYTES_MAX: usize = 1_024 * 1_024;

/// sled's unit of disk space, in bytes. A node holds up to 17 values before it is split: with their keys at most 553 KiB, and a quarter
/// of a segment is 1 MiB. A store that was made with another size does not open.
const SEGMENT_BYTES: usize = 4 * 1_024 * 1_024;

/// How often sled writes relaxed commits out by itself, in milliseconds.
const FLUSH_EVERY_MS: u64 = 100;

type Answer = oneshot::Sender<Result<(), StoreError>>;

pub(super) enum Work {
    Commit(Batch, Answer),
    /// From now on, tell this watcher of what is applied.
    Watch(Watcher, oneshot::Sender<()>),
    /// Tell it of what was applied until now, and then no more.
    EndWatch,
    Close(oneshot::Sender<()>),
}

/// A store in the `store` folder of a data folder. Dropping it makes everything durable and waits for that, so that the folder can be
/// opened again at once; where waiting would hold up others, close it first.
pub struct SledStore {
    tree: sled::Db,
    /// Commits that find it full wait in order of arrival.
    queue: mpsc::Sender<Work>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl SledStore {
    /// Opens the store of this data folder, or makes an empty one. `cache_bytes` bounds sled's page cache.
    ///
    /// # Errors
    /// [`StoreError::Unopenable`]; nothing in the folder is changed or deleted then.
    pub fn open(folder: &DataFolder, cache_bytes: u64) -> Result<Self, StoreError> {
        let path = folder.path().join("store");
        let unopenable = |reason: String| StoreError::Unopenable { folder: path.display().to_string(), reason };
        let tree = sled::Config::new()
            .path(&path)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS))
            .open()
            .map_err(|error| unopenable(error.to_string()))?;
        let file = sync_new_files(&path).map_err(|error| unopenable(error.to_string()))?;
        let (queue, work) = mpsc::channel(QUEUE_LENGTH_MAX);
        let writer = Writer { tree: tree.clone(), file, work, watcher: None, failed: None };
        let thread = std::thread::Builder::new().name("store".into()).spawn(move || writer.run());
        let thread = thread.map_err(|error| unopenable(error.to_string()))?;
        Ok(Self { tree, queue, writer: Mutex::new(Some(thread)) })
    }
}

impl Store for SledStore {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.tree.get(key).map_err(engine)?.map(|value| value.to_vec())) })
    }

    fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pair>, StoreError>> {
        Box::pin(async move {
            let (tree, prefix, after) = (self.tree.clone(), prefix.to_vec(), after.map(<[u8]>::to_vec));
            let reading = move || scan_tree(&tree, &prefix, after.as_deref(), limit.min(SCAN_LIMIT_MAX));
            // A scan may read many pages from the disk, which would hold up the other tasks of this thread.
            tokio::task::spawn_blocking(reading).await.map_err(|error| StoreError::Engine(error.to_string()))?
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<(), StoreError>> {
        if let Err(error) = batch.check() {
            return Box::pin(std::future::ready(Err(error)));
        }
        let (answer, answered) = oneshot::channel();
        let queued = self.queue.try_send(Work::Commit(batch, answer));
        let queue = self.queue.clone();
        Box::pin(async move {
            match queued {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(work)) => queue.send(work).await.map_err(|_| StoreError::Closed)?,
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(StoreError::Closed),
            }
            answered.await.unwrap_or(Err(StoreError::Closed))
        })
    }

    fn snapshot(&self) -> BoxFuture<'static, Result<Box<dyn Snapshot>, StoreError>> {
        let (tree, queue) = (self.tree.clone(), self.queue.clone());
        Box::pin(async move {
            let (watcher, changes) = Watcher::new();
            let (began, beginning) = oneshot::channel();
            queue.send(Work::Watch(watcher, began)).await.map_err(|_| StoreError::Closed)?;
            beginning.await.map_err(|_| StoreError::Closed)?;
            let snapshot: Box<dyn Snapshot> = Box::new(SledSnapshot::new(tree, queue, changes));
            Ok(snapshot)
        })
    }

    fn is_healthy(&self) -> bool {
        !self.queue.is_closed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        let (closed, done) = oneshot::channel();
        let queue = self.queue.clone();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if queue.send(Work::Close(closed)).await.is_ok() {
                let _writer_may_have_failed = done.await;
            }
            if let Some(thread) = thread {
                let _joined = tokio::task::spawn_blocking(move || thread.join()).await;
            }
        })
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // Without a sender the writer syncs what it was given and ends.
        let (gone, _) = mpsc::channel(1);
        self.queue = gone;
        let thread = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer has panicked");
        }
    }
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SledStore")
    }
}

pub(super) fn scan_tree(tree: &sled::Tree, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let mut pairs = Vec::new();
    for pair in tree.range::<&[u8], _>((start, Bound::Unbounded)).take(limit) {
        let (key, value) = pair.map_err(engine)?;
        if !key.starts_with(prefix) {
            break;
        }
        pairs.push((key.to_vec(), value.to_vec()));
    }
    Ok(pairs)
}

fn engine(error: sled::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

/// Makes the names of new files survive a power cut, and answers the database file. All syncs use this one descriptor: a later one could
/// miss an error that the system has reported already.
fn sync_new_files(path: &Path) -> std::io::Result<File> {
    let file = File::open(path.join("db"))?;
    file.sync_all()?;
    File::open(path.join("conf"))?.sync_all()?;
    File::open(path)?.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

struct Writer {
    tree: sled::Db,
    file: File,
    work: mpsc::Receiver<Work>,
    /// Who takes a snapshot.
    watcher: Option<Watcher>,
    /// What went wrong with a write or a sync. Nothing is applied from then on.
    failed: Option<StoreError>,
}

/// Commits that are applied together, so that sled writes them out once: each batch of its own makes sled begin a new buffer, and write
/// and sync the one before.
#[derive(Default)]
struct Group {
    /// What they set, the latest of each key.
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    /// Those that are answered when they are applied.
    relaxed: Vec<Answer>,
    /// Those that wait for the sync.
    durable: Vec<Answer>,
}

impl Writer {
    /// Writes until the store is closed, dropped, or a write or sync fails: nobody knows then what is on the disk.
    fn run(mut self) {
        let mut queued = Vec::new();
        while self.work.blocking_recv_many(&mut queued, GROUP_LENGTH_MAX) > 0 {
            let mut group = Group::default();
            let mut closing = None;
            for work in queued.drain(..) {
                match work {
                    Work::Commit(batch, answer) => self.take(batch, answer, &mut group),
                    Work::Watch(watcher, began) => {
                        self.apply(&mut group);
                        self.watcher = Some(watcher);
                        let _watcher_may_be_gone = began.send(());
                    }
                    Work::EndWatch => {
                        self.apply(&mut group);
                        self.watcher = None;
                    }
                    Work::Close(closed) => closing = Some(closed),
                }
            }
            self.apply(&mut group);
            let synced = if group.durable.is_empty() && closing.is_none() { Ok(()) } else { self.sync() };
            for answer in group.durable {
                let _caller_may_be_gone = answer.send(synced.clone());
            }
            if let Some(closed) = closing {
                self.work.close();
                let _caller_may_be_gone = closed.send(());
                return;
            }
            if let Some(error) = self.failed.take().or(synced.err()) {
                tracing::error!(%error, "the store cannot be made durable and takes no more commits");
                return;
            }
        }
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the store could not be made durable when it was closed");
        }
    }

    /// Takes a commit into a group, if it may happen after those that are in it already.
    fn take(&mut self, batch: Batch, answer: Answer, group: &mut Group) {
        if let Err(refused) = self.check(&batch, group) {
            let _caller_may_be_gone = answer.send(Err(refused));
            return;
        }
        for (key, value) in batch.writes {
            group.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            group.writes.insert(key, value);
        }
        match batch.durability {
            Durability::Durable => group.durable.push(answer),
            Durability::Relaxed => group.relaxed.push(answer),
        }
        if group.bytes > GROUP_BYTES_MAX {
            self.apply(group);
        }
    }

    fn check(&self, batch: &Batch, group: &Group) -> Result<(), StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        for condition in &batch.preconditions {
            let holds = match group.writes.get(condition.key()) {
                Some(value) => condition.holds(value.as_deref()),
                None => condition.holds(self.tree.get(condition.key()).map_err(engine)?.as_deref()),
            };
            if !holds {
                return Err(StoreError::PreconditionFailed);
            }
        }
        Ok(())
    }

    /// Applies what is in a group. If that fails, nobody of it is told that it happened.
    fn apply(&mut self, group: &mut Group) {
        group.bytes = 0;
        let told = self.watcher.is_some().then(|| group.writes.clone());
        let applied = self.write(group.writes.drain());
        if applied.is_ok()
            && let Some(writes) = told
            && self.watcher.as_ref().is_some_and(|watcher| !watcher.tell(writes))
        {
            self.watcher = None;
        }
        for answer in group.relaxed.drain(..) {
            let _caller_may_be_gone = answer.send(applied.clone());
        }
        if let Err(error) = applied {
            for answer in group.durable.drain(..) {
                let _caller_may_be_gone = answer.send(Err(error.clone()));
            }
            self.failed = Some(error);
        }
    }

    fn write(&self, mut writes: impl ExactSizeIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) -> Result<(), StoreError> {
        // One write needs no batch to happen whole.
        if writes.len() <= 1 {
            return match writes.next() {
                Some((key, Some(value))) => self.tree.insert(key, value).map_err(engine).map(drop),
                Some((key, None)) => self.tree.remove(key).map_err(engine).map(drop),
                None => Ok(()),
            };
        }
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(engine)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.tree.flush().map_err(engine)?;
        // What is needed to read the data back, such as the file's length, is synced with it; its times are not.
        self.file.sync_data().map_err(|error| StoreError::Engine(error.to_string()))
    }
}
