//! The wrapped data keys: small files beside the store, so that an older copy of the store brings no destroyed key back.
//!
//! Each owner's keys are in one of [`SHARDS`] files, by the hash of who they are. A change writes its file whole, syncs it and renames it
//! into place: a crash leaves the old file or the new one. All of the files are made when the folder is, so that a lost one is noticed
//! and not taken for keys that were destroyed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::VaultError;
use crate::store::DataFolder;

/// The folder in the data folder.
pub(crate) const FOLDER_NAME: &str = "keys";

/// How many files there are. With 10,000 accounts, each is about 70 KiB.
pub(super) const SHARDS: usize = 64;

/// The format of the files.
const FORMAT: u32 = 1;

/// A data key as it is kept: wrapped by a key of the keyring, which its envelope names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrappedKey {
    /// When it was made (Unix milliseconds).
    pub(super) made_at_ms: u64,
    /// The envelope.
    #[serde(with = "hex::serde")]
    pub(super) wrapped: Vec<u8>,
}

/// The keys of each owner in one file, by the place that names the owner; the newest of each first.
pub(super) type Owners = BTreeMap<Vec<u8>, Vec<WrappedKey>>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredShard {
    format: u32,
    /// By the place in hexadecimal.
    owners: BTreeMap<String, Vec<WrappedKey>>,
}

/// The files, and what is in them. What is read is what is on the disk: memory changes after the file has.
pub(super) struct KeyFiles {
    folder: PathBuf,
    shards: Vec<Mutex<Owners>>,
}

impl KeyFiles {
    /// Whether a data folder has them.
    pub(super) fn exist(folder: &DataFolder) -> bool {
        folder.path().join(FOLDER_NAME).exists()
    }

    /// Makes the files of a data folder, empty. What a crash has left half made is made again.
    pub(super) fn make(folder: &DataFolder) -> Result<(), VaultError> {
        let named = |error: io::Error| VaultError::keyring(folder, format!("{FOLDER_NAME}/ cannot be made: {error}"));
        let fresh = folder.path().join(format!("{FOLDER_NAME}.new"));
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(error)),
            _ => {}
        }
        fs::DirBuilder::new().mode(0o700).create(&fresh).map_err(named)?;
        for shard in 0..SHARDS {
            write_whole(&fresh, &file_name(shard), &encode(&Owners::new())?).map_err(named)?;
        }
        fs::rename(&fresh, folder.path().join(FOLDER_NAME)).map_err(named)?;
        File::open(folder.path()).and_then(|folder| folder.sync_all()).map_err(named)
    }

    /// Reads all files. Nothing is changed.
    pub(super) fn open(folder: &DataFolder) -> Result<Self, VaultError> {
        let path = folder.path().join(FOLDER_NAME);
        let read = |shard: usize| {
            let name = file_name(shard);
            let unusable = |reason: String| VaultError::keyring(folder, format!("{FOLDER_NAME}/{name} {reason}"));
            let bytes = match fs::read(path.join(&name)) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(unusable(
                        "is missing: restore it from a backup of this folder, or people's data cannot be read".into(),
                    ));
                }
                Err(error) => return Err(unusable(format!("cannot be read: {error}"))),
            };
            let owners = decode(&bytes).ok_or_else(|| unusable("is damaged: restore it from a backup of this folder".into()))?;
            Ok(Mutex::new(owners))
        };
        Ok(Self { folder: path.clone(), shards: (0..SHARDS).map(read).collect::<Result<_, _>>()? })
    }

    /// Which file an owner's keys are in.
    pub(super) fn shard_of(place: &[u8]) -> usize {
        usize::from(Sha256::digest(place).first().copied().unwrap_or_default()) % SHARDS
    }

    /// The keys of an owner, the newest first; none where they were destroyed or never made.
    pub(super) fn keys(&self, place: &[u8]) -> Vec<WrappedKey> {
        self.owners(Self::shard_of(place)).and_then(|owners| owners.get(place).cloned()).unwrap_or_default()
    }

    /// What is in one file.
    pub(super) fn shard(&self, shard: usize) -> Owners {
        self.owners(shard).map(|owners| owners.clone()).unwrap_or_default()
    }

    /// Changes one file, and what is read of it afterwards. Waits for the disk: call it where that holds up nobody.
    pub(super) fn change<R>(
        &self,
        shard: usize,
        change: impl FnOnce(&mut Owners) -> Result<R, VaultError>,
    ) -> Result<R, VaultError> {
        let Some(mut owners) = self.owners(shard) else { return Err(VaultError::Corrupt("a file of keys".into())) };
        let mut changed = owners.clone();
        let result = change(&mut changed)?;
        if changed != *owners {
            let unwritable = |error: io::Error| VaultError::KeyFile(error.to_string());
            write_whole(&self.folder, &file_name(shard), &encode(&changed)?).map_err(unwritable)?;
            *owners = changed;
        }
        Ok(result)
    }

    fn owners(&self, shard: usize) -> Option<MutexGuard<'_, Owners>> {
        self.shards.get(shard).map(|owners| owners.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn file_name(shard: usize) -> String {
    format!("{shard:02x}.json")
}

fn encode(owners: &Owners) -> Result<Vec<u8>, VaultError> {
    let owners = owners.iter().map(|(place, keys)| (hex::encode(place), keys.clone())).collect();
    serde_json::to_vec(&StoredShard { format: FORMAT, owners }).map_err(|error| VaultError::Corrupt(error.to_string()))
}

fn decode(bytes: &[u8]) -> Option<Owners> {
    let stored: StoredShard = serde_json::from_slice(bytes).ok()?;
    if stored.format != FORMAT {
        return None;
    }
    stored.owners.into_iter().map(|(place, keys)| Some((hex::decode(place).ok()?, keys))).collect()
}

/// Written whole, synced and renamed, so that a crash leaves either the old file or the new one.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))?;
    File::open(folder)?.sync_all()
}
