//! A webhook as it is kept: what its owner set, and how it stands.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::events::EventName;
use crate::identity::{AccountId, KeyId};
use crate::runtime::now_secs;
use crate::vault::{SealedBatch, Space, VaultError};

/// What stands before the digits of an id.
const PREFIX: &str = "wh_";

const DIGITS: usize = 16;

/// What a secret's text begins with (Standard Webhooks, "Symmetric keys").
const SECRET_PREFIX: &str = "whsec_";

/// The bytes of a secret; the standard asks for 24 to 64.
const SECRET_LENGTH: usize = 32;

/// A webhook's id: `wh_` and 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookId([u8; 8]);

/// Text that is no id of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the id of a webhook, such as wh_0123456789abcdef")]
pub struct InvalidWebhookId;

impl WebhookId {
    /// A new id.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::error::Code::Internal) when the system gives no randomness.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(self) -> [u8; 8] {
        self.0
    }

    pub(crate) fn of_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl FromStr for WebhookId {
    type Err = InvalidWebhookId;

    fn from_str(text: &str) -> Result<Self, InvalidWebhookId> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == DIGITS);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        let mut bytes = [0; 8];
        let read = digits.is_some_and(|digits| hex::decode_to_slice(digits, &mut bytes).is_ok());
        read.then_some(Self(bytes)).ok_or(InvalidWebhookId)
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", hex::encode(self.0))
    }
}

impl Serialize for WebhookId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for WebhookId {
    fn schema_name() -> Cow<'static, str> {
        "WebhookId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^wh_[0-9a-f]{16}$" })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Who made a webhook, and so sees it and decides what it may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Owner {
    /// The user.
    Person,
    /// An agent of the user: what its key may not read, its webhooks do not tell.
    Agent(KeyId),
}

/// The bytes that deliveries are signed with.
pub(crate) type Secret = SecretSlice<u8>;

/// Makes a secret.
fn new_secret() -> Result<Secret, Error> {
    let mut bytes = vec![0; SECRET_LENGTH];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes.into())
}

/// A secret's text, to be shown once.
pub(crate) fn secret_text(secret: &Secret) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(secret.expose_secret()))
}

/// What a webhook's owner set.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) owner: Owner,
    pub(crate) url: Url,
    pub(crate) description: String,
    /// The kinds of events; none means all that are kept.
    pub(crate) events: Vec<EventName>,
    /// The accounts; `None` means all, also those that are added later.
    pub(crate) account_ids: Option<Vec<AccountId>>,
    /// The chats; `None` means all.
    pub(crate) chat_ids: Option<Vec<i64>>,
    pub(crate) enabled: bool,
    /// When it was made (Unix seconds).
    pub(crate) created_at: u64,
    pub(crate) secret: Secret,
    /// The secret before, and until when it signs as well (Unix seconds).
    pub(crate) previous: Option<(Secret, u64)>,
}

/// The record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredWebhook {
    owner: Owner,
    url: String,
    description: String,
    events: Vec<EventName>,
    account_ids: Option<Vec<AccountId>>,
    chat_ids: Option<Vec<i64>>,
    enabled: bool,
    created_at: u64,
    secret: Zeroizing<Vec<u8>>,
    previous: Option<(Zeroizing<Vec<u8>>, u64)>,
}

impl Webhook {
    /// A webhook that tells everything to this address, not yet kept.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::error::Code::Internal) when the system gives no randomness.
    pub(crate) fn new(owner: Owner, url: Url) -> Result<Self, Error> {
        Ok(Self {
            id: WebhookId::generate()?,
            owner,
            url,
            description: String::new(),
            events: Vec::new(),
            account_ids: None,
            chat_ids: None,
            enabled: true,
            created_at: now_secs(),
            secret: new_secret()?,
            previous: None,
        })
    }

    /// The same with a new secret; the one before signs as well until then (Unix seconds), if it is to.
    pub(crate) fn with_new_secret(mut self, previous_until: Option<u64>) -> Result<Self, Error> {
        let before = std::mem::replace(&mut self.secret, new_secret()?);
        self.previous = previous_until.map(|until| (before, until));
        Ok(self)
    }

    /// The secrets that sign at this time (Unix seconds), the newest first.
    pub(crate) fn secrets(&self, now_secs: u64) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.iter().filter(move |(_, until)| now_secs < *until).map(|(secret, _)| secret);
        std::iter::once(&self.secret).chain(previous)
    }

    pub(super) fn put(&self, batch: SealedBatch) -> Result<SealedBatch, VaultError> {
        let plain = |secret: &Secret| Zeroizing::new(secret.expose_secret().to_vec());
        let stored = StoredWebhook {
            owner: self.owner.clone(),
            url: self.url.to_string(),
            description: self.description.clone(),
            events: self.events.clone(),
            account_ids: self.account_ids.clone(),
            chat_ids: self.chat_ids.clone(),
            enabled: self.enabled,
            created_at: self.created_at,
            secret: plain(&self.secret),
            previous: self.previous.as_ref().map(|(secret, until)| (plain(secret), *until)),
        };
        batch.put(Space::Webhook, &self.id.bytes(), &stored)
    }

    pub(super) fn of_stored(id: WebhookId, stored: StoredWebhook) -> Result<Self, VaultError> {
        let url = stored.url.parse().map_err(|_| VaultError::Corrupt("a webhook's URL".into()))?;
        let secret = |bytes: Zeroizing<Vec<u8>>| Secret::from(bytes.to_vec());
        Ok(Self {
            id,
            owner: stored.owner,
            url,
            description: stored.description,
            events: stored.events,
            account_ids: stored.account_ids,
            chat_ids: stored.chat_ids,
            enabled: stored.enabled,
            created_at: stored.created_at,
            secret: secret(stored.secret),
            previous: stored.previous.map(|(bytes, until)| (secret(bytes), until)),
        })
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Webhook({})", self.id)
    }
}

/// Whether a webhook delivers, and if not, why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingStatus {
    /// It delivers.
    #[default]
    Active,
    /// Its address answered 410: it wants no more. Enable it again to go on.
    Gone,
    /// Every attempt failed for days. Enable it again to go on.
    Suspended,
    /// The agent key that made it was revoked, has expired, or may not read events any more.
    KeyEnded,
}

/// How a webhook stands. Only its worker writes this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    /// The place up to which every event was taken up.
    pub(crate) read_to: u64,
    pub(crate) status: StandingStatus,
    /// Since when every attempt has failed (Unix milliseconds).
    pub(crate) failing_since: Option<u64>,
    /// Until when the address asked to be left alone (Unix milliseconds).
    pub(crate) paused_until: Option<u64>,
    /// When a delivery last arrived (Unix milliseconds).
    pub(crate) delivered_at: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text(bytes: [u8; 8]) {
            let id = WebhookId::of_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<WebhookId>(), Ok(id));
        }

        #[test]
        fn any_other_text_is_refused(text in "(wh_)?[0-9a-fA-F]{0,18}|.{0,20}") {
            let digits = |rest: &str| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            prop_assert_eq!(text.parse::<WebhookId>().is_ok(), text.strip_prefix("wh_").is_some_and(digits));
        }
    }
}
