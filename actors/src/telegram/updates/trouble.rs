//! What errors mean for the asking for updates.

use std::time::Duration;

use crate::telegram::{RefusalClass, TelegramError};

/// What an error means for what was asked.
pub(super) enum Trouble {
    /// It will be answered later: after this long, if Telegram said so.
    Passing(Option<Duration>),
    /// The place from which it was asked is not one.
    LostPlace,
    /// It will not be answered.
    Refused(TelegramError),
    /// Nothing will be on this connection.
    Fatal(TelegramError),
}

impl Trouble {
    pub(super) fn of(error: TelegramError) -> Self {
        if error.is("PERSISTENT_TIMESTAMP_INVALID") || error.is("PERSISTENT_TIMESTAMP_EMPTY") {
            return Self::LostPlace;
        }
        match error {
            TelegramError::FloodWait { seconds, .. } => Self::Passing(Some(Duration::from_secs(u64::from(seconds)))),
            TelegramError::Refused { refusal, .. } if is_telegrams_fault(refusal.class) => Self::Passing(None),
            // 500 and its kind, and -503, which is a time-out of Telegram's own.
            TelegramError::Rpc { code, .. } if !(0..500).contains(&code) => Self::Passing(None),
            error @ (TelegramError::Rpc { .. } | TelegramError::Refused { .. } | TelegramError::Unexpected(_)) => {
                Self::Refused(error)
            }
            error => Self::Fatal(error),
        }
    }
}

/// Whether it may succeed a moment later.
fn is_telegrams_fault(class: RefusalClass) -> bool {
    matches!(class, RefusalClass::Internal | RefusalClass::OutcomeUnknown)
}
