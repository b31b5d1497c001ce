//! One approval as it is kept.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::runtime::now_us;

/// What stands before the digits of an id.
const PREFIX: &str = "apr_";

/// The bytes of an id: when it was asked for in microseconds, and random ones.
const LENGTH: usize = 12;

/// The largest arguments of a call that can wait, in bytes of JSON: a record with them fits into the store.
const ARGUMENTS_BYTES_MAX: usize = 24 * 1_024;

/// How many reasons are kept.
const REASONS_MAX: usize = 16;

/// An approval's id: `apr_` and 24 lower-case hexadecimal digits. Ids are in the order in which they were asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalId([u8; LENGTH]);

/// Text that is no id of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the id of an approval, such as apr_000650a1b2c3d4e501234567")]
pub struct InvalidApprovalId;

impl ApprovalId {
    /// A new id.
    ///
    /// # Errors
    /// [`Code::Internal`] when the system gives no randomness.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = [0; LENGTH];
        let (time, random) = bytes.split_at_mut(8);
        time.copy_from_slice(&now_us().to_be_bytes());
        getrandom::fill(random).map_err(Error::internal)?;
        Ok(Self(bytes))
    }

    /// The id of its record.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for ApprovalId {
    type Err = InvalidApprovalId;

    fn from_str(text: &str) -> Result<Self, InvalidApprovalId> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 2 * LENGTH).ok_or(InvalidApprovalId)?;
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(InvalidApprovalId);
        }
        let mut bytes = [0; LENGTH];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| InvalidApprovalId)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for ApprovalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for ApprovalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApprovalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for ApprovalId {
    fn schema_name() -> Cow<'static, str> {
        "ApprovalId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "description": "The id of an approval." })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// How far an approval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// A person has not decided yet.
    Pending,
    /// A person has approved it, and it is being carried out.
    Approved,
    /// A person has denied it.
    Denied,
    /// Nobody decided in time. Nothing has happened.
    Expired,
    /// It was carried out.
    Done,
    /// It was approved and then refused or failed: the outcome says why.
    Failed,
    /// It was approved, and nobody knows whether it was carried out.
    Unknown,
}

impl ApprovalState {
    /// Every state by its name.
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("pending", Self::Pending),
        ("approved", Self::Approved),
        ("denied", Self::Denied),
        ("expired", Self::Expired),
        ("done", Self::Done),
        ("failed", Self::Failed),
        ("unknown", Self::Unknown),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }
}

/// Why a call needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The rule that asks: a name that programs know, such as `security:read`.
    pub rule: Cow<'static, str>,
    /// What it is about, for a person. It holds no content of messages.
    pub detail: String,
}

impl Reason {
    /// A reason.
    pub fn new(rule: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), detail: detail.into() }
    }
}

/// An approval, sealed with its user's key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Approval {
    pub(crate) id: ApprovalId,
    /// The agent's key: the call is made with the rights that it has then.
    pub(crate) key_id: KeyId,
    pub(crate) operation: String,
    /// The call's arguments, exactly as they are decoded again when it is carried out.
    pub(crate) arguments: Value,
    /// What a person approves: see [`digest`].
    pub(crate) digest: String,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) chat_ids: Vec<i64>,
    pub(crate) reasons: Vec<Reason>,
    /// The path and the id of the request that asked, for the audit log.
    pub(crate) path: String,
    pub(crate) request_id: String,
    /// Where it came from: rules about addresses are about that.
    pub(crate) address: Option<IpAddr>,
    pub(crate) idempotency_key: Option<String>,
    /// Whether its answer is shown to its agent once, and kept for a short time: it holds a secret.
    pub(crate) is_shown_once: bool,
    /// Times in Unix seconds.
    pub(crate) asked_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) decided_at: Option<u64>,
    pub(crate) ended_at: Option<u64>,
    pub(crate) state: ApprovalState,
    /// How it ended, once it has been carried out: `ok` or the error's code, its status, and what is wrong.
    pub(crate) code: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) detail: Option<String>,
}

impl Approval {
    /// Checks that it can be kept.
    ///
    /// # Errors
    /// [`Code::PayloadTooLarge`].
    pub(crate) fn fit(mut self) -> Result<Self, Error> {
        self.reasons.truncate(REASONS_MAX);
        if self.arguments.to_string().len() > ARGUMENTS_BYTES_MAX {
            let detail =
                format!("A call that waits for a person's approval may have at most {ARGUMENTS_BYTES_MAX} bytes of arguments");
            return Err(Error::new(Code::PayloadTooLarge, detail));
        }
        Ok(self)
    }

    /// How the call ended, as it was answered.
    pub(crate) fn end(&mut self, state: ApprovalState, outcome: Result<u16, &Error>, now_secs: u64) {
        self.state = state;
        self.ended_at = Some(now_secs);
        let (code, status, detail) = match outcome {
            Ok(status) => ("ok", status, None),
            Err(error) => (error.code().name(), error.code().status(), Some(error.detail().to_owned())),
        };
        (self.code, self.status, self.detail) = (Some(code.to_owned()), Some(status), detail);
    }
}

/// The digest of a call's exact content: the SHA-256, in hexadecimal, of `{"arguments":…,"keyId":…,"operation":…}` as JSON without white
/// space, the members of every object in the order of their names (by bytes of UTF-8).
pub(crate) fn digest(key_id: &KeyId, operation: &str, arguments: &Value) -> String {
    let mut text = String::from("{\"arguments\":");
    write_canonical(&mut text, arguments);
    text.push_str(",\"keyId\":");
    write_canonical(&mut text, &Value::from(key_id.as_str()));
    text.push_str(",\"operation\":");
    write_canonical(&mut text, &Value::from(operation));
    text.push('}');
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn write_canonical(to: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            to.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                write_canonical(to, item);
            }
            to.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            to.push('{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write_canonical(to, member);
            }
            to.push('}');
        }
        scalar => to.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn key() -> KeyId {
        "ak00000001".parse().unwrap()
    }

    #[test]
    fn a_digest_is_what_the_documentation_says() {
        let arguments = json!({ "text": "a\"b", "accountId": "x", "chatId": 7, "flags": [true, null] });
        let text = r#"{"arguments":{"accountId":"x","chatId":7,"flags":[true,null],"text":"a\"b"},"keyId":"ak00000001","operation":"send_message"}"#;
        assert_eq!(digest(&key(), "send_message", &arguments), hex::encode(Sha256::digest(text)));
        let others = [
            digest(&key(), "edit_message", &arguments),
            digest(&"ak00000002".parse().unwrap(), "send_message", &arguments),
            digest(&key(), "send_message", &json!({ "text": "ab", "accountId": "x", "chatId": 7, "flags": [true, null] })),
        ];
        assert!(others.iter().all(|other| *other != digest(&key(), "send_message", &arguments)));
    }

    #[test]
    fn ids_are_in_the_order_of_time_and_survive_their_text() {
        let (first, second) = (ApprovalId::generate().unwrap(), ApprovalId::generate().unwrap());
        assert!(first < second);
        assert_eq!(first.to_string().parse(), Ok(first));
        for wrong in ["", "apr_", "apr_000650A1b2c3d4e501234567", "apr_000650a1b2c3d4e5012345", "wh_0123456789abcdef"] {
            assert_eq!(wrong.parse::<ApprovalId>(), Err(InvalidApprovalId), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_an_id_panic(text in ".{0,40}") {
            let _is_refused_or_read = text.parse::<ApprovalId>();
        }
    }
}
