//! The world's folder: a snapshot and the events since, so that the network survives being killed at any moment.
//!
//! `snapshot.json` holds the world as it was and the generation of the journal that goes on from there;
//! `journal-<generation>.jsonl` holds one line per call: the array of events that the call made, which are kept or lost
//! together. One thread writes: it gathers the lines that wait, writes and syncs them in one go, and only then lets their
//! updates and answers leave. A line that was cut off by a crash was never answered; it is dropped when the world is opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::world::event::Event;
use crate::world::state::State;

/// Calls that may wait to be written; when as many wait, further calls wait to be queued.
const QUEUED_BATCHES_MAX: usize = 4096;
/// Batches that are synced in one go.
const GROUP_BATCHES_MAX: usize = 512;
/// A journal beyond this is replaced by a snapshot.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

const SNAPSHOT_FILE: &str = "snapshot.json";
const SNAPSHOT_DRAFT_FILE: &str = "snapshot.json.new";
const LOCK_FILE: &str = "lock";

/// For how long a folder's lock is asked for that another process holds, and how often.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_LOOK_PERIOD: Duration = Duration::from_millis(10);
const PRIVATE_FILE_MODE: u32 = 0o600;
const PRIVATE_FOLDER_MODE: u32 = 0o700;

/// What can be wrong with a world's folder.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or a file in it cannot be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("{0}: another sandbox uses this folder; stop it or choose another folder")]
    InUse(PathBuf),
    /// The snapshot cannot be read.
    #[error("{path}: not a snapshot of a world ({reason}); remove the folder to start with an empty world")]
    Snapshot {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line in the middle of the journal cannot be read.
    #[error("{path}: damaged at byte {offset}; remove the folder to start with an empty world")]
    Damaged {
        /// Where.
        path: PathBuf,
        /// The first byte of the line.
        offset: usize,
    },
}

/// An update on its way to a session.
#[derive(Debug)]
pub struct Delivery {
    /// The session's outbox; one that is full loses the update.
    pub outbox: mpsc::Sender<Vec<u8>>,
    /// The serialised `Updates`.
    pub updates: Vec<u8>,
}

impl Delivery {
    fn send(self) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.outbox.try_send(self.updates) {
            tracing::debug!("a session does not read its updates; one was dropped");
        }
    }
}

/// Resolves when what it stands for is durable.
pub type Written = oneshot::Receiver<io::Result<()>>;

#[derive(Debug)]
enum Batch {
    Events { line: Vec<u8>, deliveries: Vec<Delivery>, written: oneshot::Sender<io::Result<()>> },
    Snapshot(Vec<u8>),
}

/// Where events go. Dropping it writes what waits and ends the thread.
#[derive(Debug)]
pub struct Journal {
    /// Nothing, for a world that is kept in memory only.
    queue: Option<blocking::SyncSender<Batch>>,
    writer: Option<JoinHandle<()>>,
    bytes_since_snapshot: u64,
    bytes_max: u64,
}

#[derive(Serialize, Deserialize)]
struct Snapshot<S> {
    generation: u64,
    state: S,
}

impl Journal {
    /// A journal that keeps nothing: what it is given counts as written at once.
    pub fn in_memory() -> Self {
        Self { queue: None, writer: None, bytes_since_snapshot: 0, bytes_max: u64::MAX }
    }

