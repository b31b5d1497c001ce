//! The events of all users.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;

use super::feed::Feed;
use super::log::AccountLog;
use super::reader::{EndReason, EventReader, Subscription};
use super::{Cursor, EventLimits, EventName, NewEvent, Tenure};
use crate::caller::{Caller, Principal};
use crate::error::Error;
use crate::identity::{AccountId, KeyId, UserId};
use crate::vault::{AccountRecords, VaultError};

/// How often logs are searched for what is too old.
const SWEEP_PERIOD: Duration = Duration::from_secs(3_600);

/// See the module's description.
pub(crate) struct EventHub {
    feeds: DashMap<UserId, Arc<Feed>>,
    limits: EventLimits,
}

impl EventHub {
    /// An empty hub. Its sweeping ends with it.
    pub(crate) fn start(limits: EventLimits) -> Arc<Self> {
        let hub = Arc::new(Self { feeds: DashMap::new(), limits });
        let swept = Arc::downgrade(&hub);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_PERIOD).await;
                let Some(hub) = swept.upgrade() else { return };
                hub.sweep().await;
            }
        });
        hub
    }

    fn feed(&self, user: &UserId) -> Arc<Feed> {
        Arc::clone(self.feeds.entry(user.clone()).or_insert_with(Feed::new).value())
    }

    fn known_feed(&self, user: &UserId) -> Option<Arc<Feed>> {
        self.feeds.get(user).map(|feed| Arc::clone(feed.value()))
    }

    /// The log of an account: the one that is open, or else the one in its records.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub(crate) async fn open_account(
        &self,
        user: &UserId,
        account: AccountId,
        records: AccountRecords,
    ) -> Result<Arc<AccountLog>, VaultError> {
        let feed = self.feed(user);
        if let Some(log) = feed.account(account) {
            return Ok(log);
        }
        let log = AccountLog::open(account, records, self.limits, &feed).await?;
        feed.add_account(Arc::clone(&log));
        Ok(log)
    }

    /// The log of a login, which is nobody's account yet: whatever is told of it reaches no reader.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub(crate) async fn open_login(&self, account: AccountId, records: AccountRecords) -> Result<Arc<AccountLog>, VaultError> {
        AccountLog::open(account, records, self.limits, &Feed::new()).await
    }

    /// Takes events of an account up, if its log is open.
    pub(crate) fn tell(&self, user: &UserId, account: AccountId, events: Vec<NewEvent>) {
        if let Some(log) = self.known_feed(user).and_then(|feed| feed.account(account)) {
            log.note(events);
        }
    }

    /// Ends the readers of an account that is deleted, tells the others, and lets go of its log.
    pub(crate) fn close_account(&self, user: &UserId, account: AccountId) {
        let Some(feed) = self.known_feed(user) else { return };
        self.tell(user, account, vec![NewEvent::new(EventName::AccountDeleted, None, &serde_json::Map::new())]);
        feed.end_readers(|_, of| (of == Some(account)).then_some(EndReason::AccountDeleted));
        feed.remove_account(account);
    }

    /// Ends the readers that asked for an account that is suspended.
    pub(crate) fn suspend_account(&self, user: &UserId, account: AccountId) {
        if let Some(feed) = self.known_feed(user) {
            feed.end_readers(|_, of| (of == Some(account)).then_some(EndReason::AccountSuspended));
        }
    }

    /// Ends the readers of an agent.
    pub(crate) fn end_agent(&self, user: &UserId, key: &KeyId, reason: EndReason) {
        if let Some(feed) = self.known_feed(user) {
            feed.end_readers(|principal, _| matches!(principal, Principal::Agent { key_id } if key_id == key).then_some(reason));
        }
    }

    /// Ends all readers.
    pub(crate) fn end_all(&self, reason: EndReason) {
        for feed in &self.feeds {
            feed.end_readers(|_, _| Some(reason));
        }
    }

    /// The place behind everything that a user's accounts have told.
    pub(crate) fn now(&self, user: &UserId) -> Cursor {
        Cursor::at(self.feed(user).published())
    }

    /// Opens a reader of a user's events.
    ///
    /// # Errors
    /// [`Code::RateLimited`](crate::error::Code::RateLimited) when the principal has too many, and
    /// [`Code::InvalidInput`](crate::error::Code::InvalidInput) for a cursor that was never given.
    pub(crate) fn read(&self, user: &UserId, subscription: Subscription) -> Result<EventReader, Error> {
        EventReader::open(&self.feed(user), subscription, self.limits.readers_per_principal_max)
    }

    /// Begins a tenure of a caller.
    ///
    /// # Errors
    /// As the seat's, which is not counted.
    pub(crate) fn hold(&self, caller: &Caller) -> Result<Tenure, Error> {
        Tenure::begin(&self.feed(caller.user()), caller)
    }

    async fn sweep(&self) {
        self.feeds.retain(|_, feed| Arc::strong_count(feed) > 1 || !feed.is_idle());
        let feeds: Vec<Arc<Feed>> = self.feeds.iter().map(|feed| Arc::clone(feed.value())).collect();
        for log in feeds.into_iter().flat_map(|feed| feed.accounts()) {
            if let Err(error) = log.trim().await {
                tracing::error!(?log, %error, "old events could not be removed");
            }
        }
    }
}

impl fmt::Debug for EventHub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EventHub({})", self.feeds.len())
    }
}
