//! What an operation is: one declaration from which every transport, document and authorization test is made.
//!
//! An operation is a struct whose fields are its input. [`Operation`] declares its name, route, access and effect; a
//! [`UserOperation`] runs on the state of one user, an [`AccountOperation`] on one Telegram account. The catalogue erases the
//! types, so that transports handle [`Entry`] values and never a particular operation.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::AccountCall;
use crate::agent_text;
use crate::error::{Code, Error};
use crate::events::EventStream;
use crate::idempotency::Fingerprint;
use crate::identity::AccountId;
use crate::shield;
use crate::sight::{ChatSight, hidden};
use crate::stream::ByteStream;
use crate::telegram::ChatId;
use crate::user::UserCall;

pub use crate::declaration::{Access, BASE_PATH, Declaration, Effect, Method, RateClass, Repetition};

/// Among so many fields the one at fault is looked for.
const CULPRITS_MAX: usize = 64;

/// The account id that a request names. Text that is no id at all is kept as "no account", so that it is answered exactly like an
/// account that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountReference(Option<AccountId>);

impl AccountReference {
    /// The id, if the text was one.
    pub fn id(self) -> Option<AccountId> {
        self.0
    }
}

impl From<AccountId> for AccountReference {
    fn from(id: AccountId) -> Self {
        Self(Some(id))
    }
}

impl<'de> Deserialize<'de> for AccountReference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.parse().ok()))
    }
}

impl JsonSchema for AccountReference {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AccountId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "description": "The account's id, as `GET /accounts` lists it." })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// One thing that a caller can ask for. The struct's fields are the input, in camelCase.
pub trait Operation: DeserializeOwned + JsonSchema + Send + 'static {
    /// Its declaration.
    const DECLARATION: Declaration;

    /// What it answers. `()` answers without a body.
    type Output: Serialize + JsonSchema + 'static;

    /// The account that it touches, if any: the gateway checks that it is the caller's.
    fn account(&self) -> Option<AccountReference> {
        None
    }

    /// The chats that it touches, for the audit log and allowlists.
    fn chats(&self) -> Vec<ChatId> {
        Vec::new()
    }

    /// The chats whose content it tells of, for policies.
    fn reads(&self) -> Vec<ChatId> {
        if Self::DECLARATION.effect.is_mutation() { Vec::new() } else { self.chats() }
    }

    /// The chats that it changes or sends to, for policies.
    fn writes(&self) -> Vec<ChatId> {
        if Self::DECLARATION.effect.is_mutation() { self.chats() } else { Vec::new() }
    }

    /// Whether it changes a chat that it names in another way than by its id, such as a link: for policies.
    fn touches_unnamed(&self) -> bool {
        false
    }

    /// Checks of values beyond their types. An error names the field.
    ///
    /// # Errors
    /// [`Code::InvalidInput`] for the first value that is not acceptable.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How long ago what is answered was read, in seconds, where that was not just now (the header `Age`, RFC 9111).
    fn age_secs(_output: &Self::Output) -> Option<u64> {
        None
    }

    /// The cursor of the next page, if the answer is a page and there is one.
    fn next_cursor(_output: &Self::Output) -> Option<String> {
        None
    }

    /// Takes out of the answer what is of chats that the caller may not know of. Whatever answers about chats that the call did not
    /// name must do so.
    ///
    /// # Errors
    /// [`Code::ChatNotAllowed`] when nothing is left to be told.
    fn leave_out(_output: &mut Self::Output, _sight: &ChatSight) -> Result<(), Error> {
        Ok(())
    }
}

/// An operation on the state of one user.
pub trait UserOperation: Operation {
    /// Does it. Runs on the user's actor; must not block.
    fn run(self, call: UserCall) -> impl Future<Output = Result<Self::Output, Error>> + 'static;
}

/// An operation on one Telegram account. [`Operation::account`] must name it.
pub trait AccountOperation: Operation {
    /// Does it. Runs on the account's actor; must not block.
    fn run(self, call: AccountCall) -> impl Future<Output = Result<Self::Output, Error>> + 'static;
}

/// An operation on one Telegram account that answers with bytes. [`Operation::Output`] is `()`.
pub trait DownloadOperation: Operation<Output = ()> {
    /// The message whose file it is, if it is one's.
    fn message(&self) -> Option<(ChatId, i32)> {
        None
    }

    /// Finds what is asked for. Runs on the account's actor; must not block. The bytes follow as they are read.
    fn run(self, call: AccountCall) -> impl Future<Output = Result<Download, Error>> + 'static;
}

/// An operation on the state of one user that answers with events as they happen. [`Operation::Output`] is `()`.
pub trait StreamOperation: Operation<Output = ()> {
    /// Opens the stream. Runs on the user's actor, in one step with the decision that it may.
    ///
    /// # Errors
    /// When there is no such place in the events, or too many streams are open.
    fn run(self, call: UserCall) -> Result<EventStream, Error>;
}

