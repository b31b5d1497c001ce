//! The registry of a user's agent keys: durable first, then in memory, then in the index that authentication reads.

use std::collections::HashMap;

use secrecy::SecretString;

use crate::error::{Code, Error};
use crate::events::EndReason;
use crate::identity::{AccountId, KeyId};
use crate::user::UserContext;
use crate::user::agent_keys::{AgentKey, IndexedKey, KeyGrant};
use crate::vault::{Durability, Space, UserRecords, VaultError};

/// How many keys are read from the store at once.
const PAGE_LENGTH: usize = 256;

/// Tries at a key id that no other key has. Ids are 32 random bits.
const ID_TRIES_MAX: usize = 16;

pub(super) async fn load(records: &UserRecords) -> Result<HashMap<KeyId, AgentKey>, VaultError> {
    let mut keys = HashMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = records.scan::<AgentKey>(Space::AgentKey, after.as_deref(), PAGE_LENGTH).await?;
        let Some((last, _)) = page.last() else { return Ok(keys) };
        after = Some(last.clone());
        keys.extend(page.into_iter().map(|(_, key)| (key.id.clone(), key)));
    }
}

impl UserContext {
    /// Makes a key; durable before its secret is given.
    pub(crate) async fn create_agent_key(&self, grant: KeyGrant) -> Result<(AgentKey, SecretString), Error> {
        let keys_max = self.environment.settings.limits.agent_keys_per_user_max;
        if self.agent_keys.borrow().len() >= keys_max {
            return Err(Error::new(Code::Conflict, format!("A user may have {keys_max} agent keys, revoked ones included")));
        }
        for _ in 0..ID_TRIES_MAX {
            let (key, secret) = AgentKey::generate(grant.clone())?;
            if self.environment.keys.contains(&key.id) {
                continue;
            }
            self.store_key(&key).await?;
            return Ok((key, secret));
        }
        Err(Error::internal("no free key id was found"))
    }

    /// Revokes a key: refused everywhere from the moment that this returns.
    pub(crate) async fn revoke_agent_key(&self, key_id: &str) -> Result<(), Error> {
        let unknown = || Error::new(Code::NotFound, "No such key");
        let id: KeyId = key_id.parse().map_err(|_| unknown())?;
        let key = self.agent_keys.borrow().get(&id).cloned().ok_or_else(unknown)?;
        if key.revoked {
            return Ok(());
        }
        let mut revoked = key;
        revoked.revoked = true;
        self.store_key(&revoked).await
    }

    /// A key and its line in the index across users are one commit. Whoever reads events with it must connect again.
    async fn store_key(&self, key: &AgentKey) -> Result<(), Error> {
        let index = self.environment.vault.server_records();
        let batch = self.records.batch().put(Space::AgentKey, key.id.as_str().as_bytes(), key)?;
        let line = IndexedKey::new(&self.user, key);
        let indexing = index.batch().put(Space::AgentKey, key.id.as_str().as_bytes(), &line)?;
        let batch = if key.revoked { self.policies.forget(&key.id, batch) } else { batch };
        batch.and(indexing).commit(Durability::Durable).await?;
        self.environment.keys.put(key.id.clone(), line);
        self.agent_keys.borrow_mut().insert(key.id.clone(), key.clone());
        let reason = if key.revoked { EndReason::KeyRevoked } else { EndReason::KeyChanged };
        self.environment.events.end_agent(&self.user, &key.id, reason);
        Ok(())
    }

    /// The accounts with these ids, all of which must be the user's own.
    pub(crate) fn own_accounts(&self, field: &str, ids: &[String]) -> Result<Vec<AccountId>, Error> {
        let accounts = self.accounts.borrow();
        let own = |text: &String| text.parse().ok().filter(|id: &AccountId| accounts.contains_key(id));
        ids.iter().map(|text| own(text).ok_or_else(|| Error::invalid(field, "must name accounts of yours"))).collect()
    }
}
