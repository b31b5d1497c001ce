//! The log's own key: made once, sealed in the vault, and never shown. With it the vault remembers what was signed last, so that a log that
//! was put back to an earlier state, with an earlier checkpoint, does not pass for the newest.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::note::{Signer, VerifierKey};
use super::tree::Hash;
use super::{BEGIN, LOG};
use crate::store::DataFolder;
use crate::vault::{Durability, ServerRecords, Space, VaultError};

const KEY_RECORD: &[u8] = b"audit_key";
const SIGNED_RECORD: &[u8] = b"audit_signed";

/// Random bytes in a log's name.
const NAME_BYTES: usize = 8;

#[derive(Serialize, Deserialize)]
struct StoredKey {
    name: String,
    /// The seed of the Ed25519 key (RFC 8032), in hexadecimal.
    seed: Zeroizing<String>,
}

/// What was signed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) size: u64,
    #[serde(with = "hex::serde")]
    pub(super) root: Hash,
}

/// What the log signs with, and what the vault remembers of it.
pub struct AuditKey {
    pub(super) signer: Signer,
    /// What was signed last, as the vault has it.
    pub(super) last: Option<Signed>,
    /// Where that is kept; `None` for a key that is not kept itself.
    pub(super) records: Option<ServerRecords>,
    /// Whether an operator has set the log before aside.
    pub(super) is_begun_anew: bool,
}

impl AuditKey {
    /// A key that is always the same, and kept nowhere.
    #[cfg(test)]
    pub(super) fn fixed(seed: u8) -> Self {
        Self { signer: Signer::new("vasya-server/test".to_owned(), &[seed; 32]), last: None, records: None, is_begun_anew: false }
    }

    /// The key of the vault's log; makes it on first use, and anew where an operator has set the log before aside: a log that begins again
    /// is another one, and must not be taken for the first by those who hold its checkpoints.
    ///
    /// # Errors
    /// [`VaultError`] when the key cannot be read or made.
    pub async fn obtain(folder: &DataFolder, records: ServerRecords) -> Result<Self, VaultError> {
        let marker = folder.path().join(BEGIN);
        let is_begun_anew = marker.exists() && !folder.path().join(LOG).exists();
        let stored = if is_begun_anew { None } else { records.get::<StoredKey>(Space::Setting, KEY_RECORD).await? };
        let stored = match stored {
            Some(stored) => stored,
            None => {
                let stored = StoredKey::generate()?;
                let batch = records.batch().put(Space::Setting, KEY_RECORD, &stored)?.delete(Space::Setting, SIGNED_RECORD);
                batch.commit(Durability::Durable).await?;
                stored
            }
        };
        if is_begun_anew && let Err(error) = std::fs::remove_file(&marker) {
            tracing::warn!(%error, "the mark that the audit log begins anew cannot be removed");
        }
        let last = records.get(Space::Setting, SIGNED_RECORD).await?;
        Ok(Self { signer: stored.signer()?, last, records: Some(records), is_begun_anew })
    }

    /// What checks the log's checkpoints.
    pub fn verifier(&self) -> VerifierKey {
        self.signer.verifier()
    }
}

/// Remembers what was signed.
pub(super) async fn remember(records: &ServerRecords, signed: &Signed) -> Result<(), VaultError> {
    records.batch().put(Space::Setting, SIGNED_RECORD, signed)?.commit(Durability::Durable).await
}

impl StoredKey {
    fn generate() -> Result<Self, VaultError> {
        let (mut seed, mut name) = (Zeroizing::new([0_u8; 32]), [0_u8; NAME_BYTES]);
        for buffer in [seed.as_mut_slice(), &mut name] {
            getrandom::fill(buffer).map_err(|error| VaultError::NoRandomness(error.to_string()))?;
        }
        Ok(Self { name: format!("vasya-server/{}", hex::encode(name)), seed: Zeroizing::new(hex::encode(seed.as_slice())) })
    }

    fn signer(&self) -> Result<Signer, VaultError> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(self.seed.as_bytes(), seed.as_mut_slice())
            .map_err(|_| VaultError::Corrupt("the audit log's key".to_owned()))?;
        Ok(Signer::new(self.name.clone(), &seed))
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuditKey")
    }
}
