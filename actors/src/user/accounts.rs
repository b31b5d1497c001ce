//! The accounts of a user: loaded at start, added by a login, and destroyed with their keys.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::{self, AccountHandle, AccountMessage, HealthCell, HealthState, LoginProgress, LoginStep, Origin};
use crate::error::{Code, Error};
use crate::events::AccountLog;
use crate::identity::AccountId;
use crate::operation::AccountReference;
use crate::operations::accounts::{Account, AccountDetail};
use crate::operations::login::LoginOutcome;
use crate::runtime::{Mailbox, Supervised, now_secs};
use crate::telegram::UserInfo;
use crate::user::UserContext;
use crate::vault::{AccountRecords, Durability, Space};

/// How many accounts are read from the store at once.
const PAGE_LENGTH: usize = 256;

/// How long Telegram may take to log an account out before it is deleted all the same.
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
    /// When it was logged in here (Unix seconds).
    created_at: u64,
    /// Whether its owner has suspended it.
    #[serde(default)]
    suspended: bool,
}

/// An account of this user, logged in or on its way.
pub(crate) struct OwnedAccount {
    /// None while it is suspended.
    actor: Option<Supervised<AccountMessage>>,
    health: HealthCell,
    stage: Stage,
}

enum Stage {
    LoggingIn { api_id: i32 },
    LoggedIn(AccountRecord),
}

impl OwnedAccount {
    fn summary(&self, account_id: AccountId, record: &AccountRecord) -> Account {
        Account { account_id, phone: with_plus(&record.user.phone), connected: self.health.is_online() }
    }
}

fn with_plus(phone: &str) -> String {
    if phone.is_empty() || phone.starts_with('+') { phone.to_owned() } else { format!("+{phone}") }
}

