//! Faults that are armed on demand.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Faults that may be armed at a time.
pub const FAULTS_MAX: usize = 1000;
/// How long an armed delay or flood wait may be, in seconds.
pub const FAULT_SECS_MAX: u32 = 86_400;
/// How many calls an armed limit may let through.
pub const LIMIT_MAX: u32 = 10_000;

const SECS_DEFAULT: u32 = 1;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The call answers 420 `FLOOD_WAIT_seconds`.
    FloodWait,
    /// Of the calls within `seconds` the first `count` run; the others answer 420 `FLOOD_WAIT_n`, until there is room again.
    FloodLimit,
    /// The call answers the fault's own `code` and `message`.
    RpcError,
    /// The call answers 500 `INTERNAL_SERVER_ERROR`.
    ServerError,
    /// The connection is closed without an answer; the call changes nothing.
    DropConnection,
    /// The call waits for `seconds` and then runs.
    Delay,
    /// The call waits until the faults are cleared, and then runs.
    Hold,
    /// The call runs; the connection is closed without its answer.
    LoseAnswer,
    /// The call runs; the connection is closed in the middle of a message to the client.
    CutAnswer,
    /// The call runs; its answer waits for `seconds`.
    DelayAnswer,
    /// Updates to the user's sessions are lost: clients see a gap and ask for the difference.
    LoseUpdates,
    /// An update is held back until the next one has gone.
    ReorderUpdates,
    /// An update is sent twice.
    DuplicateUpdates,
    /// An update is sent `seconds` later.
    LateUpdates,
    /// `updates.getDifference` answers that there is more than it gives.
    DifferenceTooLong,
    /// `updates.getChannelDifference` answers that there is more than it gives.
    ChannelDifferenceTooLong,
    /// The call answers -503 `Timeout`.
    Timeout,
    /// The key is signed out, and the call answers 401 `AUTH_KEY_UNREGISTERED`.
    AuthKeyUnregistered,
    /// The key is signed out, and the call answers 401 `SESSION_REVOKED`.
    SessionRevoked,
    /// The key is signed out, and the call answers 406 `AUTH_KEY_DUPLICATED`: it was used from two places at once.
    AuthKeyDuplicated,
    /// The call answers 401 `USER_DEACTIVATED`.
    UserDeactivated,
    /// The call answers 303 `PHONE_MIGRATE_` with the datacentre in `dc`.
    PhoneMigrate,
    /// `upload.getFile` sends on to a content delivery network, which there is none of.
    CdnRedirect,
}

impl FaultKind {
    /// Whether it strikes updates, not calls.
    pub fn strikes_updates(self) -> bool {
        matches!(self, Self::LoseUpdates | Self::ReorderUpdates | Self::DuplicateUpdates | Self::LateUpdates)
    }

    /// The one method that it strikes, if it is of one.
    pub fn method(self) -> Option<&'static str> {
        match self {
            Self::DifferenceTooLong => Some("updates.getDifference"),
            Self::ChannelDifferenceTooLong => Some("updates.getChannelDifference"),
            _ => None,
        }
    }
}

/// A fault that waits for its occasion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only for this method, such as `messages.sendMessage`. Faults of updates have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only for the user with this phone number (digits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How often; without it, until the faults are cleared. For `flood_limit`: how many calls run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a hundred occasions it strikes so many (1 to 100), at random; without it, each. Not for `flood_limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u8>,
    /// What the chance of `rate` follows from: the same seed strikes at the same of its occasions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// For `flood_wait`, `flood_limit`, `delay`, `delay_answer` and `late_updates`: how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// For `rpc_error`: Telegram's numeric class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// For `rpc_error`: Telegram's name of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// For `phone_migrate`: the datacentre to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dc: Option<i32>,
}

impl Fault {
    /// A fault that strikes each time and everywhere.
    pub fn of(kind: FaultKind) -> Self {
        let (rate, seed) = (None, None);
        Self { kind, method: None, user: None, count: None, rate, seed, seconds: None, code: None, message: None, dc: None }
    }

