//! One event on its way to one webhook.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

use super::WebhookId;
use crate::events::EventName;
use crate::identity::AccountId;

/// What stands before the place of the event in a delivery's id.
const PREFIX: &str = "evt_";

const DIGITS: usize = 16;

/// A delivery's id, which is also the `webhook-id` that is posted: it names the event, and is the same however often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId(u64);

/// Text that is no id of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the id of a delivery, such as evt_000650a1b2c3d4e5")]
pub struct InvalidDeliveryId;

impl DeliveryId {
    pub(crate) fn of_position(position: u64) -> Self {
        Self(position)
    }

    pub(crate) fn position(self) -> u64 {
        self.0
    }

    /// The id of the delivery's records.
    pub(super) fn record(self, webhook: WebhookId) -> [u8; 16] {
        let mut id = [0; 16];
        let (first, second) = id.split_at_mut(8);
        first.copy_from_slice(&webhook.bytes());
        second.copy_from_slice(&self.0.to_be_bytes());
        id
    }

    /// The delivery of this webhook whose records have this id; none for those of another webhook.
    pub(super) fn of_record(webhook: WebhookId, id: &[u8]) -> Option<Self> {
        let position = id.strip_prefix(webhook.bytes().as_slice())?;
        Some(Self(u64::from_be_bytes(position.try_into().ok()?)))
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<Self, InvalidDeliveryId> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == DIGITS);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Self).ok_or(InvalidDeliveryId)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{:016x}", self.0)
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for DeliveryId {
    fn schema_name() -> Cow<'static, str> {
        "DeliveryId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "description": "The id of a delivery, which is the `webhook-id` that is posted." })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It is to be tried, or tried again.
    Pending,
    /// The address has taken it.
    Delivered,
    /// Every attempt has failed. It can be replayed.
    Dead,
}

impl DeliveryStatus {
    /// Every status, with its name.
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("pending", Self::Pending), ("delivered", Self::Delivered), ("dead", Self::Dead)];
}

/// What is kept of a delivery beside what is posted. Times are Unix milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// What kind of event it is.
    pub(crate) event: EventName,
    /// The account that it is of.
    pub(crate) account_id: AccountId,
    /// The chat that it is of, if it is of one.
    pub(crate) chat_id: Option<i64>,
    /// Where it is.
    pub(crate) status: DeliveryStatus,
    /// How often it was tried, since it was taken up or replayed.
    pub(crate) attempts: u32,
    /// When it was taken up.
    pub(crate) created_at: u64,
    /// When it was tried last.
    pub(crate) attempted_at: Option<u64>,
    /// When it is tried next, at the earliest; none once it is settled.
    pub(crate) next_attempt_at: Option<u64>,
    /// The HTTP status of the last answer.
    pub(crate) response_status: Option<u16>,
    /// How long the last answer took, in milliseconds.
    pub(crate) latency_ms: Option<u64>,
    /// Why the last attempt failed.
    pub(crate) failure: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text_and_its_record(position: u64, webhook: [u8; 8], other: [u8; 8]) {
            let id = DeliveryId::of_position(position);
            prop_assert_eq!(id.to_string().parse::<DeliveryId>(), Ok(id));
            let (webhook, other) = (WebhookId::of_bytes(webhook), WebhookId::of_bytes(other));
            prop_assert_eq!(DeliveryId::of_record(webhook, &id.record(webhook)), Some(id));
            prop_assert_eq!(DeliveryId::of_record(other, &id.record(webhook)).is_some(), webhook == other);
        }

        #[test]
        fn any_other_text_is_refused(text in ".{0,24}") {
            let fit = text.len() == 20 && text.starts_with("evt_") && text[4..].bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            prop_assert_eq!(text.parse::<DeliveryId>().is_ok(), fit);
        }
    }
}
