//! The master key: what the operator gives, and what it becomes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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

/// The largest file that a secret is read from, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// What the permissions of such a file may not grant: writing to its group, anything to others.
const OPEN_TO_OTHERS: u32 = 0o027;

/// Where containers find their secrets: open to all inside, and there is nobody else inside.
const CONTAINER_SECRETS: &str = "/run/secrets";

/// The fewest different characters in a passphrase, and different bytes in a key. Random bytes have about 30.
const DIFFERENT_MIN: usize = 6;

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
    /// [`VaultError::MalformedMasterKey`] for an empty, short or monotonous text.
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
            let bytes = Zeroizing::new(bytes);
            if different(bytes.iter()) < DIFFERENT_MIN {
                return Err(VaultError::MalformedMasterKey("is weak, its bytes repeat: make one with `openssl rand -hex 32`"));
            }
            return Ok(Self(Given::Bytes(bytes)));
        }
        if text.chars().count() < PASSPHRASE_CHARACTERS_MIN {
            return Err(VaultError::MalformedMasterKey(
                "is too short: give 32 bytes in hexadecimal or base64 (`openssl rand -hex 32`), or a passphrase of at least 16 characters",
            ));
        }
        if different(text.chars()) < DIFFERENT_MIN {
            return Err(VaultError::MalformedMasterKey(
                "is weak, its characters repeat: take several random words, or 32 bytes of `openssl rand -hex 32`",
            ));
        }
        Ok(Self(Given::Passphrase(SecretString::from(text))))
    }

    /// Reads the master key that a file holds, which may be read by its owner and perhaps its group, and by nobody else. Nothing where
    /// there is no such file.
    ///
    /// # Errors
    /// [`VaultError::MasterKeyFile`], naming the file and the fix; [`VaultError::MalformedMasterKey`] as [`MasterKey::parse`].
    pub fn read(path: &Path) -> Result<Option<Self>, VaultError> {
        match read_private(path) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(VaultError::MasterKeyFile(path.display().to_string(), error.to_string())),
        }
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

/// Reads a file that holds a secret, and that others can neither read nor write.
///
/// # Errors
/// What the system says; or that the file is too long, or open to others, with the fix.
pub fn read_private(path: &Path) -> io::Result<SecretString> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if found.permissions().mode() & OPEN_TO_OTHERS != 0 && !path.starts_with(CONTAINER_SECRETS) {
        return Err(io::Error::other(format!("it is open to other users of this machine: chmod 600 {}", path.display())));
    }
    if found.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let mut text = Zeroizing::new(String::new());
    file.by_ref().take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

fn different<T: Ord>(items: impl Iterator<Item = T>) -> usize {
    items.collect::<std::collections::BTreeSet<T>>().len()
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey")
    }
}
