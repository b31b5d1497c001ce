//! The events of one account: appended to sealed records, bounded by age and by size, read from any place.
//!
//! What is appended together is one record, a *block*, whose id is the position of its last event, so that the first block with a
//! greater id than a cursor is the one that the cursor's next event is in. The state that the events come from (how far Telegram's
//! updates have been followed) is written in the same commit, so no kill can separate the two.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};

use super::event::StoredEvent;
use super::feed::Feed;
use super::{Event, EventLimits, NewEvent};
use crate::identity::AccountId;
use crate::runtime::now_us;
use crate::telegram::{ChatId, PeerClasses, known_classes};
use crate::vault::{AccountRecords, Durability, SealedBatch, Space, VaultError};

/// A block has at most so many bytes of content, so that with its envelope it fits into a record.
const BLOCK_BYTES_MAX: usize = 28 * 1_024;

/// What a stored event has beside its content, at most.
const EVENT_OVERHEAD_BYTES: usize = 128;

/// Blocks that are read at once: with the largest ones a quarter of a mebibyte.
const READ_BLOCKS: usize = 8;

/// Blocks that are removed at once.
const TRIM_BLOCKS: usize = 64;

/// The record that says where the log begins and ends.
const HEAD: &[u8] = b"";

/// Where the log begins and ends.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Head {
    /// Everything up to this position was removed.
    trimmed: u64,
    /// The position of the last event.
    last: u64,
    /// How many bytes the blocks have.
    bytes: u64,
}

/// See the module's description.
pub(crate) struct AccountLog {
    account: AccountId,
    records: AccountRecords,
    limits: EventLimits,
    feed: Weak<Feed>,
    head: Mutex<Head>,
    trimming: AtomicBool,
    /// The position of the last event that readers may see.
    published: watch::Sender<u64>,
}

/// Events from the log, in order.
pub(super) struct Page {
    pub(super) events: Vec<Event>,
    /// How far the log was read: everything up to this position is in the page.
    pub(super) read_to: u64,
}

impl AccountLog {
    /// The log in an account's records. Positions of its user continue behind it.
    pub(super) async fn open(
        account: AccountId,
        records: AccountRecords,
        limits: EventLimits,
        feed: &Arc<Feed>,
    ) -> Result<Arc<Self>, VaultError> {
        let head = records.get::<Head>(Space::EventLog, HEAD).await?.unwrap_or_default();
        feed.continue_behind(head.last);
        let (published, _) = watch::channel(head.last);
        let (feed, head, trimming) = (Arc::downgrade(feed), Mutex::new(head), AtomicBool::new(false));
        Ok(Arc::new(Self { account, records, limits, feed, head, trimming, published }))
    }

    /// What kinds of chats those are, as far as the account has met them.
    pub(super) async fn classes(&self, chats: &[ChatId]) -> Result<PeerClasses, VaultError> {
        known_classes(&self.records, chats).await
    }

    /// The account.
    pub(super) fn account(&self) -> AccountId {
        self.account
    }

    /// The position of the last event.
    pub(super) fn last(&self) -> u64 {
        self.head().last
    }

    /// Tells whoever waits for this account's events how far they have come.
    pub(super) fn announce(&self, position: u64) {
        self.published.send_replace(position);
    }

