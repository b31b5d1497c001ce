//! Logins of a user on their way: by code, by QR code, by a bot's token or with a session from elsewhere.
//!
//! A login has an account id and an actor of its own from its first step on, but is nobody's account until Telegram says whose it is. Then
//! it becomes an account; or, where this user has one of the same Telegram user already, that account goes on with the fresh session.

use std::rc::Rc;

use secrecy::SecretString;

use super::accounts::{AccountRecord, log_out, stop};
use super::claims::Holder;
use crate::account::{
    self, AccountHandle, AccountMessage, AccountSettings, HealthCell, LoginProgress, LoginStep, Origin, PersonCell, Seed,
    SettingsCell,
};
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::operation::AccountReference;
use crate::operations::login::{LoginOutcome, LoginStarted};
use crate::operations::qr_login::QrLogin;
use crate::runtime::{Supervised, now_secs};
use crate::settings::ApiCredentials;
use crate::telegram::{FloodControl, PortableSession, TelegramError, UserInfo, import_session, replace_session};
use crate::user::UserContext;
use crate::vault::{AccountRecords, Durability, Space};

/// How often a complete login tries to become an account, where others become or cease to be one at the same time.
const SETTLE_TRIES_MAX: usize = 4;

/// A login that is not complete.
pub(crate) struct PendingLogin {
    /// The account that it is to become, whose records hold its session meanwhile. The client may know it by another id.
    account: AccountId,
    api_id: i32,
    /// Whether the session came from elsewhere, so that it is not this server's to end.
    imported: bool,
    /// How it reaches Telegram.
    settings: AccountSettings,
    actor: Supervised<AccountMessage>,
}

/// What came of a login that is not known by its account's id, remembered as long as a login may last.
#[derive(Clone)]
pub(crate) enum LoginEnd {
    /// It is being completed.
    Completing,
    /// It became this account, or gave it a fresh session.
    Joined(AccountId),
    /// It could not be completed.
    Refused(Error),
}

/// What a client's account id stands for in a login.
enum Standing {
    Pending(AccountHandle, AccountId),
    Ended(LoginEnd),
}

fn expired() -> Error {
    Error::new(Code::LoginExpired, "Login session expired or invalid")
}

/// The answer to whoever logs in an account that another user has here. It tells nothing of that.
fn refused() -> Error {
    Error::new(Code::LoginRefused, "This login cannot be completed here")
}

impl UserContext {
    /// Whether an id is one of this user's logins, on its way or ended lately.
    pub(super) fn is_login(&self, id: AccountId) -> bool {
        self.logins.borrow().contains_key(&id) || self.ended_logins.borrow().contains_key(&id)
    }

    /// Begins a login by code. One of an account that this user has is known by that account's id.
    pub(crate) async fn start_login(self: &Rc<Self>, phone: String, known: Option<AccountId>) -> Result<LoginStarted, Error> {
        let credentials = self.required_credentials()?;
        self.login_waits.check(&phone)?;
        let (id, handle) = self.open_login(&credentials, known, None).await?;
        match self.first_step(id, &handle, LoginStep::Phone(phone.clone())).await {
            Ok(LoginProgress::CodeSent(sent)) => Ok(LoginStarted::new(id, Some(phone), &sent)),
            Ok(_) => Err(Error::internal("a login by code began in another way")),
            Err(error) => {
                self.login_waits.note(&self.records, &phone, &error).await;
                Err(error)
            }
        }
    }

    /// Has a login's code sent again, in another way.
    pub(crate) async fn resend_code(&self, reference: AccountReference) -> Result<LoginStarted, Error> {
        let (id, handle, _) = self.pending(reference)?;
        match handle.login(LoginStep::Resend).await? {
            LoginProgress::CodeSent(sent) => Ok(LoginStarted::new(id, None, &sent)),
            _ => Err(Error::internal("a code was sent again in another way")),
        }
    }