    /// Opens a world's folder, making it (with the world `initial`) if there is none, and brings the world up to its last event.
    /// Beyond `bytes_max` the journal is replaced by a snapshot.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn open(folder: &Path, initial: impl FnOnce() -> State, bytes_max: u64) -> Result<(Self, State), JournalError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::File { path, source }
        };
        let make = std::fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER_MODE).create(folder);
        make.map_err(at(folder))?;
        let lock = lock(folder)?;
        let snapshot_path = folder.join(SNAPSHOT_FILE);
        if !snapshot_path.try_exists().map_err(at(&snapshot_path))? {
            let first = Snapshot { generation: 0, state: initial() };
            let bytes = serde_json::to_vec(&first).map_err(|error| at(&snapshot_path)(error.into()))?;
            write_snapshot(folder, &bytes).map_err(at(&snapshot_path))?;
        }
        let bytes = std::fs::read(&snapshot_path).map_err(at(&snapshot_path))?;
        let Snapshot { generation, mut state } = serde_json::from_slice(&bytes)
            .map_err(|error| JournalError::Snapshot { path: snapshot_path.clone(), reason: error.to_string() })?;
        let path = journal_path(folder, generation);
        let file = open_journal(&path).map_err(at(&path))?;
        let content = std::fs::read(&path).map_err(at(&path))?;
        let whole = replay(&content, &mut state).map_err(|offset| JournalError::Damaged { path: path.clone(), offset })?;
        let kept = u64::try_from(whole).unwrap_or(u64::MAX);
        file.set_len(kept).and_then(|()| file.sync_all()).map_err(at(&path))?;
        remove_other_journals(folder, &path).map_err(at(folder))?;
        let (queue, batches) = blocking::sync_channel(QUEUED_BATCHES_MAX);
        let writer = Writer { folder: folder.to_owned(), generation, file, failed: false, _lock: lock };
        let thread = std::thread::Builder::new().name("journal".into());
        let writer = thread.spawn(move || writer.run(&batches)).map_err(at(folder))?;
        Ok((Self { queue: Some(queue), writer: Some(writer), bytes_since_snapshot: kept, bytes_max }, state))
    }

    /// Queues the events of one call (`state` is the world after them) and the updates that tell of them. The order of calls is
    /// the order of the journal and of the updates. Without events only the order of the updates is kept.
    pub fn write(&mut self, events: &[Event], deliveries: Vec<Delivery>, state: &State) -> Written {
        let (written, answer) = oneshot::channel();
        let Some(queue) = &self.queue else {
            deliveries.into_iter().for_each(Delivery::send);
            let _ = written.send(Ok(()));
            return answer;
        };
        let mut line = Vec::new();
        if !events.is_empty() {
            if let Err(error) = serde_json::to_writer(&mut line, events) {
                let _ = written.send(Err(error.into()));
                return answer;
            }
            line.push(b'\n');
        }
        self.bytes_since_snapshot = self.bytes_since_snapshot.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        // A writer that is gone drops `written`, and its receiver reports that.
        let _ = queue.send(Batch::Events { line, deliveries, written });
        if self.bytes_since_snapshot > self.bytes_max {
            match serde_json::to_vec(state) {
                Ok(bytes) => {
                    let _ = queue.send(Batch::Snapshot(bytes));
                    self.bytes_since_snapshot = 0;
                }
                Err(error) => tracing::error!(%error, "the world cannot be written as a snapshot; its journal goes on growing"),
            }
        }
        answer
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the journal's writer ended by a fault");
        }
    }
}

struct Writer {
    folder: PathBuf,
    generation: u64,
    file: File,
    /// Once a write failed nothing is accepted any more: the file's end is not known.
    failed: bool,
    _lock: File,
}

impl Writer {
    fn run(mut self, batches: &blocking::Receiver<Batch>) {
        while let Ok(first) = batches.recv() {
            let mut group = vec![first];
            while group.len() < GROUP_BATCHES_MAX
                && let Ok(next) = batches.try_recv()
            {
                group.push(next);
            }
            self.write_group(group);
        }
    }

    fn write_group(&mut self, group: Vec<Batch>) {
        let mut lines = Vec::new();
        let mut waiting = Vec::new();
        for batch in group {
            match batch {
                Batch::Events { line, deliveries, written } => {
                    lines.extend_from_slice(&line);
                    waiting.push((deliveries, written));
                }
                Batch::Snapshot(state) => {
                    self.flush(&mut lines, &mut waiting);
                    self.start_generation(&state);
                }
            }
        }
        self.flush(&mut lines, &mut waiting);
    }

