//! The policies of a user's agent keys: kept, and asked about every call of an agent that has one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::{AccountHandle, Asker, FactsWanted};
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::events::EndReason;
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Declaration, Touched};
use crate::policy::{CallFacts, ChatFacts, Content, DayUse, Policy, Spend, Verdict, decide};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::telegram::ChatId;
use crate::user::UserContext;
use crate::user::origins::{KeptOrigins, Origins};
use crate::vault::{Durability, SealedBatch, Space, UserRecords, VaultError};

/// How many records are read from the store at once.
const PAGE_LENGTH: usize = 256;

/// How long an account is asked about chats. What is not known by then speaks against the call.
const FACTS_TIMEOUT: Duration = Duration::from_secs(10);

/// A policy as it is kept, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptPolicy {
    /// Its rules.
    pub(crate) rules: Arc<Policy>,
    /// When it was set (Unix seconds).
    pub(crate) updated_at: u64,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    kept: RefCell<HashMap<KeyId, KeptPolicy>>,
    used: RefCell<HashMap<KeyId, DayUse>>,
    origins: RefCell<HashMap<KeyId, Arc<Origins>>>,
}

impl Policies {
    pub(super) async fn load(records: &UserRecords) -> Result<Self, VaultError> {
        let (kept, used) = (all(records, Space::Policy).await?, all(records, Space::PolicyUse).await?);
        let origins = all::<KeptOrigins>(records, Space::PolicyOrigins).await?.into_iter();
        let origins = origins.map(|(key, kept)| (key.clone(), Origins::new(records.clone(), key, kept))).collect();
        Ok(Self { kept: RefCell::new(kept), used: RefCell::new(used), origins: RefCell::new(origins) })
    }

    /// The rules of a caller, if it is an agent that has any.
    pub(super) fn of(&self, caller: &Caller) -> Option<Arc<Policy>> {
        self.of_key(caller.key_id()?)
    }

    /// The rules of a key, if it has any.
    pub(super) fn of_key(&self, key: &KeyId) -> Option<Arc<Policy>> {
        self.kept.borrow().get(key).map(|kept| Arc::clone(&kept.rules))
    }

    /// Forgets everything about a key: the writes that do, and nothing in memory any more.
    pub(super) fn forget(&self, key: &KeyId, batch: SealedBatch) -> SealedBatch {
        self.kept.borrow_mut().remove(key);
        self.used.borrow_mut().remove(key);
        self.origins.borrow_mut().remove(key);
        let id = key.as_str().as_bytes();
        [Space::Policy, Space::PolicyUse, Space::PolicyOrigins].into_iter().fold(batch, |batch, space| batch.delete(space, id))
    }
}

/// Every record of a space whose ids are those of keys.
async fn all<T: DeserializeOwned>(records: &UserRecords, space: Space) -> Result<HashMap<KeyId, T>, VaultError> {
    let (mut found, mut after) = (HashMap::new(), None::<Vec<u8>>);
    loop {
        let page = records.scan::<T>(space, after.as_deref(), PAGE_LENGTH).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(last.clone());
        for (id, value) in page {
            let key = std::str::from_utf8(&id).ok().and_then(|id| id.parse().ok());
            found.insert(key.ok_or_else(|| VaultError::Corrupt("a key's id".into()))?, value);
        }
    }
}

/// One call as policies see it.
#[derive(Debug)]
pub(super) struct Weighing {
    pub(super) policy: Arc<Policy>,
    pub(super) key: KeyId,
    pub(super) declaration: &'static Declaration,
    pub(super) touched: Touched,
    pub(super) address: Option<std::net::IpAddr>,
    /// Whether a person has approved it: then what asks for a person is content.
    pub(super) is_approved: bool,
    content: Content,
    /// How many messages it names.
    listed: Option<usize>,
}

impl Weighing {
    pub(super) fn new(
        policy: Arc<Policy>,
        key: KeyId,
        declaration: &'static Declaration,
        touched: Touched,
        arguments: &Value,
        address: Option<std::net::IpAddr>,
        is_approved: bool,
    ) -> Self {
        let is_mutation = declaration.effect.is_mutation();
        let content = if is_mutation { Content::of(declaration, arguments) } else { Content::default() };
        let listed = arguments.get("messageIds").and_then(Value::as_array).map(Vec::len).filter(|_| is_mutation);
        Self { policy, key, declaration, touched, address, is_approved, content, listed }
    }

