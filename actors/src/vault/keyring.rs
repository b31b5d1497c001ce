//! The keyring: the keys that wrap data keys. It is a file of its own beside the store, so that a wrong master key is found before the
//! store is opened.
//!
//! Its keys lie sealed once for each master key that may open it: for one, and during a rotation to another master key for both.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::{Binding, key_id};
use super::key::{DataKey, KEY_LENGTH};
use super::key_files::write_whole;
use super::master_key::{MasterKey, Stretching};
use super::{Space, VaultError};
use crate::runtime::now_ms;
use crate::store::DataFolder;

/// The file in the data folder.
pub(crate) const FILE_NAME: &str = "keyring.json";

/// The format of the file.
const FORMAT: u32 = 2;

/// The keyring as it lies in its file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredKeyring {
    format: u32,
    /// The id of the key that wraps new data keys; hexadecimal.
    pub(super) current: String,
    pub(super) keys: Vec<StoredDates>,
    /// The master keys that open it; the last is the one that stays.
    pub(super) masters: Vec<StoredMaster>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<StoredRotation>,
    /// When a rotation last ended (Unix milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rotated_at_ms: Option<u64>,
}

/// When a key was made.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredDates {
    pub(super) id: String,
    pub(super) made_at_ms: u64,
}

/// The keys as one master key seals them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredMaster {
    /// How a passphrase is stretched.
    stretching: Stretching,
    /// Since when it opens the keyring (Unix milliseconds).
    pub(super) since_ms: u64,
    keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredKey {
    id: String,
    sealed: String,
}

/// A rotation that has not ended.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredRotation {
    pub(super) started_at_ms: u64,
    pub(super) paused: bool,
}

/// The file of the format before: one master key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredBefore {
    stretching: Stretching,
    current: String,
    keys: Vec<StoredKey>,
    #[serde(rename = "format")]
    _format: u32,
}

struct State {
    stored: StoredKeyring,
    keys: HashMap<u64, Arc<DataKey>>,
    /// What the last of the masters becomes; absent where only the other one was given.
    master: Option<Arc<DataKey>>,
}

/// Keys that wrap data keys, by id. New data keys are wrapped with the current one.
pub(crate) struct Keyring {
    folder: PathBuf,
    state: RwLock<Arc<State>>,
    /// Held while the file is changed.
    changing: Mutex<()>,
    /// Which of the given master keys opened it.
    opened_by: usize,
}