/// An answer of bytes.
#[derive(Debug)]
pub struct Download {
    /// The HTTP status: 200, 206 or 304.
    pub status: u16,
    /// The headers that describe the bytes; names in lower case, values visible ASCII.
    pub headers: Vec<(&'static str, String)>,
    /// How many bytes follow.
    pub length: u64,
    /// The bytes; none for 304.
    pub bytes: Option<ByteStream>,
}

/// What a call answers when it succeeds.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beyond those that follow from the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// The cursor of the next page.
    pub next_cursor: Option<String>,
    /// The chats that it tells of, where that is remembered.
    pub(crate) told_of: Vec<ChatId>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// There is none.
    Empty,
    /// JSON.
    Json(Vec<u8>),
    /// So many bytes, as they come.
    Bytes(u64, ByteStream),
    /// Events, as they happen.
    Events(EventStream),
}

/// The part of an invocation that runs on a user's actor.
pub(crate) trait UserWork: Send {
    /// Says which chats its caller may know of. Until then it is the fewest.
    fn seen_with(&mut self, sight: ChatSight);

    fn run(self: Box<Self>, call: UserCall) -> LocalBoxFuture<'static, Result<Answer, Error>>;
}

/// The part of an invocation that runs on an account's actor.
pub(crate) trait AccountWork: Send {
    /// Says which chats its caller may know of. Until then it is the fewest.
    fn seen_with(&mut self, sight: ChatSight);

    fn run(self: Box<Self>, call: AccountCall) -> LocalBoxFuture<'static, Result<Answer, Error>>;
}

pub(crate) enum Work {
    User(Box<dyn UserWork>),
    Account(Box<dyn AccountWork>),
}

impl Work {
    /// The same, answered to a caller who may know of these chats.
    pub(crate) fn seen_with(mut self, sight: ChatSight) -> Self {
        match &mut self {
            Work::User(work) => work.seen_with(sight),
            Work::Account(work) => work.seen_with(sight),
        }
        self
    }
}

struct Typed<O>(O, ChatSight);

impl<O> Typed<O> {
    fn new(operation: O) -> Self {
        Self(operation, ChatSight::of_agent(None))
    }
}

impl<O: UserOperation> UserWork for Typed<O> {
    fn seen_with(&mut self, sight: ChatSight) {
        self.1 = sight;
    }

    fn run(self: Box<Self>, call: UserCall) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        let Self(operation, sight) = *self;
        let work = operation.run(call);
        Box::pin(async move {
            let mut output = work.await?;
            let met = met::<O>(&mut output, &sight);
            Ok(Answer { told_of: met, ..answer::<O>(output, &sight)? })
        })
    }
}

impl<O: AccountOperation> AccountWork for Typed<O> {
    fn seen_with(&mut self, sight: ChatSight) {
        self.1 = sight;
    }

    fn run(self: Box<Self>, call: AccountCall) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        let Self(operation, sight) = *self;
        let account = Rc::clone(&call);
        let work = operation.run(call);
        Box::pin(async move {
            let mut output = work.await?;
            let sight = if sight.hides_service_messages() { sight.shielding(account.login_codes().await?) } else { sight };
            let met = met::<O>(&mut output, &sight);
            if !sight.asks_for_classes() {
                return Ok(Answer { told_of: met, ..answer::<O>(output, &sight)? });
            }
            let sight = sight.knowing(account.classes(&met).await);
            let told_of = met.into_iter().filter(|chat| !sight.hides(*chat)).collect();
            Ok(Answer { told_of, ..answer::<O>(output, &sight)? })
        })
    }
}

/// The chats that an answer tells of, where that matters.
fn met<O: Operation>(output: &mut O::Output, sight: &ChatSight) -> Vec<ChatId> {
    if !sight.asks_who_is_met() {
        return Vec::new();
    }
    let looking = sight.looking();
    let _nothing_is_hidden = O::leave_out(output, &looking);
    looking.met()
}

struct Events<O>(O);

impl<O: StreamOperation> UserWork for Events<O> {
    // Its reader leaves them out.
    fn seen_with(&mut self, _sight: ChatSight) {}

    fn run(self: Box<Self>, call: UserCall) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        let opened = self.0.run(call);
        let answer = opened.map(|stream| Answer {
            status: O::DECLARATION.success,
            headers: Vec::new(),
            body: Body::Events(stream),
            next_cursor: None,
            told_of: Vec::new(),
        });
        Box::pin(std::future::ready(answer))
    }
}

struct Bytes<O>(O, ChatSight);

