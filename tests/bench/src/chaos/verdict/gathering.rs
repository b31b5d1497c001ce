//! Waiting until everything that is under way has arrived, and gathering the truth.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::cast::{Chat, Scene};
use super::super::events::{self, Logged};
use super::super::readers::Record;
use super::super::receiver::{EVENTS, Receiver};
use crate::error::BenchError;
use crate::note;

/// For how long nothing of what is under way may arrive, once nothing goes wrong any more, before the rest is taken for lost. The whole
/// run has a limit of its own.
const SETTLE_LIMIT: Duration = Duration::from_secs(90);
const LOOK_PERIOD: Duration = Duration::from_millis(500);

/// A message as the network has it.
#[derive(Clone, Debug)]
pub(in super::super) struct Message {
    pub(in super::super) id: i64,
    /// Whether the account sent it.
    pub(in super::super) out: bool,
    pub(in super::super) text: String,
}

impl Message {
    fn of(message: &Value) -> Option<Self> {
        let text = message.get("question").or_else(|| message.get("text"))?.as_str()?.to_owned();
        Some(Self { id: message.get("id")?.as_i64()?, out: message.get("out")?.as_bool()?, text })
    }

    /// Its first word, which names it.
    pub(in super::super) fn word(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }
}

/// What an account has in a chat since the run began, as the network has it, oldest first.
#[derive(Clone, Debug)]
pub(in super::super) struct Truth {
    pub(in super::super) account: usize,
    pub(in super::super) chat: i64,
    pub(in super::super) messages: Vec<Message>,
}

/// What the network has, and what the server tells of it.
#[derive(Debug)]
pub(in super::super) struct Told {
    pub(in super::super) truth: Vec<Truth>,
    /// The whole event log of the run.
    pub(in super::super) log: Vec<Logged>,
    /// The place of the last event that readers had to come to.
    pub(in super::super) last: String,
    /// For each reader, what the log has for its query.
    pub(in super::super) for_readers: Vec<Vec<Logged>>,
}

impl Told {
    /// Adds to the log what it has for each reader.
    pub(in super::super) async fn gather(scene: &Scene, settled: Settled, read: &[Record]) -> Result<Self, BenchError> {
        let mut for_readers = Vec::new();
        for record in read {
            for_readers.push(events::read(scene, &record.way.query, &scene.begin).await?);
        }
        Ok(Self { last: settled.last(), truth: settled.truth, log: settled.log, for_readers })
    }
}

/// What there is when nothing is under way any more.
#[derive(Debug)]
pub(in super::super) struct Settled {
    truth: Vec<Truth>,
    log: Vec<Logged>,
}

impl Settled {
    /// The place of the last event.
    pub(in super::super) fn last(&self) -> String {
        self.log.last().map(|event| event.cursor.clone()).unwrap_or_default()
    }
}

/// Waits until every message is in the log and every event is delivered, or until nothing more of it happens.
pub(in super::super) async fn settle(scene: &Scene, receiver: &Receiver) -> Result<Settled, BenchError> {
    let (mut deadline, mut least) = (Instant::now() + SETTLE_LIMIT, usize::MAX);
    let mut log = Vec::new();
    loop {
        let truth = truth(scene).await?;
        let after = log.last().map_or(scene.begin.clone(), |event: &Logged| event.cursor.clone());
        log.extend(events::read(scene, "", &after).await?);
        let (untold, undelivered) = (untold(scene, &truth, &log), undelivered(receiver, &log));
        if untold + undelivered == 0 {
            return Ok(Settled { truth, log });
        }
        if untold + undelivered < least {
            (deadline, least) = (Instant::now() + SETTLE_LIMIT, untold + undelivered);
        }
        if Instant::now() >= deadline {
            note(&format!(
                "for {SETTLE_LIMIT:?} nothing came: {untold} messages are in no event and {undelivered} events not delivered"
            ));
            return Ok(Settled { truth, log });
        }
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}

async fn truth(scene: &Scene) -> Result<Vec<Truth>, BenchError> {
    let mut truth = Vec::new();
    for (place, account) in scene.accounts.iter().enumerate() {
        for chat in &scene.chats {
            let Chat { id, .. } = chat;
            let before = scene.before.get(&(account.id.clone(), *id)).copied().unwrap_or_default();
            let messages = scene.truth(account, chat).await?;
            let messages = messages.iter().filter_map(Message::of).filter(|message| message.id > before).collect();
            truth.push(Truth { account: place, chat: *id, messages });
        }
    }
    Ok(truth)
}

fn untold(scene: &Scene, truth: &[Truth], log: &[Logged]) -> usize {
    let told: HashSet<(&str, i64, i64)> =
        log.iter().filter_map(|event| Some((event.account.as_str(), event.chat, event.message?))).collect();
    let is_told = |chat: &Truth, message: &Message| {
        let account = scene.accounts.get(chat.account).map_or("", |account| account.id.as_str());
        told.contains(&(account, chat.chat, message.id))
    };
    truth.iter().map(|chat| chat.messages.iter().filter(|message| !is_told(chat, message)).count()).sum()
}

fn undelivered(receiver: &Receiver, log: &[Logged]) -> usize {
    let wanted = log.iter().filter(|event| EVENTS.contains(&event.name.as_str()));
    wanted.filter(|event| !receiver.has(&format!("evt_{}", event.cursor))).count()
}
