//! The account's actor: it owns one MTProto connection, its session record and its health, and runs the account's operations.

mod admin_log;
mod buttons;
mod calls;
mod chat_list;
mod chat_profile;
mod chat_state;
mod chats;
mod connect;
mod contacts;
mod cursors;
mod download;
mod drafts;
mod failure;
mod folders;
mod forwarding;
mod group_calls;
mod handle;
mod health;
mod invites;
mod kept_chats;
mod login;
mod login_codes;
mod members;
mod message_changes;
mod message_reading;
mod peer_facts;
mod person;
mod phone_calls;
mod photos;
mod pins;
mod polls;
mod profile;
mod reactions;
mod room;
mod scheduled;
mod send_ids;
mod sending;
mod sessions;
mod settings;
mod slow_mode;
mod telegram_folders;
mod told;
mod topics;
mod transfer;
mod upload;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use secrecy::SecretString;
use tokio::sync::{Notify, oneshot};

use crate::caller::Principal;
use crate::environment::Environment;
use crate::error::{Code, Error};
use crate::events::AccountLog;
use crate::identity::{AccountId, UserId};
use crate::operation::{AccountWork, Answer};
use crate::policy::ChatFacts;
use crate::runtime::{Actor, Supervised, Tasks, supervise};
use crate::shield::LoginCodes;
use crate::stream::ByteStream;
use crate::telegram::{ChatId, Connection, FloodControl, asked_by, asked_while_heard};
use crate::vault::AccountRecords;

use group_calls::GroupCalls;
use handle::Ownership;
use kept_chats::{KEPT_MAX, KeptChats};
use login::LoginState;
use phone_calls::PhoneCalls;
use room::Rooms;

pub(crate) use chat_list::ChatQuery;
pub(crate) use chat_profile::ChatEdit;
pub use chat_profile::{EditOutcome, EditStatus, EditedChat};
pub(crate) use forwarding::ForwardRequest;
pub(crate) use handle::{AccountHandle, LoginProgress, LoginStep};
pub(crate) use health::HealthCell;
pub use health::{Health, HealthState};
pub(crate) use peer_facts::FactsWanted;
pub(crate) use person::PersonCell;
pub use phone_calls::{CallInfo, CallState};
pub use profile::EditedProfile;
pub(crate) use profile::ProfileEdit;
pub(crate) use send_ids::SendIds;
pub(crate) use settings::{AccountSettings, SettingsCell};

/// Who asks for something.
pub(crate) struct Asker {
    pub(crate) principal: Principal,
    /// Whether nobody needs it once they are gone.
    pub(crate) ends_with_caller: bool,
}

/// One permitted operation, and what it comes with.
pub(crate) struct Order {
    pub(crate) asker: Asker,
    pub(crate) work: Box<dyn AccountWork>,
    pub(crate) request_id: String,
    pub(crate) body: Option<ByteStream>,
    /// The `random_id`s of what it sends; without them, random ones.
    pub(crate) send_ids: Option<SendIds>,
}

/// What an account's actor can be asked.
pub(crate) enum AccountMessage {
    /// One permitted operation.
    Run { ownership: Ownership, order: Box<Order>, reply: oneshot::Sender<Result<Answer, Error>> },
    /// One step of its login.
    Login { ownership: Ownership, step: LoginStep, reply: oneshot::Sender<Result<LoginProgress, Error>> },
    /// What can be heard in a message.
    OpenAudio {
        ownership: Ownership,
        asker: Asker,
        chat: ChatId,
        message_id: i32,
        bytes_max: u64,
        reply: oneshot::Sender<Result<ByteStream, Error>>,
    },
    /// What a policy asks about chats.
    Facts { ownership: Ownership, asker: Asker, wanted: FactsWanted, reply: oneshot::Sender<Result<Vec<ChatFacts>, Error>> },
    /// A new connection, because what it is made of has changed.
    Reconnect { ownership: Ownership, reply: oneshot::Sender<Result<(), Error>> },
    /// The end of its session with Telegram.
    LogOut { ownership: Ownership, reply: oneshot::Sender<Result<(), Error>> },
}

/// How an account came to be.
pub(crate) enum Origin {
    /// It is being logged in, with this application secret.
    Login { api_hash: SecretString },
    /// It was logged in before; its session is in its records.
    Existing,
}

