//! Idempotency keys: a caller names a request, so that sending it again repeats its answer and never its effect.
//!
//! After the IETF draft `draft-ietf-httpapi-idempotency-key-header`. What is kept for a key, and for how long, is decided in
//! `user::idempotency`; here is what a key is, and when two requests are the same one.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The longest key, in characters.
pub const KEY_CHARACTERS_MAX: usize = 255;

/// The request header that a key travels in.
pub const HEADER: &str = "Idempotency-Key";

/// A key that a caller has chosen: 1 to [`KEY_CHARACTERS_MAX`] printable ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key as it stands in its header: a string of RFC 9651 (in double quotes), or the bare characters that most clients send.
    ///
    /// # Errors
    /// [`Code::InvalidInput`](crate::error::Code::InvalidInput), naming the header.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let key = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => Some(text.to_owned()),
        };
        let fit =
            |key: &String| (1..=KEY_CHARACTERS_MAX).contains(&key.len()) && key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let rule = || Error::invalid(HEADER, format!("must have 1 to {KEY_CHARACTERS_MAX} printable ASCII characters"));
        key.filter(fit).map(Self).ok_or_else(rule)
    }

    /// The key's characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey")
    }
}

/// The characters of a quoted string after its first quote; `None` unless it ends with its last one.
fn unquoted(quoted: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return characters.as_str().is_empty().then_some(key),
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            character => key.push(character),
        }
    }
}

/// What makes two requests the same: the operation and all of its arguments, whatever their order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a call. It says nothing about a body of bytes.
    pub(crate) fn of(operation: &str, arguments: &Value) -> Self {
        let mut digest = Sha256::new();
        feed_text(&mut digest, operation);
        feed(&mut digest, arguments);
        Self(digest.finalize().into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fingerprint")
    }
}

/// Feeds a value so that different values are different bytes: each piece is preceded by what it is and how long.
fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update(b"n"),
        Value::Bool(value) => digest.update([b'b', u8::from(*value)]),
        Value::Number(number) => {
            digest.update(b"#");
            feed_text(digest, &number.to_string());
        }
        Value::String(text) => {
            digest.update(b"s");
            feed_text(digest, text);
        }
        Value::Array(items) => {
            digest.update(b"[");
            feed_length(digest, items.len());
            items.iter().for_each(|item| feed(digest, item));
        }
        Value::Object(members) => {
            digest.update(b"{");
            feed_length(digest, members.len());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, member) in members {
                feed_text(digest, name);
                feed(digest, member);
            }
        }
    }
}

fn feed_text(digest: &mut Sha256, text: &str) {
    feed_length(digest, text.len());
    digest.update(text.as_bytes());
}

fn feed_length(digest: &mut Sha256, length: usize) {
    digest.update(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_read_quoted_and_bare() {
        let read = |text: &str| IdempotencyKey::parse(text).ok().map(|key| key.0);
        assert_eq!(read("8e03978e-40d5-43dd-bc93-6894a57f9324").as_deref(), Some("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        assert_eq!(read("\"a key\"").as_deref(), Some("a key"));
        assert_eq!(read(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        assert_eq!(read(&"k".repeat(255)).map(|key| key.len()), Some(255));
        for unfit in ["", "\"\"", "\"open", "\"a\"b", r#""a\c""#, "ключ", "a\tb", &"k".repeat(256)] {
            assert_eq!(read(unfit), None, "{unfit}");
        }
    }

    #[test]
    fn the_order_of_members_is_no_difference_and_all_else_is() {
        let of = |arguments: Value| Fingerprint::of("send_message", &arguments);
        let first = of(json!({ "text": "a", "silent": true }));
        assert_eq!(first, of(json!({ "silent": true, "text": "a" })));
        for other in [json!({ "text": "a" }), json!({ "text": "a", "silent": "true" }), json!({ "text": "b", "silent": true })] {
            assert_ne!(first, of(other));
        }
        assert_ne!(of(json!(["ab", ""])), of(json!(["a", "b"])));
        assert_ne!(first, Fingerprint::of("edit_message", &json!({ "text": "a", "silent": true })));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(text in ".{0,300}") {
            if let Ok(key) = IdempotencyKey::parse(&text) {
                prop_assert!((1..=KEY_CHARACTERS_MAX).contains(&key.as_str().len()));
            }
        }
    }
}
