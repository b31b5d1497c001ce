//! Sending, so that no message is ever sent twice.

use super::calls::CONNECTIONS_TRIED_MAX;
use super::told::ToldMessage;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::runtime::now_ms;
use crate::telegram::{
    ChatId, Connection, HistoryQuery, Message, OutgoingContact, OutgoingLocation, SendOptions, SharedContact, TelegramError,
    TextToSend, asked_by_the_server,
};

/// How many of a chat's newest messages are read at once, and how often, where some are looked for that Telegram says it has already.
const PAGE_LENGTH: u32 = 100;
const PAGES_MAX: usize = 10;

/// How far Telegram's clock may be behind ours, in milliseconds, where messages are compared with the time of their sending.
const CLOCKS_APART_MS: u64 = 30_000;

/// What a send has come to.
pub(super) trait Sent {
    /// The messages that the sender is told of, one for each `random_id`.
    fn told(&self) -> Vec<Option<ToldMessage>>;
}

impl Sent for Vec<Message> {
    fn told(&self) -> Vec<Option<ToldMessage>> {
        self.iter().map(|message| Some(message.into())).collect()
    }
}

impl AccountCall {
    /// Sends a text.
    pub(crate) async fn send_message(&self, chat: ChatId, text: &TextToSend) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_message(chat, text, random_id).await;
        let is_it = |message: &Message| message.text.as_ref() == Some(&text.formatted.text) && text.options.is_met_by(message);
        self.send_once("messages.sendMessage", chat, send, is_it).await
    }

    /// Sends a person's card.
    pub(crate) async fn send_contact(
        &self,
        chat: ChatId,
        contact: &OutgoingContact,
        options: &SendOptions,
    ) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_contact(chat, contact, options, random_id).await;
        let is_it = |message: &Message| {
            let card = message.media.iter().flatten().find_map(|media| media.contact.as_ref());
            let alike =
                |card: &SharedContact| (&card.phone_number, &card.first_name) == (&contact.phone_number, &contact.first_name);
            card.is_some_and(alike) && options.is_met_by(message)
        };
        self.send_once("messages.sendMedia", chat, send, is_it).await
    }

    /// Sends a place.
    pub(crate) async fn send_location(
        &self,
        chat: ChatId,
        place: &OutgoingLocation,
        options: &SendOptions,
    ) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_location(chat, place, options, random_id).await;
        let is_it = |message: &Message| {
            let told = message.media.iter().flatten().find_map(|media| media.location.as_ref());
            let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
            let same_place =
                told.is_some_and(|told| near(told.latitude, place.latitude) && near(told.longitude, place.longitude));
            same_place && options.is_met_by(message)
        };
        self.send_once("messages.sendMedia", chat, send, is_it).await
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
        let send_all = async |connection: &Connection, random_ids: &[i64]| {
            Ok(vec![send(connection, random_ids.first().copied().unwrap_or_default()).await?])
        };
        let find = |messages: Vec<Message>| messages.into_iter().find(|message| is_it(message)).map(|message| vec![message]);
        let sent = self.send_all_once(method, chat, 1, send_all, find).await?;
        sent.into_iter().next().ok_or_else(|| Error::internal("a message was sent that nobody has"))
    }

    /// Sends so many messages together, as [`Self::send_once`] sends one. `find` picks them out of the messages that they may be, which
    /// are in the order of their ids.
    pub(super) async fn send_all_once<S: Sent>(
        &self,
        method: &'static str,
        chat: ChatId,
        count: usize,
        send: impl AsyncFn(&Connection, &[i64]) -> Result<S, TelegramError>,
        find: impl Fn(Vec<Message>) -> Option<S>,
    ) -> Result<S, Error> {
        let started_at_ms = self.send_ids.as_ref().map_or_else(now_ms, |send_ids| send_ids.started_at_ms);
        let random_ids = self.begin_sends(chat, count).await?;
        let sent = match self.send_until_decided(method, chat, &send, &random_ids).await {
            Ok(Some(messages)) => Ok(messages),
            Ok(None) => self.find_sent(chat, (&random_ids, started_at_ms), find).await,
            // Telegram may refuse today what it took when the call was made first.
            Err(error) if self.is_repetition() => self.find_sent(chat, (&random_ids, started_at_ms), find).await.or(Err(error)),
            Err(error) => Err(error),
        };
        if !matches!(&sent, Err(error) if error.code() == Code::OutcomeUnknown) {
            self.end_sends(&random_ids, &sent.as_ref().map(S::told).unwrap_or_default()).await;
        }
        self.chats_changed();
        sent
    }

    /// Whether the call was made before, so that what it sends may be there already.
    pub(super) fn is_repetition(&self) -> bool {
        self.send_ids.as_ref().is_some_and(|send_ids| send_ids.is_repetition)
    }

    /// Sends until Telegram has decided; `None` when it has the messages already.
    async fn send_until_decided<S: Sent>(
        &self,
        method: &'static str,
        chat: ChatId,
        send: &impl AsyncFn(&Connection, &[i64]) -> Result<S, TelegramError>,
        random_ids: &[i64],
    ) -> Result<Option<S>, Error> {
        for tried in 1.. {
            let sending = self.told.sending.read().await;
            let attempted =
                self.attempt_to_send(method, chat, async |connection: &Connection| send(connection, random_ids).await).await;
            if let Ok(Ok(sent)) = &attempted {
                self.told.remember(random_ids, &sent.told());
            }
            drop(sending);
            match attempted {
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

    /// The account's own messages that Telegram has already: those that `find` picks, of those that were told to no other sender.
    async fn find_sent<S: Sent>(
        &self,
        chat: ChatId,
        (random_ids, started_at_ms): (&[i64], u64),
        find: impl Fn(Vec<Message>) -> Option<S>,
    ) -> Result<S, Error> {
        self.told.load(&self.records).await?;
        let _nobody_is_just_told = self.told.sending.write().await;
        let since_ms = started_at_ms.saturating_sub(CLOCKS_APART_MS);
        if !self.told.can_tell(random_ids, since_ms) {
            return Err(unknown("Telegram has the message, and too many were sent since to tell which it is"));
        }
        let since = i64::try_from(since_ms / 1_000).unwrap_or(i64::MAX);
        // The caller is owed an answer: what it takes to find one is the server's own work, and no budget of theirs holds it up.
        let looked_for = asked_by_the_server(async {
            let mut candidates = self.sent_since(chat, since).await?;
            candidates.extend(self.scheduled_messages(chat).await?);
            Ok::<_, Error>(candidates)
        });
        let mut candidates = looked_for.await.map_err(|error| match error.retry_after() {
            Some(seconds) => unknown(error.detail()).retry_after_secs(seconds),
            None => unknown(error.detail()),
        })?;
        candidates.retain(|message| message.is_outgoing && message.date >= since && self.told.may_be(message, random_ids));
        candidates.sort_by_key(|message| message.id);
        let found = find(candidates).ok_or_else(|| unknown("Telegram has the message, but it cannot be told which"))?;
        self.told.remember(random_ids, &found.told());
        Ok(found)
    }

    /// A chat's messages since a time, and some older ones.
    async fn sent_since(&self, chat: ChatId, since: i64) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        let mut query = HistoryQuery::newest(PAGE_LENGTH);
        for _ in 0..PAGES_MAX {
            let page = self.history(chat, &query).await?;
            let next = page.next_cursor();
            messages.extend(page.into_messages());
            let is_enough = messages.last().is_none_or(|oldest| oldest.date < since);
            match next.filter(|_| !is_enough) {
                Some(cursor) => query = query.from_cursor(&cursor)?,
                None => break,
            }
        }
        Ok(messages)
    }
}

pub(super) fn unknown(why: &str) -> Error {
    Error::new(Code::OutcomeUnknown, format!("The message was sent or may have been sent: {why}"))
}