    fn flush(&mut self, lines: &mut Vec<u8>, waiting: &mut Vec<(Vec<Delivery>, oneshot::Sender<io::Result<()>>)>) {
        let failure = match self.append(lines) {
            Ok(()) => None,
            Err(error) => {
                self.failed = true;
                tracing::error!(%error, "the world's journal cannot be written");
                Some(error.to_string())
            }
        };
        lines.clear();
        for (deliveries, written) in waiting.drain(..) {
            let outcome = match &failure {
                None => {
                    deliveries.into_iter().for_each(Delivery::send);
                    Ok(())
                }
                Some(reason) => Err(io::Error::other(reason.clone())),
            };
            let _ = written.send(outcome);
        }
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write failed"));
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.file.write_all(lines)?;
        self.file.sync_data()
    }

    /// Puts a snapshot in the journal's place. After a failure nothing is accepted any more: which generation stands is not known.
    fn start_generation(&mut self, state: &[u8]) {
        if self.failed {
            return;
        }
        let next = self.generation + 1;
        let mut bytes = format!("{{\"generation\":{next},\"state\":").into_bytes();
        bytes.extend_from_slice(state);
        bytes.push(b'}');
        let path = journal_path(&self.folder, next);
        let begun = open_journal(&path).and_then(|file| {
            file.set_len(0)?;
            file.sync_all()?;
            write_snapshot(&self.folder, &bytes)?;
            Ok(file)
        });
        match begun {
            Ok(file) => {
                let former = journal_path(&self.folder, self.generation);
                self.file = file;
                self.generation = next;
                if let Err(error) = std::fs::remove_file(&former) {
                    tracing::warn!(%error, "a journal that a snapshot has replaced cannot be removed");
                }
            }
            Err(error) => {
                self.failed = true;
                tracing::error!(%error, "the world's snapshot cannot be written");
            }
        }
    }
}

fn journal_path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("journal-{generation}.jsonl"))
}

/// Takes the folder's lock. A process that is just ending may still hold it, and is waited for.
fn lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(PRIVATE_FILE_MODE).open(&path);
    let file = file.map_err(|source| JournalError::File { path: path.clone(), source })?;
    let given_up_at = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < given_up_at => std::thread::sleep(LOCK_LOOK_PERIOD),
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(JournalError::File { path, source }),
        }
    }
}

fn open_journal(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(PRIVATE_FILE_MODE).open(path)
}

/// Puts a snapshot in place so that a crash leaves either the former or the new one.
fn write_snapshot(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft_path = folder.join(SNAPSHOT_DRAFT_FILE);
    let mut draft = OpenOptions::new().create(true).truncate(true).write(true).mode(PRIVATE_FILE_MODE).open(&draft_path)?;
    draft.write_all(bytes)?;
    draft.sync_all()?;
    std::fs::rename(&draft_path, folder.join(SNAPSHOT_FILE))?;
    File::open(folder)?.sync_all()
}

/// Applies every whole line, and answers how many bytes they are. A last line that is not whole was cut off by a crash; one that
/// cannot be read and is followed by others is an error: its offset.
fn replay(content: &[u8], state: &mut State) -> Result<usize, usize> {
    let mut whole = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let end = whole + line.len();
        let events: Option<Vec<Event>> = if line.ends_with(b"\n") { serde_json::from_slice(line).ok() } else { None };
        match events {
            Some(events) => events.iter().for_each(|event| drop(state.apply(event))),
            None if end == content.len() => return Ok(whole),
            None => return Err(whole),
        }
        whole = end;
    }
    Ok(whole)
}

fn remove_other_journals(folder: &Path, current: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_journal = path.extension().is_some_and(|extension| extension == "jsonl");
        if is_journal && path != current {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
