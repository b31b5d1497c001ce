//! What is asked to follow updates, and how that is answered.

use grammers_tl_types::enums;

use super::super::TelegramError;
use super::dialogs;
use super::difference::{AccountDifference, ChannelDifference};

/// What was asked, and its answer.
pub(super) enum Answer {
    State(Result<enums::updates::State, TelegramError>),
    Account(Result<AccountDifference, TelegramError>),
    Channel(i64, Result<ChannelDifference, TelegramError>),
    UnknownChannel(i64),
    Dialogs(usize, Result<dialogs::Page, TelegramError>),
}

impl Answer {
    /// Whether the question waits, because Telegram asked to.
    pub(super) fn is_held(&self) -> bool {
        let error = match self {
            Self::State(answer) => answer.as_ref().err(),
            Self::Account(answer) => answer.as_ref().err(),
            Self::Channel(_, answer) => answer.as_ref().err(),
            Self::Dialogs(_, answer) => answer.as_ref().err(),
            Self::UnknownChannel(_) => None,
        };
        error.is_some_and(TelegramError::is_held_back)
    }
}