impl Keyring {
    /// Opens the keyring of a data folder with the first of these master keys that does, or makes one where there is none.
    pub(super) fn open(folder: &DataFolder, master_keys: &[&MasterKey]) -> Result<Self, VaultError> {
        let unusable = |reason: String| VaultError::keyring(folder, reason);
        match fs::read(folder.path().join(FILE_NAME)) {
            Ok(bytes) => {
                let stored =
                    decode(&bytes).ok_or_else(|| unusable(format!("{FILE_NAME} is damaged, or of an unknown format")))?;
                let (state, opened_by) = unlock(stored, master_keys, &folder.path().display().to_string())?;
                Ok(Self::new(folder, state, opened_by))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if folder.path().join("store").exists() {
                    return Err(unusable(format!("{FILE_NAME} is missing, and without it the store cannot be opened")));
                }
                let master_key = master_keys.first().ok_or(VaultError::MalformedMasterKey("is not set"))?;
                let keyring = Self::new(folder, make(master_key)?, 0);
                keyring.write(&keyring.state().stored)?;
                Ok(keyring)
            }
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    /// The keyring that a backup carries, to read that backup with.
    pub(super) fn of_bytes(bytes: &[u8], master_keys: &[&MasterKey], name: &str) -> Result<Self, VaultError> {
        let unusable = || VaultError::Keyring { folder: name.to_owned(), reason: "is damaged, or of an unknown format".into() };
        let (state, opened_by) = unlock(decode(bytes).ok_or_else(unusable)?, master_keys, name)?;
        let state = RwLock::new(Arc::new(state));
        Ok(Self { folder: PathBuf::from(name), state, changing: Mutex::default(), opened_by })
    }

    fn new(folder: &DataFolder, state: State, opened_by: usize) -> Self {
        Self { folder: folder.path().to_owned(), state: RwLock::new(Arc::new(state)), changing: Mutex::default(), opened_by }
    }

    /// Which of the given master keys opened it.
    pub(super) fn opened_by(&self) -> usize {
        self.opened_by
    }

    /// The id of the key that wraps new data keys.
    pub(super) fn current(&self) -> Result<u64, VaultError> {
        parse_id(&self.state().stored.current).ok_or_else(|| VaultError::Corrupt("the keyring".into()))
    }

    /// What its file says.
    pub(super) fn stored(&self) -> StoredKeyring {
        self.state().stored.clone()
    }

    /// Wraps a data key, bound to what it belongs to.
    pub(super) fn wrap(&self, key: &DataKey, binding: &Binding) -> Result<Vec<u8>, VaultError> {
        let wrapping = self.key(self.current()?)?;
        let mut plain = Zeroizing::new(key.id().to_be_bytes().to_vec());
        plain.extend_from_slice(key.bytes());
        binding.seal(&wrapping, Space::DataKey, &[], &plain)
    }

    /// Unwraps a data key that was wrapped for this binding.
    pub(super) fn unwrap(&self, wrapped: &[u8], binding: &Binding) -> Result<DataKey, VaultError> {
        let wrapping = self.key(key_id(wrapped)?)?;
        let plain = binding.open(&wrapping, Space::DataKey, &[], wrapped)?;
        let (id, bytes) = plain.split_first_chunk::<8>().ok_or_else(|| VaultError::Corrupt("a data key".into()))?;
        Ok(DataKey::new(u64::from_be_bytes(*id), key_bytes(bytes)?))
    }

    /// Begins a rotation if none runs: a new key wraps from now on, and the next master key opens the keyring besides the present one.
    pub(super) fn begin_rotation(&self, next: Option<&MasterKey>) -> Result<(), VaultError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        if state.stored.rotation.is_some() {
            return Ok(());
        }
        let master = state.master.clone().ok_or(VaultError::NextMasterKeyNeeded)?;
        let (mut stored, mut keys) = (state.stored.clone(), state.keys.clone());
        let key = Arc::new(DataKey::generate()?);
        keys.insert(key.id(), Arc::clone(&key));
        stored.current = show_id(key.id());
        stored.keys.push(StoredDates { id: show_id(key.id()), made_at_ms: now_ms() });
        for present in &mut stored.masters {
            present.keys.push(seal_key(&master, &key)?);
        }
        let mut last = master;
        if let Some(next) = next {
            let (stored_next, opened) = seal_all(next, keys.values())?;
            stored.masters.push(stored_next);
            last = opened;
        }
        stored.rotation = Some(StoredRotation { started_at_ms: now_ms(), paused: false });
        self.replace(State { stored, keys, master: Some(last) })
    }

    /// Pauses a rotation or lets it go on, if there is one.
    pub(super) fn set_paused(&self, paused: bool) -> Result<(), VaultError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        let mut stored = state.stored.clone();
        match stored.rotation.as_mut().filter(|rotation| rotation.paused != paused) {
            Some(rotation) => rotation.paused = paused,
            None => return Ok(()),
        }
        self.replace(State { stored, keys: state.keys.clone(), master: state.master.clone() })
    }

    /// Ends a rotation, when nothing needs the other keys: they and the other master key open nothing any more.
    pub(super) fn end_rotation(&self) -> Result<(), VaultError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        let mut stored = state.stored.clone();
        let (current, id) = (stored.current.clone(), self.current()?);
        stored.keys.retain(|key| key.id == current);
        stored.masters = stored.masters.pop().into_iter().collect();
        for master in &mut stored.masters {
            master.keys.retain(|key| key.id == current);
        }
        stored.rotation = None;
        stored.rotated_at_ms = Some(now_ms());
        let keys = state.keys.iter().filter(|(key, _)| **key == id).map(|(id, key)| (*id, Arc::clone(key))).collect();
        self.replace(State { stored, keys, master: state.master.clone() })
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, state: State) -> Result<(), VaultError> {
        self.write(&state.stored)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    fn write(&self, stored: &StoredKeyring) -> Result<(), VaultError> {
        let unwritable = |reason: String| VaultError::Keyring { folder: self.folder.display().to_string(), reason };
        let bytes = serde_json::to_vec_pretty(stored).map_err(|error| unwritable(error.to_string()))?;
        write_whole(&self.folder, FILE_NAME, &bytes).map_err(|error| unwritable(error.to_string()))
    }

    fn key(&self, id: u64) -> Result<Arc<DataKey>, VaultError> {
        let missing = || VaultError::Corrupt("it was wrapped with a key that is not in the keyring".into());
        self.state().keys.get(&id).cloned().ok_or_else(missing)
    }
}

