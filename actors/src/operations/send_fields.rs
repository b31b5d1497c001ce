//! How something is sent, whatever it is: the fields that all sends share.

use schemars::JsonSchema;
use serde::Deserialize;

use super::sending::{valid_quote, valid_schedule};
use crate::error::Error;
use crate::telegram::SendOptions;

/// See the module's description.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendFields {
    /// The message to answer.
    #[serde(default)]
    pub(super) reply_to: Option<i32>,
    /// The part of that message to quote, as it stands there. Needs `replyTo`.
    #[serde(default)]
    pub(super) quote: Option<String>,
    /// The forum topic or thread to send to.
    #[serde(default)]
    pub(super) topic_id: Option<i32>,
    /// Whether to notify nobody.
    #[serde(default)]
    pub(super) silent: Option<bool>,
    /// When to send it (Unix seconds, within a year), if not at once. The answer then is the scheduled message.
    #[serde(default)]
    pub(super) schedule_at: Option<i64>,
}

impl SendFields {
    /// What Telegram is told.
    ///
    /// # Errors
    /// For the first field that is not acceptable.
    pub(super) fn options(&self) -> Result<SendOptions, Error> {
        valid_quote(self.quote.as_deref(), self.reply_to)?;
        Ok(SendOptions {
            topic_id: self.topic_id,
            reply_to: self.reply_to,
            quote: self.quote.clone(),
            silent: self.silent.unwrap_or(false),
            schedule_at: valid_schedule(self.schedule_at)?,
        })
    }
}
