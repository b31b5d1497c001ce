//! Sending, so that no message is ever sent twice.

use std::collections::VecDeque;

use super::calls::CONNECTIONS_TRIED_MAX;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::runtime::now_ms;
use crate::telegram::{ChatId, Connection, HistoryQuery, Message, TelegramError, TextToSend};

/// Among how many of a chat's newest messages one is looked for that Telegram says it has already.
const LOOKED_THROUGH: u32 = 100;

/// How far Telegram's clock may be behind ours, in milliseconds, where messages are compared with the time of their sending.
const CLOCKS_APART_MS: u64 = 30_000;

/// How many messages are remembered that were told to their senders.
const TOLD_MAX: usize = 1_024;

/// The messages that were told to their senders lately, so that none of them is taken for another send of the same words.
#[derive(Default)]
pub(super) struct Told(VecDeque<(ChatId, i32, bool)>);

impl Told {
    fn remember(&mut self, message: &Message) {
        if self.0.len() >= TOLD_MAX {
            self.0.pop_front();
        }
        // The ids of scheduled messages are counted apart.
        self.0.push_back((message.chat_id, message.id, message.scheduled));
    }

    fn contains(&self, message: &Message) -> bool {
        self.0.contains(&(message.chat_id, message.id, message.scheduled))
    }
}

impl AccountCall {
    /// Sends a text.
    pub(crate) async fn send_message(&self, chat: ChatId, text: &TextToSend) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_message(chat, text, random_id).await;
        let is_it = |message: &Message| message.text.as_ref() == Some(&text.formatted.text) && text.options.is_met_by(message);
        self.send_once("messages.sendMessage", chat, send, is_it).await
    }

    /// Sends one message under a `random_id` that is durable before Telegram is called. Where a connection breaks, the same id is sent
    /// again on another: if Telegram has the message already, it is the one that `is_it` knows again.
    pub(super) async fn send_once(
        &self,
        method: &'static str,
        chat: ChatId,
        send: impl AsyncFn(&Connection, i64) -> Result<Message, TelegramError>,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Message, Error> {
        let started_at_ms = self.send_ids.as_ref().map_or_else(now_ms, |send_ids| send_ids.started_at_ms);
        let random_ids = self.begin_sends(chat, 1).await?;
        let random_id = random_ids.first().copied().unwrap_or_default();
        let sent = match self.send_until_decided(method, &send, random_id).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => self.find_sent(chat, started_at_ms, is_it).await,
            // Telegram may refuse today what it took when the call was made first.
            Err(error) if self.send_ids.as_ref().is_some_and(|send_ids| send_ids.is_repetition) => {
                self.find_sent(chat, started_at_ms, is_it).await.or(Err(error))
            }
            Err(error) => Err(error),
        };
        if !matches!(&sent, Err(error) if error.code() == Code::OutcomeUnknown) {
            self.end_sends(random_ids.into_iter()).await;
        }
        if let Ok(message) = &sent {
            self.told.borrow_mut().remember(message);
        }
        self.chats_changed();
        sent
    }

    /// Sends until Telegram has decided; `None` when it has the message already.
    async fn send_until_decided(
        &self,
        method: &'static str,
        send: &impl AsyncFn(&Connection, i64) -> Result<Message, TelegramError>,
        random_id: i64,
    ) -> Result<Option<Message>, Error> {
        for tried in 1.. {
            match self.attempt(method, async |connection: &Connection| send(connection, random_id).await).await {
                Ok(Err(error)) if error.is_connection() && tried < CONNECTIONS_TRIED_MAX => {
                    tracing::debug!(account = %self.ownership.account, method, %error, "a connection broke; the message is sent again");
                }
                Ok(Err(error)) if error.is("RANDOM_ID_DUPLICATE") => return Ok(None),
                Ok(decided) => return Ok(Some(decided?)),
                // An earlier try may have reached Telegram.
                Err(error) if tried > 1 => return Err(unknown(error.detail())),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The account's own message that Telegram has already: the oldest that is like it and was told to no sender.
    async fn find_sent(&self, chat: ChatId, started_at_ms: u64, is_it: impl Fn(&Message) -> bool) -> Result<Message, Error> {
        let since = i64::try_from(started_at_ms.saturating_sub(CLOCKS_APART_MS) / 1_000).unwrap_or(i64::MAX);
        let newest = self.history(chat, &HistoryQuery::newest(LOOKED_THROUGH)).await;
        let mut candidates = newest.map_err(|error| unknown(error.detail()))?.into_messages();
        let waiting = self.scheduled_messages(chat).await;
        candidates.extend(waiting.map_err(|error| unknown(error.detail()))?);
        let told = self.told.borrow();
        let like_it = candidates
            .into_iter()
            .filter(|message| message.is_outgoing && message.date >= since && is_it(message) && !told.contains(message));
        like_it.min_by_key(|message| message.id).ok_or_else(|| unknown("Telegram has the message, but it cannot be told which"))
    }
}

fn unknown(why: &str) -> Error {
    Error::new(Code::OutcomeUnknown, format!("The message was sent or may have been sent: {why}"))
}
