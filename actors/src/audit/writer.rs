//! The thread that owns the file. It drains a bounded queue, writes what it found, syncs once, and answers everyone.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};

use super::chain::{self, NONCE_LENGTH, Tip};
use super::index::{Index, LinePlace, Record};
use super::tree::{self, Hash};
use super::{AuditEntry, open};
use crate::runtime::now_ms;

/// Entries that are made durable by one sync.
const GROUP_LENGTH_MAX: usize = 2_048;

pub(super) type Answer = oneshot::Sender<Result<u64, String>>;

pub(super) enum Work {
    Append(Box<AuditEntry>, Option<Answer>),
    Close(oneshot::Sender<()>),
}

/// How the thread is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Writing,
    /// It was closed in order, or cannot write any more.
    Closed(String),
    /// The log was found changed, so nothing may be added to it.
    Changed(String),
    Panicked,
}

/// Publishes how the thread is; a thread that unwinds says so.
pub(super) struct Watched(pub(super) Arc<watch::Sender<Condition>>);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(Condition::Panicked);
        }
    }
}

pub(super) struct Writer {
    pub(super) file: File,
    pub(super) head: File,
    pub(super) tip: Tip,
    pub(super) length: u64,
    pub(super) work: mpsc::Receiver<Work>,
    pub(super) index: Arc<RwLock<Index>>,
    pub(super) condition: Watched,
    pub(super) syncs: Arc<AtomicU64>,
}

/// Lines of one group that wait for the sync.
struct Pending {
    record: Record,
    leaf: Hash,
    tip: Tip,
    answer: Option<Answer>,
}

impl Writer {
    /// Writes until it is closed or a write fails: after a failed sync nobody knows what is on the disk, so nothing more is written.
    pub(super) fn run(mut self) {
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
            // Who found the log changed has said so; what waits is refused with that.
            let stopped = match &*self.condition.0.borrow() {
                Condition::Writing => None,
                Condition::Closed(reason) | Condition::Changed(reason) => Some(reason.clone()),
                Condition::Panicked => Some("its thread has panicked".to_owned()),
            };
            if let Some(reason) = stopped {
                appends.into_iter().for_each(|(_, waiting)| answer(waiting, Err(reason.clone())));
            } else if let Err(error) = self.append_group(appends) {
                tracing::error!(%error, "the audit log cannot be written; every mutation is refused from now on");
                self.condition.0.send_replace(Condition::Closed(error.to_string()));
                return;
            }
            if let Some(closed) = closing {
                self.condition.0.send_if_modified(|condition| {
                    let is_writing = *condition == Condition::Writing;
                    if is_writing {
                        *condition = Condition::Closed("it was closed".to_owned());
                    }
                    is_writing
                });
                self.work.close();
                let _caller_may_be_gone = closed.send(());
                return;
            }
        }
    }

    pub(super) fn append_group(&mut self, appends: Vec<(AuditEntry, Option<Answer>)>) -> io::Result<()> {
        if appends.is_empty() {
            return Ok(());
        }
        let mut nonces = vec![0; appends.len() * NONCE_LENGTH];
        getrandom::fill(&mut nonces).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        let mut pending: Vec<Pending> = Vec::with_capacity(appends.len());
        let newest_ts = self.index.read().unwrap_or_else(PoisonError::into_inner).newest_ts();
        // A clock that was put back must not make the log's times go back: pages are found by them.
        let now = now_ms().max(newest_ts);
        for ((entry, answer), nonce) in appends.into_iter().zip(nonces.chunks_exact(NONCE_LENGTH)) {
            let tip = pending.last().map_or(&self.tip, |line| &line.tip);
            let (line, tip) = chain::extend(tip, now, &entry, nonce)?;
            let content = line.strip_suffix(b"\n").unwrap_or(&line);
            let offset = self.length + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let place = LinePlace { offset, length: u32::try_from(content.len()).unwrap_or(u32::MAX) };
            let (record, leaf) = (chain::record_of(&entry, now, place), tree::leaf_hash(content));
            pending.push(Pending { record, leaf, tip, answer });
            bytes.extend_from_slice(&line);
        }
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            for line in pending {
                answer(line.answer, Err(error.to_string()));
            }
            return Err(error);
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.length += u64::try_from(bytes.len()).unwrap_or(0);
        self.publish(pending)
    }

    /// The lines are durable: now they can be found, and those who wait may go on.
    fn publish(&mut self, pending: Vec<Pending>) -> io::Result<()> {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for line in &pending {
            index.add(line.record, line.leaf)?;
        }
        index.settle()?;
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
