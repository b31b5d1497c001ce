//! Whoever sends through the server: each request under a key of its own, and again until it is answered.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Act;
use super::cast::{Account, CLARA, Chat, ChatKind, Scene};
use crate::client::retry_after;
use crate::error::BenchError;

/// How long a writer asks for the answer to one request before it gives up: longer than any fault lasts, and any budget that the
/// server learns from one.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long one attempt may take. Of a hundred attempts some are given up much sooner, as impatient clients do.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(40);
const IMPATIENT_PER_CENT: u8 = 4;
const IMPATIENCE_MS: std::ops::Range<u64> = 1..60;

/// How long a writer waits before it asks again, where the answer does not say.
const AGAIN_MS: std::ops::Range<u64> = 10..100;

/// How long a writer rests between two requests, at most.
const REST_MS_MAX: u64 = 80;

/// How long a writer waits before it asks again for an outcome that is unknown: a moment later the server may be able to settle it.
const UNKNOWN_WAIT: Duration = Duration::from_secs(1);

/// The largest file that is sent, in bytes.
const FILE_BYTES_MAX: usize = 100_000;

/// What everybody says now and then, so that texts alone do not tell messages apart.
pub(super) const COMMON_WORD: &str = "again";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Text,
    CommonText,
    Reply,
    File,
    Forward,
    Copy,
    Poll,
    Edit,
}

const KINDS: [Kind; 8] =
    [Kind::Text, Kind::CommonText, Kind::Reply, Kind::File, Kind::Forward, Kind::Copy, Kind::Poll, Kind::Edit];

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was answered with success: the messages' ids in their order.
    Acknowledged { ids: Vec<Option<i64>>, request_id: String },
    /// It was answered for as long as it was asked for that nobody knows.
    Unknown { answer: String },
    /// It was refused for good.
    Refused { answer: String },
    /// It was not answered in time; the last that was seen.
    Unanswered { last: String },
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) kind: Kind,
    pub(super) key: String,
    pub(super) account: usize,
    pub(super) chat: i64,
    /// The first words of the messages that it sends, or of the message that it changes.
    pub(super) words: Vec<String>,
    /// The whole text that an edit leaves.
    pub(super) text: Option<String>,
    pub(super) fate: Fate,
    /// How often it was asked for, and answered that the outcome is unknown.
    pub(super) attempts: u32,
    pub(super) unknown: u32,
}

/// A request that is ready to be sent any number of times.
struct Prepared {
    kind: Kind,
    chat: i64,
    words: Vec<String>,
    text: Option<String>,
    method: Method,
    path: String,
    body: Content,
}

enum Content {
    Json(Value),
    File { caption: String, bytes: Vec<u8> },
}

/// See the module's description.
pub(super) struct Writer {
    number: usize,
    account: usize,
    scene: Scene,
    act: watch::Receiver<Act>,
    chance: fastrand::Rng,
    /// The messages that it sent and may answer or edit: chat, id, first word.
    own: Vec<(i64, i64, String)>,
    count: usize,
}

impl Writer {
    pub(super) fn new(number: usize, account: usize, scene: Scene, act: watch::Receiver<Act>, chance: fastrand::Rng) -> Self {
        Self { number, account, scene, act, chance, own: Vec::new(), count: 0 }
    }

    /// Writes until the run settles; what was begun is finished.
    pub(super) async fn write(mut self) -> Result<Vec<Written>, BenchError> {
        let mut written = Vec::new();
        while *self.act.borrow() == Act::Writing {
            let kind = self.chance.choice(KINDS).unwrap_or(Kind::Text);
            let prepared = self.prepare(kind).await?;
            let done = self.until_answered(prepared).await;
            if let (Fate::Acknowledged { ids, .. }, Kind::Text | Kind::Reply) = (&done.fate, done.kind)
                && let (Some(Some(id)), Some(word)) = (ids.first(), done.words.first())
            {
                self.own.push((done.chat, *id, word.clone()));
            }
            written.push(done);
            tokio::time::sleep(Duration::from_millis(self.chance.u64(0..REST_MS_MAX))).await;
        }
        Ok(written)
    }

    async fn prepare(&mut self, kind: Kind) -> Result<Prepared, BenchError> {
        self.count += 1;
        let word = format!("w{}-{}", self.number, self.count);
        let text = format!("{word} says something");
        let written_to = |chat: &&Chat| match kind {
            Kind::Poll => matches!(chat.kind, ChatKind::Group | ChatKind::Supergroup),
            _ => chat.kind != ChatKind::Source,
        };
        let chats: Vec<i64> = self.scene.chats.iter().filter(written_to).map(|chat| chat.id).collect();
        let chat = self.chance.choice(&chats).copied().unwrap_or(CLARA.1);
        let account = self.account().id.clone();
        let in_chat = |rest: &str| format!("/accounts/{account}/chats/{chat}/{rest}");
        let post = |chat, words, path, body| Prepared { kind, chat, words, text: None, method: Method::POST, path, body };
        Ok(match kind {
            Kind::Text => {
                let body = json!({ "text": text, "silent": self.chance.bool() });
                post(chat, vec![word], in_chat("messages"), Content::Json(body))
            }
            Kind::CommonText => {
                let body = json!({ "text": COMMON_WORD });
                post(chat, vec![COMMON_WORD.into()], in_chat("messages"), Content::Json(body))
            }
            Kind::Reply => {
                let own: Vec<i64> = self.own.iter().filter(|own| own.0 == chat).map(|own| own.1).collect();
                let body = json!({ "text": text, "replyTo": self.chance.choice(own) });
                post(chat, vec![word], in_chat("messages"), Content::Json(body))
            }
            Kind::File => {
                let bytes = (0..self.chance.usize(1..FILE_BYTES_MAX)).map(|_| self.chance.u8(..)).collect();
                post(chat, vec![word], in_chat("media"), Content::File { caption: text, bytes })
            }
            Kind::Poll => {
                let body = json!({ "question": text, "options": ["yes", "no"] });
                post(chat, vec![word], in_chat("polls"), Content::Json(body))
            }
            Kind::Forward | Kind::Copy => self.prepare_forward(kind, chat, &word).await?,
            Kind::Edit => {
                let Some((chat, id, word)) = self.chance.choice(&self.own).cloned() else {
                    return Ok(post(chat, vec![word], in_chat("messages"), Content::Json(json!({ "text": text }))));
                };
                let text = format!("{word} says something else: {}", self.count);
                let path = format!("/accounts/{account}/chats/{chat}/messages/{id}");
                let body = Content::Json(json!({ "text": text }));
                Prepared { kind, chat, words: vec![word], text: Some(text), method: Method::PATCH, path, body }
            }
        })
    }

