//! Readers: whoever follows the events of a user, by stream, long poll or otherwise. A reader holds a place and nothing else, so a slow one
//! costs no more than a quick one and misses nothing: what is not among the recent events any more it finds in the log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::feed::{Feed, Found, Seat, read_logs};
use super::filter::EventFilter;
use super::{Cursor, Event};
use crate::caller::{Caller, Principal};
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::telegram::{ChatId, PeerClasses};
use crate::user::Origins;
use crate::vault::VaultError;

/// How many events a reader takes at once, at most.
pub(crate) const READ_MAX: usize = 1_000;

/// How often a stream in which nothing happens says that it is there, and how far it has come.
pub(super) const HEARTBEAT_PERIOD: Duration = Duration::from_secs(15);

/// No wait is longer, so that no date is out of the clock's reach.
const WAIT_MAX: Duration = Duration::from_secs(86_400);

macro_rules! reasons {
    ($($(#[$documentation:meta])+ $variant:ident = $name:literal, $detail:literal;)+) => {
        /// Why a stream ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EndReason {
            $($(#[$documentation])+ $variant,)+
        }

        impl EndReason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [EndReason] = &[$(EndReason::$variant),+];

            /// The name that clients branch on.
            pub fn name(self) -> &'static str {
                match self { $(EndReason::$variant => $name),+ }
            }

            /// What it means, for a person.
            pub fn detail(self) -> &'static str {
                match self { $(EndReason::$variant => $detail),+ }
            }
        }
    };
}

reasons! {
    /// The agent's key was revoked.
    KeyRevoked = "key_revoked", "The agent key was revoked";
    /// The agent's key is suspended.
    KeySuspended = "key_suspended", "The agent key is suspended";
    /// The agent's key covers other scopes or accounts than before.
    KeyChanged = "key_changed", "The agent key was changed: connect again";
    /// The token or key has expired.
    TokenExpired = "token_expired", "The token has expired: connect again with a new one";
    /// The account that was asked for was deleted.
    AccountDeleted = "account_deleted", "The account was deleted";
    /// The account that was asked for is suspended.
    AccountSuspended = "account_suspended", "The account is suspended";
    /// The server is stopping.
    ServerStopping = "server_stopping", "The server is stopping: connect again in a moment";
    /// Events could not be read.
    Failed = "failed", "The events could not be read: connect again, and tell the operator if this goes on";
}

impl From<EndReason> for Error {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::KeyRevoked | EndReason::KeySuspended | EndReason::TokenExpired => Self::unauthorized(),
            EndReason::AccountDeleted => Self::account_forbidden(),
            EndReason::AccountSuspended => Self::account_suspended(),
            EndReason::KeyChanged => Self::new(Code::Conflict, reason.detail()),
            EndReason::ServerStopping | EndReason::Failed => Self::new(Code::Overloaded, reason.detail()).retry_after_secs(5),
        }
    }
}

/// One reader as others see it.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) principal: Principal,
    /// The account that it asked for, if it asked for one.
    pub(super) account: Option<AccountId>,
    /// Whether it is one of the readers that its principal may have.
    pub(super) is_counted: bool,
    pub(super) ended: OnceLock<EndReason>,
    pub(super) changed: Notify,
}

impl Registration {
    /// Ends the reader. The first reason stands.
    pub(super) fn end(&self, reason: EndReason) {
        let _another_reason_stands = self.ended.set(reason);
        self.changed.notify_one();
    }
}

/// What is read, and by whom.
pub(crate) struct Subscription {
    pub(crate) principal: Principal,
    /// When the right to read ends (Unix seconds).
    pub(crate) expires_at_secs: Option<u64>,
    pub(crate) filter: EventFilter,
    /// The account that was asked for, if one was.
    pub(crate) account: Option<AccountId>,
    /// Where to begin; without it, now.
    pub(crate) from: Option<Cursor>,
    /// Whether it is one of the readers that its principal may have: a webhook's is not, it has a limit of its own.
    pub(crate) is_counted: bool,
    /// Where it is noted which chats were read, if that is.
    pub(crate) origins: Option<Arc<Origins>>,
}

