//! What is known of an account's limits. Arithmetic over a clock that is handed in, in milliseconds; nothing here waits.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use super::super::ChatId;
use super::budget::{Budget, Usage};
use super::report::Restriction;
use crate::caller::Principal;

/// How many waits, budgets and slow chats are known at once. Beyond it, the one that matters least is forgotten.
pub(super) const WAITS_MAX: usize = 128;
pub(super) const BUDGETS_MAX: usize = 64;
pub(super) const SLOW_CHATS_MAX: usize = 128;

/// How many methods are known that Telegram refuses to a frozen account.
const FROZEN_METHODS_MAX: usize = 128;

/// So long after it was refused to a frozen account a method is tried again; and, while that is not decided, once in so long.
const TRIAL_AFTER_MS: u64 = 600_000;
const TRIAL_MS: u64 = 10_000;

/// Methods that keep an account going: no budget holds them, though waits do.
const UNBUDGETED: [&str; 4] = ["updates.getState", "updates.getDifference", "updates.getChannelDifference", "ping"];

/// Files have connections and turns of their own, and no budget.
const OF_FILES: &str = "upload.";

/// A wait: from when, until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// That the account is frozen: the methods that Telegram refused for that reason are not called, any other is. When one of them is taken
/// again, the account is frozen no more.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) restriction: Restriction,
    /// When each of them may be tried again.
    methods: HashMap<Cow<'static, str>, u64>,
}

/// Why a call may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Telegram asked to wait; so many milliseconds are left.
    Wait(u64),
    /// Its budget is used up; there is more in so many milliseconds.
    Budget(u64),
    /// The account is frozen.
    Frozen,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) waits: HashMap<Cow<'static, str>, Wait>,
    pub(super) budgets: HashMap<Cow<'static, str>, Budget<Principal>>,
    pub(super) slow_chats: HashMap<ChatId, Wait>,
    pub(super) peer_flood: Option<Restriction>,
    pub(super) frozen: Option<Frozen>,
    /// How often each method was called lately: at most as many as this server knows methods.
    usage: HashMap<&'static str, Usage>,
    /// How often what is kept of this has changed.
    pub(super) version: u64,
}

impl State {
    /// Whether a call may be made; then it is drawn from its budget. What the server asks for itself draws from none.
    pub(super) fn admit(&mut self, method: &'static str, asker: Option<&Principal>, now: u64) -> Result<(), Held> {
        if let Some(left) = self.wait_left(method, now) {
            return Err(Held::Wait(left));
        }
        if let Some(trial_at) = self.frozen.as_mut().and_then(|frozen| frozen.methods.get_mut(method)) {
            if now < *trial_at {
                return Err(Held::Frozen);
            }
            *trial_at = now + TRIAL_MS;
        }
        let Some(asker) = asker else { return Ok(()) };
        if self.budgets.is_empty() || !has_budget(method) {
            return Ok(());
        }
        match self.budgets.get_mut(method) {
            Some(budget) if budget.is_over(now) => _ = self.budgets.remove(method),
            Some(budget) => budget.draw(asker, now).map_err(Held::Budget)?,
            None => {}
        }
        Ok(())
    }

    /// How long a method waits still.
    pub(super) fn wait_left(&mut self, method: &str, now: u64) -> Option<u64> {
        let left = self.waits.get(method)?.until.saturating_sub(now);
        if left == 0 {
            self.waits.remove(method);
        }
        (left > 0).then_some(left)
    }

    /// Notes that a call is made.
    pub(super) fn sent(&mut self, method: &'static str, now: u64) {
        self.usage.entry(method).or_default().count(now);
    }

    /// Notes that Telegram took a call. Answers whether that ended a limit.
    pub(super) fn succeeded(&mut self, method: &str) -> bool {
        let unlimited = self.peer_flood.take_if(|limit| limit.method == method).is_some();
        let thawed = self.frozen.take_if(|frozen| frozen.methods.contains_key(method)).is_some();
        if unlimited || thawed {
            self.version += 1;
        }
        thawed || unlimited
    }