    /// How long, in seconds.
    pub fn seconds(&self) -> u32 {
        self.seconds.unwrap_or(SECS_DEFAULT)
    }

    fn check(&self) -> Result<(), ArmError> {
        if self.count == Some(0) {
            return Err(ArmError::NoCount);
        }
        if self.kind == FaultKind::FloodLimit && self.count.is_none_or(|count| count > LIMIT_MAX) {
            return Err(ArmError::NoLimit);
        }
        let is_rate = |rate: u8| self.kind != FaultKind::FloodLimit && (1..=100).contains(&rate);
        if self.rate.is_some_and(|rate| !is_rate(rate)) {
            return Err(ArmError::NoRate);
        }
        if self.seconds.is_some_and(|seconds| seconds > FAULT_SECS_MAX) {
            return Err(ArmError::TooLong);
        }
        if self.kind == FaultKind::RpcError && (self.code.is_none() || self.message.is_none()) {
            return Err(ArmError::NoError);
        }
        if self.kind == FaultKind::PhoneMigrate && self.dc.is_none() {
            return Err(ArmError::NoDatacentre);
        }
        if self.kind == FaultKind::CdnRedirect && self.method.as_deref() != Some("upload.getFile") {
            return Err(ArmError::NotOfFiles);
        }
        if self.kind.strikes_updates() && self.method.is_some() {
            return Err(ArmError::MethodOfUpdates);
        }
        if let (Some(own), Some(method)) = (self.kind.method(), &self.method)
            && own != method
        {
            return Err(ArmError::OtherMethod);
        }
        Ok(())
    }
}

/// A fault that was armed.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// For `flood_limit`: when the calls came that ran (Unix milliseconds).
    ran: VecDeque<u64>,
    chance: fastrand::Rng,
}

impl Armed {
    /// Whether this occasion is one of those that the fault strikes.
    fn has_luck(&mut self) -> bool {
        self.fault.rate.is_none_or(|rate| self.chance.u8(0..100) < rate)
    }

    /// For `flood_limit`: the wait of a call that comes now, in seconds, unless there is room for it, which it takes.
    fn limit(&mut self, now_ms: u64) -> Option<u32> {
        let window = u64::from(self.fault.seconds()) * 1_000;
        self.ran.retain(|at| at.saturating_add(window) > now_ms);
        let room = usize::try_from(self.fault.count.unwrap_or(1)).unwrap_or(usize::MAX);
        match self.ran.front() {
            Some(first) if self.ran.len() >= room => {
                let left = first.saturating_add(window).saturating_sub(now_ms);
                Some(u32::try_from(left.div_ceil(1_000)).unwrap_or(u32::MAX))
            }
            _ => {
                self.ran.push_back(now_ms);
                None
            }
        }
    }
}

/// Why a fault cannot be armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// `count` is 0.
    #[error("count: a fault strikes at least once; leave it out for a fault without an end")]
    NoCount,
    /// A `flood_limit` without its number of calls.
    #[error("count: flood_limit needs how many calls run, at most {LIMIT_MAX}")]
    NoLimit,
    /// `rate` is no rate.
    #[error("rate: 1 to 100 of a hundred occasions, and not for flood_limit; leave it out for a fault that strikes each time")]
    NoRate,
    /// `seconds` is too large.
    #[error("seconds: at most {FAULT_SECS_MAX}")]
    TooLong,
    /// An `rpc_error` without its error.
    #[error("code, message: rpc_error needs both, such as 400 and CHAT_ADMIN_REQUIRED")]
    NoError,
    /// A `phone_migrate` without its datacentre.
    #[error("dc: phone_migrate needs the number of a datacentre")]
    NoDatacentre,
    /// A `cdn_redirect` of another method than the one for files.
    #[error("method: cdn_redirect is of upload.getFile")]
    NotOfFiles,
    /// A method for a fault of updates.
    #[error("method: updates are of no method; leave it out")]
    MethodOfUpdates,
    /// Another method than the fault's own.
    #[error("method: the fault is of one method; leave it out")]
    OtherMethod,
    /// Too many faults.
    #[error("{FAULTS_MAX} faults are armed; clear them first")]
    TooMany,
}

