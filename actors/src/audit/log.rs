//! The audit actor: one thread that owns the file. It drains a bounded queue, writes what it found, syncs once, and answers everyone.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::chain::{self, Tip};
use super::index::{Index, LinePlace, RowPlace};
use super::open::{self, OpenReport, Opened};
use super::{AuditEntry, AuditError, AuditRow, Phase};
use crate::identity::UserId;
use crate::runtime::now_ms;
use crate::store::DataFolder;

/// Entries that may wait for the thread.
const QUEUE_LENGTH_MAX: usize = 8_192;

/// Entries that are made durable by one sync.
const GROUP_LENGTH_MAX: usize = 2_048;

/// How long an entry may take to become durable before its call is refused.
const APPEND_TIMEOUT: Duration = Duration::from_secs(5);

type Answer = oneshot::Sender<Result<u64, String>>;

enum Work {
    Append(Box<AuditEntry>, Option<Answer>),
    Close(oneshot::Sender<()>),
}

/// How the thread is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Writing,
    /// It was closed in order, or cannot write any more.
    Closed(String),
    Panicked,
}

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog(Arc<Shared>);

struct Shared {
    queue: mpsc::Sender<Work>,
    index: Arc<Mutex<Index>>,
    file: File,
    condition: watch::Receiver<Condition>,
    syncs: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Opens the log of a data folder; checks all of it.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when the chain does not prove itself, [`AuditError::Unusable`] when it cannot be read or written.
    pub fn open(folder: &DataFolder) -> Result<(Self, OpenReport), AuditError> {
        let Opened { file, head, path, tip, length, index, report } = open::open(folder.path())?;
        let unusable = |source| AuditError::Unusable { file: path.clone(), source };
        let last_words = last_words(&file, &index, report.torn_bytes > 0).map_err(unusable)?;
        let index = Arc::new(Mutex::new(index));
        let (queue, work) = mpsc::channel(QUEUE_LENGTH_MAX);
        let syncs = Arc::new(AtomicU64::new(0));
        let (condition, condition_seen) = watch::channel(Condition::Writing);
        let reading = file.try_clone().map_err(unusable)?;
        let mut writer = Writer {
            file,
            head,
            tip,
            length,
            work,
            index: Arc::clone(&index),
            condition: Watched(condition),
            syncs: Arc::clone(&syncs),
        };
        writer.append_group(last_words.into_iter().map(|entry| (entry, None)).collect()).map_err(unusable)?;
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writer.run()).map_err(unusable)?;
        let shared = Shared { queue, index, file: reading, condition: condition_seen, syncs, thread: Mutex::new(Some(thread)) };
        Ok((Self(Arc::new(shared)), report))
    }

    /// Appends an entry; resolves with its sequence number when it is durable. Entries keep the order in which this was called and
    /// polled first.
    ///
    /// # Errors
    /// [`AuditError::Closed`] or [`AuditError::Busy`]: the entry is not in the log, or it is not known to be durable. Nothing that it
    /// announces may happen.
    pub async fn append(&self, entry: AuditEntry) -> Result<u64, AuditError> {
        let (answer, answered) = oneshot::channel();
        let appended = async {
            self.enqueue(Work::Append(Box::new(entry), Some(answer))).await?;
            match answered.await {
                Ok(result) => result.map_err(AuditError::Closed),
                Err(_) => Err(self.closed()),
            }
        };
        tokio::time::timeout(APPEND_TIMEOUT, appended).await.unwrap_or(Err(AuditError::Busy))
    }

    /// Appends an entry about something that has happened: waits for a place in the queue only, as long as that takes, and never undoes
    /// anything. As many can wait as there are calls at work.
    pub async fn note(&self, entry: AuditEntry) {
        if let Err(error) = self.enqueue(Work::Append(Box::new(entry), None)).await {
            tracing::error!(%error, "an outcome could not be audited");
        }
    }

    async fn enqueue(&self, work: Work) -> Result<(), AuditError> {
        self.0.queue.send(work).await.map_err(|_| self.closed())
    }

    fn closed(&self) -> AuditError {
        match &*self.0.condition.borrow() {
            Condition::Closed(reason) => AuditError::Closed(reason.clone()),
            _ => AuditError::Closed("its thread has ended".to_owned()),
        }
    }

    /// The newest rows of one user, oldest of them first. Reads the file on a thread of its own.
    ///
    /// # Errors
    /// [`AuditError::Unusable`] when the file cannot be read.
    pub async fn rows(&self, user: &UserId, limit: usize) -> Result<Vec<AuditRow>, AuditError> {
        let places = self.0.index.lock().unwrap_or_else(PoisonError::into_inner).newest(user, limit);
        let shared = Arc::clone(&self.0);
        let rows = tokio::task::spawn_blocking(move || {
            places.iter().map(|place| read_row(&shared.file, *place)).collect::<std::io::Result<Vec<_>>>()
        })
        .await;
        let unusable = |source| AuditError::Unusable { file: PathBuf::from("audit.log"), source };
        rows.map_err(|error| unusable(std::io::Error::other(error)))?.map_err(unusable)
    }

    /// How often the file was synced since it was opened; each sync makes a group of entries durable.
    pub fn syncs(&self) -> u64 {
        self.0.syncs.load(Ordering::Relaxed)
    }

    /// Whether the log takes entries.
    pub fn is_healthy(&self) -> bool {
        *self.0.condition.borrow() == Condition::Writing
    }

    /// Resolves if the thread panics: the process must end then, because nobody knows what it was doing.
    pub async fn died(&self) -> String {
        let mut condition = self.0.condition.clone();
        match condition.wait_for(|condition| *condition == Condition::Panicked).await {
            Ok(_) => "the audit log's thread has panicked".to_owned(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes what waits and takes no more.
    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.0.queue.send(Work::Close(closed)).await.is_ok() {
            let _thread_may_have_ended = done.await;
        }
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _joined = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AuditLog")
    }
}

/// What the process that wrote the log before could not say: that nobody knows how its calls ended, and that its last line was torn.
fn last_words(file: &File, index: &Index, is_torn: bool) -> std::io::Result<Vec<AuditEntry>> {
    let repair = is_torn.then(|| AuditEntry {
        phase: Phase::Event,
        user_id: UserId::local(),
        agent_key_id: None,
        operation: "recovered".into(),
        method: "".into(),
        path: None,
        account_id: None,
        chat_id: None,
        request_id: None,
        code: Some("torn_line_cut".into()),
        status: None,
        intent: None,
        approval_id: None,
    });
    let mut words = Vec::new();
    for (intent, place) in index.open_intents() {
        let entry: AuditEntry = serde_json::from_slice(&read_line(file, place)?)?;
        words.push(entry.unknown(intent));
    }
    words.extend(repair);
    Ok(words)
}

fn read_row(file: &File, place: RowPlace) -> std::io::Result<AuditRow> {
    let mut row: AuditRow = serde_json::from_slice(&read_line(file, place.entry)?)?;
    if let Some(outcome) = place.outcome {
        let outcome: AuditRow = serde_json::from_slice(&read_line(file, outcome)?)?;
        (row.code, row.status) = (outcome.code, outcome.status);
    }
    Ok(row)
}

fn read_line(file: &File, place: LinePlace) -> std::io::Result<Vec<u8>> {
    let mut line = vec![0; usize::try_from(place.length).unwrap_or(0)];
    file.read_exact_at(&mut line, place.offset)?;
    Ok(line)
}

/// Publishes how the thread is; a thread that unwinds says so.
struct Watched(watch::Sender<Condition>);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(Condition::Panicked);
        }
    }
}

