//! GraphQL over a WebSocket: queries, mutations and subscriptions by the same road as over HTTP.
//!
//! One task owns a socket. Each operation is a task of its own, whose results come through a short queue: who reads slowly holds up
//! their own operations only, and a subscription that is held up keeps its place in the event log. Everything ends with the socket.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseReason, ProtocolError, Session};
use async_graphql::{Response, Value as GraphQlValue};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, interval, sleep_until, timeout};
use vasya_actors::caller::Caller;
use vasya_actors::gateway::RequestFacts;

use super::protocol::{Close, NAMES, Protocol, Said, token};
use crate::auth::TokenPlace;
use crate::graphql::{Asked, Exchange, Prepared, RequestIds, too_many};
use crate::http::Edge;
use crate::http::request_id::RequestId;

/// What the audit log has as the path of a call by WebSocket.
const PATH: &str = "/api/v1/graphql/ws";

/// Results that may wait to be sent; the operations wait then.
const RESULTS_MAX: usize = 16;

/// How long after its token a socket lives, so that its subscriptions can say first why they end.
const EXPIRY_GRACE: Duration = Duration::from_millis(500);

/// No wait is longer, so that no date is out of the clock's reach.
const WAIT_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Opens a socket.
pub(super) async fn open(
    edge: web::Data<Edge>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, session, messages) = actix_ws::handle_with_protocols(&request, payload, &NAMES)?;
    let chosen = response.headers().get("sec-websocket-protocol").and_then(|name| name.to_str().ok()).and_then(Protocol::named);
    let bytes_max = edge.graphql.limits().message_bytes_max;
    let messages = messages.max_frame_size(bytes_max).aggregate_continuations().max_continuation_size(bytes_max);
    let address = request.peer_addr().map(|address| address.ip());
    let facts = RequestFacts { path: PATH.to_owned(), address, ..RequestFacts::default() };
    actix_web::rt::spawn(async move {
        match chosen {
            Some(protocol) => Socket::new(edge, protocol, session, facts).run(messages).await,
            None => close(session, Close::unknown_protocol()).await,
        }
    });
    Ok(response)
}

async fn close(session: Session, Close(code, reason): Close) {
    let description = Some(reason).filter(|reason| !reason.is_empty());
    let closing = session.close(Some(CloseReason { code: code.into(), description }));
    // Whoever takes nothing is not told why.
    let _gone = timeout(Duration::from_secs(1), closing).await;
}

/// What an operation has to tell.
enum Told {
    Result(Box<Response>),
    End,
}

/// An operation at work.
struct Running {
    /// Tells it from an earlier one with the same id.
    number: u64,
    task: AbortHandle,
}

struct Socket {
    edge: web::Data<Edge>,
    protocol: Protocol,
    session: Session,
    caller: Option<Caller>,
    /// What is known of every call that comes by it.
    facts: RequestFacts,
    /// By when the socket must have said who it is, and then until when its token lives.
    until: Instant,
    heard_at: Instant,
    running: HashMap<String, Running>,
    tasks: JoinSet<()>,
    last_number: u64,
    results: mpsc::Sender<(String, u64, Told)>,
    waiting: mpsc::Receiver<(String, u64, Told)>,
}

impl Socket {
    fn new(edge: web::Data<Edge>, protocol: Protocol, session: Session, facts: RequestFacts) -> Self {
        let (results, waiting) = mpsc::channel(RESULTS_MAX);
        let until = Instant::now() + edge.graphql.limits().init_limit;
        Self {
            edge,
            protocol,
            session,
            caller: None,
            facts,
            until,
            heard_at: Instant::now(),
            running: HashMap::new(),
            tasks: JoinSet::new(),
            last_number: 0,
            results,
            waiting,
        }
    }

    /// Serves the socket to its end.
    async fn run(mut self, mut messages: AggregatedMessageStream) {
        let why = self.serve(&mut messages).await;
        let Self { session, tasks, .. } = self;
        drop(tasks);
        if let Some(why) = why {
            close(session, why).await;
        }
    }

