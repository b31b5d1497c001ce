//! The accounts of a user: loaded at start, added by a login, and destroyed with their keys.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::{
    self, AccountHandle, AccountMessage, AccountSettings, HealthCell, HealthState, Origin, PersonCell, Seed, SettingsCell,
};
use crate::error::{Code, Error};
use crate::events::AccountLog;
use crate::identity::AccountId;
use crate::operation::AccountReference;
use crate::operations::accounts::{Account, AccountDetail};
use crate::runtime::{Mailbox, Supervised};
use crate::telegram::{FloodControl, UserInfo};
use crate::user::UserContext;
use crate::vault::{AccountRecords, Durability, Space};

/// How many accounts are read from the store at once.
const PAGE_LENGTH: usize = 256;

/// How long Telegram may take to log an account out before it is let go of all the same.
const LOG_OUT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a stopped account may take to let go of its connection.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a suspended account is stopped.
const SUSPENDED: &str = "suspended by its owner";

/// What is kept of an account that is logged in, sealed with its user's key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    /// The application that it logged in with.
    api_id: i32,
    /// Whom Telegram says it belongs to.
    user: UserInfo,
    /// When it was first logged in here (Unix seconds).
    created_at: u64,
    /// What a person has set for it.
    #[serde(default)]
    settings: AccountSettings,
    /// Whether its owner has suspended it.
    #[serde(default)]
    suspended: bool,
}

impl AccountRecord {
    pub(super) fn new(api_id: i32, user: UserInfo, created_at: u64) -> Self {
        Self { api_id, user, created_at, settings: AccountSettings::default(), suspended: false }
    }

    /// The same account after another login.
    pub(super) fn with_login(&self, api_id: i32, user: UserInfo) -> Self {
        Self { api_id, user, ..self.clone() }
    }

    /// The application that it logged in with.
    pub(super) fn api_id(&self) -> i32 {
        self.api_id
    }

    /// What a person has set for it.
    pub(super) fn settings(&self) -> AccountSettings {
        self.settings.clone()
    }
}

/// An account of this user.
pub(crate) struct OwnedAccount {
    /// None while it is suspended.
    actor: Option<Supervised<AccountMessage>>,
    health: HealthCell,
    flood: FloodControl,
    settings: SettingsCell,
    person: PersonCell,
    record: AccountRecord,
}

impl OwnedAccount {
    /// Whom Telegram says it belongs to.
    pub(super) fn person(&self) -> UserInfo {
        self.person.read().unwrap_or_else(|| self.record.user.clone())
    }

    fn summary(&self, account_id: AccountId) -> Account {
        Account { account_id, phone: with_plus(&self.person().phone), connected: self.health.is_online() }
    }

    fn detail(&self, account_id: AccountId) -> AccountDetail {
        let AccountRecord { created_at, settings, .. } = self.record.clone();
        let flood = self.flood.report();
        AccountDetail {
            account: self.summary(account_id),
            user: self.person(),
            created_at,
            label: settings.label,
            device_name: settings.device_name,
            proxy: settings.proxy.as_ref().map(Into::into),
            health: self.health.read(),
            flood_waits: flood.waits.clone(),
            flood,
        }
    }
}

fn with_plus(phone: &str) -> String {
    if phone.is_empty() || phone.starts_with('+') { phone.to_owned() } else { format!("+{phone}") }
}

/// A phone number's digits.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// Stops an actor for good and waits until it has let go of its session. Answers whether it has.
pub(super) async fn stop(account: AccountId, actor: &Supervised<AccountMessage>) -> bool {
    actor.stop();
    let stopped = tokio::time::timeout(STOP_TIMEOUT, actor.mailbox().stopped()).await.is_ok();
    if !stopped {
        tracing::warn!(%account, "an account did not stop in time");
    }
    stopped
}

/// Ends an account's session at Telegram, as far as Telegram can be reached.
pub(super) async fn log_out(handle: &AccountHandle) {
    let account = handle.id();
    match tokio::time::timeout(LOG_OUT_TIMEOUT, handle.log_out()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%account, %error, "Telegram did not end a session; it is forgotten here"),
        Err(_) => tracing::warn!(%account, "Telegram did not end a session in time; it is forgotten here"),
    }
}

impl UserContext {
    /// Starts the accounts that are logged in, and destroys what unfinished logins have left.
    pub(super) async fn load_accounts(self: &Rc<Self>) -> Result<(), Error> {
        let with_keys: HashSet<AccountId> = self.records.accounts().await?.into_iter().collect();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.records.scan::<AccountRecord>(Space::Account, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (id, record) in page {
                let id = <[u8; 16]>::try_from(id.as_slice()).map_err(|_| Error::internal("an account's id is damaged"))?;
                if !with_keys.contains(&AccountId::from_bytes(id)) {
                    // An older copy of the store brings the entry of a deleted account back, but not its key.
                    tracing::warn!(account = %AccountId::from_bytes(id), "the entry of an account that was deleted is removed");
                    let batch = self.records.batch().delete(Space::Account, &id);
                    batch.and(self.claims.release(record.user.id)).commit(Durability::Durable).await?;
                    continue;
                }
                let account = self.start_account(AccountId::from_bytes(id), record).await?;
                self.accounts.borrow_mut().insert(AccountId::from_bytes(id), account);
            }
        }
        for account in self.records.accounts().await? {
            if !self.accounts.borrow().contains_key(&account) {
                tracing::info!(%account, "an unfinished login is cleaned up");
                self.records.destroy_account(account).await?;
            }
        }
        self.count_accounts();
        Ok(())
    }

