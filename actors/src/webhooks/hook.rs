//! One webhook: what its owner set, how it stands, its deliveries, and their records.

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::ledger::{Lane, Ledger};
use super::record::StoredWebhook;
use super::{Delivery, DeliveryId, DeliveryStatus, Outcome, Standing, StandingStatus, Webhook, WebhookId, WebhookLimits};
use crate::error::{Code, Error};
use crate::events::Event;
use crate::runtime::now_ms;
use crate::vault::{Durability, SealedBatch, Space, UserRecords, VaultError};

/// How many records are read at once.
const PAGE_LENGTH: usize = 256;

/// The longest that an address may ask to be left alone, in milliseconds.
const PAUSE_MS_MAX: u64 = 24 * 3_600 * 1_000;

/// See the module's description. Lives on its user's thread; shared by the user's calls and its worker.
pub(crate) struct Hook {
    id: WebhookId,
    records: UserRecords,
    webhook: RefCell<Webhook>,
    standing: RefCell<Standing>,
    ledger: RefCell<Ledger>,
    /// Wakes the worker: something was changed.
    pub(super) changed: Notify,
    deleted: Cell<bool>,
}

impl Hook {
    /// A webhook that begins to read behind this place; durable when this returns.
    pub(crate) async fn create(records: UserRecords, webhook: Webhook, read_to: u64) -> Result<Self, Error> {
        let standing = Standing { read_to, ..Standing::default() };
        let batch = put_standing(webhook.put(records.batch())?, webhook.id, &standing)?;
        batch.commit(Durability::Durable).await?;
        Ok(Self::new(records, webhook, standing, Ledger::default()))
    }

    /// Every webhook of a user.
    pub(crate) async fn load_all(records: &UserRecords) -> Result<Vec<Self>, Error> {
        let (mut hooks, mut after) = (Vec::new(), None::<Vec<u8>>);
        loop {
            let page = records.scan::<StoredWebhook>(Space::Webhook, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { return Ok(hooks) };
            after = Some(last.clone());
            for (id, stored) in page {
                let bytes = <[u8; 8]>::try_from(id.as_slice()).map_err(|_| Error::internal("a webhook's id is damaged"))?;
                let webhook = Webhook::of_stored(WebhookId::of_bytes(bytes), stored)?;
                let standing = records.get(Space::WebhookStanding, &bytes).await?.unwrap_or_default();
                let ledger = read_ledger(records, webhook.id).await?;
                hooks.push(Self::new(records.clone(), webhook, standing, ledger));
            }
        }
    }

    fn new(records: UserRecords, webhook: Webhook, standing: Standing, ledger: Ledger) -> Self {
        Self {
            id: webhook.id,
            records,
            webhook: RefCell::new(webhook),
            standing: RefCell::new(standing),
            ledger: RefCell::new(ledger),
            changed: Notify::new(),
            deleted: Cell::new(false),
        }
    }

    /// What its owner set.
    pub(crate) fn webhook(&self) -> Ref<'_, Webhook> {
        self.webhook.borrow()
    }

    /// How it stands.
    pub(crate) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// How many deliveries wait.
    pub(crate) fn pending(&self) -> usize {
        self.ledger.borrow().pending()
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.get()
    }

    /// Sets what its owner changed; durable when this returns. One that had ended goes on if it is to.
    pub(crate) async fn change(&self, webhook: Webhook, goes_on: bool) -> Result<(), Error> {
        let mut batch = webhook.put(self.records.batch())?;
        if goes_on {
            let standing =
                Standing { status: StandingStatus::Active, failing_since: None, paused_until: None, ..self.standing() };
            batch = put_standing(batch, webhook.id, &standing)?;
            self.standing.replace(standing);
        }
        self.write(batch).await?;
        self.webhook.replace(webhook);
        self.changed.notify_one();
        Ok(())
    }

    /// Ends it and removes what is kept of it.
    pub(crate) async fn delete(&self) -> Result<(), Error> {
        self.deleted.set(true);
        self.changed.notify_one();
        let id = self.id;
        let batch = self.records.batch().delete(Space::Webhook, &id.bytes()).delete(Space::WebhookStanding, &id.bytes());
        batch.commit(Durability::Durable).await?;
        let known = self.ledger.borrow().before(None, None);
        for page in known.chunks(PAGE_LENGTH) {
            let remove = |batch: SealedBatch, position: &u64| remove(batch, id, *position);
            page.iter().fold(self.records.batch(), remove).commit(Durability::Durable).await?;
        }
        Ok(())
    }

    async fn write(&self, batch: SealedBatch) -> Result<(), Error> {
        Ok(batch.commit(Durability::Durable).await?)
    }

    /// Reads everything again: after a failure, memory may be ahead of the store.
    pub(super) async fn refresh(&self) -> Result<(), Error> {
        let id = self.id;
        let standing = self.records.get(Space::WebhookStanding, &id.bytes()).await?.unwrap_or_default();
        let ledger = read_ledger(&self.records, id).await?;
        self.standing.replace(standing);
        self.ledger.replace(ledger);
        Ok(())
    }

