//! Reading the events of the caller's accounts.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::events::{Cursor, EventFilter, EventName, EventReader, Subscription};
use crate::identity::AccountId;
use crate::sight::ChatSight;
use crate::telegram::ChatId;
use crate::user::UserCall;

/// Which events a caller asks for.
#[derive(Debug)]
pub(crate) struct EventsWanted {
    /// Of this account, which the caller may read; or of all that they may.
    pub(crate) account: Option<AccountId>,
    pub(crate) chat: Option<ChatId>,
    /// Of these kinds; none means all.
    pub(crate) names: Vec<EventName>,
    /// After this place; or from now on.
    pub(crate) from: Option<Cursor>,
}

impl UserCall {
    /// Opens a reader of the caller's events.
    pub(crate) fn read_events(&self, wanted: EventsWanted) -> Result<EventReader, Error> {
        let EventsWanted { account, chat, names, from } = wanted;
        if account.is_some_and(|account| self.is_suspended(account)) {
            return Err(Error::account_suspended());
        }
        let caller = self.caller();
        let (sight, origins) = match caller.key_id() {
            None => (ChatSight::everything(), None),
            Some(key) => (ChatSight::of_agent(self.policies.of_key(key)), self.origins(key)),
        };
        let accounts = account.map(|account| BTreeSet::from([account])).or_else(|| self.allowlist());
        let filter = EventFilter::new(accounts, chat.map(|chat| BTreeSet::from([chat.value()])), &names, sight);
        let filter = filter.of_agent(caller.key_id().cloned());
        self.environment.events.read(&self.user, Subscription::of(caller, filter, account, from).noting(origins))
    }

    /// The accounts that an agent's key is limited to.
    fn allowlist(&self) -> Option<BTreeSet<AccountId>> {
        let keys = self.agent_keys.borrow();
        let allowed = keys.get(self.caller().key_id()?)?.account_ids.as_ref()?;
        Some(allowed.iter().copied().collect())
    }
}