    /// Notes that Telegram asked to wait before a method is called again, and learns from it.
    pub(super) fn flooded(&mut self, method: &'static str, seconds: u32, now: u64) {
        let until = now.saturating_add(u64::from(seconds) * 1_000);
        if !self.waits.contains_key(method) {
            make_room(&mut self.waits, WAITS_MAX, now);
        }
        let wait = self.waits.entry(Cow::Borrowed(method)).or_insert(Wait { from: now, until });
        wait.until = wait.until.max(until);
        self.version += 1;
        if !has_budget(method) {
            return;
        }
        // The call that was refused is among them.
        let sent = self.usage.get_mut(method).map_or(0, |usage| usage.total(now)).saturating_sub(1);
        if let Some(budget) = self.budgets.get_mut(method) {
            budget.flooded(now, until);
        } else {
            if self.budgets.len() >= BUDGETS_MAX {
                self.budgets.retain(|_, budget| !budget.is_over(now));
            }
            if self.budgets.len() >= BUDGETS_MAX
                && let Some(widest) =
                    self.budgets.iter().max_by_key(|(_, budget)| budget.rate(now)).map(|(method, _)| method.clone())
            {
                self.budgets.remove(&widest);
            }
            self.budgets.insert(Cow::Borrowed(method), Budget::learned(sent, until));
        }
    }

    /// Notes that a chat's slow mode asks to wait.
    pub(super) fn slowed(&mut self, chat: ChatId, seconds: u32, now: u64) {
        if !self.slow_chats.contains_key(&chat) {
            make_room(&mut self.slow_chats, SLOW_CHATS_MAX, now);
        }
        let until = now.saturating_add(u64::from(seconds) * 1_000);
        self.slow_chats.insert(chat, Wait { from: now, until });
        self.version += 1;
    }

    /// Forgets a chat's slow mode. Answers whether it was known.
    pub(super) fn forget_slow_mode(&mut self, chat: ChatId) -> bool {
        let known = self.slow_chats.remove(&chat).is_some();
        self.version += u64::from(known);
        known
    }

    /// How long a chat's slow mode lasts still.
    pub(super) fn slow_left(&self, chat: ChatId, now: u64) -> Option<u64> {
        let left = self.slow_chats.get(&chat)?.until.saturating_sub(now);
        (left > 0).then_some(left)
    }

    /// Notes that others' reports limit the account.
    pub(super) fn limited(&mut self, limit: Restriction) {
        self.peer_flood = Some(limit);
        self.version += 1;
    }

    /// Notes that Telegram refused a method because the account is frozen; one that was found frozen before is so since then.
    pub(super) fn froze(&mut self, method: &'static str, restriction: Restriction, now: u64) {
        let frozen = self.frozen.get_or_insert_with(|| Frozen { restriction, methods: HashMap::new() });
        if frozen.methods.len() >= FROZEN_METHODS_MAX {
            frozen.methods.clear();
        }
        frozen.methods.insert(Cow::Borrowed(method), now + TRIAL_AFTER_MS);
        self.version += 1;
    }

    /// Takes up that the account was frozen when the server ran before; whether it still is is tried at once.
    pub(super) fn was_frozen(&mut self, restriction: Restriction) {
        let methods = HashMap::from([(Cow::Owned(restriction.method.clone()), 0)]);
        self.frozen = Some(Frozen { restriction, methods });
    }

    /// What waits still, the longest first.
    pub(super) fn open_waits(&self, now: u64) -> Vec<(&str, Wait)> {
        let open = self.waits.iter().filter(|(_, wait)| wait.until > now);
        let mut open: Vec<_> = open.map(|(method, wait)| (method.as_ref(), *wait)).collect();
        open.sort_by_key(|(method, wait)| (Reverse(wait.until), *method));
        open
    }

    /// The chats in whose slow mode the account waits still, the longest first.
    pub(super) fn open_slow_chats(&self, now: u64) -> Vec<(ChatId, Wait)> {
        let mut open: Vec<_> = self.slow_chats.iter().map(|(chat, wait)| (*chat, *wait)).collect();
        open.retain(|(_, wait)| wait.until > now);
        open.sort_by_key(|(chat, wait)| (Reverse(wait.until), chat.value()));
        open
    }
}

fn has_budget(method: &str) -> bool {
    !UNBUDGETED.contains(&method) && !method.starts_with(OF_FILES)
}