    /// Gives a login up: its code, if one was sent, serves no more, and nothing is left of it.
    pub(crate) async fn cancel_login(&self, reference: AccountReference) -> Result<(), Error> {
        let (id, handle, account) = self.pending(reference)?;
        if let Err(error) = handle.login(LoginStep::Cancel).await {
            tracing::debug!(account = %id, %error, "a login's code could not be taken back");
        }
        self.discard_login(id, account).await
    }

    /// Takes a login one step further. When it is complete, the account is durable before this returns.
    pub(crate) async fn continue_login(
        self: &Rc<Self>,
        reference: AccountReference,
        step: LoginStep,
    ) -> Result<LoginOutcome, Error> {
        let (id, handle, _) = self.pending(reference)?;
        match handle.login(step).await? {
            LoginProgress::Authorized(user) => self.complete_login(id, user).await,
            LoginProgress::PasswordRequired => Ok(LoginOutcome::PasswordRequired),
            _ => Err(Error::internal("a login step went back to its beginning")),
        }
    }

    /// Begins a login by QR code, which goes on by itself when the code is scanned.
    pub(crate) async fn start_qr_login(self: &Rc<Self>) -> Result<QrLogin, Error> {
        let credentials = self.required_credentials()?;
        let (id, handle) = self.open_login(&credentials, None, None).await?;
        let shown = match self.first_step(id, &handle, LoginStep::ShowQr).await? {
            LoginProgress::QrShown(token) => QrLogin::waiting(id, &token)?,
            _ => return Err(Error::internal("a QR login began in another way")),
        };
        let context = Rc::clone(self);
        self.tasks.spawn(async move { context.follow_qr_login(id, handle).await });
        Ok(shown)
    }

    async fn follow_qr_login(self: Rc<Self>, id: AccountId, handle: AccountHandle) {
        let ended = match handle.login(LoginStep::AwaitScan).await {
            Ok(LoginProgress::Authorized(user)) => self.complete_login(id, user).await.map(|_| ()),
            Ok(_) => return,
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return };
        tracing::debug!(account = %id, %error, "a QR login was not completed");
        if let Err(error) = self.discard_login(id, id).await {
            tracing::error!(account = %id, %error, "a QR login could not be cleaned up");
        }
    }

