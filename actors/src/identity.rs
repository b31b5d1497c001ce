//! Who is calling and what is being called: validated identifiers.
//!
//! Every identifier is checked where text becomes a value of its type, so code that holds one never checks again and no user text
//! can ever be taken for a path, a key prefix or another user's id.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest user id that is accepted, in bytes.
pub const USER_ID_LENGTH_MAX: usize = 128;

/// A user of this server: 1 to 128 characters of `[A-Za-z0-9_-]`, as the reference's contract requires.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserId(Arc<str>);

/// Text that is not an identifier of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct InvalidIdentifier {
    kind: &'static str,
    rule: &'static str,
}

impl UserId {
    /// The only user of a server in embedded mode.
    pub fn local() -> Self {
        Self(Arc::from("local"))
    }

    /// The id as text; never empty, at most [`USER_ID_LENGTH_MAX`] bytes of `[A-Za-z0-9_-]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = (1..=USER_ID_LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if valid {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidIdentifier { kind: "user id", rule: "1 to 128 characters of A-Z, a-z, 0-9, '_' and '-'" })
        }
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserId({})", self.0)
    }
}

/// A Telegram account as this server names it: a UUID version 7 made when its login starts. It says nothing about the person.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AccountId(Uuid);

impl AccountId {
    /// A new id, never given before.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes of the UUID, for keys and associated data.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The account whose UUID has these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl FromStr for AccountId {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidIdentifier { kind: "account id", rule: "a UUID" })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccountId({})", self.0.hyphenated())
    }
}

/// The public part of an agent key: `ak` and 8 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text.len() == 10
            && text.strip_prefix("ak").is_some_and(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        if valid {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidIdentifier { kind: "key id", rule: "'ak' and 8 lower-case hexadecimal digits" })
        }
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_user_id_is_accepted_exactly_when_it_matches_the_contract(text in ".{0,140}") {
            let expected = !text.is_empty() && text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            prop_assert_eq!(text.parse::<UserId>().is_ok(), expected);
        }

        #[test]
        fn an_account_id_survives_its_text(bytes: [u8; 16]) {
            let id = AccountId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<AccountId>(), Ok(id));
        }
    }

    #[test]
    fn key_ids_are_exact() {
        assert!("ak0123abcd".parse::<KeyId>().is_ok());
        for wrong in ["", "ak0123abc", "ak0123ABCD", "bk0123abcd", "ak0123abcde", "ak0123abcg"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }
}
