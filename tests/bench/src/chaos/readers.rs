//! Readers who follow the events by stream and by poll, resume by cursor, and write down what they are told.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::sync::watch;

use super::Act;
use super::cast::Scene;
use crate::error::BenchError;

/// How long a reader waits before it connects again.
const AGAIN_MS: std::ops::Range<u64> = 10..200;

/// After so many pieces a reader hangs up by itself.
const PIECES: std::ops::Range<u32> = 5..400;

/// How long a stream may say nothing: its heartbeat comes sooner.
const SILENCE_MAX: Duration = Duration::from_secs(25);

/// How long a reader may take to come to the end once the run is over.
const LATE_MAX: Duration = Duration::from_secs(60);

/// How long a poll waits at the server, and how long its client waits for it.
const POLL_WAIT_SECS: u32 = 5;
const POLL_LIMIT: Duration = Duration::from_secs(20);

/// How a reader reads, and what of it.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) name: &'static str,
    /// The query without a place.
    pub(super) query: String,
    is_stream: bool,
}

impl Way {
    /// Every way that readers of a run have.
    pub(super) fn all(scene: &Scene) -> Vec<Self> {
        let account = scene.accounts.first().map(|account| account.id.as_str()).unwrap_or_default();
        let of_account = format!("account={account}&types=telegram:new-message,telegram:message-edited");
        vec![
            Self { name: "stream of all", query: String::new(), is_stream: true },
            Self { name: "stream of one account", query: of_account.clone(), is_stream: true },
            Self { name: "poll of all", query: String::new(), is_stream: false },
            Self { name: "poll of one account", query: of_account, is_stream: false },
        ]
    }
}

/// What a reader was told: an event that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) cursor: String,
    pub(super) name: String,
}

/// What a reader has written down.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) way: Way,
    pub(super) told: Vec<Told>,
    /// How often it was let in.
    pub(super) connections: u32,
    /// Events that are not kept and have no place.
    pub(super) passing: usize,
    /// Answers that no reader should meet.
    pub(super) refusals: Vec<String>,
}

/// See the module's description.
pub(super) struct Reader {
    scene: Scene,
    act: watch::Receiver<Act>,
    chance: fastrand::Rng,
    place: String,
    record: Record,
}

impl Reader {
    pub(super) fn new(way: Way, scene: Scene, act: watch::Receiver<Act>, chance: fastrand::Rng) -> Self {
        let place = scene.begin.clone();
        let record = Record { way, told: Vec::new(), connections: 0, passing: 0, refusals: Vec::new() };
        Self { scene, act, chance, place, record }
    }

    /// Reads until the run is over and it has come to the last event, or for so long that it will not come there.
    pub(super) async fn read(mut self) -> Result<Record, BenchError> {
        let mut over_since = None;
        while !self.is_at_the_end() {
            if matches!(*self.act.borrow(), Act::Over { .. }) && over_since.get_or_insert_with(Instant::now).elapsed() > LATE_MAX
            {
                break;
            }
            // Whatever ends a connection, the next one goes on from the same place.
            let _broken_or_ended = if self.record.way.is_stream { self.stream().await } else { self.poll().await };
            tokio::time::sleep(Duration::from_millis(self.chance.u64(AGAIN_MS))).await;
        }
        Ok(self.record)
    }

    fn is_at_the_end(&self) -> bool {
        matches!(&*self.act.borrow(), Act::Over { last } if *last <= self.place)
    }

    /// One stream, from its opening to its end.
    async fn stream(&mut self) -> Result<(), reqwest::Error> {
        let url = format!("{}/events?{}", self.scene.api_url, self.record.way.query);
        let request = self.scene.http.request(Method::GET, url).bearer_auth(&self.scene.token);
        let response = request.header("last-event-id", &self.place).send().await?;
        let Some(mut response) = self.accepted(response).await else { return Ok(()) };
        let mut act = self.act.clone();
        let (mut buffer, mut pieces_left) = (Vec::new(), self.chance.u32(PIECES));
        while pieces_left > 0 && !self.is_at_the_end() {
            let chunk = tokio::select! {
                chunk = tokio::time::timeout(SILENCE_MAX, response.chunk()) => chunk,
                Ok(()) = act.changed() => continue,
            };
            let Ok(chunk) = chunk else {
                self.record.refusals.push(format!("a stream said nothing for {SILENCE_MAX:?}"));
                return Ok(());
            };
            let Some(chunk) = chunk? else { return Ok(()) };
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                let piece: Vec<u8> = buffer.drain(..end + 2).collect();
                self.take_piece(&String::from_utf8_lossy(&piece));
                pieces_left = pieces_left.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// Takes one piece of a stream: an event, or an id alone.
    fn take_piece(&mut self, piece: &str) {
        let field = |name: &str| piece.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let (id, name) = (field("id"), field("event"));
        match (id, name) {
            (Some(cursor), Some(name)) if name != "stream-end" => {
                self.record.told.push(Told { cursor: cursor.to_owned(), name: name.to_owned() });
            }
            (None, Some(_)) => self.record.passing += 1,
            _ => {}
        }
        if let Some(id) = id {
            id.clone_into(&mut self.place);
        }
    }

    async fn poll(&mut self) -> Result<(), reqwest::Error> {
        let query = &self.record.way.query;
        let limit = self.chance.u32(1..60);
        let url =
            format!("{}/events/poll?{query}&cursor={}&waitSecs={POLL_WAIT_SECS}&limit={limit}", self.scene.api_url, self.place);
        let request = self.scene.http.request(Method::GET, url).bearer_auth(&self.scene.token).timeout(POLL_LIMIT);
        let Some(response) = self.accepted(request.send().await?).await else { return Ok(()) };
        let page: Value = response.json().await?;
        for item in page.get("items").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
            match (text("cursor"), text("event")) {
                (Some(cursor), Some(name)) => self.record.told.push(Told { cursor, name }),
                _ => self.record.passing += 1,
            }
        }
        if let Some(next) = page.get("nextCursor").and_then(Value::as_str) {
            next.clone_into(&mut self.place);
        }
        Ok(())
    }

    /// An answer that is a success; what is refused otherwise than a starting server does is written down.
    async fn accepted(&mut self, response: Response) -> Option<Response> {
        let status = response.status();
        if status.is_success() {
            self.record.connections += 1;
            return Some(response);
        }
        if !matches!(status.as_u16(), 429 | 503) {
            let text = response.text().await.unwrap_or_default();
            self.record.refusals.push(format!("{status} {text}"));
        }
        None
    }
}