    /// Why the socket is to be closed; `None` where it is gone already.
    async fn serve(&mut self, messages: &mut AggregatedMessageStream) -> Option<Close> {
        let period = self.edge.graphql.limits().ping_period;
        let mut stopping = self.edge.stopping.clone();
        let mut pings = interval(period);
        pings.reset();
        loop {
            let step = tokio::select! {
                message = messages.recv() => match message {
                    None => return None,
                    Some(message) => self.take(message).await,
                },
                Some((id, number, told)) = self.waiting.recv() => self.tell(&id, number, told).await,
                () = sleep_until(self.until) => Err(self.out_of_time()),
                _ = pings.tick() => self.ping(period).await,
                _ = stopping.wait_for(|stopping| *stopping) => Err(Some(Close::stopping())),
                Some(_) = self.tasks.join_next() => Ok(()),
            };
            if let Err(why) = step {
                return why;
            }
        }
    }

    fn out_of_time(&self) -> Option<Close> {
        match self.caller {
            None => Some(Close::init_timeout()),
            Some(_) => Some(Close::unauthorized("The token has expired")),
        }
    }

    /// Sends a message. Whoever takes nothing for too long is gone.
    async fn send(&mut self, text: String) -> Result<(), Option<Close>> {
        let limit = self.edge.graphql.limits().ping_period;
        match timeout(limit, self.session.text(text)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }

    async fn ping(&mut self, period: Duration) -> Result<(), Option<Close>> {
        if self.heard_at.elapsed() > period * 2 {
            return Err(Some(Close::silent()));
        }
        if let Some(text) = self.protocol.sign_of_life().filter(|_| self.caller.is_some()) {
            self.send(text).await?;
        }
        match timeout(period, self.session.ping(b"")).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }

    async fn take(&mut self, message: Result<AggregatedMessage, ProtocolError>) -> Result<(), Option<Close>> {
        self.heard_at = Instant::now();
        match message {
            Ok(AggregatedMessage::Text(text)) => {
                let said = self.protocol.read(&text).map_err(Some)?;
                self.hear(said).await
            }
            Ok(AggregatedMessage::Ping(bytes)) => self.session.pong(&bytes).await.map_err(|_| None),
            Ok(AggregatedMessage::Pong(_)) => Ok(()),
            Ok(AggregatedMessage::Binary(_)) => Err(Some(Close::invalid())),
            Ok(AggregatedMessage::Close(_)) => Err(Some(Close::done())),
            // The library tells of a message of many frames that is too large by an I/O error.
            Err(ProtocolError::Overflow | ProtocolError::Io(_)) => Err(Some(Close::too_large())),
            Err(_) => Err(Some(Close::broken())),
        }
    }

    async fn hear(&mut self, said: Said) -> Result<(), Option<Close>> {
        match said {
            Said::Init(_) if self.caller.is_some() => Err(Some(Close::repeated_init())),
            Said::Init(payload) => self.know(&payload).await,
            Said::Ping(payload) => self.send(Protocol::pong(payload)).await,
            Said::Pong => Ok(()),
            Said::Run(..) if self.caller.is_none() => Err(Some(Close::too_early())),
            Said::Run(id, payload) => self.begin(id, payload).await,
            Said::Stop(id) => {
                if let Some(running) = self.running.remove(&id) {
                    running.task.abort();
                }
                Ok(())
            }
            Said::Terminate => Err(Some(Close::done())),
        }
    }

    /// Learns who the client is.
    async fn know(&mut self, payload: &Value) -> Result<(), Option<Close>> {
        let Some(token) = token(payload) else { return Err(Some(Close::unauthorized("Unauthorized"))) };
        let caller = self.edge.authenticator.authenticate(token, TokenPlace::Header).map_err(|_| Some(Close::bad_token()))?;
        self.until = caller.expires_at_secs().map_or(Instant::now() + WAIT_MAX, |expiry| instant_of(expiry) + EXPIRY_GRACE);
        self.caller = Some(caller);
        self.send(self.protocol.acknowledgement()).await?;
        match self.protocol.sign_of_life() {
            Some(text) => self.send(text).await,
            None => Ok(()),
        }
    }

    async fn begin(&mut self, id: String, payload: Value) -> Result<(), Option<Close>> {
        if self.running.contains_key(&id) {
            return Err(Some(Close::id_taken(&id)));
        }
        let asked = Asked::read(payload).map_err(|_| Some(Close::invalid()))?;
        let request_id = RequestId::given(asked.request_id());
        let operations_max = self.edge.graphql.limits().operations_per_socket_max;
        if self.running.len() >= operations_max {
            let refused = too_many(operations_max, request_id.as_str());
            return self.send(self.protocol.refusal(&id, &[refused])).await;
        }
        let prepared = match self.edge.graphql.prepare(asked, request_id.as_str()) {
            Ok(prepared) => prepared,
            Err(refused) => return self.send(self.protocol.refusal(&id, &refused.errors)).await,
        };
        let ids = RequestIds::new(request_id.as_str(), prepared.calls());
        let exchange = Exchange::new(self.caller.clone(), self.facts.clone(), ids);
        self.last_number += 1;
        let number = self.last_number;
        let teller = Teller { id: id.clone(), number, results: self.results.clone() };
        let task = self.tasks.spawn(operate(self.edge.clone(), prepared, exchange, teller));
        self.running.insert(id, Running { number, task });
        Ok(())
    }

    /// Tells a result, unless its operation was stopped.
    async fn tell(&mut self, id: &str, number: u64, told: Told) -> Result<(), Option<Close>> {
        if self.running.get(id).is_none_or(|running| running.number != number) {
            return Ok(());
        }
        match told {
            Told::Result(response) => {
                self.send(self.protocol.result(id, &response)).await?;
                match lost_right(&response) {
                    None => Ok(()),
                    Some(reason) => {
                        self.send(self.protocol.end(id)).await?;
                        Err(Some(Close::unauthorized(&reason)))
                    }
                }
            }
            Told::End => {
                self.running.remove(id);
                self.send(self.protocol.end(id)).await
            }
        }
    }
}

/// Why the caller may do nothing any more, if that is what an answer says: its key was revoked or suspended, or its token has expired.
fn lost_right(response: &Response) -> Option<String> {
    let unauthorized = GraphQlValue::from("UNAUTHORIZED");
    let error = response
        .errors
        .iter()
        .find(|error| error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == Some(&unauthorized));
    error.map(|error| error.message.clone())
}

/// Where an operation's results go.
struct Teller {
    id: String,
    number: u64,
    results: mpsc::Sender<(String, u64, Told)>,
}

impl Teller {
    /// Answers whether anybody listens.
    async fn tell(&self, told: Told) -> bool {
        self.results.send((self.id.clone(), self.number, told)).await.is_ok()
    }
}

async fn operate(edge: web::Data<Edge>, prepared: Prepared, exchange: std::sync::Arc<Exchange>, teller: Teller) {
    if prepared.is_subscription() {
        let mut responses = std::pin::pin!(edge.graphql.subscribe(prepared, &exchange));
        while let Some(response) = responses.next().await {
            if !teller.tell(Told::Result(Box::new(response))).await {
                return;
            }
        }
    } else {
        let response = edge.graphql.execute(prepared, &exchange).await;
        teller.tell(Told::Result(Box::new(response))).await;
    }
    teller.tell(Told::End).await;
}

fn instant_of(unix_secs: u64) -> Instant {
    let left = (UNIX_EPOCH + Duration::from_secs(unix_secs.min(WAIT_MAX.as_secs() * 100))).duration_since(SystemTime::now());
    Instant::now() + left.unwrap_or_default().min(WAIT_MAX)
}
