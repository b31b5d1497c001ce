//! The master key: what the operator gives, and what it becomes.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::VaultError;
use super::key::{DataKey, KEY_LENGTH};

/// The shortest passphrase, in characters.
const PASSPHRASE_CHARACTERS_MIN: usize = 16;

/// The length of the salt, in bytes.
pub(super) const SALT_LENGTH: usize = 16;

/// Argon2id: memory in KiB, passes and lanes (the second recommendation of RFC 9106).
const MEMORY_KIB: u32 = 64 * 1_024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// `SESSION_MASTER_KEY` as it was given: 32 bytes in hexadecimal or base64, or a passphrase.
pub struct MasterKey(Given);

enum Given {
    Bytes(Zeroizing<[u8; KEY_LENGTH]>),
    Passphrase(SecretString),
}

impl MasterKey {
    /// Reads a master key. Text that is neither 64 hexadecimal digits nor base64 of 32 bytes is a passphrase.
    ///
    /// # Errors
    /// [`VaultError::MalformedMasterKey`] for an empty or short text.
    pub fn parse(text: &SecretString) -> Result<Self, VaultError> {
        let text = text.expose_secret().trim();
        if text.is_empty() {
            return Err(VaultError::MalformedMasterKey("is not set: make one with `openssl rand -hex 32`"));
        }
        let decoded = hex::decode(text)
            .ok()
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text).ok())
            .map(Zeroizing::new);
        if let Some(bytes) = decoded.and_then(|bytes| <[u8; KEY_LENGTH]>::try_from(bytes.as_slice()).ok()) {
            return Ok(Self(Given::Bytes(Zeroizing::new(bytes))));
        }
        if text.chars().count() < PASSPHRASE_CHARACTERS_MIN {
            return Err(VaultError::MalformedMasterKey(
                "is too short: give 32 bytes in hexadecimal or base64 (`openssl rand -hex 32`), or a passphrase of at least 16 characters",
            ));
        }
        Ok(Self(Given::Passphrase(SecretString::from(text))))
    }

    /// The key that opens the keyring. A passphrase is stretched with Argon2id, which takes a moment.
    pub(super) fn stretch(&self, salt: &[u8; SALT_LENGTH]) -> Result<DataKey, VaultError> {
        let bytes = match &self.0 {
            Given::Bytes(bytes) => bytes.clone(),
            Given::Passphrase(passphrase) => {
                let unusable = |_| VaultError::MalformedMasterKey("cannot be stretched");
                let parameters = Params::new(MEMORY_KIB, PASSES, LANES, Some(KEY_LENGTH)).map_err(unusable)?;
                let mut bytes = Zeroizing::new([0u8; KEY_LENGTH]);
                Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
                    .hash_password_into(passphrase.expose_secret().as_bytes(), salt, bytes.as_mut_slice())
                    .map_err(unusable)?;
                bytes
            }
        };
        Ok(DataKey::new(0, bytes))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey")
    }
}
