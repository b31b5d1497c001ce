//! The opened data keys of those who are awake. A rotation gives them a new key under their hands: what is sealed from then on is sealed
//! with it, and what lies sealed with the one before still opens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use super::key::DataKey;

/// The keys of one owner at one moment.
pub(super) struct KeySet {
    pub(super) current: Arc<DataKey>,
    /// Keys that records may still be sealed with.
    pub(super) older: Vec<Arc<DataKey>>,
}

impl KeySet {
    /// The key with this id.
    pub(super) fn find(&self, id: u64) -> Option<&DataKey> {
        std::iter::once(&self.current).chain(&self.older).map(Arc::as_ref).find(|key| key.id() == id)
    }
}

/// The keys of one owner, as they are now.
pub(super) struct OwnerKeys(RwLock<Arc<KeySet>>);

impl OwnerKeys {
    pub(super) fn new(keys: KeySet) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    /// Take them before a record is read: then its key is among them, or is newer and among those of a later moment.
    pub(super) fn now(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, keys: KeySet) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

/// Whose keys are in use, by the place that names the owner.
#[derive(Default)]
pub(super) struct InUse(Mutex<Map>);

#[derive(Default)]
struct Map {
    owners: HashMap<Vec<u8>, Weak<OwnerKeys>>,
    /// How many there may be before those that are not in use any more are forgotten.
    room: usize,
}

impl InUse {
    /// The keys of an owner if they are in use.
    pub(super) fn find(&self, place: &[u8]) -> Option<Arc<OwnerKeys>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).owners.get(place).and_then(Weak::upgrade)
    }

    /// The keys of an owner; opened with `open` if they are not in use.
    pub(super) fn obtain<E>(
        &self,
        place: &[u8],
        open: impl FnOnce() -> Result<Option<KeySet>, E>,
    ) -> Result<Option<Arc<OwnerKeys>>, E> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = map.owners.get(place).and_then(Weak::upgrade) {
            return Ok(Some(keys));
        }
        let Some(opened) = open()? else { return Ok(None) };
        let keys = Arc::new(OwnerKeys::new(opened));
        if map.owners.len() >= map.room {
            map.owners.retain(|_, keys| keys.strong_count() > 0);
            map.room = map.owners.len().saturating_mul(2).max(1_024);
        }
        map.owners.insert(place.to_vec(), Arc::downgrade(&keys));
        Ok(Some(keys))
    }

    /// Forgets an owner whose keys are destroyed, so that keys made later are not taken for them.
    pub(super) fn forget(&self, place: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).owners.remove(place);
    }
}
