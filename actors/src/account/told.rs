//! Messages that were told to their senders: none of them is taken for another send of the same words, also after a restart.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, RwLock};

use crate::runtime::{now_ms, now_us};
use crate::telegram::{ChatId, Message};
use crate::vault::{AccountRecords, SealedBatch, Space, VaultError};

/// How many messages of an account are remembered: far more than Telegram takes of one in the time within which two sends can be
/// confused. Where they do not suffice, nothing is guessed.
const KEPT_MAX: usize = 8_192;

/// How many records are read at once.
const PAGE_LENGTH: usize = 256;

/// A message that its sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldMessage {
    pub(super) chat_id: ChatId,
    pub(super) id: i32,
    /// The ids of scheduled messages are counted apart.
    #[serde(default)]
    pub(super) scheduled: bool,
}

/// What is kept of it: under which `random_id` it was sent, so that the same send finds it again whose caller was not answered.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(flatten)]
    message: ToldMessage,
    random_id: i64,
}

impl From<&Message> for ToldMessage {
    fn from(message: &Message) -> Self {
        Self { chat_id: message.chat_id, id: message.id, scheduled: message.scheduled }
    }
}

/// What is remembered, and since when (Unix milliseconds).
#[derive(Clone, Copy)]
struct Remembered {
    kept: Kept,
    at_ms: u64,
}

/// See the module's description.
#[derive(Default)]
pub(super) struct Told {
    messages: RefCell<VecDeque<Remembered>>,
    /// Messages were forgotten that were told as late as this (Unix milliseconds); 0 if none was.
    forgotten_until_ms: Cell<u64>,
    /// The ids of the records, oldest first, once they were read.
    records: Mutex<Option<VecDeque<u64>>>,
    /// Held for reading while messages are being sent, until it is remembered which they are, and for writing while some are looked for:
    /// what is looked for is never a message whose own sender is just being told.
    pub(super) sending: RwLock<()>,
}

impl Told {
    /// Remembers what was sent under these `random_id`s, for as long as this actor lives.
    pub(super) fn remember(&self, random_ids: &[i64], told: &[Option<ToldMessage>]) {
        let at_ms = now_ms();
        self.add(kept(random_ids, told).map(|kept| Remembered { kept, at_ms }));
    }

    fn add(&self, remembered: impl IntoIterator<Item = Remembered>) {
        let mut messages = self.messages.borrow_mut();
        messages.extend(remembered);
        let excess = messages.len().saturating_sub(KEPT_MAX);
        if let Some(newest) = messages.drain(..excess).map(|forgotten| forgotten.at_ms).max() {
            self.forgotten_until_ms.set(self.forgotten_until_ms.get().max(newest));
        }
    }

    /// Whether it can be said of every message since this time (Unix milliseconds) if it was told to another sender than that of these
    /// `random_id`s.
    pub(super) fn can_tell(&self, random_ids: &[i64], since_ms: u64) -> bool {
        let is_own = |remembered: &Remembered| random_ids.contains(&remembered.kept.random_id);
        self.forgotten_until_ms.get() < since_ms || self.messages.borrow().iter().any(is_own)
    }

    /// Whether a message may be what was sent under these `random_id`s: it is what their sender was told before, if anything, and
    /// nothing that another was told.
    pub(super) fn may_be(&self, message: &Message, random_ids: &[i64]) -> bool {
        let (messages, message) = (self.messages.borrow(), ToldMessage::from(message));
        let is_own = |kept: &Kept| random_ids.contains(&kept.random_id);
        let mut kept = messages.iter().map(|remembered| &remembered.kept);
        if kept.clone().any(is_own) {
            return kept.any(|kept| is_own(kept) && kept.message == message);
        }
        !kept.any(|kept| kept.message == message)
    }

    /// Reads what was kept before this actor lived.
    pub(super) async fn load(&self, records: &AccountRecords) -> Result<(), VaultError> {
        self.loaded(records, &mut *self.records.lock().await).await.map(|_| ())
    }

    /// Adds messages to what is kept.
    pub(super) async fn keep(
        &self,
        records: &AccountRecords,
        mut batch: SealedBatch,
        (random_ids, told): (&[i64], &[Option<ToldMessage>]),
    ) -> Result<SealedBatch, VaultError> {
        let mut ids = self.records.lock().await;
        let ids = self.loaded(records, &mut ids).await?;
        for message in kept(random_ids, told) {
            let id = now_us().max(ids.back().map_or(0, |last| last + 1));
            batch = batch.put(Space::ToldMessage, &id.to_be_bytes(), &message)?;
            ids.push_back(id);
        }
        while ids.len() > KEPT_MAX
            && let Some(oldest) = ids.pop_front()
        {
            batch = batch.delete(Space::ToldMessage, &oldest.to_be_bytes());
        }
        Ok(batch)
    }