/// Makes room for one more wait: those that are over go, then the one that is over soonest.
fn make_room<K: Clone + Eq + Hash>(waits: &mut HashMap<K, Wait>, max: usize, now: u64) {
    if waits.len() >= max {
        waits.retain(|_, wait| wait.until > now);
    }
    if waits.len() >= max
        && let Some(first) = waits.iter().min_by_key(|(_, wait)| wait.until).map(|(key, _)| key.clone())
    {
        waits.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Principal = Principal::Human { admin: false };
    const SEND: &str = "messages.sendMessage";

    fn restriction(method: &str) -> Restriction {
        Restriction { method: method.to_owned(), since: 7, reason: "SOME_REASON".to_owned() }
    }

    #[test]
    fn a_wait_holds_its_method_alone_and_is_never_shortened() {
        let mut state = State::default();
        state.flooded(SEND, 300, 1_000);
        state.flooded(SEND, 2, 1_500);
        for asker in [None, Some(&PERSON)] {
            assert_eq!(state.admit(SEND, asker, 1_500), Err(Held::Wait(299_500)));
            assert_eq!(state.admit("messages.getHistory", asker, 1_500), Ok(()));
        }
        assert_eq!(state.admit(SEND, Some(&PERSON), 301_000), Ok(()), "to the millisecond, and then a call is let through");
        assert!(matches!(state.admit(SEND, Some(&PERSON), 301_000), Err(Held::Budget(_))), "within what was learned");
        assert_eq!(state.admit(SEND, None, 301_000), Ok(()), "the server's own work has no budget");
        state.flooded("updates.getDifference", 5, 0);
        assert_eq!(state.admit("updates.getDifference", Some(&PERSON), 4_999), Err(Held::Wait(1)));
        assert_eq!(state.admit("updates.getDifference", Some(&PERSON), 5_000), Ok(()));
        assert!(!state.budgets.contains_key("updates.getDifference"));
    }

    #[test]
    fn a_budget_is_what_was_sent_in_the_minute_before() {
        let mut state = State::default();
        for call in 0..41 {
            state.sent(SEND, call * 1_000);
        }
        state.flooded(SEND, 10, 41_000);
        assert_eq!(state.budgets[SEND].rate(51_000), 32_000);
        state.flooded(SEND, 10, 41_500);
        assert_eq!(state.budgets[SEND].rate(51_000), 32_000, "what was under way is no further lesson");
        state.flooded(SEND, 10, 60_000);
        assert_eq!(state.budgets[SEND].rate(70_000), 16_070);
    }

    #[test]
    fn a_frozen_account_does_what_it_can_and_now_and_then_tries_the_rest() {
        let mut state = State::default();
        state.froze(SEND, restriction(SEND), 0);
        for asker in [None, Some(&PERSON)] {
            assert_eq!(state.admit(SEND, asker, 1), Err(Held::Frozen));
            assert_eq!(state.admit("messages.getHistory", asker, 1), Ok(()));
        }
        assert!(!state.succeeded("messages.getHistory"));
        assert_eq!(state.admit(SEND, None, TRIAL_AFTER_MS), Ok(()));
        assert_eq!(state.admit(SEND, None, TRIAL_AFTER_MS + 1), Err(Held::Frozen), "one tries for all");
        state.froze(SEND, Restriction { since: 99, ..restriction(SEND) }, TRIAL_AFTER_MS + 5);
        assert_eq!(state.admit(SEND, None, TRIAL_AFTER_MS + TRIAL_MS), Err(Held::Frozen));
        assert_eq!(state.frozen.as_ref().unwrap().restriction.since, 7);
        assert!(state.succeeded(SEND));
        assert_eq!(state.admit(SEND, None, TRIAL_AFTER_MS + 7), Ok(()));
    }

    #[test]
    fn a_limit_by_reports_ends_with_the_next_success_of_what_was_refused() {
        let mut state = State::default();
        state.limited(restriction(SEND));
        assert!(!state.succeeded("messages.getHistory") && state.peer_flood.is_some());
        let before = state.version;
        assert!(state.succeeded(SEND) && state.peer_flood.is_none() && state.version > before);
    }

    #[test]
    fn what_is_known_is_bounded() {
        let mut state = State::default();
        let methods: Vec<&'static str> = (0..300).map(|number| &*format!("a.method{number}").leak()).collect();
        for (number, method) in methods.iter().enumerate() {
            state.flooded(method, 100 + u32::try_from(number).unwrap(), 0);
            state.slowed(ChatId::from_marked(1 + i64::try_from(number).unwrap()).unwrap(), 100, 0);
        }
        assert_eq!((state.waits.len(), state.budgets.len(), state.slow_chats.len()), (WAITS_MAX, BUDGETS_MAX, SLOW_CHATS_MAX));
        assert_eq!(state.open_waits(0)[0].0, methods[299], "the longest stay");
        state.flooded(methods[0], 1, 1_000_000);
        assert_eq!(state.waits.len(), 1, "what is over goes first");
    }
}