impl Subscription {
    /// A caller's.
    pub(crate) fn of(caller: &Caller, filter: EventFilter, account: Option<AccountId>, from: Option<Cursor>) -> Self {
        let (principal, expires_at_secs) = (caller.principal().clone(), caller.expires_at_secs());
        Self { principal, expires_at_secs, filter, account, from, is_counted: true, origins: None }
    }

    /// The same, noting which chats are read.
    pub(crate) fn noting(self, origins: Option<Arc<Origins>>) -> Self {
        Self { origins, ..self }
    }
}

/// Reads events from a place on.
pub struct EventReader {
    seat: Seat,
    filter: EventFilter,
    at: u64,
    announced: watch::Receiver<u64>,
    expires_at: Option<Instant>,
    origins: Option<Arc<Origins>>,
}

/// What a reader finds.
#[derive(Debug)]
pub enum Read {
    /// Events, in order; not empty.
    Events(Vec<Arc<Event>>),
    /// Nothing came in time.
    Nothing,
    /// There is no more.
    End(EndReason),
}

impl EventReader {
    pub(super) fn open(feed: &Arc<Feed>, subscription: Subscription, readers_max: usize) -> Result<Self, Error> {
        let Subscription { principal, expires_at_secs, filter, account, from, is_counted, origins } = subscription;
        if from.is_some_and(|from| from.is_ahead_of(feed.last())) {
            return Err(Error::invalid("cursor", super::cursor::InvalidCursor));
        }
        let registration = Registration { principal, account, is_counted, ended: OnceLock::new(), changed: Notify::new() };
        let seat = feed.register(registration, readers_max)?;
        let announced = feed.announced(&filter);
        let at = from.map_or_else(|| feed.published(), Cursor::position);
        Ok(Self { seat, filter, at, announced, expires_at: expires_at_secs.map(instant_of), origins })
    }

    /// The place behind everything that was read.
    pub fn cursor(&self) -> Cursor {
        Cursor::at(self.at)
    }