    /// What the call draws from the day of its key.
    pub(super) fn spend(&self) -> Option<Spend> {
        let recipient = self.touched.writes.first().copied().filter(|_| self.declaration.sends)?;
        Some(Spend { messages: self.listed.and_then(|length| u32::try_from(length).ok()).unwrap_or(1), recipient })
    }

    /// What has to be asked about the chats of the call.
    fn wanted(&self) -> FactsWanted {
        let (policy, touched) = (&self.policy, &self.touched);
        let mut classes_of = Vec::new();
        if policy.read.as_ref().is_some_and(|rules| rules.asks_for_classes()) {
            classes_of.extend_from_slice(&touched.reads);
        }
        let conversation_of = (policy.reply_only.is_some() || policy.first_contact.is_some())
            .then(|| self.spend().map(|spend| spend.recipient))
            .flatten();
        if policy.write.as_ref().is_some_and(|rules| rules.asks_for_classes()) || conversation_of.is_some() {
            classes_of.extend_from_slice(&touched.writes);
        }
        classes_of.sort_unstable();
        classes_of.dedup();
        FactsWanted { classes_of, conversation_of }
    }

    /// Whether what it carries is seen by others although it names no chat.
    fn publishes(&self, content: Content) -> bool {
        let is_public = matches!(
            self.declaration.access,
            Access::Scope(Scope::ProfileWrite | Scope::ChatsWrite | Scope::ContactsWrite | Scope::WebhooksWrite)
        );
        is_public && self.touched.writes.is_empty() && (content.text || content.media)
    }

    fn now(&self) -> Zoned {
        let named = self.policy.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Timestamp::now().to_zoned(named.unwrap_or(TimeZone::UTC))
    }
}

impl UserContext {
    /// Compares a call with its key's policy. Nothing is drawn and nothing is changed.
    pub(super) async fn weigh(&self, weighing: &Weighing, caller: &Caller, account: Option<&AccountHandle>) -> Verdict {
        let known = self.chat_facts(weighing, caller, account).await;
        let facts_of = |chat: &ChatId| {
            let found = known.iter().find(|facts| facts.chat == Some(*chat)).copied();
            found.unwrap_or(ChatFacts { chat: Some(*chat), ..ChatFacts::default() })
        };
        let touched = &weighing.touched;
        let mut writes: Vec<ChatFacts> = touched.writes.iter().map(facts_of).collect();
        if touched.is_unnamed {
            writes.push(ChatFacts::default());
        }
        let is_mutation = weighing.declaration.effect.is_mutation();
        let content = weighing.content;
        let now = weighing.now();
        let used = self.policies.used.borrow().get(&weighing.key).cloned().unwrap_or_default();
        let facts = CallFacts {
            is_mutation,
            reads: touched.reads.iter().map(facts_of).collect(),
            writes,
            publishes: weighing.publishes(content),
            content,
            spends: weighing.spend(),
            used: used.on(&now.date().to_string()),
            time: Some(now.time()),
            now: now_secs(),
            address: weighing.address,
            origins: self.carried(weighing),
        };
        decide(&weighing.policy, &facts)
    }

    /// What a key has read, where its policy has a rule about that.
    pub(crate) fn origins(&self, key: &KeyId) -> Option<Arc<Origins>> {
        self.policies.of_key(key)?.cross_chat.as_ref()?;
        let mut known = self.policies.origins.borrow_mut();
        let new = || Origins::new(self.records.clone(), key.clone(), KeptOrigins::default());
        Some(Arc::clone(known.entry(key.clone()).or_insert_with(new)))
    }

    fn carried(&self, weighing: &Weighing) -> Option<Vec<ChatId>> {
        let guard = weighing.policy.cross_chat.as_ref()?;
        self.origins(&weighing.key)?.carried(guard)
    }

    /// Notes what an answer told the key, before it is given.
    pub(super) async fn note_read(
        &self,
        weighing: &Weighing,
        account: Option<AccountId>,
        told_of: &[ChatId],
    ) -> Result<(), Error> {
        let (Some(origins), Some(account)) = (self.origins(&weighing.key), account) else { return Ok(()) };
        let read: Vec<ChatId> = weighing.touched.reads.iter().chain(told_of).copied().collect();
        if read.is_empty() { Ok(()) } else { Ok(origins.mark(account, &read).await?) }
    }

