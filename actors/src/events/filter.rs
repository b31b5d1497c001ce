//! Which events a reader wants and may see.

use std::collections::BTreeSet;

use super::{Event, EventName};
use crate::identity::AccountId;

/// See the module's description.
#[derive(Clone, Debug)]
pub(crate) struct EventFilter {
    /// The accounts; `None` means all of the user's, also those that are added later.
    accounts: Option<BTreeSet<AccountId>>,
    /// The chats; `None` means all.
    chats: Option<BTreeSet<i64>>,
    /// One bit for each name that is wanted.
    names: u64,
    /// Whether the reader is an agent, who does not see what only people may.
    agent: bool,
}

impl EventFilter {
    /// A filter; no names means all of them.
    pub(crate) fn new(
        accounts: Option<BTreeSet<AccountId>>,
        chats: Option<BTreeSet<i64>>,
        names: &[EventName],
        agent: bool,
    ) -> Self {
        let names = if names.is_empty() { u64::MAX } else { names.iter().fold(0, |bits, name| bits | name.bit()) };
        Self { accounts, chats, names, agent }
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
        self.covers(event.account()) && of_chat && of_name && !(self.agent && event.is_shielded())
    }
}