    /// Lets a person write one to three messages, to be forwarded.
    async fn prepare_forward(&mut self, kind: Kind, chat: i64, word: &str) -> Result<Prepared, BenchError> {
        let source = self.scene.chats.iter().find(|chat| chat.kind == ChatKind::Source).map_or(0, |source| source.id);
        let (mut words, mut ids) = (Vec::new(), Vec::new());
        for part in 0..self.chance.usize(1..=3) {
            let word = format!("{word}.{part}");
            let posted = self.scene.post(CLARA.0, &json!(source), &format!("{word} to be told further")).await?;
            ids.push(posted.get("id").cloned().unwrap_or(Value::Null));
            words.push(word);
        }
        let verb = if kind == Kind::Copy { "copy" } else { "forward" };
        let path = format!("/accounts/{}/messages/{verb}", self.account().id);
        let body = Content::Json(json!({ "fromChatId": source, "toChatId": chat, "messageIds": ids }));
        Ok(Prepared { kind, chat, words, text: None, method: Method::POST, path, body })
    }

    fn account(&self) -> &Account {
        let accounts = &self.scene.accounts;
        accounts.get(self.account).unwrap_or_else(|| unreachable!("writers are made for accounts that there are"))
    }

    fn request(&self, prepared: &Prepared, key: &str) -> RequestBuilder {
        let url = format!("{}{}", self.scene.api_url, prepared.path);
        let request = self.scene.http.request(prepared.method.clone(), url).bearer_auth(&self.scene.token);
        let request = request.header("idempotency-key", key);
        match &prepared.body {
            Content::Json(body) => request.json(body),
            Content::File { caption, bytes } => {
                let request = request.header("x-file-name", "file.bin").header("x-caption", caption.replace(' ', "%20"));
                request.body(bytes.clone())
            }
        }
    }

    async fn until_answered(&mut self, prepared: Prepared) -> Written {
        let key = format!("chaos-{}-{}", self.number, self.count);
        let (begun, mut attempts, mut unknown) = (Instant::now(), 0, 0);
        let (mut last, mut last_unknown) = (String::new(), false);
        let fate = loop {
            if begun.elapsed() >= PATIENCE {
                break if last_unknown { Fate::Unknown { answer: last } } else { Fate::Unanswered { last } };
            }
            attempts += 1;
            let impatient = self.chance.u8(0..100) < IMPATIENT_PER_CENT;
            let limit = if impatient { Duration::from_millis(self.chance.u64(IMPATIENCE_MS)) } else { ATTEMPT_LIMIT };
            match tokio::time::timeout(limit, attempt(self.request(&prepared, &key))).await {
                Err(_elapsed) => last = "nothing in time".into(),
                Ok(Err(error)) => last = error.to_string(),
                Ok(Ok(Seen::Decided(fate))) => break fate,
                Ok(Ok(Seen::Again { wait, answer, is_unknown })) => {
                    (last, last_unknown) = (answer, is_unknown);
                    unknown += u32::from(is_unknown);
                    let wait = if is_unknown { wait.or(Some(UNKNOWN_WAIT)) } else { wait };
                    tokio::time::sleep(wait.unwrap_or_default()).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(self.chance.u64(AGAIN_MS))).await;
        };
        let Prepared { kind, chat, words, text, .. } = prepared;
        Written { kind, key, account: self.account, chat, words, text, fate, attempts, unknown }
    }
}

/// What an attempt has shown.
enum Seen {
    Decided(Fate),
    /// It is to be asked again, after this long if that was said.
    Again {
        wait: Option<Duration>,
        answer: String,
        is_unknown: bool,
    },
}

async fn attempt(request: RequestBuilder) -> Result<Seen, reqwest::Error> {
    let response = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = response.status();
    let wait = response.headers().contains_key("retry-after").then(|| retry_after(&response));
    let request_id = header(&response, "x-request-id");
    let text = response.text().await.map_err(reqwest::Error::without_url)?;
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(Seen::Decided(Fate::Acknowledged { ids: ids(&body), request_id }));
    }
    let code = body.get("code").and_then(Value::as_str).unwrap_or_default();
    let is_unknown = code == "outcome_unknown";
    let passes = code == "request_in_progress"
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::BAD_GATEWAY
        );
    let answer = format!("{status} {text}");
    Ok(if passes || is_unknown { Seen::Again { wait, answer, is_unknown } } else { Seen::Decided(Fate::Refused { answer }) })
}

/// The ids in an answer: of one message, or of those that were forwarded.
fn ids(body: &Value) -> Vec<Option<i64>> {
    match body.as_array() {
        Some(ids) => ids.iter().map(Value::as_i64).collect(),
        None => vec![body.get("id").and_then(Value::as_i64)],
    }
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
