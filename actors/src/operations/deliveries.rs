//! The deliveries of a webhook: what became of each event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::leave_out::LeaveOut;
use crate::operation::{Access, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::ChatId;
use crate::user::UserCall;
use crate::webhooks::{Delivery, DeliveryId, DeliveryStatus};

const ACCESS: Access = Access::Scope(Scope::WebhooksWrite);

/// Deliveries of one page: by default, and at most.
const PAGE_LENGTH: u32 = 50;
const PAGE_LENGTH_MAX: u32 = 200;

/// One delivery.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetail {
    id: DeliveryId,
    #[serde(flatten)]
    delivery: Delivery,
}

/// A page of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// The deliveries, the newest first.
    items: Vec<DeliveryDetail>,
    /// Where to go on; none on the last page.
    next_cursor: Option<DeliveryId>,
}

fn id(field: &str, text: Option<&str>) -> Result<Option<DeliveryId>, Error> {
    text.map(|text| text.parse().map_err(|error| Error::invalid(field, error))).transpose()
}

fn status(text: Option<&str>) -> Result<Option<DeliveryStatus>, Error> {
    let known = |text: &str| DeliveryStatus::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, status)| status);
    let refused = || Error::invalid("status", "must be pending, delivered or dead");
    text.map(|text| known(text).ok_or_else(refused)).transpose()
}

/// Lists what became of the events that a webhook took up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListDeliveries {
    webhook_id: String,
    /// Only those that are `pending`, `delivered` or `dead`.
    status: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 by default.
    limit: Option<u32>,
}

impl Operation for ListDeliveries {
    const DECLARATION: Declaration = Declaration::new(
        "list_deliveries",
        "List the deliveries of a webhook, the newest first: of the settled ones, the last 1000 that arrived and the last 1000 that did not.",
        Method::Get,
        "/webhooks/{webhookId}/deliveries",
        ACCESS,
        Effect::Read,
    );
    type Output = DeliveryPage;

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        status(self.status.as_deref())?;
        id("cursor", self.cursor.as_deref()).map(|_| ())
    }

    fn next_cursor(output: &DeliveryPage) -> Option<String> {
        output.next_cursor.map(|cursor| cursor.to_string())
    }
}

impl UserOperation for ListDeliveries {
    async fn run(self, call: UserCall) -> Result<DeliveryPage, Error> {
        let hook = call.own_webhook(&self.webhook_id)?;
        let before = id("cursor", self.cursor.as_deref())?;
        let limit = self.limit.unwrap_or(PAGE_LENGTH).clamp(1, PAGE_LENGTH_MAX);
        let limit = usize::try_from(limit).unwrap_or(1);
        let (found, more) = hook.deliveries(before, status(self.status.as_deref())?, limit).await?;
        let next_cursor = found.last().map(|(id, _)| *id).filter(|_| more);
        let items = found.into_iter().map(|(id, delivery)| DeliveryDetail { id, delivery }).collect();
        Ok(DeliveryPage { items, next_cursor })
    }
}

/// Tries a dead delivery anew.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayDelivery {
    webhook_id: String,
    delivery_id: String,
}

impl Operation for ReplayDelivery {
    const DECLARATION: Declaration = Declaration::new(
        "replay_delivery",
        "Try a dead delivery anew, under the same `webhook-id`.",
        Method::Post,
        "/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
        ACCESS,
        Effect::Write,
    )
    .success(202)
    .repetition(Repetition::Harmless);
    type Output = DeliveryDetail;

    fn validate(&self) -> Result<(), Error> {
        id("deliveryId", Some(&self.delivery_id)).map(|_| ())
    }
}

impl UserOperation for ReplayDelivery {
    async fn run(self, call: UserCall) -> Result<DeliveryDetail, Error> {
        let hook = call.own_webhook(&self.webhook_id)?;
        let id: DeliveryId = self.delivery_id.parse().map_err(|error| Error::invalid("deliveryId", error))?;
        Ok(DeliveryDetail { id, delivery: hook.replay(id).await? })
    }
}

/// How many deliveries are tried anew.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Replayed {
    replayed: usize,
}

/// Tries dead deliveries anew.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayDeliveries {
    webhook_id: String,
    /// From this delivery on; from the oldest if absent.
    #[serde(default)]
    since: Option<String>,
    /// Up to this delivery; to the newest if absent.
    #[serde(default)]
    up_to: Option<String>,
}

impl Operation for ReplayDeliveries {
    const DECLARATION: Declaration = Declaration::new(
        "replay_deliveries",
        "Try all dead deliveries of a webhook anew, or those of a range.",
        Method::Post,
        "/webhooks/{webhookId}/deliveries/replay",
        ACCESS,
        Effect::Write,
    )
    .success(202)
    .repetition(Repetition::Harmless);
    type Output = Replayed;

    fn validate(&self) -> Result<(), Error> {
        id("since", self.since.as_deref())?;
        id("upTo", self.up_to.as_deref()).map(|_| ())
    }
}

impl UserOperation for ReplayDeliveries {
    async fn run(self, call: UserCall) -> Result<Replayed, Error> {
        let hook = call.own_webhook(&self.webhook_id)?;
        let dead = hook.dead(id("since", self.since.as_deref())?, id("upTo", self.up_to.as_deref())?);
        Ok(Replayed { replayed: call.replay_deliveries(&hook, &dead).await? })
    }
}

impl LeaveOut for DeliveryDetail {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        match self.delivery.chat_id.map(ChatId::from_marked) {
            Some(Some(chat)) => sight.admit(chat),
            _ => Ok(()),
        }
    }
}

impl LeaveOut for DeliveryPage {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.items.leave_out(sight)
    }
}