/// The faults that are armed.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
    cleared: Arc<Notify>,
}

impl Faults {
    /// Arms a fault. Of several that fit an occasion the one that was armed first strikes, if it does not leave it out by its rate.
    ///
    /// # Errors
    /// See [`ArmError`].
    pub fn arm(&mut self, fault: Fault) -> Result<(), ArmError> {
        fault.check()?;
        if self.armed.len() >= FAULTS_MAX {
            return Err(ArmError::TooMany);
        }
        let chance = fastrand::Rng::with_seed(fault.seed.unwrap_or_default());
        self.armed.push(Armed { fault, ran: VecDeque::new(), chance });
        Ok(())
    }

    /// Disarms every fault.
    pub fn clear(&mut self) {
        self.armed.clear();
        self.cleared.notify_waiters();
    }

    /// Waits until the faults are cleared.
    pub fn cleared(&self) -> OwnedNotified {
        Arc::clone(&self.cleared).notified_owned()
    }

    /// What is armed.
    pub fn armed(&self) -> impl Iterator<Item = &Fault> {
        self.armed.iter().map(|armed| &armed.fault)
    }

    /// The fault that strikes this call, which came at `now_ms` (Unix milliseconds), if one does.
    pub fn strike_call(&mut self, method: &str, user: Option<&str>, now_ms: u64) -> Option<Fault> {
        let fits = |fault: &Fault| {
            let only = fault.kind.method().or(fault.method.as_deref());
            let of_method = only.is_none_or(|name| name == method);
            !fault.kind.strikes_updates() && of_method && is_of_user(fault, user)
        };
        for armed in self.armed.iter_mut().filter(|armed| armed.fault.kind == FaultKind::FloodLimit && fits(&armed.fault)) {
            if let Some(seconds) = armed.limit(now_ms) {
                return Some(Fault { seconds: Some(seconds), ..armed.fault.clone() });
            }
        }
        self.strike(|fault| fault.kind != FaultKind::FloodLimit && fits(fault))
    }

    /// The fault that strikes an update to this user, if one does.
    pub fn strike_update(&mut self, user: &str) -> Option<Fault> {
        self.strike(|fault| fault.kind.strikes_updates() && is_of_user(fault, Some(user)))
    }

    fn strike(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let position = self.armed.iter_mut().position(|armed| fits(&armed.fault) && armed.has_luck())?;
        let fault = &mut self.armed.get_mut(position)?.fault;
        let struck = fault.clone();
        if let Some(left) = &mut fault.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.armed.remove(position);
            }
        }
        Some(struck)
    }
}