impl<O: DownloadOperation> AccountWork for Bytes<O> {
    fn seen_with(&mut self, sight: ChatSight) {
        self.1 = sight;
    }

    fn run(self: Box<Self>, call: AccountCall) -> LocalBoxFuture<'static, Result<Answer, Error>> {
        let Self(operation, sight) = *self;
        let (account, of_message) = (Rc::clone(&call), operation.message());
        let work = operation.run(call);
        Box::pin(async move {
            if let Some((chat, message_id)) = of_message.filter(|_| sight.is_agent()) {
                let sight = sight.shielding(account.login_codes().await?);
                // A caption that tells a code is told with the file, and so is what the file shows.
                if !sight.codes().is_empty() && sight.tells_code(account.message(chat, message_id).await?.text.as_deref()) {
                    return Err(hidden());
                }
            }
            let Download { status, headers, length, bytes } = work.await?;
            let body = bytes.map_or(Body::Empty, |bytes| Body::Bytes(length, bytes));
            Ok(Answer { status, headers, body, next_cursor: None, told_of: Vec::new() })
        })
    }
}

fn answer<O: Operation>(mut output: O::Output, sight: &ChatSight) -> Result<Answer, Error> {
    let next_cursor = O::next_cursor(&output);
    O::leave_out(&mut output, sight)?;
    let age = O::age_secs(&output).map(|seconds| ("age", seconds.to_string()));
    let body = if TypeId::of::<O::Output>() == TypeId::of::<()>() {
        Body::Empty
    } else {
        let json = if sight.codes().is_empty() {
            serde_json::to_vec(&output).map_err(Error::internal)?
        } else {
            let mut value = serde_json::to_value(&output).map_err(Error::internal)?;
            shield::blank(&mut value, sight.codes());
            serde_json::to_vec(&value).map_err(Error::internal)?
        };
        Body::Json(if sight.is_agent() { agent_text::written_out(&json).into_owned() } else { json })
    };
    Ok(Answer { status: O::DECLARATION.success, headers: age.into_iter().collect(), body, next_cursor, told_of: Vec::new() })
}

/// A decoded call: what is asked, of which account, touching which chats.
pub struct Invocation {
    pub(crate) declaration: &'static Declaration,
    pub(crate) account: Option<AccountReference>,
    pub(crate) chats: Vec<ChatId>,
    pub(crate) touched: Touched,
    pub(crate) work: Work,
    pub(crate) body: Option<ByteStream>,
    /// What it was decoded from: one JSON object.
    pub(crate) arguments: Value,
    /// What tells it from other calls of a mutation; a read needs none.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// What policies ask of a call.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// The chats whose content it tells of.
    pub(crate) reads: Vec<ChatId>,
    /// The chats that it changes or sends to.
    pub(crate) writes: Vec<ChatId>,
    /// Whether it changes a chat that it does not name.
    pub(crate) is_unnamed: bool,
}

impl Invocation {
    /// The operation that is asked for.
    pub fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    /// Whether it can wait for a person's approval: see [`Declaration::can_wait`].
    pub(crate) fn can_wait(&self) -> bool {
        self.declaration.can_wait() && self.body.is_none()
    }

    /// The same call with the bytes of its body, for an operation that takes them.
    pub fn with_body(self, body: ByteStream) -> Self {
        Self { body: Some(body), ..self }
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Invocation({})", self.declaration.name)
    }
}

trait Erased: Send + Sync {
    fn declaration(&self) -> &'static Declaration;
    fn input_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    fn output_schema(&self, generator: &mut SchemaGenerator) -> Option<Schema>;
    fn decode(&self, arguments: Value) -> Result<Invocation, Error>;
}

struct OfUser<O>(PhantomData<fn() -> O>);
struct OfAccount<O>(PhantomData<fn() -> O>);
struct OfDownload<O>(PhantomData<fn() -> O>);
struct OfStream<O>(PhantomData<fn() -> O>);

struct Declared<O>(PhantomData<O>);

impl<O: Operation> Declared<O> {
    const DECLARATION: &'static Declaration = &O::DECLARATION;
}

fn decode<O: Operation>(arguments: Value, work: fn(O) -> Work) -> Result<Invocation, Error> {
    let declaration = Declared::<O>::DECLARATION;
    let fingerprint = declaration.effect.is_mutation().then(|| Fingerprint::of(declaration.name, &arguments));
    let decoded = serde_path_to_error::deserialize(&arguments);
    let operation: O = decoded.map_err(|error| undecodable::<O>(declaration, &arguments, &error))?;
    operation.validate()?;
    let (account, chats) = (operation.account(), operation.chats());
    let touched = Touched { reads: operation.reads(), writes: operation.writes(), is_unnamed: operation.touches_unnamed() };
    Ok(Invocation { declaration, account, chats, touched, work: work(operation), body: None, arguments, fingerprint })
}

