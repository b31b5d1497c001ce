//! Ids of chats in the marked form, <https://core.telegram.org/api/bots/ids>: a user is positive, a basic group is the negative of its id,
//! and a channel or supergroup is -1000000000000 minus its id.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What channels' ids are counted down from.
const CHANNEL_BASE: i64 = -1_000_000_000_000;

/// The largest bare id of a channel.
const CHANNEL_MAX: i64 = 997_852_516_352;

/// The largest bare id of a basic group.
const GROUP_MAX: i64 = 999_999_999_999;

/// The largest id of a user.
const USER_MAX: i64 = 0xff_ffff_ffff;

/// The id of a chat, as every operation of this server takes and gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ChatId(i64);

/// What a chat id stands for, with the bare id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatIdKind {
    /// A user.
    User(i64),
    /// A basic group.
    Group(i64),
    /// A channel or supergroup.
    Channel(i64),
}

impl ChatId {
    /// Telegram's own account, which sends login codes and other service messages.
    pub const SERVICE_MESSAGES: Self = Self(777_000);

    /// Reads the marked form; `None` for a number that no chat can have.
    pub fn from_marked(marked: i64) -> Option<Self> {
        let valid = (1..=USER_MAX).contains(&marked)
            || (-GROUP_MAX..0).contains(&marked)
            || (CHANNEL_BASE - CHANNEL_MAX..CHANNEL_BASE).contains(&marked);
        valid.then_some(Self(marked))
    }

    /// The marked form.
    pub fn value(self) -> i64 {
        self.0
    }

    /// The id without what marks its kind.
    pub fn bare(self) -> i64 {
        match self.kind() {
            ChatIdKind::User(id) | ChatIdKind::Group(id) | ChatIdKind::Channel(id) => id,
        }
    }

    /// What it stands for.
    pub fn kind(self) -> ChatIdKind {
        if self.0 > 0 {
            ChatIdKind::User(self.0)
        } else if self.0 > CHANNEL_BASE {
            ChatIdKind::Group(-self.0)
        } else {
            ChatIdKind::Channel(CHANNEL_BASE - self.0)
        }
    }

    /// The marked form of a bare id.
    pub(super) fn of(kind: ChatIdKind) -> Self {
        match kind {
            ChatIdKind::User(id) => Self(id),
            ChatIdKind::Group(id) => Self(-id),
            ChatIdKind::Channel(id) => Self(CHANNEL_BASE - id),
        }
    }
}

impl<'de> Deserialize<'de> for ChatId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let marked = i64::deserialize(deserializer)?;
        Self::from_marked(marked).ok_or_else(|| serde::de::Error::custom("not a chat id in the marked form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_valid_id_survives_its_kind(marked: i64) {
            if let Some(id) = ChatId::from_marked(marked) {
                prop_assert_eq!(ChatId::of(id.kind()), id);
            }
        }

        #[test]
        fn every_bare_id_has_one_marked_form(bare in 1..CHANNEL_MAX) {
            for kind in [ChatIdKind::User(bare), ChatIdKind::Group(bare), ChatIdKind::Channel(bare)] {
                let id = ChatId::of(kind);
                prop_assert_eq!(id.kind(), kind);
                prop_assert_eq!(ChatId::from_marked(id.value()), Some(id));
            }
        }
    }

    #[test]
    fn numbers_that_no_chat_has_are_refused() {
        for number in [0, i64::MIN, i64::MAX, CHANNEL_BASE, -GROUP_MAX - 1] {
            assert_eq!(ChatId::from_marked(number), None, "{number}");
        }
    }
}