    /// For waiting.
    pub(super) fn announced(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes events up, in this order, and commits them together with `alongside`. Resolves when that is as durable as it was asked to
    /// be, and continues whether or not anybody waits for it. Readers see the events then, and not before.
    ///
    /// # Errors
    /// What the commit failed with: nothing was taken up.
    pub(crate) fn append(
        self: &Arc<Self>,
        events: Vec<NewEvent>,
        alongside: SealedBatch,
    ) -> impl Future<Output = Result<(), VaultError>> + 'static {
        let (answer, answered) = oneshot::channel();
        let begun = self.begin(&events, alongside);
        let log = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = match begun {
                Ok(begun) => log.finish(begun, events).await,
                Err(error) => Err(error),
            };
            let _nobody_may_wait = answer.send(outcome);
            log.trim_if_full().await;
        });
        async move { answered.await.unwrap_or_else(|_| Err(VaultError::Corrupt("the runtime has ended".to_owned()))) }
    }

    /// Appends events that nobody waits for.
    pub(crate) fn note(self: &Arc<Self>, events: Vec<NewEvent>) {
        drop(self.append(events, self.records.batch()));
    }

    /// Gives the events their positions and hands their blocks to the store. It does not wait, so the order of positions is the order of
    /// calls.
    fn begin(&self, events: &[NewEvent], alongside: SealedBatch) -> Result<Begun, VaultError> {
        let mut head = self.head();
        let reserved = Reserved::of(self.feed.upgrade(), events.len());
        let placed = (reserved.first..).zip(events).filter(|(_, event)| event.name.is_kept());
        let (mut batch, mut last) = (alongside, None);
        let before = batch.value_bytes();
        for block in blocks(placed) {
            let Some(position) = block.last().map(|event| event.position) else { continue };
            batch = batch.put(Space::Event, &position.to_be_bytes(), &block)?;
            last = Some(position);
        }
        let added = u64::try_from(batch.value_bytes() - before).unwrap_or(0);
        let mut durability = Durability::Relaxed;
        if let Some(last) = last {
            let changed = Head { last, bytes: head.bytes + added, ..*head };
            batch = batch.put(Space::EventLog, HEAD, &changed)?;
            *head = changed;
            durability = Durability::Durable;
        }
        let commit: Committing =
            if batch.is_empty() { Box::pin(std::future::ready(Ok(()))) } else { Box::pin(batch.submit(durability)) };
        Ok(Begun { reserved, added, commit })
    }

    async fn finish(&self, begun: Begun, events: Vec<NewEvent>) -> Result<(), VaultError> {
        let Begun { mut reserved, added, commit } = begun;
        let outcome = commit.await;
        if outcome.is_ok() {
            let told = (reserved.first..).zip(&events).map(|(position, event)| event.stored(position).told(self.account));
            reserved.publish(told.map(Arc::new).collect());
        } else {
            self.head().bytes = self.head().bytes.saturating_sub(added);
        }
        outcome
    }

    /// Events after `after` and up to `up_to`, at most `limit` of them (1 or more). If some that lay between were removed, the first event says so.
    pub(super) async fn read(&self, after: u64, up_to: u64, limit: usize) -> Result<Page, VaultError> {
        let mut events = Vec::new();
        let (mut from, mut read_to) = (after, up_to);
        'pages: loop {
            let blocks_max = limit.clamp(1, READ_BLOCKS);
            let blocks = self.records.scan::<Vec<StoredEvent>>(Space::Event, Some(&from.to_be_bytes()), blocks_max).await?;
            let is_last = blocks.len() < blocks_max;
            for event in blocks.into_iter().flat_map(|(_, block)| block) {
                if event.position > up_to {
                    break 'pages;
                }
                from = event.position;
                if from > after {
                    events.push(event.told(self.account));
                }
                if events.len() >= limit {
                    read_to = from;
                    break 'pages;
                }
            }
            if is_last {
                break;
            }
        }
        // What was removed while it was read is found missing too: the head says so before anything is removed.
        let trimmed = self.head().trimmed;
        if after != 0 && after < trimmed {
            events.retain(|event| event.position() > trimmed);
            events.insert(0, Event::expired(self.account, trimmed));
            read_to = read_to.max(trimmed);
        }
        Ok(Page { events, read_to })
    }

    async fn trim_if_full(&self) {
        if self.head().bytes > self.limits.log_bytes_max
            && let Err(error) = self.trim().await
        {
            tracing::error!(account = %self.account, %error, "old events could not be removed");
        }
    }

    /// Removes what is too old, and the oldest of what is too much.
    pub(super) async fn trim(&self) -> Result<(), VaultError> {
        if self.trimming.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let mut outcome = Ok(true);
        while let Ok(true) = outcome {
            outcome = self.trim_page().await;
        }
        self.trimming.store(false, Ordering::SeqCst);
        outcome.map(|_| ())
    }

    /// Removes some blocks; answers whether there may be more to remove.
    async fn trim_page(&self) -> Result<bool, VaultError> {
        let age = u64::try_from(self.limits.log_age_max.as_micros()).unwrap_or(u64::MAX);
        let oldest_kept = now_us().saturating_sub(age);
        let blocks = self.records.lengths(Space::Event, None, TRIM_BLOCKS).await?;
        let full_page = blocks.len() == TRIM_BLOCKS;
        let (commit, removed) = {
            let mut head = self.head();
            // A little more than needed, so that not every append removes something.
            let excess =
                if head.bytes > self.limits.log_bytes_max { head.bytes - self.limits.log_bytes_max / 16 * 15 } else { 0 };
            let (mut freed, mut removed, mut batch, mut trimmed) = (0u64, 0, self.records.batch(), head.trimmed);
            for (id, length) in &blocks {
                let position = <[u8; 8]>::try_from(id.as_slice()).map_or(0, u64::from_be_bytes);
                if position >= oldest_kept && freed >= excess {
                    break;
                }
                freed += u64::try_from(*length).unwrap_or(0);
                removed += 1;
                batch = batch.delete(Space::Event, id);
                trimmed = trimmed.max(position);
            }
            if removed == 0 {
                return Ok(false);
            }
            *head = Head { trimmed, bytes: head.bytes.saturating_sub(freed), ..*head };
            (batch.put(Space::EventLog, HEAD, &*head)?.submit(Durability::Relaxed), removed)
        };
        commit.await?;
        Ok(full_page && removed == blocks.len())
    }
}