/// A body with a missing or mistyped field is 422; where there is no body, the path, the query or a header is at fault and it is 400.
fn undecodable<O: Operation>(
    declaration: &Declaration,
    arguments: &Value,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Error {
    let in_body = declaration.method.has_body() && !declaration.takes_bytes;
    let code = if in_body { Code::UnprocessableInput } else { Code::BadRequest };
    let reason = error.inner().to_string();
    let place = error.path().to_string();
    let field = match reason.split('`').nth(1) {
        Some(name) if reason.starts_with("missing field") && place == "." => name.to_owned(),
        Some(name) if reason.starts_with("missing field") => format!("{place}.{name}"),
        _ if error.path().iter().next().is_none() => culprit::<O>(arguments, &reason).unwrap_or_default(),
        _ => place,
    };
    let header = declaration.header_fields.iter().find(|(_, name)| *name == field);
    let field = header.map_or(field, |(header, _)| (*header).to_owned());
    Error::new(code, format!("{field}: {reason}")).in_field(field)
}

/// The field at fault where the error does not tell, which is so for fields that several operations share: without it, the error is
/// another one, or none.
fn culprit<O: Operation>(arguments: &Value, reason: &str) -> Option<String> {
    let members = arguments.as_object().filter(|members| members.len() <= CULPRITS_MAX)?;
    let is_culprit = |name: &&String| {
        let others = members.iter().filter(|(other, _)| other != name).map(|(other, value)| (other.clone(), value.clone()));
        let without: Result<O, _> = serde_json::from_value(Value::Object(others.collect()));
        let error = without.err().map(|error| error.to_string());
        error.is_none_or(|error| error != reason && !error.starts_with(&format!("missing field `{name}`")))
    };
    members.keys().find(is_culprit).cloned()
}

macro_rules! erase {
    ($holder:ident, $operation:ident, $work:expr) => {
        impl<O: $operation> Erased for $holder<O> {
            fn declaration(&self) -> &'static Declaration {
                Declared::<O>::DECLARATION
            }

            fn input_schema(&self, generator: &mut SchemaGenerator) -> Schema {
                O::json_schema(generator)
            }

            fn output_schema(&self, generator: &mut SchemaGenerator) -> Option<Schema> {
                (TypeId::of::<O::Output>() != TypeId::of::<()>()).then(|| generator.subschema_for::<O::Output>())
            }

            fn decode(&self, arguments: Value) -> Result<Invocation, Error> {
                decode::<O>(arguments, $work)
            }
        }
    };
}

erase!(OfUser, UserOperation, |operation| Work::User(Box::new(Typed::new(operation))));
erase!(OfAccount, AccountOperation, |operation| Work::Account(Box::new(Typed::new(operation))));
erase!(OfStream, StreamOperation, |operation| Work::User(Box::new(Events(operation))));
erase!(OfDownload, DownloadOperation, |operation| Work::Account(Box::new(Bytes(operation, ChatSight::of_agent(None)))));

/// One line of the catalogue: an operation without its type.
pub struct Entry(Box<dyn Erased>);

impl Entry {
    /// The entry of an operation that runs on a user.
    pub fn user<O: UserOperation>() -> Self {
        Self(Box::new(OfUser::<O>(PhantomData)))
    }

    /// The entry of an operation that runs on an account.
    pub fn account<O: AccountOperation>() -> Self {
        Self(Box::new(OfAccount::<O>(PhantomData)))
    }

    /// The entry of an operation that answers with bytes.
    pub fn download<O: DownloadOperation>() -> Self {
        Self(Box::new(OfDownload::<O>(PhantomData)))
    }

    /// The entry of an operation that answers with events.
    pub fn stream<O: StreamOperation>() -> Self {
        Self(Box::new(OfStream::<O>(PhantomData)))
    }

    /// The operation's declaration.
    pub fn declaration(&self) -> &'static Declaration {
        self.0.declaration()
    }

    /// The JSON Schema of the input: an object whose properties are path, query and body fields together.
    pub fn input_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        self.0.input_schema(generator)
    }

    /// The JSON Schema of the answer's body; `None` when there is no body.
    pub fn output_schema(&self, generator: &mut SchemaGenerator) -> Option<Schema> {
        self.0.output_schema(generator)
    }

    /// Turns arguments (one JSON object) into a call.
    ///
    /// # Errors
    /// [`Code::UnprocessableInput`] or [`Code::BadRequest`] for a field that is missing or of the wrong type, and
    /// [`Code::InvalidInput`] for a value that is not acceptable; each names the field.
    pub fn decode(&self, arguments: Value) -> Result<Invocation, Error> {
        self.0.decode(arguments)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Entry({})", self.declaration().name)
    }
}
