//! Agent keys: scoped, expiring, revocable secrets of a user.
//!
//! A key's secret is `vk_<id>_<64 hexadecimal digits>`. It is shown once; what is kept is the SHA-256 of the whole string, which needs no
//! stretching because the secret holds 256 random bits.

use std::fmt;
use std::sync::Arc;

use dashmap::DashMap;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::caller::Caller;
use crate::error::Error;
use crate::identity::{AccountId, KeyId, UserId};
use crate::runtime::now_secs;
use crate::scope::Scope;

/// What an agent's secret starts with.
pub const SECRET_PREFIX: &str = "vk_";

/// The length of a secret: prefix, key id, separator and 64 hexadecimal digits.
pub const SECRET_LENGTH: usize = 78;

/// A key as it is kept: everything but the secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentKey {
    /// Its public id.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The accounts that it may touch; `None` means all of the user's.
    pub account_ids: Option<Vec<AccountId>>,
    /// When it was made (Unix seconds).
    pub created_at: u64,
    /// From when it is refused (Unix seconds).
    pub expires_at: Option<u64>,
    /// Whether it was revoked. Revoked keys are kept, so that the audit log's key ids stay explained.
    pub revoked: bool,
    secret_hash: SecretHash,
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct KeyGrant {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The accounts that it may touch.
    pub account_ids: Option<Vec<AccountId>>,
    /// From when it is refused (Unix seconds).
    pub expires_at: Option<u64>,
}

impl AgentKey {
    /// A new key, and its secret: the only time that the secret exists outside its holder.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::error::Code::Internal) when the system gives no randomness.
    pub fn generate(grant: KeyGrant) -> Result<(Self, SecretString), Error> {
        let mut random = [0u8; 36];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let (id_bytes, secret_bytes) = random.split_at(4);
        let id: KeyId = format!("ak{}", hex::encode(id_bytes)).parse().map_err(Error::internal)?;
        let secret = SecretString::from(format!("{SECRET_PREFIX}{id}_{}", hex::encode(secret_bytes)));
        random.zeroize();
        let secret_hash = SecretHash::of(secret.expose_secret());
        let KeyGrant { name, scopes, account_ids, expires_at } = grant;
        let key = Self { id, name, scopes, account_ids, created_at: now_secs(), expires_at, revoked: false, secret_hash };
        Ok((key, secret))
    }

    /// Whether the key may be used at this time (Unix seconds).
    pub fn is_live(&self, now_secs: u64) -> bool {
        !self.revoked && self.expires_at.is_none_or(|expires_at| now_secs < expires_at)
    }

    /// Whether the key may touch this account.
    pub fn covers(&self, account: Option<AccountId>) -> bool {
        match &self.account_ids {
            None => true,
            Some(allowed) => account.is_some_and(|account| allowed.contains(&account)),
        }
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AgentKey({})", self.id)
    }
}

/// The SHA-256 of a key's secret. Compared in constant time, never shown.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct SecretHash(String);

impl SecretHash {
    fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret.as_bytes())))
    }

    fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

/// Finds the user of a key id in constant time, across all users. Each user's own actor keeps its keys here as it changes them.
#[derive(Clone, Default)]
pub(crate) struct KeyIndex(Arc<DashMap<KeyId, IndexedKey>>);

/// What authentication must know of a key: the line that is kept, sealed, in the server's own records.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndexedKey {
    user: UserId,
    secret_hash: SecretHash,
    expires_at: Option<u64>,
    revoked: bool,
}

impl IndexedKey {
    pub(crate) fn new(user: &UserId, key: &AgentKey) -> Self {
        Self { user: user.clone(), secret_hash: key.secret_hash.clone(), expires_at: key.expires_at, revoked: key.revoked }
    }

    fn is_live(&self) -> bool {
        !self.revoked && self.expires_at.is_none_or(|expires_at| now_secs() < expires_at)
    }
}

impl KeyIndex {
    /// Adds a key or replaces what is known of it.
    pub(crate) fn put(&self, id: KeyId, line: IndexedKey) {
        self.0.insert(id, line);
    }

    /// Whether a key with this id exists, of any user.
    pub(crate) fn contains(&self, id: &KeyId) -> bool {
        self.0.contains_key(id)
    }

    /// Whether the key may be used now.
    pub(crate) fn is_live(&self, id: &KeyId) -> bool {
        self.0.get(id).is_some_and(|line| line.is_live())
    }

    /// The agent that holds this secret. Every refusal is the same, and the hash is computed whether or not the id is known.
    pub(crate) fn authenticate(&self, secret: &str) -> Result<Caller, Error> {
        let refused = Error::unauthorized;
        let id: KeyId = secret
            .strip_prefix(SECRET_PREFIX)
            .filter(|_| secret.len() == SECRET_LENGTH)
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(id, _)| id.parse().ok())
            .ok_or_else(refused)?;
        let offered = SecretHash::of(secret);
        let indexed = self.0.get(&id).ok_or_else(refused)?;
        if indexed.secret_hash.matches(&offered) && indexed.is_live() {
            Ok(Caller::agent(indexed.user.clone(), id, indexed.expires_at))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Debug for KeyIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyIndex({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(expires_at: Option<u64>) -> KeyGrant {
        KeyGrant { name: "a".into(), scopes: vec![Scope::ChatsRead], account_ids: None, expires_at }
    }

    fn indexed(key: &AgentKey) -> KeyIndex {
        let index = KeyIndex::default();
        index.put(key.id.clone(), IndexedKey::new(&UserId::local(), key));
        index
    }

    #[test]
    fn a_secret_has_the_form_of_the_contract_and_authenticates_its_user() {
        let (key, secret) = AgentKey::generate(grant(None)).unwrap();
        let secret = secret.expose_secret();
        assert_eq!(secret.len(), SECRET_LENGTH);
        assert!(secret.starts_with(&format!("vk_{}_", key.id)));
        let caller = indexed(&key).authenticate(secret).unwrap();
        assert_eq!((caller.user(), caller.key_id()), (&UserId::local(), Some(&key.id)));
    }

    #[test]
    fn every_wrong_secret_is_refused_with_the_same_answer() {
        let (key, secret) = AgentKey::generate(grant(None)).unwrap();
        let index = indexed(&key);
        let right = secret.expose_secret();
        let flipped = format!("{}{}", &right[..77], if right.ends_with('0') { '1' } else { '0' });
        let unknown = right.replace(key.id.as_str(), "ak00000000");
        let answers: Vec<_> = [flipped.as_str(), unknown.as_str(), &right[..77], "vk_", "", "vk_é"]
            .iter()
            .map(|wrong| index.authenticate(wrong).unwrap_err())
            .collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn expired_and_revoked_keys_are_refused() {
        let (mut key, secret) = AgentKey::generate(grant(Some(now_secs()))).unwrap();
        assert!(indexed(&key).authenticate(secret.expose_secret()).is_err());
        key.expires_at = None;
        assert!(indexed(&key).authenticate(secret.expose_secret()).is_ok());
        key.revoked = true;
        assert!(indexed(&key).authenticate(secret.expose_secret()).is_err());
    }

    #[test]
    fn debug_shows_no_hash() {
        let (key, _) = AgentKey::generate(grant(None)).unwrap();
        assert!(!format!("{key:?}").contains(&key.secret_hash.0));
    }
}
