//! The events of one user, over all accounts: their order, the recent ones that readers share, and the readers.
//!
//! Accounts live on several threads and commit at once. A position is reserved before its event is handed to the store, and published
//! when the event is durable, in the order of positions: what comes behind an event that is still on its way waits for it. So a reader
//! that has seen a position has seen everything before it, and one cursor is enough for all accounts.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Event;
use super::filter::EventFilter;
use super::log::AccountLog;
use super::reader::{EndReason, Registration};
use super::recent::Recent;
use crate::caller::Principal;
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::runtime::now_us;
use crate::vault::VaultError;

/// While events come quickly, those who wait are woken once in this time, and find several.
const WAKE_PERIOD: Duration = Duration::from_millis(5);

/// See the module's description.
pub(crate) struct Feed {
    state: Mutex<State>,
    /// The position up to which everything is published.
    published: watch::Sender<u64>,
}

struct State {
    /// The last position that was given.
    last: u64,
    published: u64,
    on_their_way: VecDeque<OnItsWay>,
    recent: Recent,
    accounts: HashMap<AccountId, Arc<AccountLog>>,
    readers: HashMap<u64, Arc<Registration>>,
    last_reader: u64,
    woken_at: Instant,
    /// Whether somebody will wake those who wait.
    waking: bool,
    /// Accounts that have new events since those who wait were woken.
    moved: Vec<Arc<AccountLog>>,
}

/// Positions that were given, up to `last`, and their events once they are durable; none for those that failed.
struct OnItsWay {
    last: u64,
    events: Option<Vec<Arc<Event>>>,
}

/// What a reader finds at its place.
pub(super) enum Found {
    /// These, and that it has everything up to this position.
    Events(Vec<Arc<Event>>, u64),
    /// That it must read the logs of these accounts, up to this position.
    InLogs(Vec<Arc<AccountLog>>, u64),
}

impl Feed {
    /// A feed without accounts.
    pub(super) fn new() -> Arc<Self> {
        let (published, _) = watch::channel(0);
        let state = State {
            last: 0,
            published: 0,
            on_their_way: VecDeque::new(),
            recent: Recent::default(),
            accounts: HashMap::new(),
            readers: HashMap::new(),
            last_reader: 0,
            woken_at: Instant::now(),
            waking: false,
            moved: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), published })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets positions continue behind one that was given before.
    pub(super) fn continue_behind(&self, position: u64) {
        let mut state = self.state();
        state.last = state.last.max(position);
        if state.on_their_way.is_empty() {
            state.published = state.published.max(position);
            let published = state.published;
            if state.recent.is_empty() {
                state.recent.begin_behind(published);
            }
        }
    }

    pub(super) fn add_account(&self, log: Arc<AccountLog>) {
        self.state().accounts.insert(log.account(), log);
    }

    pub(super) fn account(&self, account: AccountId) -> Option<Arc<AccountLog>> {
        self.state().accounts.get(&account).cloned()
    }

    pub(super) fn remove_account(&self, account: AccountId) {
        self.state().accounts.remove(&account);
    }

    pub(super) fn accounts(&self) -> Vec<Arc<AccountLog>> {
        self.state().accounts.values().cloned().collect()
    }

    /// Whether nobody needs it: it has neither accounts nor readers.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.accounts.is_empty() && state.readers.is_empty()
    }

    /// Gives `count` positions: the first and the last. Each must be settled.
    pub(super) fn reserve(&self, count: usize) -> (u64, u64) {
        let mut state = self.state();
        let first = (state.last + 1).max(now_us());
        let last = first + u64::try_from(count).unwrap_or(u64::MAX).saturating_sub(1);
        state.last = last;
        state.on_their_way.push_back(OnItsWay { last, events: None });
        (first, last)
    }

    /// The events of the positions up to `last` are durable, or (where there are none) will never be.
    pub(super) fn settle(self: &Arc<Self>, last: u64, events: Vec<Arc<Event>>) {
        let mut state = self.state();
        if let Ok(place) = state.on_their_way.binary_search_by_key(&last, |on_its_way| on_its_way.last)
            && let Some(on_its_way) = state.on_their_way.get_mut(place)
        {
            on_its_way.events = Some(events);
        }
        let before = state.published;
        while let Some(OnItsWay { events: Some(_), .. }) = state.on_their_way.front()
            && let Some(OnItsWay { last, events: Some(events) }) = state.on_their_way.pop_front()
        {
            state.publish(last, events);
        }
        if state.published > before {
            self.wake(state);
        }
    }

    /// Wakes those who wait: at once, or in a moment if they were woken just now.
    fn wake(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.waking {
            return;
        }
        let since = state.woken_at.elapsed();
        if since >= WAKE_PERIOD {
            return self.wake_now(state);
        }
        state.waking = true;
        drop(state);
        let feed = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(WAKE_PERIOD.saturating_sub(since)).await;
            feed.wake_now(feed.state());
        });
    }

    fn wake_now(&self, mut state: MutexGuard<'_, State>) {
        state.waking = false;
        state.woken_at = Instant::now();
        let (moved, published) = (std::mem::take(&mut state.moved), state.published);
        drop(state);
        for log in moved {
            log.announce(published);
        }
        self.published.send_replace(published);
    }

    /// The position up to which everything is published.
    pub(super) fn published(&self) -> u64 {
        self.state().published
    }

    /// The last position that was given.
    pub(super) fn last(&self) -> u64 {
        self.state().last
    }

    /// For waiting: changes when there may be something for this filter.
    pub(super) fn announced(&self, filter: &EventFilter) -> watch::Receiver<u64> {
        let only = filter.only_account().and_then(|account| self.account(account));
        only.map_or_else(|| self.published.subscribe(), |log| log.announced())
    }

    /// What comes after a position for this filter; about `limit` events at most.
    pub(super) fn look(&self, filter: &EventFilter, after: u64, limit: usize) -> Found {
        let state = self.state();
        if after >= state.published {
            return Found::Events(Vec::new(), after);
        }
        if let Some((events, read_to)) = state.recent.after(after, filter, limit) {
            return Found::Events(events, read_to.unwrap_or(state.published));
        }
        let logs: Vec<_> = state.accounts.values().filter(|log| filter.covers(log.account())).cloned().collect();
        Found::InLogs(logs, state.published)
    }

    /// Counts a reader in, unless its principal has as many as it may.
    pub(super) fn register(self: &Arc<Self>, registration: Registration, readers_max: usize) -> Result<Seat, Error> {
        let mut state = self.state();
        let same = |reader: &&Arc<Registration>| reader.is_counted && reader.principal == registration.principal;
        let of_principal = state.readers.values().filter(same).count();
        if registration.is_counted && of_principal >= readers_max {
            let detail = format!("{of_principal} event streams are open; close one, or read several accounts by one");
            return Err(Error::new(Code::RateLimited, detail).retry_after_secs(5));
        }
        if state.readers.is_empty() {
            let published = state.published;
            state.recent.begin_behind(published);
        }
        state.last_reader += 1;
        let id = state.last_reader;
        let registration = Arc::new(registration);
        state.readers.insert(id, Arc::clone(&registration));
        Ok(Seat { feed: Arc::clone(self), id, registration })
    }

    /// Ends the readers for which there is a reason to.
    pub(super) fn end_readers(&self, reason: impl Fn(&Principal, Option<AccountId>) -> Option<EndReason>) {
        let ending = |reader: &Arc<Registration>| {
            let why = reason(&reader.principal, reader.account);
            if let Some(why) = why {
                reader.end(why);
            }
            why.is_some()
        };
        // One that cannot be told, because its client takes nothing, keeps no seat either.
        let mut state = self.state();
        state.readers.retain(|_, reader| !ending(reader));
        state.tidy();
    }

    /// Forgets recent events that are too old to be of use.
    pub(super) fn tidy(&self) {
        self.state().tidy();
    }
}