fn is_of_user(fault: &Fault, user: Option<&str>) -> bool {
    fault.user.as_deref().is_none_or(|phone| user == Some(phone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind) -> Fault {
        Fault::of(kind)
    }

    #[test]
    fn a_fault_strikes_where_and_as_often_as_it_says() {
        let mut faults = Faults::default();
        let method = Some("messages.sendMessage".to_owned());
        let flood = Fault { method, user: Some("1555".into()), count: Some(2), ..fault(FaultKind::FloodWait) };
        faults.arm(flood).unwrap();
        assert!(faults.strike_call("messages.getHistory", Some("1555"), 0).is_none());
        assert!(faults.strike_call("messages.sendMessage", Some("1556"), 0).is_none());
        assert!(faults.strike_call("messages.sendMessage", None, 0).is_none());
        assert!(faults.strike_update("1555").is_none());
        assert!(faults.strike_call("messages.sendMessage", Some("1555"), 0).is_some());
        assert!(faults.strike_call("messages.sendMessage", Some("1555"), 0).is_some());
        assert!(faults.strike_call("messages.sendMessage", Some("1555"), 0).is_none());
        assert_eq!(faults.armed().count(), 0);
    }

    #[test]
    fn faults_of_updates_leave_calls_alone() {
        let mut faults = Faults::default();
        faults.arm(fault(FaultKind::LoseUpdates)).unwrap();
        assert!(faults.strike_call("messages.sendMessage", None, 0).is_none());
        let struck = |faults: &mut Faults| faults.strike_update("1555").map(|fault| fault.kind);
        assert_eq!(struck(&mut faults), Some(FaultKind::LoseUpdates));
        assert_eq!(struck(&mut faults), Some(FaultKind::LoseUpdates));
        faults.clear();
        assert_eq!(struck(&mut faults), None);
    }

    #[test]
    fn a_fault_of_one_method_strikes_no_other() {
        let mut faults = Faults::default();
        faults.arm(fault(FaultKind::DifferenceTooLong)).unwrap();
        assert!(faults.strike_call("updates.getChannelDifference", None, 0).is_none());
        assert!(faults.strike_call("updates.getDifference", None, 0).is_some());
        let other = Fault { method: Some("help.getConfig".into()), ..fault(FaultKind::DifferenceTooLong) };
        assert_eq!(faults.arm(other), Err(ArmError::OtherMethod));
    }

    #[test]
    fn a_fault_that_cannot_strike_is_refused() {
        let mut faults = Faults::default();
        assert_eq!(faults.arm(fault(FaultKind::RpcError)), Err(ArmError::NoError));
        assert_eq!(faults.arm(fault(FaultKind::PhoneMigrate)), Err(ArmError::NoDatacentre));
        assert_eq!(faults.arm(Fault { count: Some(0), ..fault(FaultKind::Delay) }), Err(ArmError::NoCount));
        assert_eq!(faults.arm(Fault { seconds: Some(90_000), ..fault(FaultKind::Delay) }), Err(ArmError::TooLong));
        let with_method = Fault { method: Some("help.getConfig".into()), ..fault(FaultKind::LoseUpdates) };
        assert_eq!(faults.arm(with_method), Err(ArmError::MethodOfUpdates));
        for _ in 0..FAULTS_MAX {
            faults.arm(fault(FaultKind::ServerError)).unwrap();
        }
        assert_eq!(faults.arm(fault(FaultKind::ServerError)), Err(ArmError::TooMany));
    }

    #[test]
    fn a_limit_lets_so_many_through_within_its_time() {
        let mut faults = Faults::default();
        assert_eq!(faults.arm(fault(FaultKind::FloodLimit)), Err(ArmError::NoLimit));
        let limit = Fault { count: Some(2), seconds: Some(10), ..fault(FaultKind::FloodLimit) };
        faults.arm(limit).unwrap();
        let mut wait = |at| faults.strike_call("messages.sendMessage", None, at).map(|fault| fault.seconds());
        let waits = [0, 4_000, 5_500, 9_999, 10_000, 10_001, 14_000].map(&mut wait);
        assert_eq!(waits, [None, None, Some(5), Some(1), None, Some(4), None]);
    }

    #[test]
    fn a_rate_strikes_some_of_the_occasions_and_the_same_ones_each_time() {
        let struck = |seed| {
            let mut faults = Faults::default();
            let rare = Fault { rate: Some(5), seed: Some(seed), ..fault(FaultKind::CutAnswer) };
            faults.arm(rare).unwrap();
            (0..2_000).map(|_| faults.strike_call("help.getConfig", None, 0).is_some()).collect::<Vec<_>>()
        };
        let often = struck(1).into_iter().filter(|struck| *struck).count();
        assert!((50..200).contains(&often), "{often}");
        assert_eq!(struck(1), struck(1));
        assert_ne!(struck(1), struck(2));
        // What leaves an occasion out leaves it to the next.
        let mut faults = Faults::default();
        faults.arm(Fault { rate: Some(1), ..fault(FaultKind::CutAnswer) }).unwrap();
        faults.arm(fault(FaultKind::ServerError)).unwrap();
        assert!((0..100).all(|_| faults.strike_call("help.getConfig", None, 0).is_some()));
        assert_eq!(faults.arm(Fault { rate: Some(101), ..fault(FaultKind::Delay) }), Err(ArmError::NoRate));
    }
}