struct Writer {
    file: File,
    head: File,
    tip: Tip,
    length: u64,
    work: mpsc::Receiver<Work>,
    index: Arc<Mutex<Index>>,
    condition: Watched,
    syncs: Arc<AtomicU64>,
}

/// Lines of one group that wait for the sync.
struct Pending {
    place: LinePlace,
    tip: Tip,
    line: std::ops::Range<usize>,
    answer: Option<Answer>,
}

impl Writer {
    /// Writes until it is closed or a write fails: after a failed sync nobody knows what is on the disk, so nothing more is written.
    fn run(mut self) {
        let mut group = Vec::new();
        while self.work.blocking_recv_many(&mut group, GROUP_LENGTH_MAX) > 0 {
            let mut closing = None;
            let mut appends = Vec::with_capacity(group.len());
            for work in group.drain(..) {
                match work {
                    Work::Append(entry, answer) => appends.push((*entry, answer)),
                    Work::Close(closed) => closing = Some(closed),
                }
            }
            if let Err(error) = self.append_group(appends) {
                tracing::error!(%error, "the audit log cannot be written; every mutation is refused from now on");
                self.condition.0.send_replace(Condition::Closed(error.to_string()));
                return;
            }
            if let Some(closed) = closing {
                self.condition.0.send_replace(Condition::Closed("it was closed".to_owned()));
                self.work.close();
                let _caller_may_be_gone = closed.send(());
                return;
            }
        }
    }

    fn append_group(&mut self, appends: Vec<(AuditEntry, Option<Answer>)>) -> std::io::Result<()> {
        if appends.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let mut pending: Vec<Pending> = Vec::with_capacity(appends.len());
        let now = now_ms();
        for (entry, answer) in appends {
            let tip = pending.last().map_or(&self.tip, |line| &line.tip);
            let (line, tip) = chain::extend(tip, now, &entry)?;
            let start = bytes.len();
            bytes.extend_from_slice(&line);
            let content = start..bytes.len() - 1;
            let offset = self.length + u64::try_from(start).unwrap_or(u64::MAX);
            let place = LinePlace { offset, length: u32::try_from(content.len()).unwrap_or(u32::MAX) };
            pending.push(Pending { place, tip, line: content, answer });
        }
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            for line in pending {
                answer(line.answer, Err(error.to_string()));
            }
            return Err(error);
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.length += u64::try_from(bytes.len()).unwrap_or(0);
        self.publish(&bytes, pending)
    }

    /// The lines are durable: now they can be found, and those who wait may go on.
    fn publish(&mut self, bytes: &[u8], pending: Vec<Pending>) -> std::io::Result<()> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        for line in &pending {
            let linked = bytes.get(line.line.clone()).map(serde_json::from_slice).transpose()?;
            if let Some(linked) = linked {
                index.add(&linked, line.place);
            }
        }
        drop(index);
        if let Some(last) = pending.last() {
            self.tip = last.tip.clone();
        }
        self.head.write_all_at(open::head_text(&self.tip).as_bytes(), 0)?;
        for line in pending {
            answer(line.answer, Ok(line.tip.seq));
        }
        Ok(())
    }
}

fn answer(to: Option<Answer>, result: Result<u64, String>) {
    if let Some(to) = to {
        let _caller_may_be_gone = to.send(result);
    }
}
