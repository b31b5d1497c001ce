//! The audit log: one hash-chained file of JSON lines, durable before any effect.
//!
//! `audit.log` holds one entry a line. Each line ends with `,"hash":"<64 hex>"}`: the SHA-256 of everything before that comma, which itself
//! holds the hash of the line before as `prev`. So any edit, removal or reordering breaks the chain, and anyone can check it with
//! standard tools (docs/runbooks.md). `audit.head` remembers how far the log has come, so that a shortened log is noticed too.
//! Over the lines stands a Merkle tree (RFC 6962), whose root is signed from time to time into `audit.checkpoint` with a key that lies sealed
//! in the vault: so a log that was written anew is noticed as well, and anybody can be shown that an entry is in the log, or that a
//! newer log continues an older one.

mod chain;
mod entry;
mod export;
mod index;
mod keeper;
mod log;
mod note;
mod open;
mod proof;
mod query;
mod set_aside;
mod signing;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
mod writer;

pub use entry::{AuditEntry, AuditRow, Phase};
pub use export::{ExportError, ExportFormat, ExportSelection, export, read_time};
pub use keeper::Keeping;
pub use log::AuditLog;
pub use note::{InvalidVerifierKey, NoteError, VerifierKey};
pub use open::OpenReport;
pub use proof::{CheckpointDetail, ConsistencyProof, InclusionProof};
pub use query::{AuditPage, AuditQuery, KnownRow};
pub use set_aside::set_aside;
pub use signing::AuditKey;
pub use verify::{Verified, VerifyError, verify};

use std::path::PathBuf;

use crate::error::{Code, Error};

/// The log, how far it has come, and what was signed of it; in the data folder.
const LOG: &str = "audit.log";
const HEAD: &str = "audit.head";
const CHECKPOINT: &str = "audit.checkpoint";

/// Stands there when an operator has set a log aside: the next start begins a new one.
const BEGIN: &str = "audit.begin";

/// Why the audit log could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The chain does not prove itself.
    #[error(
        "the audit log {file} is broken at line {line}: {reason}. It was changed outside this server; restore it, or set it aside to \
         begin a new one (docs/runbooks.md)"
    )]
    Broken {
        /// The log's file.
        file: PathBuf,
        /// The first line that is wrong; from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The files cannot be read or written.
    #[error("the audit log {file} cannot be used: {source}")]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An entry could not be made durable. Nothing more will be written until the server is started again.
    #[error("the audit log takes no more entries: {0}")]
    Closed(String),
    /// The entry did not become durable in time; it may still be written.
    #[error("the audit log is too busy")]
    Busy,
}

impl From<AuditError> for Error {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Closed(_) | AuditError::Busy => {
                tracing::error!(%error, "the audit log takes no entry");
                Self::new(Code::AuditUnavailable, "The audit log cannot be written, so nothing was changed").retry_after_secs(5)
            }
            other => Self::internal(other),
        }
    }
}