impl State {
    fn publish(&mut self, last: u64, events: Vec<Arc<Event>>) {
        self.published = last;
        for event in events {
            if !self.moved.iter().any(|log| log.account() == event.account())
                && let Some(log) = self.accounts.get(&event.account())
            {
                self.moved.push(Arc::clone(log));
            }
            if !self.readers.is_empty() {
                self.recent.push(event);
            }
        }
        if self.readers.is_empty() {
            self.recent.begin_behind(last);
        }
    }

    fn tidy(&mut self) {
        if self.readers.is_empty() {
            let published = self.published;
            self.recent.begin_behind(published);
        } else {
            self.recent.forget_old();
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Feed({})", self.state().published)
    }
}

/// A reader's place among the readers; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) feed: Arc<Feed>,
    pub(super) registration: Arc<Registration>,
    id: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.feed.state();
        state.readers.remove(&self.id);
        if state.readers.is_empty() {
            state.tidy();
        }
    }
}

/// Reads the logs of several accounts as one: events in order, and up to which position that is everything.
pub(super) async fn read_logs(
    logs: &[Arc<AccountLog>],
    filter: &EventFilter,
    after: u64,
    up_to: u64,
    limit: usize,
) -> Result<(Vec<Arc<Event>>, u64), VaultError> {
    let mut events = Vec::new();
    let mut read_to = up_to;
    for log in logs.iter().filter(|log| log.last() > after) {
        let page = log.read(after, read_to, limit).await?;
        read_to = read_to.min(page.read_to);
        events.extend(page.events);
    }
    events.retain(|event| event.position() <= read_to);
    events.sort_by_key(Event::position);
    // A filter takes few of many: what it leaves out counts as read.
    events.retain(|event| filter.takes(event));
    if events.len() > limit
        && let Some(last) = events.get(limit.saturating_sub(1))
    {
        read_to = last.position();
        events.truncate(limit);
    }
    Ok((events.into_iter().map(Arc::new).collect(), read_to))
}