impl fmt::Debug for AccountLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccountLog({})", self.account)
    }
}

type Committing = Pin<Box<dyn Future<Output = Result<(), VaultError>> + Send>>;

/// Events that were handed to the store.
struct Begun {
    reserved: Reserved,
    added: u64,
    commit: Committing,
}

/// Positions that hold back what comes behind them until their events are published, or given up when this is dropped.
struct Reserved {
    feed: Option<Arc<Feed>>,
    first: u64,
    last: u64,
}

impl Reserved {
    fn of(feed: Option<Arc<Feed>>, count: usize) -> Self {
        match feed.filter(|_| count > 0) {
            Some(feed) => {
                let (first, last) = feed.reserve(count);
                Self { feed: Some(feed), first, last }
            }
            None => Self { feed: None, first: now_us(), last: 0 },
        }
    }

    fn publish(&mut self, events: Vec<Arc<Event>>) {
        if let Some(feed) = self.feed.take() {
            feed.settle(self.last, events);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.publish(Vec::new());
    }
}

/// The events in blocks that fit into records.
fn blocks<'a>(placed: impl Iterator<Item = (u64, &'a NewEvent)>) -> Vec<Vec<StoredEvent>> {
    let mut blocks: Vec<Vec<StoredEvent>> = Vec::new();
    let mut room = 0;
    for (position, event) in placed {
        let size = event.size() + EVENT_OVERHEAD_BYTES;
        let stored = event.stored(position);
        match blocks.last_mut() {
            Some(block) if size <= room => {
                block.push(stored);
                room -= size;
            }
            _ => {
                blocks.push(vec![stored]);
                room = BLOCK_BYTES_MAX.saturating_sub(size);
            }
        }
    }
    blocks
}

#[cfg(test)]
impl AccountLog {
    /// A batch that holds nothing else.
    pub(super) fn records_batch(&self) -> SealedBatch {
        self.records.batch()
    }

    /// How many bytes are kept.
    pub(super) async fn stored_bytes(&self) -> usize {
        let blocks = self.records.lengths(Space::Event, None, 4_096).await.unwrap();
        blocks.iter().map(|(_, length)| length).sum()
    }
}
