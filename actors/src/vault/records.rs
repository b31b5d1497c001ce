//! Views of the store, each bound to one user or account when it is made: there is no way from one to another's records.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::envelope::{Binding, key_id};
use super::key::DataKey;
use super::owner_keys::{KeySet, OwnerKeys};
use super::{Inner, Space, VaultError};
use crate::identity::{AccountId, UserId};
use crate::store::{Batch, Durability, Precondition};

/// Sealed records of one owner. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    vault: Arc<Inner>,
    binding: Binding,
    keys: Arc<OwnerKeys>,
}

impl Records {
    pub(super) fn new(vault: Arc<Inner>, binding: Binding, keys: Arc<OwnerKeys>) -> Self {
        Self { vault, binding, keys }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when it does not open here or has another shape; [`VaultError::Store`] when it cannot be read.
    pub async fn get<T: DeserializeOwned>(&self, space: Space, id: &[u8]) -> Result<Option<T>, VaultError> {
        let place = self.binding.record_key(space, id);
        let keys = self.keys.now();
        let Some(envelope) = self.vault.store.get(&place).await? else { return Ok(None) };
        self.unseal(&keys, space, id, &envelope).map(Some)
    }

    /// Reads records of a space in the order of their ids, from after `after`; at most `limit`.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn scan<T: DeserializeOwned>(
        &self,
        space: Space,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, VaultError> {
        let prefix = self.binding.space_prefix(space);
        let after = after.map(|id| self.binding.record_key(space, id));
        let keys = self.keys.now();
        let pairs = self.vault.store.scan(&prefix, after.as_deref(), limit).await?;
        let opened = pairs.into_iter().map(|(key, envelope)| {
            let id = key.get(prefix.len()..).unwrap_or_default().to_vec();
            let value = self.unseal(&keys, space, &id, &envelope)?;
            Ok((id, value))
        });
        opened.collect()
    }

    /// The ids of records of a space and how many bytes each takes sealed, as [`Records::scan`] orders and limits them.
    ///
    /// # Errors
    /// [`VaultError::Store`] when they cannot be read.
    pub async fn lengths(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, usize)>, VaultError> {
        let prefix = self.binding.space_prefix(space);
        let after = after.map(|id| self.binding.record_key(space, id));
        let pairs = self.vault.store.scan(&prefix, after.as_deref(), limit).await?;
        Ok(pairs.iter().map(|(key, sealed)| (key.get(prefix.len()..).unwrap_or_default().to_vec(), sealed.len())).collect())
    }

    /// An empty batch of writes to these records. It commits only while their data key exists, so that a view which outlives its account
    /// cannot bring the account's records back.
    pub fn batch(&self) -> SealedBatch {
        let key_exists = Precondition::Exists(self.binding.place());
        SealedBatch { records: self.clone(), batch: Batch::new().require(key_exists), held: Vec::new() }
    }

    /// Seals a text that leaves the server and comes back; it opens for the same owner and purpose only, until the owner's key is retired.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal_text(&self, space: Space, purpose: &[u8], text: &str) -> Result<Vec<u8>, VaultError> {
        self.binding.seal(&self.keys.now().current, space, purpose, text.as_bytes())
    }

