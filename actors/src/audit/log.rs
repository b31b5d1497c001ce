//! The audit actor's handle: entries go to one thread that owns the file, and reads go past it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::index::Index;
use super::keeper::Keeper;
use super::open::{self, OpenReport, Opened};
use super::query::{self, AuditPage, AuditQuery, Finding, KnownRows};
use super::signing::AuditKey;
use super::writer::{Condition, Watched, Work, Writer};
use super::{AuditEntry, AuditError, LOG, Phase};
use crate::identity::UserId;
use crate::store::DataFolder;

/// Entries that may wait for the thread.
const QUEUE_LENGTH_MAX: usize = 8_192;

/// How long an entry may take to become durable before its call is refused.
const APPEND_TIMEOUT: Duration = Duration::from_secs(5);

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog(pub(super) Arc<Shared>);

pub(super) struct Shared {
    queue: mpsc::Sender<Work>,
    pub(super) index: Arc<RwLock<Index>>,
    known: KnownRows,
    pub(super) file: File,
    pub(super) folder: PathBuf,
    pub(super) condition: Arc<watch::Sender<Condition>>,
    syncs: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) keeper: Keeper,
}

impl AuditLog {
    /// Opens the log of a data folder; checks all of it.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when the chain does not prove itself or is not what was signed with this key, [`AuditError::Unusable`] when
    /// it cannot be read or written.
    pub fn open(folder: &DataFolder, key: AuditKey) -> Result<(Self, OpenReport), AuditError> {
        let Opened { file, head, path, tip, length, index, report } = open::open(folder.path(), &key)?;
        let unusable = |source| AuditError::Unusable { file: path.clone(), source };
        let last_words = last_words(&file, &index, &report, key.is_begun_anew).map_err(unusable)?;
        let index = Arc::new(RwLock::new(index));
        let (queue, work) = mpsc::channel(QUEUE_LENGTH_MAX);
        let syncs = Arc::new(AtomicU64::new(0));
        let condition = Arc::new(watch::channel(Condition::Writing).0);
        let reading = file.try_clone().map_err(unusable)?;
        let mut writer = Writer {
            file,
            head,
            tip,
            length,
            work,
            index: Arc::clone(&index),
            condition: Watched(Arc::clone(&condition)),
            syncs: Arc::clone(&syncs),
        };
        writer.append_group(last_words.into_iter().map(|entry| (entry, None)).collect()).map_err(unusable)?;
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writer.run()).map_err(unusable)?;
        let shared = Shared {
            queue,
            index,
            known: KnownRows::default(),
            file: reading,
            folder: folder.path().to_owned(),
            condition,
            syncs,
            thread: Mutex::new(Some(thread)),
            keeper: Keeper::new(key),
        };
        Ok((Self(Arc::new(shared)), report))
    }

    /// Appends an entry; resolves with its sequence number when it is durable. Entries keep the order in which this was called and
    /// polled first.
    ///
    /// # Errors
    /// [`AuditError::Closed`] or [`AuditError::Busy`]: the entry is not in the log, or it is not known to be durable. Nothing that it
    /// announces may happen.
    pub async fn append(&self, entry: AuditEntry) -> Result<u64, AuditError> {
        if !self.is_healthy() {
            return Err(self.closed());
        }
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
            Condition::Closed(reason) | Condition::Changed(reason) => AuditError::Closed(reason.clone()),
            _ => AuditError::Closed("its thread has ended".to_owned()),
        }
    }

    /// The newest of the rows that one user asks for, oldest of them first. Reads the file on a thread of its own.
    ///
    /// # Errors
    /// [`AuditError::Unusable`] when the file cannot be read.
    pub async fn rows(&self, user: &UserId, query: AuditQuery) -> Result<AuditPage, AuditError> {
        let finding = Finding::of(&self.0.index, &self.0.known, user, &query).map_err(|source| self.unusable(source))?;
        if finding.is_known() {
            return finding.read(&self.0.file, &self.0.known, user, &query).map_err(|source| self.unusable(source));
        }
        let user = user.clone();
        self.blocking(move |shared| finding.read(&shared.file, &shared.known, &user, &query)).await
    }

    /// Reads the files on a thread that may wait for them.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared) -> io::Result<T> + Send + 'static,
    ) -> Result<T, AuditError> {
        let shared = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || read(&shared)).await;
        read.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> AuditError {
        AuditError::Unusable { file: self.path(), source }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.folder.join(LOG)
    }

    /// Takes no more entries, since the log is not what was written: whatever would be appended would prove nothing.
    pub(super) fn halt(&self, reason: &str) {
        self.0.condition.send_if_modified(|condition| {
            let is_writing = *condition == Condition::Writing;
            if is_writing {
                tracing::error!(reason, "the audit log was changed outside this server; every mutation is refused from now on");
                *condition = Condition::Changed(reason.to_owned());
            }
            is_writing
        });
    }

    /// How often the file was synced since it was opened; each sync makes a group of entries durable.
    pub fn syncs(&self) -> u64 {
        self.0.syncs.load(Ordering::Relaxed)
    }

    /// Whether the log was found changed.
    pub(super) fn is_halted(&self) -> bool {
        matches!(*self.0.condition.borrow(), Condition::Changed(_))
    }

    /// Whether the log takes entries.
    pub fn is_healthy(&self) -> bool {
        *self.0.condition.borrow() == Condition::Writing
    }

    /// Resolves if the thread panics: the process must end then, because nobody knows what it was doing.
    pub async fn died(&self) -> String {
        let mut condition = self.0.condition.subscribe();
        match condition.wait_for(|condition| *condition == Condition::Panicked).await {
            Ok(_) => "the audit log's thread has panicked".to_owned(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes what waits and takes no more; signs what there is.
    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.0.queue.send(Work::Close(closed)).await.is_ok() {
            let _thread_may_have_ended = done.await;
        }
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _joined = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        self.seal().await;
    }
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AuditLog")
    }
}

/// What the process that wrote the log before could not say: that nobody knows how its calls ended, and that its last line was torn.
fn last_words(file: &File, index: &Index, report: &OpenReport, is_begun_anew: bool) -> io::Result<Vec<AuditEntry>> {
    let event = |operation: &'static str, code: &'static str| AuditEntry {
        phase: Phase::Event,
        user_id: UserId::local(),
        agent_key_id: None,
        operation: operation.into(),
        method: "".into(),
        path: None,
        account_id: None,
        chat_id: None,
        request_id: None,
        code: Some(code.into()),
        status: None,
        intent: None,
        approval_id: None,
    };
    let mut words = Vec::new();
    words.extend(is_begun_anew.then(|| event("begun", "log_set_aside")));
    for (intent, place) in index.open_intents()? {
        let entry: AuditEntry = serde_json::from_slice(&query::read_line(file, place)?)?;
        words.push(entry.unknown(intent));
    }
    words.extend((report.torn_bytes > 0).then(|| event("recovered", "torn_line_cut")));
    Ok(words)
}
