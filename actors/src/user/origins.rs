//! The chats whose content an agent key has read and still carries: what it sends elsewhere may come from there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::identity::{AccountId, KeyId};
use crate::policy::CrossChat;
use crate::runtime::now_secs;
use crate::telegram::ChatId;
use crate::vault::{Durability, Space, UserRecords, VaultError};

/// How many chats of a key are told apart. Beyond, it counts as having read any chat.
const CHATS_MAX: usize = 256;

/// A chat that is read again within this time is not written down anew, in seconds; carried it is for so much longer.
const WRITTEN_EVERY_SECS: u64 = 300;

/// What is kept of a key, sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptOrigins {
    /// When each chat was last read (Unix seconds).
    read: BTreeMap<String, BTreeMap<i64, u64>>,
    /// When more chats had been read than are told apart.
    overflowed_at: Option<u64>,
}

impl KeptOrigins {
    fn count(&self) -> usize {
        self.read.values().map(BTreeMap::len).sum()
    }
}

/// See the module's description. Shared by the calls of a key and the readers of its events.
pub(crate) struct Origins {
    records: UserRecords,
    key: KeyId,
    kept: Mutex<KeptOrigins>,
    /// Held while they are written, so that no older state replaces a newer one.
    writing: tokio::sync::Mutex<()>,
}

impl Origins {
    pub(super) fn new(records: UserRecords, key: KeyId, kept: KeptOrigins) -> Arc<Self> {
        Arc::new(Self { records, key, kept: Mutex::new(kept), writing: tokio::sync::Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, KeptOrigins> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that chats were read; durable when this returns.
    pub(crate) async fn mark(&self, account: AccountId, chats: &[ChatId]) -> Result<(), VaultError> {
        let _turn = self.writing.lock().await;
        let Some(kept) = self.noted(account, chats) else { return Ok(()) };
        self.records.batch().put(Space::PolicyOrigins, self.key.as_str().as_bytes(), &kept)?.commit(Durability::Durable).await
    }

    /// Notes it in memory; answers what is to be written, if anything is new.
    fn noted(&self, account: AccountId, chats: &[ChatId]) -> Option<KeptOrigins> {
        let (now, mut kept) = (now_secs(), self.kept());
        let mut is_new = false;
        for chat in chats {
            let known = kept.read.get(&account.to_string()).and_then(|read| read.get(&chat.value())).copied();
            if known.is_some_and(|at| now.saturating_sub(at) < WRITTEN_EVERY_SECS) {
                continue;
            }
            is_new = true;
            if known.is_none() && kept.count() >= CHATS_MAX {
                kept.overflowed_at = Some(now);
                continue;
            }
            kept.read.entry(account.to_string()).or_default().insert(chat.value(), now);
        }
        is_new.then(|| kept.clone())
    }

    /// The chats that are carried under a rule; none where they are too many to be told apart. Those that are not carried any more are
    /// forgotten.
    pub(crate) fn carried(&self, guard: &CrossChat) -> Option<Vec<ChatId>> {
        let since = now_secs().saturating_sub(u64::from(guard.hours) * 3_600 + WRITTEN_EVERY_SECS);
        let mut kept = self.kept();
        for read in kept.read.values_mut() {
            read.retain(|_, at| *at >= since);
        }
        kept.overflowed_at = kept.overflowed_at.filter(|at| *at >= since);
        if kept.overflowed_at.is_some() {
            return None;
        }
        let chats = kept.read.values().flat_map(BTreeMap::keys).filter_map(|chat| ChatId::from_marked(*chat));
        Some(chats.filter(|chat| !guard.trusted_chat_ids.contains(chat)).collect())
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Origins({})", self.key)
    }
}