    async fn start_account(&self, id: AccountId, record: AccountRecord) -> Result<OwnedAccount, Error> {
        let records = self.records.account(id).await?;
        let log = self.environment.events.open_account(&self.user, id, records.clone()).await?;
        let mut account = OwnedAccount {
            actor: None,
            health: HealthCell::new(),
            flood: FloodControl::load(records.clone(), self.environment.settings.limits.flood).await?,
            settings: SettingsCell::new(record.settings.clone()),
            person: PersonCell::new(Some(record.user.clone())),
            record,
        };
        if account.record.suspended {
            let _told_when_it_was_suspended = account.health.enter(HealthState::Stopped, Some(SUSPENDED.to_owned()));
        } else {
            account.actor = Some(self.start_actor(id, &account, records, log)?);
        }
        Ok(account)
    }

    fn start_actor(
        &self,
        id: AccountId,
        account: &OwnedAccount,
        records: AccountRecords,
        log: Arc<AccountLog>,
    ) -> Result<Supervised<AccountMessage>, Error> {
        let seed = Seed {
            owner: self.user.clone(),
            account: id,
            api_id: account.record.api_id,
            origin: Origin::Existing,
            records,
            health: account.health.clone(),
            log: Arc::clone(&log),
            flood: account.flood.clone(),
            settings: account.settings.clone(),
            person: account.person.clone(),
        };
        let actor = account::start(&self.environment, seed)?;
        self.watch_for_failure(actor.mailbox().clone(), account.health.clone(), log);
        Ok(actor)
    }

    /// Tells when an account's actor is given up.
    fn watch_for_failure(&self, mailbox: Mailbox<AccountMessage>, health: HealthCell, log: Arc<AccountLog>) {
        self.tasks.spawn(async move {
            if let Some(reason) = mailbox.failed().await
                && let Some(transition) = health.enter(HealthState::Failed, Some(reason))
            {
                log.note(transition.events());
            }
        });
    }

    /// Runs an account whose record is durable, in the place of a former actor if there is one. If it cannot be started now, it is at the
    /// next start of the server.
    pub(super) async fn run_account(&self, id: AccountId, record: AccountRecord) {
        match self.start_account(id, record).await {
            Ok(account) => _ = self.accounts.borrow_mut().insert(id, account),
            Err(error) => tracing::error!(account = %id, %error, "an account could not be started"),
        }
    }

    /// Stops an account's actor, so that its session is still. Until it runs again, its calls are told to try again.
    pub(super) async fn stop_account(&self, id: AccountId) -> Result<AccountRecord, Error> {
        let gone = || Error::internal("an account does not stop");
        let (mailbox, record) = {
            let accounts = self.accounts.borrow();
            let account = accounts.get(&id).ok_or_else(gone)?;
            (
                account.actor.as_ref().map(|actor| {
                    actor.stop();
                    actor.mailbox().clone()
                }),
                account.record.clone(),
            )
        };
        if let Some(mailbox) = mailbox {
            tokio::time::timeout(STOP_TIMEOUT, mailbox.stopped()).await.map_err(|_| gone())?;
        }
        Ok(record)
    }

    pub(super) fn count_accounts(&self) {
        let count = self.accounts.borrow().len() + self.logins.borrow().len();
        self.activity.accounts.store(count, Ordering::Relaxed);
    }

    /// Whether the account is this user's.
    pub(crate) fn owns(&self, id: AccountId) -> bool {
        self.accounts.borrow().contains_key(&id)
    }

    /// Whether the account is suspended.
    pub(crate) fn is_suspended(&self, id: AccountId) -> bool {
        self.accounts.borrow().get(&id).is_some_and(|account| account.actor.is_none())
    }

    /// The way to an account of this user; `None` for any other id, and while the account is suspended.
    pub(crate) fn account(&self, id: AccountId) -> Option<AccountHandle> {
        let accounts = self.accounts.borrow();
        let mailbox = accounts.get(&id)?.actor.as_ref()?.mailbox().clone();
        Some(AccountHandle::new(self.user.clone(), id, mailbox))
    }

    /// What a person has set for an account.
    pub(super) fn settings_of(&self, id: AccountId) -> Option<AccountSettings> {
        self.accounts.borrow().get(&id).map(|account| account.record.settings())
    }

    /// The account with this phone number, however it is written.
    pub(crate) fn account_with_phone(&self, phone: &str) -> Option<AccountId> {
        let wanted = digits(phone);
        let accounts = self.accounts.borrow();
        accounts.iter().find(|(_, account)| digits(&account.person().phone) == wanted).map(|(id, _)| *id)
    }

