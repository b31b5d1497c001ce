//! What the webhook calls: it takes most deliveries, refuses some, and writes all of them down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::client::Api;
use crate::error::BenchError;

/// Of a hundred deliveries so many are refused, and so many answered late. Each holds its chat up for a second or so, because nothing
/// overtakes: with more of them, a chat that is written to all the time could not be told in time.
const REFUSED_PER_CENT: u8 = 3;
const LATE_PER_CENT: u8 = 3;
const LATE_BY: Duration = Duration::from_millis(400);

/// What webhooks are told in a run.
pub(super) const EVENTS: [&str; 2] = ["telegram:new-message", "telegram:message-edited"];

/// What came.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries {
    /// The deliveries that were taken, by id: in the order of their first one.
    pub(super) taken: Vec<Delivery>,
    /// How many requests came.
    pub(super) attempts: usize,
    /// What is wrong with some of them.
    pub(super) faults: Vec<String>,
    bodies: HashMap<String, Vec<u8>>,
    places: HashMap<String, usize>,
}

/// An event that was taken.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) chat: i64,
}

struct Inner {
    deliveries: Deliveries,
    secret: Option<Webhook>,
    chance: fastrand::Rng,
}

/// See the module's description.
pub(super) struct Receiver {
    server: MockServer,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub(super) async fn start(chance: &mut fastrand::Rng) -> Self {
        let inner = Inner { deliveries: Deliveries::default(), secret: None, chance: chance.fork() };
        let inner = Arc::new(Mutex::new(inner));
        let server = MockServer::builder().disable_request_recording().start().await;
        let taking = Arc::clone(&inner);
        let answer = move |request: &Request| lock(&taking).take(request);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self { server, inner }
    }

    /// Makes the webhook that is delivered here.
    pub(super) async fn subscribe(&self, api: &Api) -> Result<(), BenchError> {
        let webhook = json!({ "url": format!("{}/hook", self.server.uri()), "events": EVENTS });
        let made = api.call(Method::POST, "/webhooks", Some(&webhook)).await?;
        let secret = made.get("secret").and_then(Value::as_str).and_then(|secret| Webhook::new(secret).ok());
        let unexpected = || BenchError::Unexpected { request: "POST /webhooks".into(), body: "no secret".into() };
        lock(&self.inner).secret = Some(secret.ok_or_else(unexpected)?);
        Ok(())
    }

    /// What came so far.
    pub(super) fn delivered(&self) -> Deliveries {
        lock(&self.inner).deliveries.clone()
    }

    /// Whether an event was taken.
    pub(super) fn has(&self, id: &str) -> bool {
        lock(&self.inner).deliveries.places.contains_key(id)
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn take(&mut self, request: &Request) -> ResponseTemplate {
        self.deliveries.attempts += 1;
        if self.chance.u8(0..100) < REFUSED_PER_CENT {
            return ResponseTemplate::new(500);
        }
        if let Err(fault) = self.note(request) {
            self.deliveries.faults.push(fault);
        }
        let taken = ResponseTemplate::new(204);
        if self.chance.u8(0..100) < LATE_PER_CENT { taken.set_delay(LATE_BY) } else { taken }
    }

    fn note(&mut self, request: &Request) -> Result<(), String> {
        let id = request.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let is_signed = self.secret.as_ref().is_some_and(|secret| secret.verify(&request.body, &request.headers).is_ok());
        if !is_signed {
            return Err(format!("{id} is not signed with the webhook's secret"));
        }
        let body: Value = serde_json::from_slice(&request.body).map_err(|error| format!("{id} is no JSON: {error}"))?;
        let data = |name: &str| body.pointer(&format!("/data/{name}")).cloned().unwrap_or(Value::Null);
        let cursor = data("cursor").as_str().map(|cursor| format!("evt_{cursor}"));
        if cursor.as_deref() != Some(id.as_str()) {
            return Err(format!("{id} tells the event of {cursor:?}"));
        }
        let deliveries = &mut self.deliveries;
        if let Some(first) = deliveries.bodies.get(&id) {
            return if *first == request.body { Ok(()) } else { Err(format!("{id} came with two bodies")) };
        }
        deliveries.bodies.insert(id.clone(), request.body.clone());
        deliveries.places.insert(id.clone(), deliveries.taken.len());
        let account = data("accountId").as_str().unwrap_or_default().to_owned();
        deliveries.taken.push(Delivery { id, account, chat: data("chatId").as_i64().unwrap_or_default() });
        Ok(())
    }
}
