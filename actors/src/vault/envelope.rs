//! The envelope around every sealed value, and what it is bound to.
//!
//! `format (1 byte) | key id (8 bytes, big-endian) | nonce (24 bytes) | XChaCha20-Poly1305 ciphertext and tag`. The associated data
//! repeats the format and the key id and adds the user, the account, the space and the record id, each with its length before it.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::key::{DataKey, fill};
use super::{Space, VaultError};
use crate::identity::{AccountId, UserId};

/// The format of all envelopes of this version.
const FORMAT: u8 = 1;

const KEY_ID_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 24;
const HEADER_LENGTH: usize = 1 + KEY_ID_LENGTH;

/// Whose records: the server's, a user's, or an account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    user: Option<UserId>,
    account: Option<AccountId>,
}

impl Binding {
    /// What the store keys of users' data keys begin with.
    pub(super) const USER_KEYS: &'static [u8] = b"u";

    pub(super) fn server() -> Self {
        Self { user: None, account: None }
    }

    pub(super) fn user(user: UserId) -> Self {
        Self { user: Some(user), account: None }
    }

    pub(super) fn account(user: UserId, account: AccountId) -> Self {
        Self { user: Some(user), account: Some(account) }
    }

    pub(super) fn owner(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    fn user_bytes(&self) -> &[u8] {
        self.user.as_ref().map_or(&[], |user| user.as_str().as_bytes())
    }

    fn account_bytes(&self) -> &[u8] {
        self.account.as_ref().map_or(&[], |account| account.as_bytes())
    }

    /// Where the wrapped data key is kept.
    pub(super) fn key_of_key(&self) -> Vec<u8> {
        let kind: &[u8] = match (&self.user, &self.account) {
            (None, _) => b"s",
            (Some(_), None) => Self::USER_KEYS,
            (Some(_), Some(_)) => b"a",
        };
        [kind, &[length(self.user_bytes())], self.user_bytes(), self.account_bytes()].concat()
    }

    /// What the store keys of a user's accounts' data keys begin with.
    pub(super) fn account_keys(&self) -> Vec<u8> {
        [b"a".as_slice(), &[length(self.user_bytes())], self.user_bytes()].concat()
    }

    /// What the store keys of all records of this binding begin with.
    pub(super) fn record_prefix(&self) -> Vec<u8> {
        let (user, account) = (self.user_bytes(), self.account_bytes());
        [b"r".as_slice(), &[length(user)], user, &[length(account)], account].concat()
    }

    /// What the store keys of all records of one space begin with.
    pub(super) fn space_prefix(&self, space: Space) -> Vec<u8> {
        let mut prefix = self.record_prefix();
        prefix.push(space.code());
        prefix
    }

    /// Where a record is kept.
    pub(super) fn record_key(&self, space: Space, id: &[u8]) -> Vec<u8> {
        let mut key = self.space_prefix(space);
        key.extend_from_slice(id);
        key
    }

    fn associated_data(&self, key_id: u64, space: Space, id: &[u8]) -> Vec<u8> {
        let mut data = vec![FORMAT];
        data.extend_from_slice(&key_id.to_be_bytes());
        for part in [self.user_bytes(), self.account_bytes(), &[space.code()], id] {
            data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }

    /// Seals a value as this record.
    pub(super) fn seal(&self, key: &DataKey, space: Space, id: &[u8], value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0u8; NONCE_LENGTH];
        fill(&mut nonce)?;
        let associated = self.associated_data(key.id(), space, id);
        let cipher = XChaCha20Poly1305::new(key.bytes().into());
        let payload = Payload { msg: value, aad: &associated };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::TooLarge(value.len()))?;
        let mut envelope = Vec::with_capacity(HEADER_LENGTH + NONCE_LENGTH + sealed.len());
        envelope.push(FORMAT);
        envelope.extend_from_slice(&key.id().to_be_bytes());
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }

    /// Opens a value that was sealed as this record, and as no other.
    pub(super) fn open(&self, key: &DataKey, space: Space, id: &[u8], envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let damaged = |what: &str| VaultError::Corrupt(what.to_owned());
        let (header, rest) = envelope.split_at_checked(HEADER_LENGTH).ok_or_else(|| damaged("its envelope is cut short"))?;
        if header.first() != Some(&FORMAT) {
            return Err(damaged("its envelope has an unknown format"));
        }
        if key_id(envelope)? != key.id() {
            return Err(damaged("it names another key"));
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or_else(|| damaged("its envelope is cut short"))?;
        let associated = self.associated_data(key.id(), space, id);
        let cipher = XChaCha20Poly1305::new(key.bytes().into());
        let opened = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &associated });
        opened.map(Zeroizing::new).map_err(|_| damaged("it does not open where it lies"))
    }
}

/// The id of the key that an envelope says it was sealed with.
pub(super) fn key_id(envelope: &[u8]) -> Result<u64, VaultError> {
    let id = envelope.get(1..).and_then(|rest| rest.first_chunk::<KEY_ID_LENGTH>());
    id.map(|id| u64::from_be_bytes(*id)).ok_or_else(|| VaultError::Corrupt("its envelope is cut short".to_owned()))
}

/// Users have at most 128 bytes and accounts 16, so one byte holds any length.
fn length(part: &[u8]) -> u8 {
    u8::try_from(part.len()).unwrap_or(u8::MAX)
}
