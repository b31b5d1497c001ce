//! What is done beside the log from time to time: signing what there is, showing that to a witness, and looking whether the files are still
//! what was written.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Url;

use super::log::Shared;
use super::note::VerifierKey;
use super::signing::{AuditKey, Signed, remember};
use super::tree::{self, Frontier, Hash, Nodes};
use super::writer::Condition;
use super::{AuditLog, CHECKPOINT, LOG, open, query};
use crate::outbound::Outbound;

/// Lines that are read again at once.
const READ_AGAIN_LENGTH: u64 = 20_000;

/// How long a witness may take.
const WITNESS_TIMEOUT: Duration = Duration::from_secs(10);

/// How the log is kept.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// How often it is signed and looked at.
    pub interval: Duration,
    /// Who is shown each checkpoint, by `POST`.
    pub witness: Option<Url>,
    /// How that address is reached.
    pub outbound: Outbound,
}

pub(super) struct Keeper {
    key: AuditKey,
    /// The note that was signed last, and the size that it is of.
    note: Mutex<Option<(u64, String)>>,
    /// What lies beside the log.
    written: Mutex<Option<Signed>>,
    /// How far the log has been read again.
    reading: Mutex<Option<ReadAgain>>,
    /// What the witness has not taken yet.
    unseen: Mutex<Option<String>>,
}

/// A pass over all lines, to see that they are still what they were.
struct ReadAgain {
    seen: Frontier,
    size: u64,
    root: Hash,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keeper {
    pub(super) fn new(key: AuditKey) -> Self {
        let written = Mutex::new(key.last.clone());
        Self { key, note: Mutex::default(), written, reading: Mutex::default(), unseen: Mutex::default() }
    }

    pub(super) fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// The checkpoint of this state.
    pub(super) fn note(&self, size: u64, root: Hash) -> String {
        let mut note = lock(&self.note);
        match &*note {
            Some((signed, text)) if *signed == size => text.clone(),
            _ => {
                let text = self.key.signer.sign(size, root, Vec::new());
                *note = Some((size, text.clone()));
                text
            }
        }
    }
}

impl Shared {
    /// Writes the checkpoint beside the log, if there is something new to sign. Answers what was signed.
    fn write_checkpoint(&self) -> io::Result<Option<Signed>> {
        let (size, root) = {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            (index.frontier().size(), index.frontier().root())
        };
        let signed = Signed { size, root };
        let mut written = lock(&self.keeper.written);
        if written.as_ref() == Some(&signed) {
            return Ok(None);
        }
        let text = self.keeper.note(size, root);
        let fresh = self.folder.join(format!("{CHECKPOINT}.new"));
        let mut file = open::private().write(true).create(true).truncate(true).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, self.folder.join(CHECKPOINT))?;
        fs::File::open(&self.folder)?.sync_all()?;
        *written = Some(signed.clone());
        *lock(&self.keeper.unseen) = Some(text);
        Ok(Some(signed))
    }

    /// What is wrong with the log as it lies there, if anything is.
    fn look(&self) -> io::Result<Option<String>> {
        let index_length = || -> io::Result<u64> {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            let last = index.record(index.frontier().size())?;
            Ok(last.map_or(0, |record| record.place.offset + u64::from(record.place.length) + 1))
        };
        let length = index_length()?;
        let (ours, there) = (self.file.metadata()?, fs::metadata(self.folder.join(LOG)));
        let there = match there {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("audit.log is gone".to_owned())),
            Err(error) => return Err(error),
        };
        if (there.dev(), there.ino()) != (ours.dev(), ours.ino()) {
            return Ok(Some("audit.log is another file than the one that was opened".to_owned()));
        }
        if there.len() < length {
            return Ok(Some(format!("audit.log has {} bytes, and {length} were written", there.len())));
        }
        self.read_again()
    }

    /// Reads the next lines again and compares them with the tree. A pass ends at what was there when it began.
    fn read_again(&self) -> io::Result<Option<String>> {
        let mut reading = lock(&self.keeper.reading);
        let mut pass = match reading.take() {
            Some(pass) => pass,
            None => {
                let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
                ReadAgain { seen: Frontier::default(), size: index.frontier().size(), root: index.frontier().root() }
            }
        };
        let mut completed = Vec::new();
        let until = pass.size.min(pass.seen.size() + READ_AGAIN_LENGTH);
        for seq in pass.seen.size() + 1..=until {
            let (record, known) = {
                let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
                (index.record(seq)?, index.node(0, seq - 1)?)
            };
            let Some(record) = record else { break };
            let leaf = tree::leaf_hash(&query::read_line(&self.file, record.place)?);
            if leaf != known {
                return Ok(Some(format!("line {seq} of audit.log is not what was written")));
            }
            completed.clear();
            pass.seen.push(leaf, &mut completed);
        }
        if pass.seen.size() < pass.size {
            *reading = Some(pass);
        } else if pass.seen.root() != pass.root {
            return Ok(Some(format!("the first {} lines of audit.log are not those that were written", pass.size)));
        }
        Ok(None)
    }
}

impl AuditLog {
    /// Keeps the log until it is closed. Nothing that fails here stops anything but the log itself, if that is not what was written.
    pub async fn keep(self, keeping: Keeping) {
        let mut condition = self.0.condition.subscribe();
        loop {
            tokio::select! {
                () = tokio::time::sleep(keeping.interval) => {}
                _ended = condition.wait_for(|condition| *condition != Condition::Writing) => return,
            }
            match self.blocking(Shared::look).await {
                Ok(None) => {}
                Ok(Some(reason)) => return self.halt(&reason),
                Err(error) => {
                    tracing::error!(%error, "the audit log cannot be read again");
                    continue;
                }
            }
            self.seal().await;
            if let Some(witness) = &keeping.witness {
                self.show(witness, &keeping.outbound).await;
            }
        }
    }

    /// Signs what there is, unless the log was found changed: then what was signed before is the evidence.
    pub(super) async fn seal(&self) {
        if self.is_halted() {
            return;
        }
        let signed = match self.blocking(Shared::write_checkpoint).await {
            Ok(Some(signed)) => signed,
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "the audit log's checkpoint cannot be written"),
        };
        if let Some(records) = &self.0.keeper.key.records
            && let Err(error) = remember(records, &signed).await
        {
            tracing::error!(%error, "what was signed of the audit log cannot be remembered");
        }
    }

    async fn show(&self, witness: &Url, outbound: &Outbound) {
        let Some(text) = lock(&self.0.keeper.unseen).clone() else { return };
        let headers = [("content-type", "text/plain; charset=utf-8".to_owned())];
        let posted = outbound.post(witness, &headers, text.clone().into_bytes(), WITNESS_TIMEOUT).await;
        match posted {
            Ok(posted) if (200..300).contains(&posted.status) => {
                lock(&self.0.keeper.unseen).take_if(|unseen| *unseen == text);
            }
            Ok(posted) => {
                tracing::warn!(status = posted.status, "the witness has not taken the audit log's checkpoint; it is shown again")
            }
            Err(error) => tracing::warn!(%error, "the witness cannot be shown the audit log's checkpoint; it is shown again"),
        }
    }
}
