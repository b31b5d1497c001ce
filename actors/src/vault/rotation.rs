//! Rotation while serving: a new key in the keyring, a new data key for every owner, and every record sealed anew.
//!
//! It works through the files of keys one after another. In each, all owners are given a new data key, which seals from then on; their
//! records are sealed anew; and when nothing is sealed with the keys before any more, nor on its way to the store, those are destroyed.
//! What is left to do follows from the files alone, so that a kill at any point costs the work on one file at most.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::{Binding, key_id};
use super::key::DataKey;
use super::key_files::{SHARDS, WrappedKey};
use super::owner_keys::KeySet;
use super::{Inner, VaultError};
use crate::runtime::now_ms;
use crate::store::{Batch, Durability, Pair, Precondition, StoreError};

/// Records that are sealed anew by one commit.
const PAGE_LENGTH: usize = 64;

/// How often it looks whether what was sealed with an older key has reached the store.
const LOOK_PERIOD: Duration = Duration::from_millis(2);

/// How often it looks whether a pause is over.
const PAUSE_PERIOD: Duration = Duration::from_millis(50);

/// How long it waits after a fault of the disk.
const FAULT_WAIT: Duration = Duration::from_secs(1);

/// How the keyring stands. No key is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyringState {
    /// What it is doing.
    pub state: RotationState,
    /// The keys of the keyring, the oldest first. When nothing is rotated there is one.
    pub keys: Vec<KeyringKey>,
    /// How many master keys open it: two while it is rotated to another one.
    pub master_keys: usize,
    /// Since when the newest of them opens it (Unix milliseconds); 0 for a data folder of an older version.
    pub master_key_since: u64,
    /// Users, accounts and the server itself: each has a data key.
    pub owners_total: usize,
    /// How many of them have no key but the newest.
    pub owners_done: usize,
    /// When the rotation began that has not ended (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When a rotation last ended (Unix milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<u64>,
}

/// What a keyring is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RotationState {
    /// Nothing: all keys are the newest.
    Settled,
    /// It is rotated.
    Rotating,
    /// A rotation was paused.
    Paused,
    /// A rotation cannot end, because records do not open; the log says whose. It goes on when it is resumed.
    Stuck,
}

/// A key of the keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyringKey {
    /// Its id: 16 hexadecimal digits.
    pub id: String,
    /// When it was made (Unix milliseconds); 0 for a data folder of an older version.
    pub made_at: u64,
    /// Whether it wraps what is new.
    pub current: bool,
}

/// The thread that rotates, while there is one.
#[derive(Default)]
pub(super) struct Rotator {
    thread: Mutex<Option<JoinHandle<()>>>,
    stop: Arc<AtomicBool>,
    stuck: AtomicBool,
}

impl Inner {
    pub(super) fn keyring_state(&self) -> KeyringState {
        let stored = self.keyring.stored();
        let (mut total, mut done) = (0, 0);
        for shard in 0..SHARDS {
            let owners = self.files.shard(shard);
            total += owners.len();
            done += owners.values().filter(|keys| !self.is_due(keys)).count();
        }
        let state = match &stored.rotation {
            None => RotationState::Settled,
            Some(rotation) if rotation.paused => RotationState::Paused,
            Some(_) if self.rotator.stuck.load(Ordering::SeqCst) => RotationState::Stuck,
            Some(_) => RotationState::Rotating,
        };
        let key = |key: &super::keyring::StoredDates| KeyringKey {
            id: key.id.clone(),
            made_at: key.made_at_ms,
            current: key.id == stored.current,
        };
        KeyringState {
            state,
            keys: stored.keys.iter().map(key).collect(),
            master_keys: stored.masters.len(),
            master_key_since: stored.masters.last().map_or(0, |master| master.since_ms),
            owners_total: total,
            owners_done: done,
            started_at: stored.rotation.as_ref().map(|rotation| rotation.started_at_ms),
            rotated_at: stored.rotated_at_ms,
        }
    }

    /// Whether an owner has keys that a rotation has to replace.
    fn is_due(&self, keys: &[WrappedKey]) -> bool {
        let newest = keys.first().and_then(|key| key_id(&key.wrapped).ok());
        keys.len() != 1 || newest != self.keyring.current().ok()
    }