impl UserContext {
    /// Starts the accounts that are logged in, and destroys what unfinished logins have left.
    pub(super) async fn load_accounts(self: &Rc<Self>) -> Result<(), Error> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.records.scan::<AccountRecord>(Space::Account, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (id, record) in page {
                let id = <[u8; 16]>::try_from(id.as_slice()).map_err(|_| Error::internal("an account's id is damaged"))?;
                let account = self.start_account(AccountId::from_bytes(id), Origin::Existing, Stage::LoggedIn(record)).await?;
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

    async fn start_account(&self, id: AccountId, origin: Origin, stage: Stage) -> Result<OwnedAccount, Error> {
        let records = self.records.account(id).await?;
        let api_id = match &stage {
            Stage::LoggingIn { api_id } => *api_id,
            Stage::LoggedIn(record) => record.api_id,
        };
        let health = HealthCell::new();
        let log = self.environment.events.open_account(&self.user, id, records.clone()).await?;
        if matches!(&stage, Stage::LoggedIn(AccountRecord { suspended: true, .. })) {
            let _told_when_it_was_suspended = health.enter(HealthState::Stopped, Some(SUSPENDED.to_owned()));
            return Ok(OwnedAccount { actor: None, health, stage });
        }
        let actor = self.start_actor(id, api_id, origin, records, health.clone(), log)?;
        Ok(OwnedAccount { actor: Some(actor), health, stage })
    }

    fn start_actor(
        &self,
        account: AccountId,
        api_id: i32,
        origin: Origin,
        records: AccountRecords,
        health: HealthCell,
        log: Arc<AccountLog>,
    ) -> Result<Supervised<AccountMessage>, Error> {
        let (owner, watched) = (self.user.clone(), (health.clone(), Arc::clone(&log)));
        let seed = account::Seed { owner, account, api_id, origin, records, health, log };
        let actor = account::start(&self.environment, seed)?;
        self.watch_for_failure(actor.mailbox().clone(), watched.0, watched.1);
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

    fn count_accounts(&self) {
        self.activity.accounts.store(self.accounts.borrow().len(), Ordering::Relaxed);
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

    /// The accounts that are logged in, sorted by id.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let accounts = self.accounts.borrow();
        let logged_in = accounts.iter().filter_map(|(id, account)| match &account.stage {
            Stage::LoggedIn(record) => Some(account.summary(*id, record)),
            Stage::LoggingIn { .. } => None,
        });
        logged_in.collect()
    }

    /// One account that is logged in.
    pub(crate) fn account_detail(&self, reference: AccountReference) -> Result<AccountDetail, Error> {
        let accounts = self.accounts.borrow();
        let (id, account) = reference.id().and_then(|id| accounts.get_key_value(&id)).ok_or_else(Error::account_forbidden)?;
        let Stage::LoggedIn(record) = &account.stage else {
            return Err(Error::new(Code::Conflict, "This account is still logging in"));
        };
        let health = account.health.read();
        Ok(AccountDetail { account: account.summary(*id, record), user: record.user.clone(), health })
    }

    /// Begins a login. The account has an id and an actor at once, but is nobody's until the login is complete.
    pub(crate) async fn start_login(self: &Rc<Self>, phone: &str) -> Result<AccountId, Error> {
        let credentials = self.credentials().ok_or_else(|| {
            Error::new(
                Code::CredentialsMissing,
                "No api_id and api_hash are set: PUT /telegram/credentials, or ask the administrator",
            )
        })?;
        self.admit_login()?;
        let id = AccountId::generate();
        let stage = Stage::LoggingIn { api_id: credentials.api_id };
        let account = self.start_account(id, Origin::Login { api_hash: credentials.api_hash }, stage).await?;
        self.accounts.borrow_mut().insert(id, account);
        let handle = self.account(id).ok_or_else(Error::account_forbidden)?;
        self.count_accounts();
        self.expire_login(id);
        match handle.login(LoginStep::Phone(phone.to_owned())).await {
            Ok(_) => Ok(id),
            Err(error) => {
                self.discard(id).await?;
                Err(error)
            }
        }
    }

    fn admit_login(&self) -> Result<(), Error> {
        let limits = &self.environment.settings.limits;
        let accounts = self.accounts.borrow();
        let logging_in = accounts.values().filter(|account| matches!(account.stage, Stage::LoggingIn { .. })).count();
        if logging_in >= limits.logins_per_user_max {
            let detail = format!("{logging_in} logins are unfinished: complete one, or wait until they expire");
            return Err(Error::new(Code::RateLimited, detail).retry_after_secs(60));
        }
        if accounts.len() >= limits.accounts_per_user_max {
            return Err(Error::new(Code::Conflict, format!("A user may have {} accounts", limits.accounts_per_user_max)));
        }
        Ok(())
    }

    /// Cleans a login up when its time is over and it is still unfinished.
    fn expire_login(self: &Rc<Self>, id: AccountId) {
        let (context, lifetime) = (Rc::clone(self), self.environment.settings.limits.login_lifetime);
        self.tasks.spawn(async move {
            tokio::time::sleep(lifetime).await;
            if context.login_api_id(id).is_ok() {
                tracing::info!(account = %id, "a login was not finished in time and is cleaned up");
                if let Err(error) = context.discard(id).await {
                    tracing::error!(account = %id, %error, "an unfinished login could not be cleaned up");
                }
            }
        });
    }

    fn login_api_id(&self, id: AccountId) -> Result<i32, Error> {
        match self.accounts.borrow().get(&id).map(|account| &account.stage) {
            Some(Stage::LoggingIn { api_id }) => Ok(*api_id),
            _ => Err(Error::new(Code::LoginExpired, "Login session expired or invalid")),
        }
    }

    /// Takes a login one step further. When it is complete, the account is durable before this returns.
    pub(crate) async fn continue_login(&self, reference: AccountReference, step: LoginStep) -> Result<LoginOutcome, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        let api_id = self.login_api_id(id)?;
        let handle = self.account(id).ok_or_else(Error::account_forbidden)?;
        let user = match handle.login(step).await? {
            LoginProgress::Authorized(user) => user,
            LoginProgress::PasswordRequired => return Ok(LoginOutcome::PasswordRequired),
            LoginProgress::CodeSent => return Err(Error::internal("a login step went back to its beginning")),
        };
        let record = AccountRecord { api_id, user: user.clone(), created_at: now_secs(), suspended: false };
        self.records.batch().put(Space::Account, id.as_bytes(), &record)?.commit(Durability::Durable).await?;
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id) {
            account.stage = Stage::LoggedIn(record);
        }
        Ok(LoginOutcome::Authorized { user })
    }

    /// Logs an account out and destroys everything that is kept of it. From the first moment on, no other call reaches it.
    pub(crate) async fn delete_account(&self, reference: AccountReference) -> Result<(), Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        if self.is_suspended(id) {
            // Telegram must hear of it, too.
            self.resume_account(reference).await?;
        }
        let handle = self.account(id).ok_or_else(Error::account_forbidden)?;
        let removed = self.accounts.borrow_mut().remove(&id);
        match tokio::time::timeout(LOG_OUT_TIMEOUT, handle.log_out()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(account = %id, %error, "Telegram did not log the account out; it is deleted here"),
            Err(_) => tracing::warn!(account = %id, "Telegram did not log the account out in time; it is deleted here"),
        }
        self.destroy(id, removed).await
    }

