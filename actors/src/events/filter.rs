//! Which events a reader wants and may see.

use std::collections::BTreeSet;

use super::{Event, EventName};
use crate::identity::{AccountId, KeyId};
use crate::sight::ChatSight;
use crate::telegram::ChatId;

/// See the module's description.
#[derive(Clone, Debug)]
pub(crate) struct EventFilter {
    /// The accounts; `None` means all of the user's, also those that are added later.
    accounts: Option<BTreeSet<AccountId>>,
    /// The chats; `None` means all.
    chats: Option<BTreeSet<i64>>,
    /// One bit for each name that is wanted.
    names: u64,
    /// Which chats the reader may know of.
    sight: ChatSight,
    /// The key of the reader, if it is an agent, who is not told what is for another agent.
    agent: Option<KeyId>,
}

impl EventFilter {
    /// A filter; no names means all of them.
    pub(crate) fn new(
        accounts: Option<BTreeSet<AccountId>>,
        chats: Option<BTreeSet<i64>>,
        names: &[EventName],
        sight: ChatSight,
    ) -> Self {
        let names = if names.is_empty() { u64::MAX } else { names.iter().fold(0, |bits, name| bits | name.bit()) };
        Self { accounts, chats, names, sight, agent: None }
    }

    /// The same for an agent, if the reader is one.
    pub(crate) fn of_agent(mut self, agent: Option<KeyId>) -> Self {
        self.agent = agent;
        self
    }

    /// Whether the account is one of those.
    pub(super) fn covers(&self, account: AccountId) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(&account))
    }

    /// The account, if there is only one.
    pub(super) fn only_account(&self) -> Option<AccountId> {
        let accounts = self.accounts.as_ref().filter(|accounts| accounts.len() == 1)?;
        accounts.first().copied()
    }

    /// Whether the reader gets this event. A gap is told whatever kinds are wanted: nothing is skipped in silence.
    pub(super) fn takes(&self, event: &Event) -> bool {
        let is_gap = event.name() == EventName::Gap;
        let of_chat = match (&self.chats, event.chat()) {
            (None, _) => true,
            (Some(wanted), Some(chat)) => wanted.contains(&chat),
            (Some(_), None) => is_gap,
        };
        let of_name = is_gap || self.names & event.name().bit() != 0;
        self.covers(event.account()) && of_chat && of_name && !self.hides(event)
    }

    /// Which chats the reader may know of.
    pub(super) fn sight(&self) -> &ChatSight {
        &self.sight
    }

    /// Whether an event is hidden, whatever kind of chat it is of. One that does not say its chat is, where any chat may be hidden.
    fn hides(&self, event: &Event) -> bool {
        let is_anothers = self.agent.as_ref().is_some_and(|agent| !event.is_for(agent));
        if is_anothers || (event.is_shielded() && self.sight.is_agent()) {
            return true;
        }
        match event.chat() {
            Some(chat) => ChatId::from_marked(chat).is_none_or(|chat| self.sight.hides_anyhow(chat)) && self.sight.is_agent(),
            None => self.sight.is_narrowed() && !event.name().is_of_account(),
        }
    }
}
