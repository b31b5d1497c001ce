//! The user's actor: it owns the user's accounts, agent keys, limits and settings. Nothing of another user can be reached from it.

mod accounts;
pub mod agent_keys;
mod approvals;
mod authorize;
mod claims;
mod idempotency;
mod keyring;
mod keys;
mod login_waits;
mod logins;
mod origins;
mod policies;
mod quotas;
mod reading;
mod rehearsal;
mod road;
mod settings;
mod speech;
mod webhooks;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::account::AccountHandle;
use crate::approvals::Book;
use crate::caller::Caller;
use crate::directory::UserActivity;
use crate::environment::Environment;
use crate::error::{Code, Error};
use crate::gateway::{Reply, RequestFacts};
use crate::identity::{AccountId, KeyId, UserId};
use crate::operation::Invocation;
use crate::runtime::{Actor, Place, Supervised, Tasks, supervise};
use crate::settings::ApiCredentials;
use crate::stream::ByteStream;
use crate::vault::UserRecords;

use accounts::OwnedAccount;
use agent_keys::AgentKey;
use claims::Claims;
use idempotency::IdempotencyKeys;
use login_waits::LoginWaits;
use logins::{LoginEnd, PendingLogin};
use policies::Policies;
use quotas::Quotas;
use speech::SpeechWork;
use webhooks::Webhooks;

pub(crate) use approvals::Verdict;
pub(crate) use origins::Origins;
pub use quotas::LimitState;
pub(crate) use reading::EventsWanted;
pub use rehearsal::{Refused, Rehearsal};
pub(crate) use settings::load_server_credentials;
pub(crate) use speech::Recording;

/// What a user's actor can be asked.
pub(crate) enum UserMessage {
    /// One call of a verified caller.
    Call(Call),
}

/// One call on its way.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) invocation: Invocation,
    pub(crate) facts: RequestFacts,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// Everything that the user's actor owns. Shared between the actor and its waiting work, on one thread.
pub struct UserContext {
    pub(crate) user: UserId,
    pub(crate) environment: Arc<Environment>,
    pub(crate) records: UserRecords,
    pub(crate) tasks: Tasks,
    pub(crate) activity: Arc<UserActivity>,
    pub(crate) accounts: RefCell<BTreeMap<AccountId, OwnedAccount>>,
    /// Logins on their way, by the id that clients know them by.
    pub(crate) logins: RefCell<HashMap<AccountId, PendingLogin>>,
    login_waits: LoginWaits,
    /// What came of logins whose id is no account's.
    pub(crate) ended_logins: RefCell<HashMap<AccountId, LoginEnd>>,
    /// Held while an account is added, changed or removed.
    pub(crate) changing_accounts: tokio::sync::Mutex<()>,
    claims: Claims,
    pub(crate) agent_keys: RefCell<HashMap<KeyId, AgentKey>>,
    policies: Policies,
    pub(crate) quotas: Quotas,
    idempotency: IdempotencyKeys,
    pub(crate) own_credentials: RefCell<Option<ApiCredentials>>,
    pub(crate) speech: SpeechWork,
    webhooks: Webhooks,
    pub(crate) approvals: Book,
}

impl fmt::Debug for UserContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserContext({})", self.user)
    }
}

/// One call as the operations of a user see it: the user's state, who asks, and what the call came with.
#[derive(Clone)]
pub struct UserCall {
    context: Rc<UserContext>,
    caller: Caller,
    account: Rc<Cell<Option<AccountHandle>>>,
    body: Rc<Cell<Option<ByteStream>>>,
}

impl fmt::Debug for UserCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserCall({:?})", self.caller)
    }
}

impl UserCall {
    fn new(context: Rc<UserContext>, caller: Caller, account: Option<AccountHandle>, body: Option<ByteStream>) -> Self {
        Self { context, caller, account: Rc::new(Cell::new(account)), body: Rc::new(Cell::new(body)) }
    }

    /// The account that the operation names and the permit covers; once. There is no way to one that is suspended.
    pub(crate) fn take_account(&self) -> Result<AccountHandle, Error> {
        self.account.take().ok_or_else(Error::account_suspended)
    }

    /// The bytes of the request's body, for an operation that takes them; once.
    pub(crate) fn take_body(&self) -> Result<ByteStream, Error> {
        self.body.take().ok_or_else(|| Error::new(Code::BadRequest, "The request has no body"))
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether the caller may know of an account: an agent sees those that its key covers.
    pub(crate) fn covers(&self, account: AccountId) -> bool {
        let Some(key_id) = self.caller.key_id() else { return true };
        self.agent_keys.borrow().get(key_id).is_some_and(|key| key.covers(Some(account)))
    }
}

impl Deref for UserCall {
    type Target = Rc<UserContext>;

    fn deref(&self) -> &Rc<UserContext> {
        &self.context
    }
}

struct UserActor {
    context: Rc<UserContext>,
}

impl Actor for UserActor {
    type Message = UserMessage;

    fn handle(&mut self, UserMessage::Call(call): UserMessage) {
        road::travel(&self.context, call);
    }
}

/// Starts a user's actor. Its state is loaded from the store, now and after every failure.
pub(crate) fn start(
    environment: &Arc<Environment>,
    place: &Place,
    user: UserId,
    activity: Arc<UserActivity>,
) -> Supervised<UserMessage> {
    let shared = Arc::clone(environment);
    let name = format!("user {user}");
    let factory = move |tasks: Tasks| -> LocalBoxFuture<'static, Result<UserActor, String>> {
        let (environment, user, activity) = (Arc::clone(&shared), user.clone(), Arc::clone(&activity));
        Box::pin(async move {
            let context = load(environment, user, tasks, activity).await.map_err(|error| error.to_string())?;
            Ok(UserActor { context })
        })
    };
    supervise(place, name, environment.restarts, environment.settings.limits.mailbox_capacity, Box::new(factory))
}

async fn load(
    environment: Arc<Environment>,
    user: UserId,
    tasks: Tasks,
    activity: Arc<UserActivity>,
) -> Result<Rc<UserContext>, Error> {
    let records = environment.vault.user_records(&user).await?;
    let agent_keys = keys::load(&records).await?;
    let policies = Policies::load(&records).await?;
    let own_credentials = settings::load_credentials(&records).await?;
    let login_waits = LoginWaits::load(&records).await?;
    let claims = Claims::new(&environment.vault, user.clone());
    let approvals = Book::load(records.clone()).await?;
    let quotas = Quotas::new(&environment.settings.limits);
    let context = Rc::new(UserContext {
        user,
        environment,
        records,
        tasks,
        activity,
        accounts: RefCell::default(),
        logins: RefCell::default(),
        login_waits,
        ended_logins: RefCell::default(),
        changing_accounts: tokio::sync::Mutex::default(),
        claims,
        agent_keys: RefCell::new(agent_keys),
        policies,
        quotas,
        idempotency: IdempotencyKeys::default(),
        own_credentials: RefCell::new(own_credentials),
        speech: SpeechWork::default(),
        webhooks: Webhooks::default(),
        approvals,
    });
    context.load_accounts().await?;
    context.load_webhooks().await?;
    context.tasks.spawn(Rc::clone(&context).sweep_idempotency_keys());
    context.resume_approvals();
    Ok(context)
}
