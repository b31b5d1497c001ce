//! A log of the requests that came, and of the waits that were asked for.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::rpc::SessionAddress;

/// Requests whose times are remembered.
pub const LOGGED_REQUESTS_MAX: usize = 10_000;
/// What comes so soon after an answer, in milliseconds, may have been on its way before that arrived.
const ON_ITS_WAY_MS: u64 = 1_000;
/// Waits that were asked for and are remembered.
const WAITS_MAX: usize = 1_000;

/// One request that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Which method, or `unknown`.
    pub method: String,
    /// The phone number of the user who was signed in.
    pub user: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

/// A wait that a user was asked for.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Before this method is called again.
    pub method: String,
    /// The user's phone number (digits).
    pub user: String,
    /// The session that was told.
    pub session: SessionAddress,
    /// When, in Unix milliseconds.
    pub from_ms: u64,
    /// For how long.
    pub seconds: u32,
}

impl Wait {
    fn until_ms(&self) -> u64 {
        self.from_ms.saturating_add(u64::from(self.seconds) * 1_000)
    }

    fn forbids(&self, request: &LoggedRequest) -> bool {
        let within = (self.from_ms.saturating_add(ON_ITS_WAY_MS)..self.until_ms()).contains(&request.at_ms);
        within && self.method == request.method && request.user.as_ref() == Some(&self.user)
    }
}

/// How often a method was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// All calls.
    pub all: u64,
    /// Those that came before a wait was over that their caller had been asked for more than a second before.
    pub early: u64,
    /// The waits that were asked for before it.
    pub waits: u64,
}

/// The requests that came: how many of each method, and the last [`LOGGED_REQUESTS_MAX`] with their times.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// By method, and who called it.
    counts: BTreeMap<(String, Option<String>), RequestCounts>,
    last: VecDeque<LoggedRequest>,
    waits: VecDeque<Wait>,
}

impl RequestLog {
    /// Notes a request.
    pub fn note(&mut self, request: LoggedRequest) {
        let early = u64::from(self.waits.iter().any(|wait| wait.forbids(&request)));
        let counts = self.counts.entry((request.method.clone(), request.user.clone())).or_default();
        (counts.all, counts.early) = (counts.all + 1, counts.early + early);
        if self.last.len() >= LOGGED_REQUESTS_MAX {
            self.last.pop_front();
        }
        self.last.push_back(request);
    }

    /// Notes that a user was asked to wait before a method is called again.
    pub fn note_wait(&mut self, wait: Wait) {
        self.counts.entry((wait.method.clone(), Some(wait.user.clone()))).or_default().waits += 1;
        self.waits.retain(|known| known.until_ms() > wait.from_ms);
        if self.waits.len() >= WAITS_MAX {
            self.waits.pop_front();
        }
        self.waits.push_back(wait);
    }

    /// A session's connection has ended: what was sent to it a moment ago may never have been read, so that no wait follows from it.
    pub fn session_closed(&mut self, session: SessionAddress, now_ms: u64) {
        self.waits.retain(|wait| wait.session != session || wait.from_ms.saturating_add(ON_ITS_WAY_MS) <= now_ms);
    }

    /// How often each method was called, by everybody or by the user with this phone number (digits).
    pub fn counts(&self, user: Option<&str>) -> BTreeMap<&str, RequestCounts> {
        let mut counts: BTreeMap<&str, RequestCounts> = BTreeMap::new();
        for ((method, caller), called) in &self.counts {
            if user.is_none() || caller.as_deref() == user {
                let sum = counts.entry(method).or_default();
                sum.all += called.all;
                sum.early += called.early;
                sum.waits += called.waits;
            }
        }
        counts
    }

    /// The last requests, oldest first.
    pub fn last(&self) -> impl Iterator<Item = &LoggedRequest> {
        self.last.iter()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_within_a_wait_is_early_unless_it_may_have_been_on_its_way() {
        let mut log = RequestLog::default();
        let call = |log: &mut RequestLog, user: &str, at_ms| {
            log.note(LoggedRequest { method: "messages.sendMessage".into(), user: Some(user.into()), at_ms });
            log.counts(None)["messages.sendMessage"].early
        };
        let session = SessionAddress { dc_id: 2, auth_key_id: 1, session_id: 1 };
        let wait = |from_ms| Wait { method: "messages.sendMessage".into(), user: "1555".into(), session, from_ms, seconds: 10 };
        log.note_wait(wait(1_000));
        assert_eq!(call(&mut log, "1555", 1_999), 0);
        assert_eq!(call(&mut log, "1556", 5_000), 0);
        assert_eq!(call(&mut log, "1555", 5_000), 1);
        assert_eq!(call(&mut log, "1555", 11_000), 1);
        let counts = |user| log.counts(Some(user)).get("messages.sendMessage").copied();
        assert_eq!(counts("1555"), Some(RequestCounts { all: 3, early: 1, waits: 1 }));
        assert_eq!((counts("1556").map(|counts| counts.early), counts("1557")), (Some(0), None));
        log.note_wait(wait(20_000));
        log.session_closed(SessionAddress { session_id: 2, ..session }, 20_500);
        log.session_closed(session, 21_000);
        assert_eq!(call(&mut log, "1555", 22_000), 2, "the connection ended later, or it was another one");
        log.note_wait(wait(40_000));
        log.session_closed(session, 40_999);
        assert_eq!(call(&mut log, "1555", 45_000), 2, "the answer may never have been read");
    }

    #[test]
    fn the_request_log_counts_all_and_keeps_the_last() {
        let mut log = RequestLog::default();
        for at_ms in 0..=LOGGED_REQUESTS_MAX as u64 {
            log.note(LoggedRequest { method: "help.getConfig".into(), user: None, at_ms });
        }
        assert_eq!(log.counts(None)["help.getConfig"].all, LOGGED_REQUESTS_MAX as u64 + 1);
        assert_eq!(log.last().next().map(|request| request.at_ms), Some(1));
    }
}