    /// Drops an unfinished login.
    async fn discard(&self, id: AccountId) -> Result<(), Error> {
        let removed = self.accounts.borrow_mut().remove(&id);
        self.destroy(id, removed).await
    }

    async fn destroy(&self, id: AccountId, account: Option<OwnedAccount>) -> Result<(), Error> {
        if let Some(actor) = account.and_then(|account| account.actor) {
            stop(id, actor).await;
        }
        self.count_accounts();
        self.quotas.forget_account(id);
        self.environment.events.close_account(&self.user, id);
        self.records.batch().delete(Space::Account, id.as_bytes()).commit(Durability::Durable).await?;
        self.records.destroy_account(id).await?;
        Ok(())
    }

    /// Stops an account until its owner resumes it; durable before it stops. It keeps its session and its events.
    pub(crate) async fn suspend_account(&self, reference: AccountReference) -> Result<AccountDetail, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        self.keep_suspended(id, true).await?;
        let taken = self.accounts.borrow_mut().get_mut(&id).and_then(|account| account.actor.take());
        if let Some(actor) = taken {
            stop(id, actor).await;
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
        let api_id = self.keep_suspended(id, false).await?;
        let records = self.records.account(id).await?;
        let log = self.environment.events.open_account(&self.user, id, records.clone()).await?;
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id).filter(|account| account.actor.is_none()) {
            account.actor = Some(self.start_actor(id, api_id, Origin::Existing, records, account.health.clone(), log)?);
        }
        self.account_detail(reference)
    }

    /// Keeps whether an account is suspended; answers its application.
    async fn keep_suspended(&self, id: AccountId, suspended: bool) -> Result<i32, Error> {
        let known = self.accounts.borrow().get(&id).map(|account| match &account.stage {
            Stage::LoggedIn(record) => Some(record.clone()),
            Stage::LoggingIn { .. } => None,
        });
        let record = known.ok_or_else(Error::account_forbidden)?;
        let record = record.ok_or_else(|| Error::new(Code::Conflict, "This account is still logging in"))?;
        let record = AccountRecord { suspended, ..record };
        self.records.batch().put(Space::Account, id.as_bytes(), &record)?.commit(Durability::Durable).await?;
        let api_id = record.api_id;
        if let Some(account) = self.accounts.borrow_mut().get_mut(&id) {
            account.stage = Stage::LoggedIn(record);
        }
        Ok(api_id)
    }
}

/// Stops an account's actor, and waits until it has let go of its connection.
async fn stop(id: AccountId, actor: Supervised<AccountMessage>) {
    actor.stop();
    if tokio::time::timeout(STOP_TIMEOUT, actor.mailbox().stopped()).await.is_err() {
        tracing::warn!(account = %id, "an account did not stop in time");
    }
}