    /// What comes next: about `limit` events at most, waiting for the first of them until `deadline`. Dropping the future loses nothing.
    /// What is there already is looked through to its end, however late that is: nothing is found only where there is nothing.
    pub async fn next(&mut self, limit: usize, deadline: Instant) -> Read {
        let there = self.seat.feed.published();
        let mut late = false;
        loop {
            if let Some(reason) = self.ended() {
                return Read::End(reason);
            }
            self.announced.mark_unchanged();
            let (events, read_to) = match self.seat.feed.look(&self.filter, self.at, limit) {
                Found::Events(events, read_to) => (events, read_to),
                Found::InLogs(logs, up_to) => match read_logs(&logs, &self.filter, self.at, up_to, limit).await {
                    Ok(read) => read,
                    Err(error) => {
                        tracing::error!(%error, "events could not be read");
                        return Read::End(EndReason::Failed);
                    }
                },
            };
            let went_on = read_to > self.at;
            self.at = self.at.max(read_to);
            let events = match self.admitted(events).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::error!(%error, "events could not be judged");
                    return Read::End(EndReason::Failed);
                }
            };
            if !events.is_empty() {
                return Read::Events(events);
            }
            if late {
                return Read::Nothing;
            }
            // Whoever waited in vain looks once more: what others were told moves the place as well.
            late = if went_on { self.at >= there && Instant::now() >= deadline } else { !self.wait(deadline).await };
        }
    }

    /// Those events that the reader may see, also by what kinds of chats they are of; what is read is noted where that matters.
    async fn admitted(&self, mut events: Vec<Arc<Event>>) -> Result<Vec<Arc<Event>>, VaultError> {
        let sight = self.filter.sight();
        if sight.is_agent() {
            events.iter_mut().for_each(|event| {
                if let Some(written) = event.for_agents() {
                    *event = Arc::new(written);
                }
            });
        }
        if events.is_empty() || !sight.asks_who_is_met() {
            return Ok(events);
        }
        let mut of_accounts: BTreeMap<AccountId, Vec<ChatId>> = BTreeMap::new();
        for event in &events {
            of_accounts.entry(event.account()).or_default().extend(event.chat().and_then(ChatId::from_marked));
        }
        for (account, mut chats) in of_accounts {
            chats.sort_unstable();
            chats.dedup();
            let log = self.seat.feed.account(account);
            let classes = match log.filter(|_| sight.asks_for_classes()) {
                Some(log) => log.classes(&chats).await?,
                None => PeerClasses::new(),
            };
            let sight = sight.knowing(classes);
            chats.retain(|chat| !sight.hides(*chat));
            let is_seen = |event: &Event| event.chat().and_then(ChatId::from_marked).is_none_or(|chat| chats.contains(&chat));
            events.retain(|event| event.account() != account || is_seen(event));
            if let Some(origins) = self.origins.as_ref().filter(|_| !chats.is_empty()) {
                origins.mark(account, &chats).await?;
            }
        }
        Ok(events)
    }

    fn ended(&self) -> Option<EndReason> {
        let expired = self.expires_at.filter(|expires_at| *expires_at <= Instant::now());
        let registration = &self.seat.registration;
        registration.ended.get().copied().or(expired.map(|_| EndReason::TokenExpired))
    }

    /// Waits until there may be something; answers whether that was before the deadline.
    async fn wait(&mut self, deadline: Instant) -> bool {
        let until = self.expires_at.map_or(deadline, |expires_at| expires_at.min(deadline));
        let gone = tokio::select! {
            changed = self.announced.changed() => changed.is_err(),
            () = self.seat.registration.changed.notified() => return true,
            () = sleep_until(until) => return until < deadline,
        };
        if gone {
            // The one account that was followed is gone, and nobody said why: the next look does.
            self.announced = self.seat.feed.announced(&self.filter);
        }
        true
    }
}

impl fmt::Debug for EventReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EventReader({})", self.cursor())
    }
}

pub(super) fn instant_of(unix_secs: u64) -> Instant {
    let left = (UNIX_EPOCH + Duration::from_secs(unix_secs)).duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + left.min(WAIT_MAX * 365)
}

/// A reader that goes on until somebody ends it.
#[derive(Debug)]
pub struct EventStream {
    reader: EventReader,
    begun: bool,
    ended: bool,
}

/// One piece of a stream.
#[derive(Debug)]
pub enum StreamItem {
    /// Events, in order; not empty.
    Events(Vec<Arc<Event>>),
    /// Nothing happens; everything up to this place was given. Also the first piece of each stream.
    Heartbeat(Cursor),
    /// The last piece: why, and the place to go on from.
    End(EndReason, Cursor),
}

impl EventStream {
    pub(crate) fn new(reader: EventReader) -> Self {
        Self { reader, begun: false, ended: false }
    }

    /// The next piece; `None` after the last.
    pub async fn next(&mut self) -> Option<StreamItem> {
        if self.ended {
            return None;
        }
        if !self.begun {
            self.begun = true;
            return Some(StreamItem::Heartbeat(self.reader.cursor()));
        }
        match self.reader.next(READ_MAX, Instant::now() + HEARTBEAT_PERIOD).await {
            Read::Events(events) => Some(StreamItem::Events(events)),
            Read::Nothing => {
                self.reader.seat.feed.tidy();
                Some(StreamItem::Heartbeat(self.reader.cursor()))
            }
            Read::End(reason) => {
                self.ended = true;
                Some(StreamItem::End(reason, self.reader.cursor()))
            }
        }
    }
}
