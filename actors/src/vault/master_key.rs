//! The master key: what the operator gives, and what it becomes.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;
use super::key::{DataKey, KEY_LENGTH, fill};

/// The shortest passphrase, in characters.
const PASSPHRASE_CHARACTERS_MIN: usize = 16;

/// The length of the salt, in bytes.
const SALT_LENGTH: usize = 16;

/// How a passphrase is stretched with Argon2id. Kept in the keyring, so that what was stretched one way opens the same way for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stretching {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// Hexadecimal.
    salt: String,
}

/// Beyond these, a keyring is damaged: they would make a start take all the memory there is.
const MEMORY_KIB_MAX: u32 = 4 * 1_024 * 1_024;
const PASSES_MAX: u32 = 1_000;
const LANES_MAX: u32 = 64;

impl Stretching {
    /// The second recommendation of RFC 9106, with a new salt.
    pub(super) fn recommended() -> Result<Self, VaultError> {
        let mut salt = [0u8; SALT_LENGTH];
        fill(&mut salt)?;
        Ok(Self { memory_kib: 64 * 1_024, passes: 3, lanes: 4, salt: hex::encode(salt) })
    }

    fn parameters(&self) -> Option<(Params, [u8; SALT_LENGTH])> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX || self.lanes > LANES_MAX {
            return None;
        }
        let mut salt = [0u8; SALT_LENGTH];
        hex::decode_to_slice(&self.salt, &mut salt).ok()?;
        Some((Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LENGTH)).ok()?, salt))
    }
}

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

    /// The key that opens the keyring, or nothing when the keyring says to stretch in a way that cannot be. A passphrase takes a moment.
    pub(super) fn stretch(&self, stretching: &Stretching) -> Option<DataKey> {
        let bytes = match &self.0 {
            Given::Bytes(bytes) => bytes.clone(),
            Given::Passphrase(passphrase) => {
                let (parameters, salt) = stretching.parameters()?;
                let mut bytes = Zeroizing::new([0u8; KEY_LENGTH]);
                Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
                    .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, bytes.as_mut_slice())
                    .ok()?;
                bytes
            }
        };
        Some(DataKey::new(0, bytes))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey")
    }
}
