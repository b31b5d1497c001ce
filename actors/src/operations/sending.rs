//! Sending text messages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::buttons::{self, ButtonToSend};
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::telegram::{ChatId, Format, FormattedText, Message, NewButton, SendOptions, TextToSend};

/// Telegram's own limit for the text of a message, in UTF-16 code units.
const TEXT_UNITS_MAX: usize = 4_096;

/// The longest text with its formatting, in characters.
const SOURCE_CHARACTERS_MAX: usize = 4 * TEXT_UNITS_MAX;

/// Telegram's own limit for the pieces of formatting in one text.
const ENTITIES_MAX: usize = 100;

/// Telegram's own limit for a quotation, in UTF-16 code units.
const QUOTE_UNITS_MAX: usize = 1_024;

/// How far ahead Telegram lets a message be scheduled, in seconds.
const SCHEDULE_SECS_MAX: u64 = 365 * 24 * 3_600;

/// Sends a text message.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The text: not blank, at most 4096 UTF-16 code units without its formatting.
    text: String,
    /// The forum topic or thread to send to.
    #[serde(default)]
    topic_id: Option<i32>,
    /// How the text is written: `plain` if absent.
    #[serde(default)]
    format: Option<Format>,
    /// The message to answer.
    #[serde(default)]
    reply_to: Option<i32>,
    /// The part of that message to quote, as it stands there. Needs `replyTo`.
    #[serde(default)]
    quote: Option<String>,
    /// Whether to notify nobody.
    #[serde(default)]
    silent: Option<bool>,
    /// Whether to show a preview of a linked page: `true` if absent.
    #[serde(default)]
    link_preview: Option<bool>,
    /// When to send it (Unix seconds, within a year), if not at once. The answer then is the scheduled message.
    #[serde(default)]
    schedule_at: Option<i64>,
    /// Rows of buttons below the message. Only accounts of bots can send them: at most 100, and 8 in a row.
    #[serde(default)]
    buttons: Option<Vec<Vec<ButtonToSend>>>,
}

impl Operation for SendMessage {
    const DECLARATION: Declaration = Declaration::new(
        "send_message",
        "Send a text message, now or later.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/messages",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        formatted("text", &self.text, self.format)?;
        valid_quote(self.quote.as_deref(), self.reply_to)?;
        self.button_rows()?;
        valid_schedule(self.schedule_at).map(|_| ())
    }
}

impl SendMessage {
    fn button_rows(&self) -> Result<Vec<Vec<NewButton>>, Error> {
        buttons::rows(self.buttons.as_deref().unwrap_or_default())
    }
}

impl AccountOperation for SendMessage {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        let buttons = self.button_rows()?;
        if !buttons.is_empty() {
            call.check_is_bot("buttons").await?;
        }
        let text = TextToSend {
            formatted: formatted("text", &self.text, self.format)?,
            no_link_preview: self.link_preview == Some(false),
            buttons,
            options: SendOptions {
                topic_id: self.topic_id,
                reply_to: self.reply_to,
                quote: self.quote,
                silent: self.silent.unwrap_or(false),
                schedule_at: valid_schedule(self.schedule_at)?,
            },
        };
        call.send_message(self.chat_id, &text).await
    }
}

/// A text that may be sent, read from its format.
pub(super) fn formatted(field: &str, source: &str, format: Option<Format>) -> Result<FormattedText, Error> {
    if source.chars().nth(SOURCE_CHARACTERS_MAX).is_some() {
        return Err(too_long(field));
    }
    let read = FormattedText::parse(source, format.unwrap_or_default()).map_err(|error| Error::invalid(field, error))?;
    if read.text.trim().is_empty() {
        return Err(Error::new(Code::InvalidInput, format!("{field}: must not be blank")).in_field(field));
    }
    if read.text.encode_utf16().count() > TEXT_UNITS_MAX {
        return Err(too_long(field));
    }
    if read.entities.len() > ENTITIES_MAX {
        return Err(Error::invalid(field, format!("may have at most {ENTITIES_MAX} pieces of formatting")));
    }
    Ok(read)
}

fn too_long(field: &str) -> Error {
    Error::invalid(field, format!("must have at most {TEXT_UNITS_MAX} UTF-16 code units"))
}

/// Checks a quotation: it is of a message.
pub(super) fn valid_quote(quote: Option<&str>, reply_to: Option<i32>) -> Result<(), Error> {
    match quote {
        Some(_) if reply_to.is_none() => Err(Error::invalid("quote", "needs replyTo: the message that is quoted")),
        Some(quote) if quote.trim().is_empty() => Err(Error::invalid("quote", "must not be blank")),
        Some(quote) if quote.encode_utf16().count() > QUOTE_UNITS_MAX => {
            Err(Error::invalid("quote", format!("must have at most {QUOTE_UNITS_MAX} UTF-16 code units")))
        }
        _ => Ok(()),
    }
}

/// A time at which Telegram will send something.
pub(super) fn valid_schedule(at: Option<i64>) -> Result<Option<i32>, Error> {
    let Some(at) = at else { return Ok(None) };
    let now = now_secs();
    let possible = u64::try_from(at).is_ok_and(|at| at > now && at <= now.saturating_add(SCHEDULE_SECS_MAX));
    match i32::try_from(at) {
        Ok(at) if possible => Ok(Some(at)),
        _ => Err(Error::invalid("scheduleAt", "must be Unix seconds in the future, at most a year ahead")),
    }
}
