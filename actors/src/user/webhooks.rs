//! The webhooks of a user: made, changed and watched over here; what they may tell is decided each time that they begin to read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;

use crate::caller::Principal;
use crate::error::{Code, Error};
use crate::events::{Cursor, EventFilter, EventName, EventReader, NewEvent, Subscription};
use crate::identity::AccountId;
use crate::runtime::{now_ms, now_secs};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::ChatId;
use crate::user::agent_keys::AgentKey;
use crate::user::{UserCall, UserContext};
use crate::webhooks::{
    self, Attempt, Closed, DeliveryId, Hook, House, Outcome, Owner, Sender, StandingStatus, Webhook, WebhookId,
};

/// The kind of what is posted to try an address out.
const TEST_KIND: &str = "test";

/// A user's webhooks.
#[derive(Debug, Default)]
pub(crate) struct Webhooks(RefCell<BTreeMap<WebhookId, Rc<Hook>>>);

/// What is told when a webhook ends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    webhook_id: WebhookId,
    status: StandingStatus,
}

impl UserContext {
    /// Starts the webhooks that are kept.
    pub(super) async fn load_webhooks(self: &Rc<Self>) -> Result<(), Error> {
        for hook in Hook::load_all(&self.records).await? {
            self.watch_over(Rc::new(hook));
        }
        Ok(())
    }

    fn watch_over(self: &Rc<Self>, hook: Rc<Hook>) {
        let id = hook.webhook().id;
        self.webhooks.0.borrow_mut().insert(id, Rc::clone(&hook));
        let limits = self.environment.settings.limits.webhooks.clone();
        self.tasks.spawn(webhooks::work(Rc::clone(self), hook, self.sender(), limits));
    }

    fn sender(&self) -> Sender {
        Sender::new(self.environment.outbound.clone(), self.environment.settings.limits.webhooks.answer_timeout)
    }

    /// Which chats a webhook may tell of.
    fn sight_of(&self, key: Option<&AgentKey>) -> ChatSight {
        key.map_or_else(ChatSight::everything, |key| ChatSight::of_agent(self.policies.of_key(&key.id)))
    }

    /// The key of the agent that made a webhook, while it may read events and have webhooks.
    fn key_of(&self, owner: &Owner) -> Result<Option<AgentKey>, Closed> {
        let Owner::Agent(id) = owner else { return Ok(None) };
        let keys = self.agent_keys.borrow();
        let may = |key: &&AgentKey| {
            let needed = [Scope::EventsRead, Scope::WebhooksWrite];
            key.is_live(now_secs()) && needed.iter().all(|scope| key.scopes.contains(scope))
        };
        keys.get(id).filter(may).cloned().map(Some).ok_or(Closed::KeyEnded)
    }
}

impl House for UserContext {
    fn open(&self, hook: &Hook) -> Result<EventReader, Closed> {
        let webhook = hook.webhook();
        let key = self.key_of(&webhook.owner)?;
        let allowed = key.as_ref().and_then(|key| key.account_ids.clone());
        let accounts = match (&webhook.account_ids, allowed) {
            (Some(wanted), Some(allowed)) => Some(wanted.iter().copied().filter(|account| allowed.contains(account)).collect()),
            (Some(wanted), None) => Some(wanted.iter().copied().collect()),
            (None, allowed) => allowed.map(|allowed| allowed.into_iter().collect()),
        };
        let kept = || EventName::ALL.iter().copied().filter(|name| !name.is_fleeting()).collect();
        let names: Vec<EventName> = if webhook.events.is_empty() { kept() } else { webhook.events.clone() };
        let chats = webhook.chat_ids.as_ref().map(|chats| chats.iter().copied().collect());
        let sight = self.sight_of(key.as_ref());
        let subscription = Subscription {
            expires_at_secs: key.as_ref().and_then(|key| key.expires_at),
            filter: EventFilter::new(accounts, chats, &names, sight).of_agent(key.as_ref().map(|key| key.id.clone())),
            origins: key.as_ref().and_then(|key| self.origins(&key.id)),
            principal: key.map_or(Principal::Human { admin: false }, |key| Principal::Agent { key_id: key.id }),
            account: None,
            from: Some(Cursor::at(hook.standing().read_to)),
            is_counted: false,
        };
        self.environment.events.read(&self.user, subscription).map_err(Closed::Failed)
    }

