//! Drafts, and showing the others that the account is at work.

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::valid_message_id;
use super::sending::{formatted, valid_quote};
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::telegram::{ChatAction, ChatId, DraftList, Format, SendOptions, TextToSend};

/// Shows the others what the account is doing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendTyping {
    account_id: AccountReference,
    chat_id: ChatId,
    /// What it is doing: `typing` if absent. Shown for about six seconds, or until something is sent.
    #[serde(default)]
    action: ChatAction,
    /// The forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for SendTyping {
    const DECLARATION: Declaration = Declaration::new(
        "send_typing",
        "Show the others that the account is typing, or what else it is doing.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/typing",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204)
    .repetition(Repetition::Harmless);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for SendTyping {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.send_typing(self.chat_id, self.action, self.topic_id).await
    }
}

/// Saves a draft.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveDraft {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The text: not blank, at most 4096 UTF-16 code units without its formatting.
    text: String,
    /// How the text is written: `plain` if absent.
    #[serde(default)]
    format: Option<Format>,
    /// The forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
    /// The message that it is to answer.
    #[serde(default)]
    reply_to: Option<i32>,
    /// The part of that message that it is to quote. Needs `replyTo`.
    #[serde(default)]
    quote: Option<String>,
    /// Whether to show a preview of a linked page: `true` if absent.
    #[serde(default)]
    link_preview: Option<bool>,
}

impl Operation for SaveDraft {
    const DECLARATION: Declaration = Declaration::new(
        "save_draft",
        "Save a draft in a chat, in place of the one that is there.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/draft",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        formatted("text", &self.text, self.format)?;
        valid_message_id("topicId", self.topic_id)?;
        valid_message_id("replyTo", self.reply_to)?;
        valid_quote(self.quote.as_deref(), self.reply_to)
    }
}

impl AccountOperation for SaveDraft {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let (topic_id, reply_to, quote) = (self.topic_id, self.reply_to, self.quote);
        let draft = TextToSend {
            formatted: formatted("text", &self.text, self.format)?,
            no_link_preview: self.link_preview == Some(false),
            buttons: Vec::new(),
            options: SendOptions { topic_id, reply_to, quote, ..SendOptions::default() },
        };
        call.save_draft(self.chat_id, &draft).await
    }
}

/// Forgets a draft.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearDraft {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
}

impl Operation for ClearDraft {
    const DECLARATION: Declaration = Declaration::new(
        "clear_draft",
        "Forget the draft of a chat.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/draft",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("topicId", self.topic_id)
    }
}

impl AccountOperation for ClearDraft {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.clear_draft(self.chat_id, self.topic_id).await
    }
}

/// Lists the drafts of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListDrafts {
    account_id: AccountReference,
}

impl Operation for ListDrafts {
    const DECLARATION: Declaration = Declaration::new(
        "list_drafts",
        "List the drafts of an account, the latest first.",
        Method::Get,
        "/accounts/{accountId}/drafts",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = DraftList;

    in_account!();

    leaves_out!();
}

impl AccountOperation for ListDrafts {
    async fn run(self, call: AccountCall) -> Result<DraftList, Error> {
        call.drafts().await
    }
}
