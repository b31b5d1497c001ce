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
    /// What the places of users begin with.
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

    /// The place that names whose records these are: where the store says that there are any, and where the wrapped keys are kept.
    pub(super) fn place(&self) -> Vec<u8> {
        let kind: &[u8] = match (&self.user, &self.account) {
            (None, _) => b"s",
            (Some(_), None) => Self::USER_KEYS,
            (Some(_), Some(_)) => b"a",
        };
        [kind, &[length(self.user_bytes())], self.user_bytes(), self.account_bytes()].concat()
    }

    /// What a place stands for.
    pub(super) fn of_place(place: &[u8]) -> Option<Self> {
        let (kind, rest) = place.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (user, account) = rest.split_at_checked(usize::from(*length))?;
        let user = || std::str::from_utf8(user).ok()?.parse::<UserId>().ok();
        let binding = match (kind, account.len()) {
            (b's', 0) => Self::server(),
            (b'u', 0) => Self::user(user()?),
            (b'a', 16) => Self::account(user()?, AccountId::from_bytes(<[u8; 16]>::try_from(account).ok()?)),
            _ => return None,
        };
        (binding.place() == place).then_some(binding)
    }

    /// What the places of a user's accounts begin with.
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

    fn associated_data(&self, key_id: u64, space: u8, id: &[u8]) -> Vec<u8> {
        let mut data = vec![FORMAT];
        data.extend_from_slice(&key_id.to_be_bytes());
        for part in [self.user_bytes(), self.account_bytes(), &[space], id] {
            data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }

    /// Seals a value as this record.
    pub(super) fn seal(&self, key: &DataKey, space: Space, id: &[u8], value: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal_coded(key, space.code(), id, value)
    }

    /// Seals the record of a code anew with another key.
    pub(super) fn reseal(
        &self,
        from: &DataKey,
        to: &DataKey,
        code: u8,
        id: &[u8],
        envelope: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        self.seal_coded(to, code, id, &self.open_coded(from, code, id, envelope)?)
    }

    fn seal_coded(&self, key: &DataKey, space: u8, id: &[u8], value: &[u8]) -> Result<Vec<u8>, VaultError> {
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
        self.open_coded(key, space.code(), id, envelope)
    }

    /// The same for the record of a code.
    pub(super) fn open_coded(
        &self,
        key: &DataKey,
        space: u8,
        id: &[u8],
        envelope: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
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
