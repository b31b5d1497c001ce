//! What the fields of one request share, and the one road that each of them takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{Context, Value};
use serde_json::{Map, Value as Json};
use vasya_actors::caller::Caller;
use vasya_actors::error::Error;
use vasya_actors::gateway::{Gateway, Reply, RequestFacts};
use vasya_actors::idempotency::IdempotencyKey;
use vasya_actors::operation::Answer;
use vasya_actors::user::LimitState;

use super::problem;

/// The longest request id.
const REQUEST_ID_CHARACTERS_MAX: usize = 64;

/// The ids of the calls of one request: the request's own where it makes one call, and else that with a number behind it.
#[derive(Debug)]
pub(crate) struct RequestIds {
    request: String,
    is_one: bool,
    given: AtomicUsize,
}

impl RequestIds {
    /// The ids of a request that makes so many calls.
    pub(crate) fn new(request: &str, calls: usize) -> Arc<Self> {
        Arc::new(Self { request: request.to_owned(), is_one: calls <= 1, given: AtomicUsize::new(0) })
    }

    /// The request's own.
    pub(crate) fn of_request(&self) -> &str {
        &self.request
    }

    fn next(&self) -> String {
        if self.is_one {
            return self.request.clone();
        }
        let suffix = format!("-{}", self.given.fetch_add(1, Ordering::Relaxed) + 1);
        let kept = self.request.chars().take(REQUEST_ID_CHARACTERS_MAX - suffix.len());
        kept.chain(suffix.chars()).collect()
    }
}

/// One request at work.
#[derive(Debug)]
pub(crate) struct Exchange {
    caller: Option<Caller>,
    /// What is known of the request. A key of the header is for the one mutation that there is.
    facts: RequestFacts,
    ids: Arc<RequestIds>,
    told: Mutex<Told>,
}

/// What is told beside the data.
#[derive(Debug, Default)]
struct Told {
    replayed: Vec<Value>,
    next_cursors: BTreeMap<String, Value>,
    limits: Vec<LimitState>,
}

impl Exchange {
    /// A request of this caller, or of nobody. The facts are those of the request; each call gets an id of its own.
    pub(crate) fn new(caller: Option<Caller>, facts: RequestFacts, ids: Arc<RequestIds>) -> Arc<Self> {
        Arc::new(Self { caller, facts, ids, told: Mutex::default() })
    }

    /// The request's id.
    pub(super) fn request_id(&self) -> &str {
        self.ids.of_request()
    }

    /// What is left of the limits that its calls drew from, as the last of them found it.
    pub(crate) fn limits(&self) -> Vec<LimitState> {
        self.told().limits.clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told beside the data, by name.
    pub(super) fn extensions(&self) -> Vec<(&'static str, Value)> {
        let told = std::mem::take(&mut *self.told());
        let mut extensions = Vec::new();
        if !told.replayed.is_empty() {
            extensions.push(("replayed", Value::List(told.replayed)));
        }
        if !told.next_cursors.is_empty() {
            let cursors = told.next_cursors.into_iter().map(|(name, cursor)| (async_graphql::Name::new(name), cursor));
            extensions.push(("nextCursors", Value::Object(cursors.collect())));
        }
        // They stay for those who ask for them after this.
        self.told().limits = told.limits;
        extensions
    }

    /// Says where the list of a field goes on.
    pub(super) fn tell_next_cursor(&self, field: &str, cursor: &str) {
        self.told().next_cursors.insert(field.to_owned(), Value::from(cursor));
    }

    /// Calls an operation for a field; errors are those that the client is told.
    pub(super) async fn call(
        &self,
        context: &Context<'_>,
        operation: &str,
        arguments: Map<String, Json>,
        idempotency_key: Option<String>,
    ) -> async_graphql::Result<Answer> {
        let request_id = self.ids.next();
        let answered = self.answer(context, operation, arguments, idempotency_key, &request_id).await;
        answered.map_err(|error| problem::of_call(&error, &context.item.node.response_key().node, &request_id))
    }

    async fn answer(
        &self,
        context: &Context<'_>,
        operation: &str,
        arguments: Map<String, Json>,
        idempotency_key: Option<String>,
        request_id: &str,
    ) -> Result<Answer, Error> {
        let caller = self.caller.as_ref().ok_or_else(Error::unauthorized)?;
        let given = idempotency_key.map(|key| IdempotencyKey::parse(&key)).transpose();
        let given = given.map_err(|error| error.in_field("idempotencyKey"))?;
        let gateway = context.data::<Gateway>().map_err(|error| Error::internal(error.message))?;
        let entry = gateway.catalogue().find(operation).ok_or_else(|| Error::internal("a field without an operation"))?;
        let facts = RequestFacts {
            request_id: request_id.to_owned(),
            idempotency_key: given.or_else(|| self.facts.idempotency_key.clone()),
            ..self.facts.clone()
        };
        let invocation = entry.decode(Json::Object(arguments))?;
        let Reply { result, limits, replayed } = gateway.call(caller, invocation, facts).await;
        let mut told = self.told();
        if !limits.is_empty() {
            told.limits = limits;
        }
        if replayed {
            told.replayed.push(Value::from(context.item.node.response_key().node.as_str()));
        }
        result
    }
}
