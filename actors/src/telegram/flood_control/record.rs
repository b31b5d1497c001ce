//! What is kept of an account's limits, so that a restart does not forget them: one sealed record.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::ChatId;
use super::budget::Budget;
use super::report::Restriction;
use super::state::{State, Wait};

/// See the module's description.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KeptLimits {
    waits: Vec<(String, KeptWait)>,
    /// Thousandths of calls per minute.
    budgets: Vec<(String, u64)>,
    slow_chats: Vec<(ChatId, KeptWait)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_flood: Option<Restriction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<Restriction>,
}

/// From when and until when (Unix milliseconds).
type KeptWait = (u64, u64);

/// What the state's clock shows, and the world's (Unix milliseconds), at the same moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) own: u64,
    pub(super) unix: u64,
}

impl Clocks {
    /// A time of the state's clock in Unix milliseconds.
    pub(super) fn to_unix(self, own: u64) -> u64 {
        (self.unix + own).saturating_sub(self.own)
    }

    fn kept(self, wait: Wait) -> KeptWait {
        (self.to_unix(wait.from), self.to_unix(wait.until))
    }

    /// A wait that was kept. However the world's clock was set meanwhile, it is no longer than it was.
    fn resumed(self, (from, until): KeptWait) -> Wait {
        let left = until.saturating_sub(self.unix).min(until.saturating_sub(from));
        Wait { from: self.own, until: self.own.saturating_add(left) }
    }
}

impl KeptLimits {
    pub(super) fn of(state: &State, clocks: Clocks) -> Self {
        let waits = state.open_waits(clocks.own).into_iter();
        let slow_chats = state.open_slow_chats(clocks.own).into_iter();
        let budgets = state.budgets.iter().filter(|(_, budget)| !budget.is_over(clocks.own));
        Self {
            waits: waits.map(|(method, wait)| (method.to_owned(), clocks.kept(wait))).collect(),
            budgets: budgets.map(|(method, budget)| (method.to_string(), budget.rate(clocks.own))).collect(),
            slow_chats: slow_chats.map(|(chat, wait)| (chat, clocks.kept(wait))).collect(),
            peer_flood: state.peer_flood.clone(),
            frozen: state.frozen.as_ref().map(|frozen| frozen.restriction.clone()),
        }
    }

    pub(super) fn resume(self, clocks: Clocks) -> State {
        let mut state = State::default();
        state.peer_flood = self.peer_flood;
        let waits = self.waits.into_iter().map(|(method, wait)| (Cow::Owned(method), clocks.resumed(wait)));
        state.waits = waits.filter(|(_, wait)| wait.until > clocks.own).collect();
        let until = |method: &str| state.waits.get(method).map_or(clocks.own, |wait| wait.until);
        let budgets = self.budgets.into_iter();
        state.budgets = budgets.map(|(method, rate)| (Cow::Owned(method.clone()), Budget::of(rate, until(&method)))).collect();
        state.slow_chats = self.slow_chats.into_iter().map(|(chat, wait)| (chat, clocks.resumed(wait))).collect();
        if let Some(frozen) = self.frozen {
            state.was_frozen(frozen);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::{BUDGETS_MAX, Held, SLOW_CHATS_MAX, WAITS_MAX};
    use super::*;
    use crate::caller::Principal;
    use crate::store::VALUE_BYTES_MAX;

    const PERSON: Principal = Principal::Human { admin: true };

    fn restriction() -> Restriction {
        Restriction { method: "messages.sendMessage".into(), since: 1, reason: "PEER_FLOOD".into() }
    }

    #[test]
    fn a_restart_changes_nothing() {
        let mut state = State::default();
        let chat = ChatId::from_marked(5).unwrap();
        for _ in 0..51 {
            state.sent("messages.sendMessage", 1_000);
        }
        state.flooded("messages.sendMessage", 100, 1_000);
        state.flooded("messages.search", 1, 1_000);
        state.slowed(chat, 30, 1_000);
        state.limited(restriction());
        state.froze("messages.sendMessage", restriction(), 1_000);
        let kept = KeptLimits::of(&state, Clocks { own: 2_000, unix: 1_700_000_002_000 });
        let kept: KeptLimits = serde_json::from_slice(&serde_json::to_vec(&kept).unwrap()).unwrap();
        let mut state = kept.resume(Clocks { own: 50, unix: 1_700_000_012_000 });
        assert_eq!(state.admit("messages.sendMessage", None, 50), Err(Held::Wait(89_000)));
        assert_eq!(state.admit("messages.search", None, 50), Ok(()));
        assert_eq!(state.slow_left(chat, 50), Some(19_000));
        assert_eq!(state.budgets["messages.sendMessage"].rate(89_050), 40_000);
        assert_eq!((&state.peer_flood, state.frozen.is_some()), (&Some(restriction()), true));
        assert_eq!(state.admit("messages.sendMessage", Some(&PERSON), 89_050), Ok(()), "it is tried whether it is frozen still");
        assert!(state.succeeded("messages.sendMessage") && state.frozen.is_none());
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_wait_longer() {
        let mut state = State::default();
        state.flooded("messages.search", 60, 0);
        let kept = KeptLimits::of(&state, Clocks { own: 0, unix: 1_700_000_000_000 });
        let mut state = kept.resume(Clocks { own: 0, unix: 1_000 });
        assert_eq!(state.wait_left("messages.search", 0), Some(60_000));
    }

    #[test]
    fn the_record_is_one_that_the_store_takes() {
        let mut state = State::default();
        for number in 0..WAITS_MAX.max(SLOW_CHATS_MAX).max(BUDGETS_MAX) {
            let method = format!("account.aMethodWithANameOfFortyLetters{number:04}").leak();
            state.flooded(method, u32::MAX, 0);
            state.slowed(ChatId::from_marked(i64::try_from(number).unwrap() - 1_002_147_483_648).unwrap(), u32::MAX, 0);
        }
        state.limited(restriction());
        state.froze("messages.sendMessage", restriction(), 0);
        let kept = KeptLimits::of(&state, Clocks { own: 0, unix: 1_700_000_000_000 });
        let length = serde_json::to_vec(&kept).unwrap().len();
        assert!(length < VALUE_BYTES_MAX - 4_096, "{length}");
    }
}