    /// Nothing is kept of a delivery any more: it does not wait either.
    pub(super) fn forget(&self, id: DeliveryId) {
        self.ledger.borrow_mut().forget(id.position());
    }

    /// Whether nothing may be posted now, and until when (Unix milliseconds) if that is known.
    pub(super) fn paused_until(&self) -> Option<u64> {
        self.standing.borrow().paused_until.filter(|until| *until > now_ms())
    }

    /// The deliveries to be tried now, at most `room`.
    pub(super) fn take_due(&self, room: usize) -> Vec<u64> {
        self.ledger.borrow_mut().take_due(now_ms(), room)
    }

    /// When the next one is due (Unix milliseconds).
    pub(super) fn next_due(&self) -> Option<u64> {
        self.ledger.borrow().next_due()
    }

    /// Takes events up: durable when this returns, together with the place that was read to.
    pub(super) async fn take_up(&self, events: &[Arc<Event>], read_to: u64) -> Result<(), Error> {
        let id = self.id;
        let standing = Standing { read_to, ..self.standing() };
        let mut batch = put_standing(self.records.batch(), id, &standing)?;
        let now = now_ms();
        for event in events {
            let delivery = Delivery {
                event: event.name(),
                account_id: event.account(),
                chat_id: event.chat(),
                status: DeliveryStatus::Pending,
                attempts: 0,
                created_at: now,
                attempted_at: None,
                next_attempt_at: Some(now),
                response_status: None,
                latency_ms: None,
                failure: None,
            };
            let key = DeliveryId::of_position(event.position()).record(id);
            batch = batch.put(Space::WebhookDelivery, &key, &delivery)?.put(Space::WebhookContent, &key, &content(event)?)?;
            self.ledger.borrow_mut().wait(event.position(), Lane::of(&delivery), now);
        }
        self.standing.replace(standing);
        self.write(batch).await
    }

    /// What is kept of a delivery.
    pub(crate) async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, Error> {
        Ok(self.records.get(Space::WebhookDelivery, &id.record(self.id)).await?)
    }

    /// What is posted of a delivery: the event's payload.
    pub(super) async fn content(&self, id: DeliveryId) -> Result<Option<Bytes>, Error> {
        let record = id.record(self.id);
        let content: Option<Box<RawValue>> = self.records.get(Space::WebhookContent, &record).await?;
        Ok(content.map(|content| Bytes::from(String::from(Box::<str>::from(content)))))
    }

    /// Deliveries, the newest first, from before this one; at most `limit`, and whether there are more.
    pub(crate) async fn deliveries(
        &self,
        before: Option<DeliveryId>,
        status: Option<DeliveryStatus>,
        limit: usize,
    ) -> Result<(Vec<(DeliveryId, Delivery)>, bool), Error> {
        let positions = self.ledger.borrow().before(before.map(DeliveryId::position), status);
        let mut found = Vec::new();
        for position in positions.iter().take(limit) {
            let id = DeliveryId::of_position(*position);
            // One that was forgotten meanwhile is left out.
            if let Some(delivery) = self.delivery(id).await? {
                found.push((id, delivery));
            }
        }
        Ok((found, positions.len() > limit))
    }

    /// Tries a dead delivery anew; durable when this returns.
    pub(crate) async fn replay(&self, id: DeliveryId) -> Result<Delivery, Error> {
        let known = self.delivery(id).await?.ok_or_else(|| Error::new(Code::NotFound, "No such delivery"))?;
        let status = self.ledger.borrow().status(id.position()).unwrap_or(known.status);
        match status {
            DeliveryStatus::Dead => {}
            DeliveryStatus::Pending => return Ok(known),
            DeliveryStatus::Delivered => {
                return Err(Error::new(Code::Conflict, "The delivery has arrived: only dead ones can be replayed"));
            }
        }
        let now = now_ms();
        let waiting = Delivery { status: DeliveryStatus::Pending, attempts: 0, next_attempt_at: Some(now), ..known };
        let record = id.record(self.id);
        let batch = self.records.batch().put(Space::WebhookDelivery, &record, &waiting)?;
        self.ledger.borrow_mut().wait(id.position(), Lane::of(&waiting), now);
        self.write(batch).await?;
        self.changed.notify_one();
        Ok(waiting)
    }

    /// The dead deliveries from `since` to `until`, both included; the oldest first.
    pub(crate) fn dead(&self, since: Option<DeliveryId>, until: Option<DeliveryId>) -> Vec<DeliveryId> {
        let mut dead = self.ledger.borrow().before(None, Some(DeliveryStatus::Dead));
        dead.retain(|position| {
            let at = DeliveryId::of_position(*position);
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
        });
        dead.reverse();
        dead.into_iter().map(DeliveryId::of_position).collect()
    }

