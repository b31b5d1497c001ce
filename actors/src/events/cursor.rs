//! Where a reader is in the events of a user.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::runtime::now_us;

/// The text that asks for everything that is still kept.
const OLDEST: &str = "oldest";

const TEXT_LENGTH: usize = 16;

/// A place in the events of a user: behind one event and before the next. Clients see opaque text.
///
/// Positions grow over all accounts of a user, so one cursor is enough for all of them. A position is the time in microseconds at which
/// the event was taken up, or one more than the position before it, if the clock does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(u64);

/// Text that is not a cursor of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor that this server gave; `{OLDEST}` asks for everything that is kept")]
pub struct InvalidCursor;

impl Cursor {
    /// Before everything that is kept.
    pub const OLDEST: Self = Self(0);

    pub(crate) fn at(position: u64) -> Self {
        Self(position)
    }

    pub(crate) fn position(self) -> u64 {
        self.0
    }

    /// Whether the place is one that nothing has reached yet, so that the cursor cannot have been given.
    pub(super) fn is_ahead_of(self, last: u64) -> bool {
        self.0 > last.max(now_us())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        if text == OLDEST {
            return Ok(Self::OLDEST);
        }
        let plain = text.len() == TEXT_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let position = u64::from_str_radix(text, 16).ok().filter(|_| plain);
        position.map(Self).ok_or(InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "EventCursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "description": "A place in the events; opaque." })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(position: u64) {
            prop_assert_eq!(Cursor::at(position).to_string().parse(), Ok(Cursor::at(position)));
        }

        #[test]
        fn the_order_of_texts_is_the_order_of_places(one: u64, other: u64) {
            let (one, other) = (Cursor::at(one), Cursor::at(other));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,20}") {
            let _any = text.parse::<Cursor>();
        }
    }

    #[test]
    fn strange_texts_are_refused() {
        for text in ["", "0", "+00000000000000f", "000000000000000F", "00000000000000000", "newest"] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
        assert_eq!(OLDEST.parse(), Ok(Cursor::OLDEST));
    }
}