/// All that an account's actor is made of; kept by its supervisor.
pub(crate) struct Seed {
    pub(crate) owner: UserId,
    pub(crate) account: AccountId,
    pub(crate) api_id: i32,
    pub(crate) origin: Origin,
    pub(crate) records: AccountRecords,
    pub(crate) health: HealthCell,
    pub(crate) log: Arc<AccountLog>,
    pub(crate) flood: FloodControl,
    pub(crate) settings: SettingsCell,
    pub(crate) person: PersonCell,
}

/// Everything that the account's actor owns. Shared between the actor and its waiting work, on one thread.
pub struct AccountContext {
    ownership: Ownership,
    api_id: i32,
    environment: Arc<Environment>,
    records: AccountRecords,
    health: HealthCell,
    log: Arc<AccountLog>,
    tasks: Tasks,
    connection: RefCell<Option<Rc<Connection>>>,
    /// Told whenever the connection or the health changes.
    changed: Notify,
    rooms: Rooms,
    flood: FloodControl,
    settings: SettingsCell,
    person: PersonCell,
    login: RefCell<LoginState>,
    /// The login codes that came lately, once they were read.
    login_codes: RefCell<Option<LoginCodes>>,
    /// Told whenever a QR login has come further.
    login_changed: Notify,
    /// Told when Telegram says that a QR code was scanned.
    scanned: Notify,
    /// Asks for a new connection: what it is made of has changed.
    reconnect: Notify,
    chats: RefCell<Option<chat_list::CachedChats>>,
    /// How often in a row updates came that could not be understood.
    unreadable: Cell<u32>,
    loading_chats: Cell<bool>,
    kept_chats: KeptChats,
    /// Held while Telegram's folders change.
    changing_telegram_folders: tokio::sync::Mutex<()>,
    /// The records of saved folders, once one was changed; held while a change begins.
    folder_records: tokio::sync::Mutex<Option<HashSet<folders::FolderRecord>>>,
    /// Messages that were told to their senders.
    told: told::Told,
    /// The connections for files, while any is on its way.
    transfers: RefCell<Weak<transfer::TransferRoom>>,
    phone_calls: PhoneCalls,
    group_calls: GroupCalls,
}

impl fmt::Debug for AccountContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccountContext({})", self.ownership.account)
    }
}

/// One call as the operations of an account see it: the account, and which request asks.
#[derive(Clone)]
pub struct AccountCall {
    context: Rc<AccountContext>,
    request_id: Rc<str>,
    body: Rc<Cell<Option<ByteStream>>>,
    /// The `random_id`s of what it sends, where they must be the same when it is made again.
    send_ids: Option<Rc<SendIds>>,
}

impl fmt::Debug for AccountCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccountCall({})", self.context.ownership.account)
    }
}

impl AccountCall {
    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The bytes of the request's body, for an operation that takes them; once.
    pub(crate) fn take_body(&self) -> Result<ByteStream, Error> {
        self.body.take().ok_or_else(|| Error::new(Code::BadRequest, "The request has no body"))
    }
}

impl Deref for AccountCall {
    type Target = Rc<AccountContext>;

    fn deref(&self) -> &Rc<AccountContext> {
        &self.context
    }
}

struct AccountActor {
    context: Rc<AccountContext>,
}

impl Actor for AccountActor {
    type Message = AccountMessage;

    fn handle(&mut self, message: AccountMessage) {
        match message {
            AccountMessage::Run { ownership, order, reply } => {
                let Order { asker, work, request_id, body, send_ids } = *order;
                let (context, body) = (Rc::clone(&self.context), Rc::new(Cell::new(body)));
                let call = AccountCall { context, request_id: request_id.into(), body, send_ids: send_ids.map(Rc::new) };
                self.take(&ownership, Some(asker), reply, || work.run(call));
            }
            AccountMessage::Login { ownership, step, reply } => {
                let context = Rc::clone(&self.context);
                self.take(&ownership, None, reply, || async move { login::step(&context, step).await });
            }
            AccountMessage::OpenAudio { ownership, asker, chat, message_id, bytes_max, reply } => {
                let context = Rc::clone(&self.context);
                self.take(&ownership, Some(asker), reply, || async move { context.audio(chat, message_id, bytes_max).await });
            }
            AccountMessage::Facts { ownership, asker, wanted, reply } => {
                let context = Rc::clone(&self.context);
                self.take(&ownership, Some(asker), reply, || async move { Ok(context.facts(&wanted).await) });
            }
            AccountMessage::Reconnect { ownership, reply } => {
                let context = Rc::clone(&self.context);
                self.take(&ownership, None, reply, || async move {
                    context.reconnect.notify_one();
                    Ok(())
                });
            }
            AccountMessage::LogOut { ownership, reply } => {
                let context = Rc::clone(&self.context);
                self.take(&ownership, None, reply, || async move { login::log_out(&context).await });
            }
        }
    }
}