    /// Where a login by QR code is.
    pub(crate) async fn qr_login(self: &Rc<Self>, reference: AccountReference) -> Result<QrLogin, Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        loop {
            let handle = match self.standing(id) {
                Some(Standing::Pending(handle, _)) => handle,
                Some(Standing::Ended(LoginEnd::Completing)) => {
                    drop(self.changing_accounts.lock().await);
                    continue;
                }
                Some(Standing::Ended(LoginEnd::Refused(error))) => return Err(error),
                Some(Standing::Ended(LoginEnd::Joined(account))) => return self.authorized_qr_login(account),
                None => return self.authorized_qr_login(id),
            };
            match handle.login(LoginStep::LookAtQr).await {
                Ok(LoginProgress::QrShown(token)) => return QrLogin::waiting(id, &token),
                Ok(LoginProgress::PasswordRequired) => return Ok(QrLogin::password_required(id)),
                // Scanned a moment ago: whoever comes first completes it, this call or the one that follows the login.
                Ok(LoginProgress::Authorized(user)) => _ = self.complete_login(id, user).await,
                Ok(_) => return Err(Error::internal("a QR login is at another step")),
                Err(error) if self.logins.borrow().contains_key(&id) => return Err(error),
                Err(_it_has_ended_meanwhile) => {}
            }
        }
    }

    fn authorized_qr_login(&self, account: AccountId) -> Result<QrLogin, Error> {
        let accounts = self.accounts.borrow();
        accounts.get(&account).map(|owned| QrLogin::authorized(account, owned.person())).ok_or_else(expired)
    }

    /// Logs a bot in.
    pub(crate) async fn log_in_bot(self: &Rc<Self>, token: SecretString) -> Result<LoginOutcome, Error> {
        let credentials = self.required_credentials()?;
        let (id, handle) = self.open_login(&credentials, None, None).await?;
        self.only_step(id, &handle, LoginStep::Bot(token)).await
    }

    /// Takes over a session that another program has logged in, once Telegram has said whose it is.
    pub(crate) async fn import_session(self: &Rc<Self>, session: &PortableSession) -> Result<LoginOutcome, Error> {
        let credentials = self.required_credentials()?;
        let (id, handle) = self.open_login(&credentials, None, Some(session)).await?;
        self.only_step(id, &handle, LoginStep::Imported).await
    }

    async fn only_step(self: &Rc<Self>, id: AccountId, handle: &AccountHandle, step: LoginStep) -> Result<LoginOutcome, Error> {
        match self.first_step(id, handle, step).await? {
            LoginProgress::Authorized(user) => self.complete_login(id, user).await,
            _ => Err(Error::internal("a login of one step has more")),
        }
    }

    /// Takes a login's first step. One that fails leaves nothing.
    async fn first_step(&self, id: AccountId, handle: &AccountHandle, step: LoginStep) -> Result<LoginProgress, Error> {
        let progress = handle.login(step).await;
        if progress.is_err() {
            self.discard_login(id, handle.id()).await?;
        }
        progress
    }

    fn required_credentials(&self) -> Result<ApiCredentials, Error> {
        self.credentials().ok_or_else(|| {
            Error::new(
                Code::CredentialsMissing,
                "No api_id and api_hash are set: PUT /telegram/credentials, or ask the administrator",
            )
        })
    }

    /// Makes room for a login, under the id of an account where it is that account's. A login that is unfinished there makes way.
    async fn open_login(
        self: &Rc<Self>,
        credentials: &ApiCredentials,
        known: Option<AccountId>,
        session: Option<&PortableSession>,
    ) -> Result<(AccountId, AccountHandle), Error> {
        let account = AccountId::generate();
        let id = known.unwrap_or(account);
        let former = self.logins.borrow().get(&id).map(|login| login.account);
        if let Some(former) = former {
            self.discard_login(id, former).await?;
        }
        self.admit_login(known.is_some())?;
        let records = self.records.account(account).await?;
        if let Some(session) = session
            && let Err(error) = self.keep_imported(&records, session).await
        {
            self.records.destroy_account(account).await?;
            return Err(error);
        }
        let origin = Origin::Login { api_hash: credentials.api_hash.clone() };
        // One of an account that is known takes the account's own way to Telegram.
        let settings = known.and_then(|id| self.settings_of(id)).unwrap_or_default();
        let (actor, handle) = self.run(account, credentials.api_id, origin, records, settings.clone()).await?;
        let login = PendingLogin { account, api_id: credentials.api_id, imported: session.is_some(), settings, actor };
        self.logins.borrow_mut().insert(id, login);
        self.count_accounts();
        self.expire_login(id, account);
        Ok((id, handle))
    }

    async fn keep_imported(&self, records: &AccountRecords, session: &PortableSession) -> Result<(), Error> {
        let kept = import_session(&self.environment.settings.network, records, session).await;
        kept.map_err(|error| match error {
            TelegramError::Datacentre(_) => {
                Error::invalid("session", "is of a datacentre that does not belong to this server's Telegram network")
            }
            error => error.into(),
        })
    }

    /// Starts the actor of a session that is no account of the user, or not yet.
    async fn run(
        &self,
        account: AccountId,
        api_id: i32,
        origin: Origin,
        records: AccountRecords,
        settings: AccountSettings,
    ) -> Result<(Supervised<AccountMessage>, AccountHandle), Error> {
        let seed = Seed {
            owner: self.user.clone(),
            account,
            api_id,
            origin,
            log: self.environment.events.open_login(account, records.clone()).await?,
            health: HealthCell::new(),
            flood: FloodControl::load(records.clone(), self.environment.settings.limits.flood).await?,
            settings: SettingsCell::new(settings),
            person: PersonCell::new(None),
            records,
        };
        let actor = account::start(&self.environment, seed)?;
        let handle = AccountHandle::new(self.user.clone(), account, actor.mailbox().clone());
        Ok((actor, handle))
    }

    fn admit_login(&self, is_known: bool) -> Result<(), Error> {
        let limits = &self.environment.settings.limits;
        let logging_in = self.logins.borrow().len();
        if logging_in >= limits.logins_per_user_max {
            let detail = format!("{logging_in} logins are unfinished: complete or cancel one, or wait until they expire");
            return Err(Error::new(Code::RateLimited, detail).retry_after_secs(60));
        }
        if !is_known && self.accounts.borrow().len() >= limits.accounts_per_user_max {
            return Err(Error::new(Code::Conflict, format!("A user may have {} accounts", limits.accounts_per_user_max)));
        }
        Ok(())
    }

    /// Cleans a login up when its time is over and it is still unfinished, and forgets then what came of it.
    fn expire_login(self: &Rc<Self>, id: AccountId, account: AccountId) {
        let (context, lifetime) = (Rc::clone(self), self.environment.settings.limits.login_lifetime);
        self.tasks.spawn(async move {
            tokio::time::sleep(lifetime).await;
            // One that is being completed at this moment is waited for.
            drop(context.changing_accounts.lock().await);
            context.ended_logins.borrow_mut().remove(&id);
            if context.logins.borrow().get(&id).is_some_and(|login| login.account == account) {
                tracing::info!(account = %id, "a login was not finished in time and is cleaned up");
                if let Err(error) = context.discard_login(id, account).await {
                    tracing::error!(account = %id, %error, "an unfinished login could not be cleaned up");
                }
            }
        });
    }

    fn standing(&self, id: AccountId) -> Option<Standing> {
        if let Some(login) = self.logins.borrow().get(&id) {
            let handle = AccountHandle::new(self.user.clone(), login.account, login.actor.mailbox().clone());
            return Some(Standing::Pending(handle, login.account));
        }
        self.ended_logins.borrow().get(&id).cloned().map(Standing::Ended)
    }

    fn pending(&self, reference: AccountReference) -> Result<(AccountId, AccountHandle, AccountId), Error> {
        let id = reference.id().ok_or_else(Error::account_forbidden)?;
        match self.standing(id) {
            Some(Standing::Pending(handle, account)) => Ok((id, handle, account)),
            Some(Standing::Ended(LoginEnd::Refused(error))) => Err(error),
            _ => Err(expired()),
        }
    }

    /// Drops an unfinished login, unless another has taken its place.
    async fn discard_login(&self, id: AccountId, account: AccountId) -> Result<(), Error> {
        let login = {
            let mut logins = self.logins.borrow_mut();
            if logins.get(&id).is_none_or(|login| login.account != account) {
                return Ok(());
            }
            logins.remove(&id)
        };
        if let Some(login) = login {
            stop(account, &login.actor).await;
        }
        self.count_accounts();
        Ok(self.records.destroy_account(account).await?)
    }

    /// Turns a login that Telegram has let in into an account. Of calls that complete the same one, the first does, and the others are told
    /// that it has expired.
    async fn complete_login(self: &Rc<Self>, id: AccountId, user: UserInfo) -> Result<LoginOutcome, Error> {
        let _one_at_a_time = self.changing_accounts.lock().await;
        let login = self.logins.borrow_mut().remove(&id).ok_or_else(expired)?;
        self.ended_logins.borrow_mut().insert(id, LoginEnd::Completing);
        let settled = self.settle(&login, &user).await;
        let end = match &settled {
            Ok(account) => LoginEnd::Joined(*account),
            Err(error) => LoginEnd::Refused(error.clone()),
        };
        if let Err(error) = &settled {
            tracing::info!(account = %login.account, code = error.code().name(), "a login was not completed");
            if let Err(error) = self.retire(&login).await {
                tracing::error!(account = %login.account, %error, "a login that was not completed could not be cleaned up");
            }
        }
        self.count_accounts();
        // An account's id needs no such memory, and keeps its own meaning.
        if self.accounts.borrow().contains_key(&id) {
            self.ended_logins.borrow_mut().remove(&id);
        } else {
            self.ended_logins.borrow_mut().insert(id, end);
        }
        settled.map(|account_id| LoginOutcome::Authorized { user, account_id })
    }

    /// Finds the account of a login's Telegram user: a new one, the one that this user has, or none.
    async fn settle(self: &Rc<Self>, login: &PendingLogin, user: &UserInfo) -> Result<AccountId, Error> {
        for _ in 0..SETTLE_TRIES_MAX {
            match self.claims.holder(user.id).await? {
                Holder::Nobody => match self.become_account(login, user).await {
                    Err(error) if error.code() == Code::Conflict => {}
                    settled => return settled,
                },
                Holder::Own(account) => return self.join_account(login, account, user).await,
                Holder::Another => return Err(refused()),
            }
        }
        Err(Error::internal("a Telegram user's account changes hands all the time"))
    }

    async fn become_account(self: &Rc<Self>, login: &PendingLogin, user: &UserInfo) -> Result<AccountId, Error> {
        self.stop_login(login).await?;
        let record = AccountRecord::new(login.api_id, user.clone(), now_secs());
        let batch = self.records.batch().put(Space::Account, login.account.as_bytes(), &record)?;
        batch.and(self.claims.claim(user.id, login.account)?).commit(Durability::Durable).await?;
        self.run_account(login.account, record).await;
        Ok(login.account)
    }

    /// Lets an account go on with the fresh session of a login. Its former session is ended at Telegram, beside the calls.
    async fn join_account(self: &Rc<Self>, login: &PendingLogin, id: AccountId, user: &UserInfo) -> Result<AccountId, Error> {
        self.stop_login(login).await?;
        let former = self.stop_account(id).await?;
        let renewed = former.with_login(login.api_id, user.clone());
        let exchanged = self.exchange_sessions(login, id, &renewed).await;
        self.run_account(id, if exchanged.is_ok() { renewed } else { former.clone() }).await;
        let (context, account, leaves_a_session) = (Rc::clone(self), login.account, exchanged?);
        self.tasks.spawn(async move {
            let ended =
                if leaves_a_session { context.log_out(account, former.api_id(), former.settings()).await } else { Ok(()) };
            if let Err(error) = ended.and(context.records.destroy_account(account).await.map_err(Error::from)) {
                tracing::error!(%account, %error, "a session that was replaced could not be destroyed");
            }
        });
        Ok(id)
    }

    /// Ends the work of a login's actor, so that its session is still.
    async fn stop_login(&self, login: &PendingLogin) -> Result<(), Error> {
        let stopped = stop(login.account, &login.actor).await;
        if stopped { Ok(()) } else { Err(Error::internal("a login's actor did not stop")) }
    }

    async fn exchange_sessions(&self, login: &PendingLogin, id: AccountId, record: &AccountRecord) -> Result<bool, Error> {
        let (of_login, of_account) = (self.records.account(login.account).await?, self.records.account(id).await?);
        let replacement = replace_session(&of_login, &of_account).await?;
        let batch = self.records.batch().put(Space::Account, id.as_bytes(), record)?;
        batch.and(replacement.writes).commit(Durability::Durable).await?;
        Ok(replacement.leaves_a_session)
    }

    /// Ends a login that cannot be completed: at Telegram too, unless its session came from elsewhere and is in use there.
    async fn retire(&self, login: &PendingLogin) -> Result<(), Error> {
        stop(login.account, &login.actor).await;
        if !login.imported {
            self.log_out(login.account, login.api_id, login.settings.clone()).await?;
        }
        Ok(self.records.destroy_account(login.account).await?)
    }

    /// Connects once more with a session that is not to be kept, and ends it at Telegram. If Telegram cannot be reached, it is let go of.
    async fn log_out(&self, account: AccountId, api_id: i32, settings: AccountSettings) -> Result<(), Error> {
        let records = self.records.account(account).await?;
        let (actor, handle) = self.run(account, api_id, Origin::Existing, records, settings).await?;
        log_out(&handle).await;
        stop(account, &actor).await;
        Ok(())
    }
}
