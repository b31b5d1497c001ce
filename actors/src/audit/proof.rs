//! What anybody can check: the signed checkpoint, that an entry is in the log, and that a newer log continues an older one.

use std::io;
use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::Serialize;

use super::log::Shared;
use super::tree::{self, Hash};
use super::{AuditError, AuditLog, AuditRow, query};
use crate::identity::UserId;

/// The signed state of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointDetail {
    /// How many entries the log has, all users' together.
    pub size: u64,
    /// The root of the Merkle tree over them (RFC 6962); base64.
    pub root: String,
    /// The same, signed: a C2SP tlog-checkpoint in a signed note.
    pub checkpoint: String,
    /// What checks the signature: keep it, and compare it with what you have.
    pub verifier_key: String,
}

/// That an entry is in the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InclusionProof {
    /// The entry's number.
    pub seq: u64,
    /// The number of its leaf in the tree, which is one less.
    pub leaf_index: u64,
    /// The entry as it stands in the log: its leaf is the SHA-256 of a zero byte and these bytes.
    pub entry: String,
    /// How many leaves the tree has.
    pub tree_size: u64,
    /// The audit path (RFC 6962, section 2.1.1), from the leaf up; base64.
    pub path: Vec<String>,
    /// The signed checkpoint of the tree.
    pub checkpoint: String,
}

/// That the log, when it was longer, began with what it was before.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsistencyProof {
    /// The size of the older tree.
    pub from: u64,
    /// The size of the newer one.
    pub to: u64,
    /// The proof (RFC 6962, section 2.1.2); base64.
    pub path: Vec<String>,
}

fn encoded(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| BASE64.encode(hash)).collect()
}

impl Shared {
    /// The size and root that are signed, the note of them, and the proof that was asked for at that size.
    fn signed<T>(&self, prove: impl FnOnce(&super::index::Index) -> io::Result<T>) -> io::Result<(u64, Hash, String, T)> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let (size, root) = (index.frontier().size(), index.frontier().root());
        let proof = prove(&index)?;
        drop(index);
        Ok((size, root, self.keeper.note(size, root), proof))
    }
}

impl AuditLog {
    /// The log's newest state, signed.
    ///
    /// # Errors
    /// [`AuditError::Unusable`] when the files cannot be read.
    pub async fn checkpoint(&self) -> Result<CheckpointDetail, AuditError> {
        let (size, root, checkpoint, ()) = self.blocking(|shared| shared.signed(|_| Ok(()))).await?;
        Ok(CheckpointDetail { size, root: BASE64.encode(root), checkpoint, verifier_key: self.0.keeper.verifier().to_string() })
    }

    /// The proof of a user's own entry; nothing for a number that is not of one, whether there is such an entry or not.
    ///
    /// # Errors
    /// [`AuditError::Unusable`] when the files cannot be read.
    pub async fn inclusion(&self, user: &UserId, seq: u64) -> Result<Option<InclusionProof>, AuditError> {
        let user = user.clone();
        let prove = move |shared: &Shared| {
            let record = shared.index.read().unwrap_or_else(PoisonError::into_inner).record(seq)?;
            let Some(record) = record else { return Ok(None) };
            let entry = query::read_line(&shared.file, record.place)?;
            let row: AuditRow = serde_json::from_slice(&entry)?;
            if row.user_id != user.as_str() {
                return Ok(None);
            }
            let leaf_index = seq - 1;
            let (tree_size, _, checkpoint, path) =
                shared.signed(|index| tree::inclusion(index, leaf_index, index.frontier().size()))?;
            let entry = String::from_utf8(entry).map_err(io::Error::other)?;
            Ok(Some(InclusionProof { seq, leaf_index, entry, tree_size, path: encoded(&path), checkpoint }))
        };
        self.blocking(prove).await
    }

    /// The proof that the log of `to` entries begins with that of `from`; nothing for numbers that are not in order, or that the log has
    /// not come to.
    ///
    /// # Errors
    /// [`AuditError::Unusable`] when the files cannot be read.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Option<ConsistencyProof>, AuditError> {
        let prove = move |shared: &Shared| {
            let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
            if from > to || to > index.frontier().size() {
                return Ok(None);
            }
            let path = tree::consistency(&*index, from, to)?;
            Ok(Some(ConsistencyProof { from, to, path: encoded(&path) }))
        };
        self.blocking(prove).await
    }
}