    async fn chat_facts(&self, weighing: &Weighing, caller: &Caller, account: Option<&AccountHandle>) -> Vec<ChatFacts> {
        let wanted = weighing.wanted();
        let (false, Some(account)) = (wanted.classes_of.is_empty(), account) else { return Vec::new() };
        let asker = Asker { principal: caller.principal().clone(), ends_with_caller: false };
        match tokio::time::timeout(FACTS_TIMEOUT, account.facts(asker, wanted)).await {
            Ok(Ok(facts)) => facts,
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }

    /// Draws a call from the day of its key; durable when this returns. A call that is at work beside another may find the day used up
    /// by that one.
    pub(super) async fn spend(&self, weighing: &Weighing) -> Result<(), Error> {
        let policy = &weighing.policy;
        let Some(spend) = weighing.spend().filter(|_| policy.messages_per_day.is_some() || policy.recipients_per_day.is_some())
        else {
            return Ok(());
        };
        let day = weighing.now().date().to_string();
        let drawn = {
            let mut used = self.policies.used.borrow_mut();
            let of_key = used.entry(weighing.key.clone()).or_default();
            let before = std::mem::take(of_key).on(&day);
            let facts = CallFacts { is_mutation: true, spends: Some(spend), used: before.clone(), ..CallFacts::default() };
            let daily = Policy {
                messages_per_day: policy.messages_per_day,
                recipients_per_day: policy.recipients_per_day,
                ..Policy::default()
            };
            let verdict = decide(&daily, &facts);
            let refusal = verdict.refusal().or_else(|| {
                let question = verdict.questions().into_iter().next().filter(|_| !weighing.is_approved)?;
                Some(Error::new(
                    Code::PolicyDenied,
                    format!("{}: {}; another call has used it up just now", question.rule, question.detail),
                ))
            });
            *of_key = if refusal.is_some() { before } else { before.after(spend) };
            refusal.map_or_else(|| Ok(of_key.clone()), Err)
        }?;
        let batch = self.records.batch().put(Space::PolicyUse, weighing.key.as_str().as_bytes(), &drawn)?;
        Ok(batch.commit(Durability::Durable).await?)
    }

    /// A key of the user's that may be used.
    fn known_key(&self, key_id: &str) -> Result<KeyId, Error> {
        let id: Option<KeyId> = key_id.parse().ok();
        let known = id.filter(|id| self.agent_keys.borrow().get(id).is_some_and(|key| key.is_live(now_secs())));
        known.ok_or_else(|| Error::new(Code::NotFound, "No such key"))
    }

    /// The policy of a key.
    pub(crate) fn policy(&self, key_id: &str) -> Result<(KeyId, Option<KeptPolicy>), Error> {
        let key = self.known_key(key_id)?;
        let kept = self.policies.kept.borrow().get(&key).cloned();
        Ok((key, kept))
    }

    /// Sets the policy of a key; it holds from the moment that this returns, and whoever reads events with the key must connect again.
    pub(crate) async fn set_policy(&self, key_id: &str, rules: Policy) -> Result<(KeyId, KeptPolicy), Error> {
        let key = self.known_key(key_id)?;
        let kept = KeptPolicy { rules: Arc::new(rules), updated_at: now_secs() };
        self.records.batch().put(Space::Policy, key.as_str().as_bytes(), &kept)?.commit(Durability::Durable).await?;
        self.policies.kept.borrow_mut().insert(key.clone(), kept.clone());
        self.environment.events.end_agent(&self.user, &key, EndReason::KeyChanged);
        Ok((key, kept))
    }

    /// Takes the policy of a key away: it may do again whatever its scopes permit.
    pub(crate) async fn delete_policy(&self, key_id: &str) -> Result<(), Error> {
        let key = self.known_key(key_id)?;
        self.records.batch().delete(Space::Policy, key.as_str().as_bytes()).commit(Durability::Durable).await?;
        self.policies.kept.borrow_mut().remove(&key);
        self.environment.events.end_agent(&self.user, &key, EndReason::KeyChanged);
        Ok(())
    }
}