    /// The accounts that are logged in, sorted by id.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.accounts.borrow().iter().map(|(id, account)| account.summary(*id)).collect()
    }

    /// One account.
    pub(crate) fn account_detail(&self, reference: AccountReference) -> Result<AccountDetail, Error> {
        let accounts = self.accounts.borrow();
        let found = reference.id().and_then(|id| Some((id, accounts.get(&id)?)));
        found.map(|(id, account)| account.detail(id)).ok_or_else(|| self.no_account(reference))
    }

    /// The answer to an id that is none of this user's accounts.
    pub(super) fn no_account(&self, reference: AccountReference) -> Error {
        if reference.id().is_some_and(|id| self.is_login(id)) {
            return Error::new(Code::Conflict, "This is the id of a login that is no account, or not yet");
        }
        Error::account_forbidden()
    }

    /// Changes what is set for an account; durable when this returns. Where that touches its connection, the account connects anew.
    pub(crate) async fn update_account(
        &self,
        reference: AccountReference,
        change: impl FnOnce(&mut AccountSettings),
    ) -> Result<AccountDetail, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        let _one_at_a_time = self.changing_accounts.lock().await;
        let before = self.accounts.borrow().get(&id).map(|account| account.record.clone());
        let before = before.ok_or_else(|| self.no_account(reference))?;
        let mut record = before.clone();
        change(&mut record.settings);
        self.records.batch().put(Space::Account, id.as_bytes(), &record)?.commit(Durability::Durable).await?;
        let (settings, former) = (record.settings.clone(), before.settings);
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id) {
            account.settings.write(settings.clone());
            account.record = record;
        }
        if (&settings.proxy, &settings.device_name) != (&former.proxy, &former.device_name)
            && let Some(handle) = self.account(id)
            && let Err(error) = handle.reconnect().await
        {
            // A new incarnation of the actor reads the settings by itself.
            tracing::info!(account = %id, %error, "an account could not be told to connect anew");
        }
        self.account_detail(reference)
    }

    /// Logs an account out and destroys everything that is kept of it. From the first moment on, no other call reaches it.
    pub(crate) async fn delete_account(&self, reference: AccountReference) -> Result<(), Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        let _one_at_a_time = self.changing_accounts.lock().await;
        if self.is_suspended(id) {
            // Telegram must hear of it, too.
            self.resume(id).await?;
        }
        let handle = self.account(id).ok_or_else(|| self.no_account(reference))?;
        let removed = self.accounts.borrow_mut().remove(&id).ok_or_else(Error::account_forbidden)?;
        log_out(&handle).await;
        if let Some(actor) = &removed.actor {
            stop(id, actor).await;
        }
        self.count_accounts();
        self.quotas.forget_account(id);
        self.environment.events.close_account(&self.user, id);
        let batch = self.records.batch().delete(Space::Account, id.as_bytes());
        batch.and(self.claims.release(removed.record.user.id)).commit(Durability::Durable).await?;
        Ok(self.records.destroy_account(id).await?)
    }

    /// Stops an account until its owner resumes it; durable before it stops. It keeps its session and its events.
    pub(crate) async fn suspend_account(&self, reference: AccountReference) -> Result<AccountDetail, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        let _one_at_a_time = self.changing_accounts.lock().await;
        self.keep_suspended(id, true).await?;
        let taken = self.accounts.borrow_mut().get_mut(&id).and_then(|account| account.actor.take());
        if let Some(actor) = taken {
            stop(id, &actor).await;
            let health = self.accounts.borrow().get(&id).map(|account| account.health.clone());
            if let Some(transition) = health.and_then(|health| health.enter(HealthState::Stopped, Some(SUSPENDED.to_owned()))) {
                self.environment.events.tell(&self.user, id, transition.events());
            }
            self.environment.events.suspend_account(&self.user, id);
        }
        self.account_detail(reference)
    }

    /// Lets a suspended account go on. It catches up with what happened meanwhile.
    pub(crate) async fn resume_account(&self, reference: AccountReference) -> Result<AccountDetail, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        let _one_at_a_time = self.changing_accounts.lock().await;
        self.resume(id).await?;
        self.account_detail(reference)
    }

    async fn resume(&self, id: AccountId) -> Result<(), Error> {
        self.keep_suspended(id, false).await?;
        let records = self.records.account(id).await?;
        let log = self.environment.events.open_account(&self.user, id, records.clone()).await?;
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id).filter(|account| account.actor.is_none()) {
            account.actor = Some(self.start_actor(id, account, records, log)?);
        }
        Ok(())
    }

    /// Keeps whether an account is suspended.
    async fn keep_suspended(&self, id: AccountId, suspended: bool) -> Result<(), Error> {
        let known = self.accounts.borrow().get(&id).map(|account| account.record.clone());
        let record = AccountRecord { suspended, ..known.ok_or_else(|| self.no_account(id.into()))? };
        self.records.batch().put(Space::Account, id.as_bytes(), &record)?.commit(Durability::Durable).await?;
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id) {
            account.record = record;
        }
        Ok(())
    }
}
