//! What a key has drawn from its day: messages, and the chats they went to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::rules::DailyLimit;
use crate::telegram::ChatId;

/// The most chats that are remembered of one day; limits are not larger.
const RECIPIENTS_MAX: usize = 1_000;

/// What one call draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spend {
    /// How many messages it sends.
    pub(crate) messages: u32,
    /// Where to.
    pub(crate) recipient: ChatId,
}

/// What was drawn on one day, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayUse {
    /// The day, as `YYYY-MM-DD` in the policy's time zone.
    day: String,
    messages: u32,
    recipients: BTreeSet<i64>,
}

impl DayUse {
    /// The same on this day: what was drawn on another day counts no more.
    pub(crate) fn on(self, day: &str) -> Self {
        if self.day == day { self } else { Self { day: day.to_owned(), ..Self::default() } }
    }

    /// The same after a call.
    pub(crate) fn after(mut self, spend: Spend) -> Self {
        self.messages = self.messages.saturating_add(spend.messages);
        if self.recipients.len() < RECIPIENTS_MAX {
            self.recipients.insert(spend.recipient.value());
        }
        self
    }

    /// Whether a call would send more messages than the day has.
    pub(crate) fn exceeds_messages(&self, spend: Spend, limit: DailyLimit) -> bool {
        self.messages.saturating_add(spend.messages) > limit.max
    }

    /// Whether a call would go to one chat more than the day has.
    pub(crate) fn exceeds_recipients(&self, spend: Spend, limit: DailyLimit) -> bool {
        let known = self.recipients.contains(&spend.recipient.value());
        !known && self.recipients.len() >= usize::try_from(limit.max).unwrap_or(usize::MAX).min(RECIPIENTS_MAX)
    }
}