impl AccountActor {
    /// Starts one piece of work beside the actor, if the message is for this account and there is room for whoever asks.
    fn take<T, F>(
        &self,
        ownership: &Ownership,
        asker: Option<Asker>,
        mut reply: oneshot::Sender<Result<T, Error>>,
        work: impl FnOnce() -> F,
    ) where
        T: 'static,
        F: Future<Output = Result<T, Error>> + 'static,
    {
        if *ownership != self.context.ownership {
            tracing::error!(account = %self.context.ownership.account, "a message for another account was refused");
            let _caller_may_be_gone = reply.send(Err(Error::account_forbidden()));
            return;
        }
        let Some(room) = self.context.rooms.enter(asker.as_ref().map(|asker| asker.principal.clone())) else {
            let busy = Error::new(Code::Overloaded, "The account has too many calls at work; try again").retry_after_secs(1);
            let _caller_may_be_gone = reply.send(Err(busy));
            return;
        };
        let working = work();
        self.context.tasks.spawn(async move {
            let result = match asker {
                Some(Asker { principal, ends_with_caller: true }) => asked_while_heard(principal, &mut reply, working).await,
                Some(Asker { principal, .. }) => asked_by(principal, working).await,
                None => working.await,
            };
            drop(room);
            let _caller_may_be_gone = reply.send(result);
        });
    }
}

/// Bytes that nobody can guess.
fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], Error> {
    let mut random = [0; LENGTH];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    Ok(random)
}

/// Starts an account's actor; each incarnation connects anew from the session in its records.
pub(crate) fn start(environment: &Arc<Environment>, seed: Seed) -> Result<Supervised<AccountMessage>, Error> {
    let place = environment.pool.place().ok_or_else(|| Error::internal("no thread for an account's actor"))?;
    let name = format!("account {}", seed.account);
    let shared = Arc::clone(environment);
    let factory = move |tasks: Tasks| -> LocalBoxFuture<'static, Result<AccountActor, String>> {
        let context = Rc::new(AccountContext {
            ownership: Ownership { owner: seed.owner.clone(), account: seed.account },
            api_id: seed.api_id,
            environment: Arc::clone(&shared),
            records: seed.records.clone(),
            health: seed.health.clone(),
            log: Arc::clone(&seed.log),
            tasks: tasks.clone(),
            connection: RefCell::default(),
            changed: Notify::new(),
            rooms: Rooms::new(shared.settings.limits.account_calls_max),
            flood: seed.flood.clone(),
            settings: seed.settings.clone(),
            person: seed.person.clone(),
            login: RefCell::new(LoginState::new(&seed.origin)),
            login_codes: RefCell::default(),
            login_changed: Notify::new(),
            scanned: Notify::new(),
            reconnect: Notify::new(),
            unreadable: Cell::new(0),
            chats: RefCell::default(),
            loading_chats: Cell::new(false),
            kept_chats: KeptChats::new(seed.records.clone(), KEPT_MAX),
            changing_telegram_folders: tokio::sync::Mutex::default(),
            folder_records: tokio::sync::Mutex::default(),
            told: told::Told::default(),
            transfers: RefCell::default(),
            phone_calls: PhoneCalls::default(),
            group_calls: GroupCalls::default(),
        });
        context.enter(HealthState::Starting, None);
        tasks.spawn(connect::keep_connected(Rc::clone(&context)));
        Box::pin(async move { Ok(AccountActor { context }) })
    };
    Ok(supervise(&place, name, environment.restarts, environment.settings.limits.mailbox_capacity, Box::new(factory)))
}
