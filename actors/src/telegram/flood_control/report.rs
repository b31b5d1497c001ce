//! What callers are told of an account's limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::ChatId;

/// A wait that Telegram asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FloodWait {
    /// Telegram's method.
    pub method: String,
    /// Until when it is not called (Unix milliseconds).
    pub until: u64,
}

/// How often a method that Telegram asked to wait for may be called, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodBudget {
    /// Telegram's method.
    pub method: String,
    /// Calls per minute: learned from the last wait, and one more each minute since.
    pub per_minute: u64,
    /// How many calls may come now.
    pub left: u64,
}

/// A chat in whose slow mode the account has to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowChat {
    /// The chat.
    pub chat_id: ChatId,
    /// Until when nothing is sent there (Unix milliseconds).
    pub until: u64,
}

/// A limit of the whole account that no waiting ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restriction {
    /// Which of Telegram's methods was refused last.
    pub method: String,
    /// Since when (Unix milliseconds).
    pub since: u64,
    /// Telegram's name for it.
    pub reason: String,
}

/// The calls of an account that are on their way to Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CallQueue {
    /// How many were sent and are not answered yet.
    pub running: usize,
    /// How many wait for their turn.
    pub waiting: usize,
}

/// How Telegram limits an account, and what of its calls waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FloodReport {
    /// The methods that wait, the longest wait first.
    pub waits: Vec<FloodWait>,
    /// The methods that are held within a budget, since Telegram asked to wait for them.
    pub budgets: Vec<MethodBudget>,
    /// The chats whose slow mode the account waits for.
    pub slow_mode: Vec<SlowChat>,
    /// That Telegram lets the account write to its contacts only, because others reported it; until it lets it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_flood: Option<Restriction>,
    /// That Telegram has frozen the account, so that it can only read; until it lets it write again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Restriction>,
    /// The calls that are on their way.
    pub queue: CallQueue,
}
