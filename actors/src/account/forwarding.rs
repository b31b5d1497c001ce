//! Forwarding messages: each under a `random_id` that is durable before Telegram is called.

use std::collections::{HashMap, HashSet};

use super::calls::PendingSend;
use super::random;
use super::sending::{Sent, unknown};
use super::told::ToldMessage;
use crate::account::AccountCall;
use crate::error::Error;
use crate::runtime::now_ms;
use crate::telegram::{ChatId, Connection, Forward, Message, TelegramError};
use crate::vault::{Durability, Space};

/// What to forward, and how.
pub(crate) struct ForwardRequest {
    pub(crate) from: ChatId,
    pub(crate) to: ChatId,
    pub(crate) message_ids: Vec<i32>,
    pub(crate) topic_id: Option<i32>,
    pub(crate) as_copy: bool,
    pub(crate) silent: bool,
}

impl Sent for Vec<Option<ToldMessage>> {
    fn told(&self) -> Vec<Option<ToldMessage>> {
        self.clone()
    }
}

impl AccountCall {
    /// Forwards messages. Answers for each its new id, or nothing where it was not forwarded.
    pub(crate) async fn forward(&self, request: ForwardRequest) -> Result<Vec<Option<i32>>, Error> {
        let ForwardRequest { from, to, message_ids, topic_id, as_copy, silent } = request;
        // A message that is named twice is forwarded once. Each has its `random_id` by its place, whether or not it is there.
        let mut met = HashSet::new();
        let named: Vec<i32> = message_ids.iter().copied().filter(|id| met.insert(*id)).collect();
        let present = async |connection: &Connection| connection.messages(from, &named).await;
        let present = self.repeatable("messages.getMessages", present).await?;
        if present.is_empty() {
            // What was there when the call was made first may have been forwarded then.
            let gone = || unknown("the messages that were to be forwarded are gone");
            return Err(if self.is_repetition() { gone() } else { TelegramError::MessageNotFound.into() });
        }
        let send = async |connection: &Connection, random_ids: &[i64]| {
            let random_ids: HashMap<i32, i64> = named.iter().copied().zip(random_ids.iter().copied()).collect();
            let messages = present.iter().filter_map(|message| Some((message.id, *random_ids.get(&message.id)?))).collect();
            let sent = connection.forward(&Forward { from, to, messages, topic_id, as_copy, silent }).await?;
            let new_id = |id: &i32| sent.get(random_ids.get(id)?).copied();
            Ok(named.iter().map(|id| new_id(id).map(|id| ToldMessage { chat_id: to, id, scheduled: false })).collect())
        };
        let find = |candidates: Vec<Message>| found(&named, &present, candidates, as_copy);
        let sent: Vec<Option<ToldMessage>> = self.send_all_once("messages.forwardMessages", to, named.len(), send, find).await?;
        let mut new_ids: HashMap<i32, i32> =
            named.iter().zip(&sent).filter_map(|(id, sent)| Some((*id, sent.as_ref()?.id))).collect();
        Ok(message_ids.into_iter().map(|id| new_ids.remove(&id)).collect())
    }

    /// Makes as many `random_id`s, and keeps them until their outcome is known.
    pub(super) async fn begin_sends(&self, chat_id: ChatId, count: usize) -> Result<Vec<i64>, Error> {
        let mut random_ids = Vec::with_capacity(count);
        let mut batch = self.records.batch();
        let started_at_ms = now_ms();
        for _ in 0..count {
            let random_id = match &self.send_ids {
                Some(send_ids) => send_ids.next()?,
                None => i64::from_le_bytes(random()?),
            };
            batch =
                batch.put(Space::PendingSend, &random_id.to_le_bytes(), &PendingSend { chat_id, random_id, started_at_ms })?;
            random_ids.push(random_id);
        }
        batch.commit(Durability::Durable).await?;
        Ok(random_ids)
    }

    /// Forgets sends whose outcome is known, and keeps which messages they have become. What came without an idempotency key is durable
    /// then; what came with one is before it is answered.
    pub(super) async fn end_sends(&self, random_ids: &[i64], told: &[Option<ToldMessage>]) {
        let ended = async {
            let batch =
                random_ids.iter().fold(self.records.batch(), |batch, id| batch.delete(Space::PendingSend, &id.to_le_bytes()));
            let batch = self.told.keep(&self.records, batch, (random_ids, told)).await?;
            batch.commit(if self.send_ids.is_some() { Durability::Relaxed } else { Durability::Durable }).await
        };
        if let Err(error) = ended.await {
            tracing::warn!(%error, "decided sends stay noted as pending");
        }
    }
}

/// The messages that those which were forwarded have become: for each the oldest that is like it, behind the one before.
fn found(named: &[i32], originals: &[Message], candidates: Vec<Message>, as_copy: bool) -> Option<Vec<Option<ToldMessage>>> {
    let mut candidates = candidates.into_iter();
    let mut find = |id: &i32| match originals.iter().find(|original| original.id == *id) {
        // What tells of something that happened is never forwarded.
        Some(original) if original.service.is_none() => {
            let found = candidates.find(|candidate| is_forwarded(original, candidate, as_copy))?;
            Some(Some(ToldMessage::from(&found)))
        }
        _ => Some(None),
    };
    named.iter().map(&mut find).collect()
}

fn is_forwarded(original: &Message, candidate: &Message, as_copy: bool) -> bool {
    let media = |message: &Message| {
        let first = message.media.iter().flatten().next();
        first.map(|media| (media.media_type, media.file_name.clone(), media.file_size))
    };
    let question = |message: &Message| message.poll.as_ref().map(|poll| poll.question.clone());
    let written_at = original.forwarded_from.as_ref().map_or(original.date, |origin| origin.date);
    let is_marked = match &candidate.forwarded_from {
        None => as_copy,
        Some(origin) => !as_copy && origin.date == written_at,
    };
    is_marked
        && candidate.text == original.text
        && media(candidate) == media(original)
        && question(candidate) == question(original)
}