    /// Opens such a text; `None` for anything else.
    pub fn open_text(&self, space: Space, purpose: &[u8], sealed: &[u8]) -> Option<String> {
        let keys = self.keys.now();
        let plain = self.binding.open(keys.find(key_id(sealed).ok()?)?, space, purpose, sealed).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// Opens a record with the key that it names: one of `keys`, taken before it was read, or a newer one.
    fn unseal<T: DeserializeOwned>(&self, keys: &KeySet, space: Space, id: &[u8], envelope: &[u8]) -> Result<T, VaultError> {
        let named = key_id(envelope)?;
        let newer = self.keys.now();
        let key = keys.find(named).or_else(|| newer.find(named));
        let key = key.ok_or_else(|| VaultError::Corrupt("it was sealed with a key that is gone".into()))?;
        let plain = self.binding.open(key, space, id, envelope)?;
        serde_json::from_slice(&plain).map_err(|_| VaultError::Corrupt(format!("a record of {space:?} has another shape")))
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Records({:?})", self.binding)
    }
}

/// Writes that are sealed as they are added and committed together.
pub struct SealedBatch {
    records: Records,
    batch: Batch,
    /// The keys that its records are sealed with: held until it is in the store, so that a rotation does not retire them before.
    held: Vec<(Arc<OwnerKeys>, Arc<DataKey>)>,
}

impl SealedBatch {
    /// Seals and sets a record.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`], or [`VaultError::NoRandomness`].
    pub fn put<T: Serialize>(mut self, space: Space, id: &[u8], value: &T) -> Result<Self, VaultError> {
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|error| VaultError::Corrupt(error.to_string()))?);
        let key = Arc::clone(&self.records.keys.now().current);
        let sealed = self.records.binding.seal(&key, space, id, &plain)?;
        if !self.held.iter().any(|(_, held)| held.id() == key.id()) {
            self.held.push((Arc::clone(&self.records.keys), key));
        }
        self.batch = self.batch.put(self.records.binding.record_key(space, id), sealed);
        Ok(self)
    }

    /// Removes a record.
    pub fn delete(mut self, space: Space, id: &[u8]) -> Self {
        self.batch = self.batch.delete(self.records.binding.record_key(space, id));
        self
    }

    /// Requires that a record does not exist.
    pub fn require_absent(mut self, space: Space, id: &[u8]) -> Self {
        self.batch = self.batch.require(Precondition::Absent(self.records.binding.record_key(space, id)));
        self
    }

    /// This batch and another one of the same vault, of whatever owner, as one commit.
    pub fn and(mut self, other: SealedBatch) -> Self {
        self.batch = self.batch.and(other.batch);
        self.held.extend(other.held);
        self
    }

    /// How many bytes the records that it sets take sealed.
    pub fn value_bytes(&self) -> usize {
        self.batch.value_bytes()
    }

    /// Whether it writes nothing.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Writes everything or nothing.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when a requirement does not hold or the account has been destroyed; otherwise what the store says.
    pub async fn commit(self, durability: Durability) -> Result<(), VaultError> {
        self.submit(durability).await
    }

    /// The same, handed to the store before this returns: batches take effect in the order of these calls.
    pub fn submit(self, durability: Durability) -> impl Future<Output = Result<(), VaultError>> + Send + 'static {
        let committing = self.records.vault.store.commit(self.batch.durability(durability));
        let held = self.held;
        async move {
            let committed = committing.await;
            drop(held);
            Ok(committed?)
        }
    }
}

impl fmt::Debug for SealedBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealedBatch({:?}, {:?})", self.records, self.batch)
    }
}

macro_rules! view {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Debug)]
        pub struct $name(Records);

        impl $name {
            pub(super) fn new(records: Records) -> Self {
                Self(records)
            }
        }

        impl Deref for $name {
            type Target = Records;

            fn deref(&self) -> &Records {
                &self.0
            }
        }
    };
}

view!(
    /// The records of the server itself.
    ServerRecords
);
view!(
    /// The records of one user.
    UserRecords
);
view!(
    /// The records of one account.
    AccountRecords
);

impl UserRecords {
    fn user(&self) -> Result<UserId, VaultError> {
        self.0.binding.owner().cloned().ok_or_else(|| VaultError::Corrupt("a view without a user".into()))
    }

    /// The records of one of the user's accounts; makes its data key on first use.
    ///
    /// # Errors
    /// [`VaultError`] when the key cannot be read or made.
    pub async fn account(&self, account: AccountId) -> Result<AccountRecords, VaultError> {
        let vault = &self.0.vault;
        let binding = Binding::account(self.user()?, account);
        let keys = vault.obtain(&binding).await?;
        Ok(AccountRecords::new(Records::new(Arc::clone(vault), binding, keys)))
    }

    /// The accounts of the user that have a data key.
    ///
    /// # Errors
    /// [`VaultError`] when the store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, VaultError> {
        let prefix = self.0.binding.account_keys();
        let (mut accounts, mut after): (Vec<AccountId>, Option<Vec<u8>>) = (Vec::new(), None);
        loop {
            let page = self.0.vault.store.scan(&prefix, after.as_deref(), 1_024).await?;
            let Some((last, _)) = page.last() else { return Ok(accounts) };
            after = Some(last.clone());
            for (key, _) in &page {
                let id = key.get(prefix.len()..).and_then(|id| <[u8; 16]>::try_from(id).ok());
                accounts.push(AccountId::from_bytes(id.ok_or_else(|| VaultError::Corrupt("an account's id".into()))?));
            }
        }
    }

    /// Destroys the account's data key and removes its records: nothing sealed with it opens ever again.
    ///
    /// # Errors
    /// [`VaultError::Store`] when the store cannot be written.
    pub async fn destroy_account(&self, account: AccountId) -> Result<(), VaultError> {
        self.0.vault.destroy(&Binding::account(self.user()?, account)).await
    }
}
