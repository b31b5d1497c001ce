//! The keyring: the keys that wrap data keys. It is a file of its own beside the store, so that a wrong master key is found before the
//! store is opened.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::{Binding, key_id};
use super::key::{DataKey, KEY_LENGTH};
use super::master_key::{MasterKey, Stretching};
use super::{Space, VaultError};
use crate::store::DataFolder;

const FILE_NAME: &str = "keyring.json";

/// The format of the file.
const FORMAT: u32 = 1;

/// The keyring as it lies in its file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredKeyring {
    format: u32,
    /// How a passphrase is stretched.
    stretching: Stretching,
    /// The id of the key that wraps new data keys; hexadecimal.
    current: String,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredKey {
    id: String,
    sealed: String,
}

/// Keys that wrap data keys, by id. New data keys are wrapped with the current one.
pub(crate) struct Keyring {
    current: u64,
    keys: HashMap<u64, DataKey>,
}

impl Keyring {
    /// Opens the keyring of a data folder, or makes one where there is none.
    pub(super) fn open(folder: &DataFolder, master_key: &MasterKey) -> Result<Self, VaultError> {
        let unusable = |reason: String| VaultError::Keyring { folder: folder.path().display().to_string(), reason };
        let path = folder.path().join(FILE_NAME);
        match fs::read(&path) {
            Ok(bytes) => {
                let stored: StoredKeyring = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
                Self::unlock(&stored, master_key, folder)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if folder.path().join("store").exists() {
                    return Err(unusable(format!("{FILE_NAME} is missing, and without it the store cannot be opened")));
                }
                let (keyring, stored) = Self::make(master_key)?;
                let bytes = serde_json::to_vec_pretty(&stored).map_err(|error| unusable(error.to_string()))?;
                write_whole(folder.path(), FILE_NAME, &bytes).map_err(|error| unusable(error.to_string()))?;
                Ok(keyring)
            }
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    fn unlock(stored: &StoredKeyring, master_key: &MasterKey, folder: &DataFolder) -> Result<Self, VaultError> {
        let name = folder.path().display().to_string();
        let damaged = || VaultError::Keyring { folder: name.clone(), reason: format!("{FILE_NAME} is damaged") };
        if stored.format != FORMAT {
            return Err(VaultError::Keyring { folder: name, reason: format!("its format {} is unknown", stored.format) });
        }
        let master = master_key.stretch(&stored.stretching).ok_or_else(damaged)?;
        let mut keys = HashMap::new();
        for key in &stored.keys {
            let id = parse_id(&key.id).ok_or_else(damaged)?;
            let sealed = hex::decode(&key.sealed).map_err(|_| damaged())?;
            let opened = Binding::server().open(&master, Space::DataKey, &id.to_be_bytes(), &sealed);
            let opened = opened.map_err(|_| VaultError::WrongMasterKey(name.clone()))?;
            keys.insert(id, DataKey::new(id, key_bytes(&opened)?));
        }
        let current = parse_id(&stored.current).filter(|id| keys.contains_key(id)).ok_or_else(damaged)?;
        Ok(Self { current, keys })
    }

    fn make(master_key: &MasterKey) -> Result<(Self, StoredKeyring), VaultError> {
        let stretching = Stretching::recommended()?;
        let unusable = VaultError::MalformedMasterKey("cannot be stretched");
        let master = master_key.stretch(&stretching).ok_or(unusable)?;
        let key = DataKey::generate()?;
        let sealed = Binding::server().seal(&master, Space::DataKey, &key.id().to_be_bytes(), key.bytes())?;
        let id = format!("{:016x}", key.id());
        let keys = vec![StoredKey { id: id.clone(), sealed: hex::encode(sealed) }];
        let stored = StoredKeyring { format: FORMAT, stretching, current: id, keys };
        Ok((Self { current: key.id(), keys: HashMap::from([(key.id(), key)]) }, stored))
    }

    /// Wraps a data key, bound to what it belongs to.
    pub(super) fn wrap(&self, key: &DataKey, binding: &Binding) -> Result<Vec<u8>, VaultError> {
        let wrapping = self.key(self.current)?;
        let mut plain = Zeroizing::new(key.id().to_be_bytes().to_vec());
        plain.extend_from_slice(key.bytes());
        binding.seal(wrapping, Space::DataKey, &[], &plain)
    }

    /// Unwraps a data key that was wrapped for this binding.
    pub(super) fn unwrap(&self, wrapped: &[u8], binding: &Binding) -> Result<DataKey, VaultError> {
        let wrapping = self.key(key_id(wrapped)?)?;
        let plain = binding.open(wrapping, Space::DataKey, &[], wrapped)?;
        let (id, bytes) = plain.split_first_chunk::<8>().ok_or_else(|| VaultError::Corrupt("a data key".into()))?;
        Ok(DataKey::new(u64::from_be_bytes(*id), key_bytes(bytes)?))
    }

    fn key(&self, id: u64) -> Result<&DataKey, VaultError> {
        self.keys.get(&id).ok_or_else(|| VaultError::Corrupt("it was wrapped with a key that is not in the keyring".into()))
    }
}

fn parse_id(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn key_bytes(bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_LENGTH]>, VaultError> {
    <[u8; KEY_LENGTH]>::try_from(bytes).map(Zeroizing::new).map_err(|_| VaultError::Corrupt("a key of the wrong length".into()))
}

/// Written whole, synced and renamed, so that a crash leaves either the old file or the new one.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))?;
    File::open(folder)?.sync_all()
}