fn decode(bytes: &[u8]) -> Option<StoredKeyring> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    match value.get("format")?.as_u64()? {
        1 => {
            let before: StoredBefore = serde_json::from_value(value).ok()?;
            let keys = before.keys.iter().map(|key| StoredDates { id: key.id.clone(), made_at_ms: 0 }).collect();
            let master = StoredMaster { stretching: before.stretching, since_ms: 0, keys: before.keys };
            let (masters, current) = (vec![master], before.current);
            Some(StoredKeyring { format: FORMAT, current, keys, masters, rotation: None, rotated_at_ms: None })
        }
        2 => serde_json::from_value(value).ok(),
        _ => None,
    }
}

fn unlock(stored: StoredKeyring, master_keys: &[&MasterKey], name: &str) -> Result<(State, usize), VaultError> {
    let damaged = || VaultError::Keyring { folder: name.to_owned(), reason: format!("{FILE_NAME} is damaged") };
    let last = stored.masters.len().saturating_sub(1);
    for (place, slot) in stored.masters.iter().enumerate().rev() {
        for (given, master_key) in master_keys.iter().enumerate() {
            let master = master_key.stretch(&slot.stretching).ok_or_else(damaged)?;
            let Some(keys) = unseal_all(slot, &master).map_err(|()| damaged())? else { continue };
            parse_id(&stored.current).filter(|id| keys.contains_key(id)).ok_or_else(damaged)?;
            let master = (place == last).then(|| Arc::new(master));
            return Ok((State { stored, keys, master }, given));
        }
    }
    Err(VaultError::WrongMasterKey(name.to_owned()))
}

/// The keys, or nothing when this is not their master key.
fn unseal_all(slot: &StoredMaster, master: &DataKey) -> Result<Option<HashMap<u64, Arc<DataKey>>>, ()> {
    let mut keys = HashMap::new();
    for key in &slot.keys {
        let id = parse_id(&key.id).ok_or(())?;
        let sealed = hex::decode(&key.sealed).map_err(|_| ())?;
        let Ok(opened) = Binding::server().open(master, Space::DataKey, &id.to_be_bytes(), &sealed) else { return Ok(None) };
        keys.insert(id, Arc::new(DataKey::new(id, key_bytes(&opened).map_err(|_| ())?)));
    }
    Ok(Some(keys))
}

fn make(master_key: &MasterKey) -> Result<State, VaultError> {
    let key = Arc::new(DataKey::generate()?);
    let keys = HashMap::from([(key.id(), Arc::clone(&key))]);
    let (master, opened) = seal_all(master_key, keys.values())?;
    let current = show_id(key.id());
    let dates = vec![StoredDates { id: current.clone(), made_at_ms: now_ms() }];
    let stored =
        StoredKeyring { format: FORMAT, current, keys: dates, masters: vec![master], rotation: None, rotated_at_ms: None };
    Ok(State { stored, keys, master: Some(opened) })
}

fn seal_all<'a>(
    master_key: &MasterKey,
    keys: impl Iterator<Item = &'a Arc<DataKey>>,
) -> Result<(StoredMaster, Arc<DataKey>), VaultError> {
    let stretching = Stretching::recommended()?;
    let unusable = VaultError::MalformedMasterKey("cannot be stretched");
    let master = Arc::new(master_key.stretch(&stretching).ok_or(unusable)?);
    let keys = keys.map(|key| seal_key(&master, key)).collect::<Result<_, _>>()?;
    Ok((StoredMaster { stretching, since_ms: now_ms(), keys }, master))
}

fn seal_key(master: &DataKey, key: &DataKey) -> Result<StoredKey, VaultError> {
    let sealed = Binding::server().seal(master, Space::DataKey, &key.id().to_be_bytes(), key.bytes())?;
    Ok(StoredKey { id: show_id(key.id()), sealed: hex::encode(sealed) })
}

fn show_id(id: u64) -> String {
    format!("{id:016x}")
}

fn parse_id(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn key_bytes(bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_LENGTH]>, VaultError> {
    <[u8; KEY_LENGTH]>::try_from(bytes).map(Zeroizing::new).map_err(|_| VaultError::Corrupt("a key of the wrong length".into()))
}
