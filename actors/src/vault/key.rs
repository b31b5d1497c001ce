//! Symmetric keys: zeroized when dropped, never shown.

use zeroize::Zeroizing;

use super::VaultError;

/// The length of every key, in bytes.
pub(super) const KEY_LENGTH: usize = 32;

/// A key that seals, with the id that sealed records name.
pub(crate) struct DataKey {
    id: u64,
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
}

impl DataKey {
    /// A new random key with a random id.
    pub(super) fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0u8; KEY_LENGTH]);
        fill(bytes.as_mut_slice())?;
        let mut id = [0u8; 8];
        fill(&mut id)?;
        Ok(Self { id: u64::from_be_bytes(id), bytes })
    }

    pub(super) fn new(id: u64, bytes: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        Self { id, bytes }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.bytes
    }
}

/// Fills a buffer from the system's source of randomness.
pub(super) fn fill(buffer: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(buffer).map_err(|error| VaultError::NoRandomness(error.to_string()))
}
