//! From the format before to the present one: wrapped data keys move out of the store.
//!
//! Each step is whole or has not happened, and every one may happen again, so a crash in the middle is mended by the next start. The keys
//! are wrapped anew with a key that the older keyring does not have, and at the end the keyring forgets the one before: the wrapped keys
//! in an older copy of the store open nothing then.

use super::envelope::Binding;
use super::key_files::{KeyFiles, WrappedKey};
use super::keyring::Keyring;
use super::{Inner, MARK, VaultError};
use crate::runtime::now_ms;
use crate::store::{Batch, DataFolder, Store};

/// How many owners are brought over by one commit.
const PAGE_LENGTH: usize = 256;

/// Brings a data folder to the present format. The store is that of the format before.
pub(super) async fn run(folder: &DataFolder, keyring: &Keyring, files: &KeyFiles, store: &dyn Store) -> Result<(), VaultError> {
    if keyring.stored().rotation.is_none() {
        keyring.begin_rotation(None)?;
    }
    for kind in Inner::PLACES {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = store.scan(kind, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let mut batch = Batch::new();
            for (place, wrapped) in page.iter().filter(|(_, value)| value.as_slice() != MARK) {
                let binding = Binding::of_place(place).ok_or_else(|| VaultError::Corrupt("the name of an owner".into()))?;
                let key = keyring.unwrap(wrapped, &binding)?;
                let moved = WrappedKey { made_at_ms: now_ms(), wrapped: keyring.wrap(&key, &binding)? };
                files.change(KeyFiles::shard_of(place), |owners| {
                    owners.insert(place.clone(), vec![moved]);
                    Ok(())
                })?;
                batch = batch.put(place.clone(), MARK);
            }
            store.commit(batch).await?;
        }
    }
    keyring.end_rotation()?;
    folder.set_present_format().map_err(|error| VaultError::keyring(folder, error.to_string()))
}
