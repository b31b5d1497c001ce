//! Forwarding messages: each under a `random_id` that is durable before Telegram is called.

use std::collections::HashMap;

use super::calls::PendingSend;
use super::random;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::runtime::now_ms;
use crate::telegram::{ChatId, Connection, Forward, TelegramError};
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

impl AccountCall {
    /// Forwards messages. Answers for each its new id, or nothing where it was not forwarded.
    pub(crate) async fn forward(&self, request: ForwardRequest) -> Result<Vec<Option<i32>>, Error> {
        let present = self.present_messages(request.from, &request.message_ids).await?;
        if present.is_empty() {
            return Err(TelegramError::MessageNotFound.into());
        }
        let random_ids = self.begin_sends(request.to, present.len()).await?;
        let messages = present.into_iter().zip(random_ids).collect();
        let ForwardRequest { from, to, message_ids, topic_id, as_copy, silent } = request;
        let forward = Forward { from, to, messages, topic_id, as_copy, silent };
        let forwarding = async |connection: &Connection| connection.forward(&forward).await;
        let sent = self.attempt_to_send("messages.forwardMessages", to, forwarding).await;
        let sent = sent.and_then(|sent| Ok(sent?));
        let undecided = matches!(&sent, Err(error) if error.code() == Code::OutcomeUnknown);
        if !undecided {
            self.end_sends(forward.messages.iter().map(|(_, random_id)| *random_id)).await;
        }
        self.chats_changed();
        let sent = sent?;
        let mut by_message: HashMap<i32, i64> = forward.messages.into_iter().collect();
        // A message that is named twice is forwarded once.
        let new_id = |id: i32| by_message.remove(&id).and_then(|random_id| sent.get(&random_id).copied());
        Ok(message_ids.into_iter().map(new_id).collect())
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

    /// Forgets sends whose outcome is known.
    pub(super) async fn end_sends(&self, random_ids: impl Iterator<Item = i64>) {
        let batch = random_ids.fold(self.records.batch(), |batch, id| batch.delete(Space::PendingSend, &id.to_le_bytes()));
        if let Err(error) = batch.commit(Durability::Relaxed).await {
            tracing::warn!(%error, "decided sends stay noted as pending");
        }
    }
}