    fn may_tell(&self, hook: &Hook, chat: Option<i64>) -> bool {
        let Ok(key) = self.key_of(&hook.webhook().owner) else { return false };
        let sight = self.sight_of(key.as_ref());
        match chat.map(ChatId::from_marked) {
            Some(Some(chat)) => !sight.hides_anyhow(chat),
            Some(None) => !sight.is_agent(),
            None => true,
        }
    }

    fn ended(&self, hook: &Hook, why: StandingStatus) {
        let webhook = hook.webhook();
        let accounts = self.accounts.borrow();
        let own = accounts.keys().find(|account| webhook.account_ids.as_ref().is_none_or(|named| named.contains(account)));
        if let Some(account) = own {
            let content = Ended { webhook_id: webhook.id, status: why };
            self.environment.events.tell(&self.user, *account, vec![NewEvent::new(EventName::WebhookEnded, None, &content)]);
        }
    }
}

impl UserCall {
    /// Who the caller is to a webhook.
    pub(crate) fn as_owner(&self) -> Owner {
        self.caller().key_id().map_or(Owner::Person, |key| Owner::Agent(key.clone()))
    }

    /// The webhooks that the caller may see, in the order of their ids: a person sees all of the user's, an agent its own.
    pub(crate) fn own_webhooks(&self) -> Vec<Rc<Hook>> {
        let owner = self.as_owner();
        let may_see = |hook: &&Rc<Hook>| owner == Owner::Person || hook.webhook().owner == owner;
        self.webhooks.0.borrow().values().filter(may_see).cloned().collect()
    }

    /// One of them.
    pub(crate) fn own_webhook(&self, id: &str) -> Result<Rc<Hook>, Error> {
        let id = id.parse::<WebhookId>().ok();
        let found = self.own_webhooks().into_iter().find(|hook| Some(hook.webhook().id) == id);
        found.ok_or_else(|| Error::new(Code::NotFound, "No such webhook"))
    }

    /// The accounts with these ids, all of which the caller must cover.
    pub(crate) fn covered_accounts(&self, field: &str, ids: &[String]) -> Result<Vec<AccountId>, Error> {
        let accounts = self.own_accounts(field, ids)?;
        match accounts.iter().find(|account| !self.covers(**account)) {
            Some(_) => Err(Error::new(Code::AccountNotAllowed, "account not in key allowlist").in_field(field)),
            None => Ok(accounts),
        }
    }

    /// Refuses an agent that may have webhooks but not read events, which they tell.
    pub(crate) fn check_may_read_events(&self) -> Result<(), Error> {
        let missing = || Error::new(Code::MissingScope, format!("Missing scope: {}", Scope::EventsRead.name()));
        self.key_of(&self.as_owner()).map(|_| ()).map_err(|_| missing())
    }

    /// Adds a webhook that begins now.
    pub(crate) async fn add_webhook(&self, webhook: Webhook) -> Result<Rc<Hook>, Error> {
        let webhooks_max = self.environment.settings.limits.webhooks.webhooks_per_user_max;
        if self.webhooks.0.borrow().len() >= webhooks_max {
            return Err(Error::new(Code::Conflict, format!("A user may have {webhooks_max} webhooks: delete one first")));
        }
        let now = self.environment.events.now(&self.user);
        let hook = Rc::new(Hook::create(self.records.clone(), webhook, now.position()).await?);
        self.watch_over(Rc::clone(&hook));
        Ok(hook)
    }

    /// Removes a webhook and all that is kept of it.
    pub(crate) async fn remove_webhook(&self, hook: &Hook) -> Result<(), Error> {
        let id = hook.webhook().id;
        hook.delete().await?;
        self.webhooks.0.borrow_mut().remove(&id);
        Ok(())
    }

    /// Posts a message that is no event, once, and says how that went.
    pub(crate) async fn try_webhook(&self, hook: &Hook) -> Result<Outcome, Error> {
        let webhook = hook.webhook().clone();
        let data = format!("{{\"webhookId\":\"{}\"}}", webhook.id);
        let body = webhooks::message(TEST_KIND, now_ms(), data.as_bytes());
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let id = format!("test_{}", hex::encode(random));
        Ok(self.sender().post(Attempt { webhook: &webhook, id, body }).await)
    }

    /// Tries dead deliveries anew; answers how many there were.
    pub(crate) async fn replay_deliveries(&self, hook: &Hook, dead: &[DeliveryId]) -> Result<usize, Error> {
        for id in dead {
            hook.replay(*id).await?;
        }
        Ok(dead.len())
    }
}
