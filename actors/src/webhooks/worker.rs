//! What drives one webhook: reads events, posts deliveries, and stops when it must.

use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Attempt, DeliveryId, Hook, Outcome, Sender, StandingStatus, WebhookLimits};
use crate::error::Error;
use crate::events::{EndReason, EventReader, Read};
use crate::runtime::now_ms;

/// Messages of one webhook that may be on their way at once.
const ATTEMPTS_MAX: usize = 8;

/// Events that are taken up in one commit.
const READ_LENGTH: usize = 128;

/// Deliveries that may wait. Beyond them no events are taken up: they wait in the log, which says so if they get too old.
const PENDING_MAX: usize = 1_000;

/// How often a webhook that takes up nothing writes down how far it has read, so that it does not begin before the log after a restart.
const READ_PERIOD: Duration = Duration::from_secs(300);

/// The wait after a failure of this server's own.
const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// What the worker needs of the user that it works for.
pub(crate) trait House {
    /// Opens a reader of what the webhook may tell, from its place on.
    ///
    /// # Errors
    /// Why it may tell nothing any more, or that it cannot be read now.
    fn open(&self, hook: &Hook) -> Result<EventReader, Closed>;
    /// Whether it may still tell of a chat: what was taken up before may be hidden by now.
    fn may_tell(&self, hook: &Hook, chat: Option<i64>) -> bool;
    /// Tells its owner that it has ended, and why.
    fn ended(&self, hook: &Hook, why: StandingStatus);
}

/// Why no reader is opened.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The owner has no right to it any more.
    KeyEnded,
    /// This server cannot do it now.
    Failed(Error),
}

type Attempts<'a> = FuturesUnordered<LocalBoxFuture<'a, (DeliveryId, Result<Option<Outcome>, Error>)>>;

/// Works until the webhook is deleted or the server stops.
pub(crate) async fn work(house: Rc<impl House>, hook: Rc<Hook>, sender: Sender, limits: WebhookLimits) {
    let worker = Worker { house, hook, sender, limits };
    loop {
        match worker.run().await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(hook = ?worker.hook, %error, "a webhook pauses");
                sleep(FAULT_PAUSE).await;
                // What was on its way is not known any more: it is tried again.
                while let Err(error) = worker.hook.refresh().await {
                    tracing::error!(hook = ?worker.hook, %error, "a webhook's records cannot be read");
                    sleep(FAULT_PAUSE).await;
                }
            }
        }
    }
}

struct Worker<H> {
    house: Rc<H>,
    hook: Rc<Hook>,
    sender: Sender,
    limits: WebhookLimits,
}

impl<H: House> Worker<H> {
    /// Works until the webhook is deleted or the server stops.
    async fn run(&self) -> Result<(), Error> {
        let mut attempts = Attempts::new();
        let mut reader: Option<EventReader> = None;
        loop {
            if self.hook.is_deleted() {
                return Ok(());
            }
            if !self.is_active() {
                reader = None;
                tokio::select! {
                    () = self.hook.changed.notified() => {}
                    Some((id, outcome)) = attempts.next() => self.settle(id, outcome).await?,
                }
                continue;
            }
            let Some(reading) = self.opened(&mut reader).await? else { continue };
            let paused_until = self.hook.paused_until();
            if paused_until.is_none() {
                let room = ATTEMPTS_MAX - attempts.len();
                attempts.extend(self.hook.take_due(room).into_iter().map(|position| self.attempt(position)));
            }
            let wake_at = paused_until.or_else(|| self.hook.next_due().filter(|_| attempts.len() < ATTEMPTS_MAX));
            let has_room = self.hook.pending() + READ_LENGTH <= PENDING_MAX;
            tokio::select! {
                () = self.hook.changed.notified() => reader = None,
                Some((id, outcome)) = attempts.next() => self.settle(id, outcome).await?,
                () = until(wake_at) => {}
                read = reading.next(READ_LENGTH, Instant::now() + READ_PERIOD), if has_room => {
                    let read_to = reading.cursor().position();
                    match read {
                        Read::Events(events) => self.hook.take_up(&events, read_to).await?,
                        Read::Nothing => self.hook.take_up(&[], read_to).await?,
                        Read::End(EndReason::ServerStopping) => return Ok(()),
                        Read::End(EndReason::Failed) => return Err(Error::internal("events cannot be read")),
                        // What it may read has changed: it is looked at anew.
                        Read::End(_) => reader = None,
                    }
                }
            }
        }
    }

    fn is_active(&self) -> bool {
        self.hook.webhook().enabled && self.hook.standing().status == StandingStatus::Active
    }

    /// The reader; none if the webhook has ended instead.
    async fn opened<'r>(&self, reader: &'r mut Option<EventReader>) -> Result<Option<&'r mut EventReader>, Error> {
        if reader.is_none() {
            match self.house.open(&self.hook) {
                Ok(opened) => *reader = Some(opened),
                Err(Closed::Failed(error)) => return Err(error),
                Err(Closed::KeyEnded) => {
                    self.hook.end(StandingStatus::KeyEnded).await?;
                    self.house.ended(&self.hook, StandingStatus::KeyEnded);
                }
            }
        }
        Ok(reader.as_mut())
    }

    fn attempt(&self, position: u64) -> LocalBoxFuture<'_, (DeliveryId, Result<Option<Outcome>, Error>)> {
        let id = DeliveryId::of_position(position);
        async move { (id, self.post(id).await) }.boxed_local()
    }

    /// Posts a delivery; answers nothing if there is nothing to be posted any more.
    async fn post(&self, id: DeliveryId) -> Result<Option<Outcome>, Error> {
        let Some(delivery) = self.hook.delivery(id).await? else { return Ok(None) };
        if !self.house.may_tell(&self.hook, delivery.chat_id) {
            return Ok(None);
        }
        let Some(content) = self.hook.content(id).await? else { return Ok(None) };
        let webhook = self.hook.webhook().clone();
        let body = message(delivery.event.as_str(), id.position() / 1_000, &content);
        Ok(Some(self.sender.post(Attempt { webhook: &webhook, id: id.to_string(), body }).await))
    }

    async fn settle(&self, id: DeliveryId, outcome: Result<Option<Outcome>, Error>) -> Result<(), Error> {
        let Some(outcome) = outcome? else {
            self.hook.forget(id);
            return Ok(());
        };
        if let Some(why) = self.hook.settle(id, &outcome, &self.limits).await? {
            tracing::warn!(hook = ?self.hook, ?why, "a webhook has ended");
            self.house.ended(&self.hook, why);
        }
        Ok(())
    }
}

/// What is posted: the kind of the event, when it was taken up (ISO 8601), and its payload.
pub(crate) fn message(kind: &str, at_ms: u64, data: &[u8]) -> Vec<u8> {
    let timestamp = timestamp(at_ms);
    let mut body = format!("{{\"type\":\"{kind}\",\"timestamp\":\"{timestamp}\",\"data\":").into_bytes();
    body.extend_from_slice(data);
    body.push(b'}');
    body
}

fn timestamp(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Until this time (Unix milliseconds); for ever without one.
async fn until(at_ms: Option<u64>) {
    match at_ms {
        Some(at) => sleep_until(Instant::now() + Duration::from_millis(at.saturating_sub(now_ms()))).await,
        None => std::future::pending().await,
    }
}