    async fn loaded<'i>(
        &self,
        records: &AccountRecords,
        ids: &'i mut Option<VecDeque<u64>>,
    ) -> Result<&'i mut VecDeque<u64>, VaultError> {
        if ids.is_none() {
            let (mut read, mut before, mut after) = (VecDeque::new(), VecDeque::new(), None::<Vec<u8>>);
            loop {
                let page = records.scan::<Kept>(Space::ToldMessage, after.as_deref(), PAGE_LENGTH).await?;
                let is_last = page.len() < PAGE_LENGTH;
                after = page.last().map(|(id, _)| id.clone());
                for (id, kept) in page {
                    let at_us = id.first_chunk().map_or(0, |id| u64::from_be_bytes(*id));
                    read.push_back(at_us);
                    before.push_back(Remembered { kept, at_ms: at_us / 1_000 });
                }
                if is_last {
                    break;
                }
            }
            // Where there is no room for more, older ones were there.
            if let Some(oldest) = before.front().filter(|_| before.len() >= KEPT_MAX) {
                self.forgotten_until_ms.set(self.forgotten_until_ms.get().max(oldest.at_ms));
            }
            let since = self.messages.replace(before);
            self.add(since);
            *ids = Some(read);
        }
        Ok(ids.get_or_insert_default())
    }
}

fn kept(random_ids: &[i64], told: &[Option<ToldMessage>]) -> impl Iterator<Item = Kept> {
    random_ids.iter().zip(told).filter_map(|(random_id, message)| Some(Kept { message: (*message)?, random_id: *random_id }))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::identity::AccountId;
    use crate::store::{DataFolder, MemoryStore};
    use crate::vault::{Durability, MasterKey, Vault};

    fn told(id: i32) -> Option<ToldMessage> {
        Some(ToldMessage { chat_id: ChatId::from_marked(5).unwrap(), id, scheduled: false })
    }

    fn message(id: i32) -> Message {
        Message::bare(id, ChatId::from_marked(5).unwrap(), 0)
    }

    async fn records() -> (tempfile::TempDir, AccountRecords) {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        let key = MasterKey::parse(&SecretString::from("0123456789abcdef".repeat(4))).unwrap();
        let vault = Vault::open(&folder, &key, || Ok(MemoryStore::default())).await.unwrap();
        let user = vault.user_records(&"ada".parse().unwrap()).await.unwrap();
        (place, user.account(AccountId::generate()).await.unwrap())
    }

    async fn keep(kept: &Told, records: &AccountRecords, random_ids: &[i64], told: &[Option<ToldMessage>]) {
        let batch = kept.keep(records, records.batch(), (random_ids, told)).await.unwrap();
        batch.commit(Durability::Relaxed).await.unwrap();
    }

    #[tokio::test]
    async fn a_message_is_its_own_senders_also_after_a_restart() {
        let (_place, records) = records().await;
        let before = Told::default();
        before.remember(&[10, 11, 12], &[told(1), None, told(3)]);
        keep(&before, &records, &[10, 11, 12], &[told(1), None, told(3)]).await;
        let after = Told::default();
        after.load(&records).await.unwrap();
        for told in [before, after] {
            assert!(!told.may_be(&message(1), &[20]), "another was told of it");
            assert!(told.may_be(&message(2), &[20]));
            assert!(told.may_be(&message(1), &[10, 11, 12]), "the same send finds it again");
            assert!(!told.may_be(&message(2), &[10, 11, 12]), "and nothing else");
            let scheduled = Message { scheduled: true, ..message(1) };
            assert!(told.may_be(&scheduled, &[20]), "scheduled messages are counted apart");
        }
    }

    #[tokio::test]
    async fn no_more_are_kept_than_are_remembered() {
        let (_place, records) = records().await;
        let kept = Told::default();
        let all: Vec<i32> = (1..=i32::try_from(KEPT_MAX).unwrap() + 300).collect();
        for ids in all.chunks(100) {
            let random_ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
            keep(&kept, &records, &random_ids, &ids.iter().map(|id| told(*id)).collect::<Vec<_>>()).await;
        }
        let after = Told::default();
        after.load(&records).await.unwrap();
        assert_eq!(after.messages.borrow().len(), KEPT_MAX);
        let (first, last) = (message(1), message(*all.last().unwrap()));
        assert!(!after.may_be(&last, &[0]));
        assert!(after.may_be(&first, &[0]));
        assert!(!after.can_tell(&[0], 1), "what was told at first is forgotten");
        assert!(after.can_tell(&[0], now_ms() + 1));
        assert!(after.can_tell(&[i64::from(last.id)], 1), "it was told itself");
    }
}