    /// Writes down how an attempt ended. Answers why the webhook ends, if it does.
    pub(super) async fn settle(
        &self,
        id: DeliveryId,
        outcome: &Outcome,
        limits: &WebhookLimits,
    ) -> Result<Option<StandingStatus>, Error> {
        let webhook = self.id;
        let Some(mut delivery) = self.delivery(id).await? else { return Ok(None) };
        let (now, lane) = (now_ms(), Lane::of(&delivery));
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.attempted_at = Some(now);
        delivery.response_status = outcome.status;
        delivery.latency_ms = Some(outcome.latency_ms);
        delivery.failure.clone_from(&outcome.failure);
        let wait = usize::try_from(delivery.attempts).ok().and_then(|made| limits.waits.get(made.saturating_sub(1)));
        delivery.status = match (outcome.is_delivered(), wait) {
            (true, _) => DeliveryStatus::Delivered,
            (false, Some(_)) => DeliveryStatus::Pending,
            (false, None) => DeliveryStatus::Dead,
        };
        let due_at = wait.map_or(0, |wait| now.saturating_add(varied(millis(*wait))));
        delivery.next_attempt_at = (delivery.status == DeliveryStatus::Pending).then_some(due_at);
        let (standing, ends) = self.standing_after(outcome, now, limits);
        let mut batch = self.records.batch().put(Space::WebhookDelivery, &id.record(webhook), &delivery)?;
        if delivery.status == DeliveryStatus::Delivered {
            batch = batch.delete(Space::WebhookContent, &id.record(webhook));
        }
        if let Some(standing) = standing {
            batch = put_standing(batch, webhook, &standing)?;
            self.standing.replace(standing);
        }
        let forgotten = match delivery.status {
            DeliveryStatus::Pending => {
                self.ledger.borrow_mut().put_off(id.position(), lane, due_at);
                Vec::new()
            }
            status => self.ledger.borrow_mut().settle(id.position(), lane, status),
        };
        batch = forgotten.into_iter().fold(batch, |batch, position| remove(batch, webhook, position));
        if !self.is_deleted() {
            self.write(batch).await?;
        }
        Ok(ends)
    }

    /// How it stands after an attempt, if that changes, and why it ends, if it does.
    fn standing_after(&self, outcome: &Outcome, now: u64, limits: &WebhookLimits) -> (Option<Standing>, Option<StandingStatus>) {
        let before = self.standing();
        let mut after = before.clone();
        if outcome.is_delivered() {
            (after.failing_since, after.paused_until) = (None, None);
            // To the minute, so that it is not written with each delivery.
            after.delivered_at = Some(now - now % 60_000);
        } else {
            let since = *after.failing_since.get_or_insert(now);
            if let Some(seconds) = outcome.retry_after_secs {
                after.paused_until = Some(now.saturating_add(seconds.saturating_mul(1_000).min(PAUSE_MS_MAX)));
            }
            if outcome.is_gone() {
                after.status = StandingStatus::Gone;
            } else if now.saturating_sub(since) >= millis(limits.failing_max) {
                after.status = StandingStatus::Suspended;
            }
        }
        let ends = (after.status != before.status).then_some(after.status);
        ((after != before).then_some(after), ends)
    }

    /// Ends it for a reason that no attempt gave.
    pub(super) async fn end(&self, status: StandingStatus) -> Result<(), Error> {
        let standing = Standing { status, ..self.standing() };
        let batch = put_standing(self.records.batch(), self.id, &standing)?;
        self.standing.replace(standing);
        self.write(batch).await
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hook({})", self.id)
    }
}

fn put_standing(batch: SealedBatch, id: WebhookId, standing: &Standing) -> Result<SealedBatch, VaultError> {
    batch.put(Space::WebhookStanding, &id.bytes(), standing)
}

fn remove(batch: SealedBatch, webhook: WebhookId, position: u64) -> SealedBatch {
    let record = DeliveryId::of_position(position).record(webhook);
    batch.delete(Space::WebhookDelivery, &record).delete(Space::WebhookContent, &record)
}

/// The event's payload, as a record.
fn content(event: &Event) -> Result<Box<RawValue>, Error> {
    let payload = std::str::from_utf8(event.payload()).map_err(Error::internal)?;
    RawValue::from_string(payload.to_owned()).map_err(Error::internal)
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The wait, a quarter shorter to a quarter longer, so that many do not come back at once.
fn varied(wait: u64) -> u64 {
    let mut random = [0; 8];
    // Without randomness the wait is what it is.
    let share = getrandom::fill(&mut random).map_or(500, |()| u64::from_be_bytes(random) % 1_001);
    (wait - wait / 4).saturating_add(wait / 2 * share / 1_000)
}

async fn read_ledger(records: &UserRecords, webhook: WebhookId) -> Result<Ledger, VaultError> {
    let mut ledger = Ledger::default();
    let mut after = webhook.bytes().to_vec();
    loop {
        let page = records.scan::<Delivery>(Space::WebhookDelivery, Some(&after), PAGE_LENGTH).await?;
        if page.is_empty() {
            return Ok(ledger);
        }
        for (key, delivery) in page {
            let Some(id) = DeliveryId::of_record(webhook, &key) else { return Ok(ledger) };
            match delivery.status {
                DeliveryStatus::Pending => {
                    ledger.wait(id.position(), Lane::of(&delivery), delivery.next_attempt_at.unwrap_or_default());
                }
                status => ledger.remember(id.position(), status),
            }
            after = key;
        }
    }
}