    /// Lets the rotation that the keyring names go on, in a thread of its own; does nothing where there is none, or it is paused.
    pub(super) fn go_on(self: &Arc<Self>) {
        if self.keyring.stored().rotation.is_none_or(|rotation| rotation.paused) {
            return;
        }
        let mut thread = self.rotator.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        self.rotator.stuck.store(false, Ordering::SeqCst);
        let (inner, stop) = (Arc::clone(self), Arc::clone(&self.rotator.stop));
        let run = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(inner.rotate(&stop)),
            Err(error) => tracing::error!(%error, "the rotation of the keyring cannot start"),
        };
        match std::thread::Builder::new().name("rotation".into()).spawn(run) {
            Ok(started) => *thread = Some(started),
            Err(error) => tracing::error!(%error, "the rotation of the keyring cannot start"),
        }
    }

    /// Ends the thread that rotates, between two of its steps.
    pub(super) async fn stop_rotating(&self) {
        self.rotator.stop.store(true, Ordering::SeqCst);
        let thread = self.rotator.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _joined = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    async fn rotate(&self, stop: &AtomicBool) {
        for shard in 0..SHARDS {
            loop {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                if self.keyring.stored().rotation.is_some_and(|rotation| rotation.paused) {
                    tokio::time::sleep(PAUSE_PERIOD).await;
                    continue;
                }
                match self.rotate_shard(shard, stop).await {
                    Ok(()) => break,
                    Err(VaultError::Store(StoreError::Closed)) => return,
                    Err(VaultError::Corrupt(reason)) => {
                        tracing::error!(shard, reason, "records do not open, so their keys cannot be retired");
                        self.rotator.stuck.store(true, Ordering::SeqCst);
                        break;
                    }
                    Err(error) => {
                        tracing::error!(%error, "the rotation of the keyring waits for the disk");
                        tokio::time::sleep(FAULT_WAIT).await;
                    }
                }
            }
        }
        if self.rotator.stuck.load(Ordering::SeqCst) {
            return;
        }
        let left = (0..SHARDS).any(|shard| self.files.shard(shard).values().any(|keys| self.is_due(keys)));
        match self.keyring.end_rotation() {
            _ if left => tracing::error!("the rotation of the keyring has left keys behind; it goes on at the next start"),
            Ok(()) => tracing::info!("the keyring was rotated"),
            Err(error) => tracing::error!(%error, "the rotation of the keyring could not be ended"),
        }
    }

    async fn rotate_shard(&self, shard: usize, stop: &AtomicBool) -> Result<(), VaultError> {
        let _alone = self.maintenance.lock().await;
        let owners = self.files.shard(shard);
        let due: Vec<Vec<u8>> = owners.into_iter().filter(|(_, keys)| self.is_due(keys)).map(|(place, _)| place).collect();
        if due.is_empty() {
            return Ok(());
        }
        self.renew(shard, &due)?;
        for place in &due {
            self.reseal(place, stop).await?;
        }
        for place in &due {
            self.wait_for_writers(place, stop).await;
        }
        // What was handed to the store before is in it after this.
        self.store.commit(Batch::new()).await?;
        for place in &due {
            self.reseal(place, stop).await?;
        }
        self.store.commit(Batch::new()).await?;
        if stop.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.retire(shard, &due)
    }

    /// Gives owners a new data key beside those that they have.
    fn renew(&self, shard: usize, due: &[Vec<u8>]) -> Result<(), VaultError> {
        let current = self.keyring.current()?;
        self.files.change(shard, |owners| {
            for place in due {
                let Some(keys) = owners.get_mut(place) else { continue };
                if keys.first().is_some_and(|key| key_id(&key.wrapped).is_ok_and(|id| id == current)) {
                    continue;
                }
                let binding = binding_of(place)?;
                let key = DataKey::generate()?;
                keys.insert(0, WrappedKey { made_at_ms: now_ms(), wrapped: self.keyring.wrap(&key, &binding)? });
            }
            Ok(())
        })?;
        self.tell_users_of_keys(due)
    }

    /// Destroys all keys of owners but the newest.
    fn retire(&self, shard: usize, due: &[Vec<u8>]) -> Result<(), VaultError> {
        self.files.change(shard, |owners| {
            for place in due {
                if let Some(keys) = owners.get_mut(place) {
                    keys.truncate(1);
                }
            }
            Ok(())
        })?;
        self.tell_users_of_keys(due)
    }

    fn tell_users_of_keys(&self, places: &[Vec<u8>]) -> Result<(), VaultError> {
        for place in places {
            if let Some(in_use) = self.in_use.find(place)
                && let Some(renewed) = self.open_keys(&binding_of(place)?, Some(&in_use.now()))?
            {
                in_use.replace(renewed);
            }
        }
        Ok(())
    }

    /// Waits until nothing that was sealed with an older key is on its way to the store: whoever seals holds the key until then.
    async fn wait_for_writers(&self, place: &[u8], stop: &AtomicBool) {
        while let Some(keys) = self.in_use.find(place) {
            let idle = keys.now().older.iter().all(|key| Arc::strong_count(key) == 1);
            if idle || stop.load(Ordering::SeqCst) {
                return;
            }
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    /// Seals the records of an owner anew that are not sealed with the newest key.
    async fn reseal(&self, place: &[u8], stop: &AtomicBool) -> Result<(), VaultError> {
        let binding = binding_of(place)?;
        let Some(keys) = self.open_keys(&binding, None)? else { return Ok(()) };
        let prefix = binding.record_prefix();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.store.scan(&prefix, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            if stop.load(Ordering::SeqCst) {
                return Ok(());
            }
            after = Some(last.clone());
            let stale = |pair: &&Pair| key_id(&pair.1).map_or(true, |id| id != keys.current.id());
            let stale: Vec<&Pair> = page.iter().filter(stale).collect();
            if stale.is_empty() {
                continue;
            }
            match self.reseal_together(place, &binding, &keys, &stale).await {
                Err(VaultError::Conflict) => {
                    for (key, envelope) in stale {
                        self.reseal_one(place, &binding, &keys, key, envelope.clone()).await?;
                    }
                }
                resealed => resealed?,
            }
        }
    }

    async fn reseal_together(&self, place: &[u8], binding: &Binding, keys: &KeySet, stale: &[&Pair]) -> Result<(), VaultError> {
        let mut batch = Batch::new().require(Precondition::Exists(place.to_vec())).durability(Durability::Relaxed);
        for (key, envelope) in stale {
            let renewed = reseal_record(binding, keys, key, envelope)?;
            batch = batch.require(Precondition::Equals(key.clone(), envelope.clone())).put(key.clone(), renewed);
        }
        Ok(self.store.commit(batch).await?)
    }

    /// The same for one record that others change at the same time.
    async fn reseal_one(
        &self,
        place: &[u8],
        binding: &Binding,
        keys: &KeySet,
        key: &[u8],
        mut envelope: Vec<u8>,
    ) -> Result<(), VaultError> {
        while key_id(&envelope)? != keys.current.id() {
            match self.reseal_together(place, binding, keys, &[&(key.to_vec(), envelope)]).await {
                Err(VaultError::Conflict) if self.store.get(place).await?.is_none() => return Ok(()),
                Err(VaultError::Conflict) => {}
                resealed => return resealed,
            }
            match self.store.get(key).await? {
                Some(now) => envelope = now,
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

fn reseal_record(binding: &Binding, keys: &KeySet, key: &[u8], envelope: &[u8]) -> Result<Vec<u8>, VaultError> {
    let rest = key.strip_prefix(binding.record_prefix().as_slice()).and_then(<[u8]>::split_first);
    let (code, id) = rest.ok_or_else(|| VaultError::Corrupt("the name of a record".into()))?;
    let from = keys.find(key_id(envelope)?).ok_or_else(|| VaultError::Corrupt("it names a key that is gone".into()))?;
    binding.reseal(from, &keys.current, *code, id, envelope)
}

fn binding_of(place: &[u8]) -> Result<Binding, VaultError> {
    Binding::of_place(place).ok_or_else(|| VaultError::Corrupt("the name of an owner".into()))
}
