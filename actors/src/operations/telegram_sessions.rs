//! Telegram's own list of an account's sessions: every device and program that is logged in as the person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass};
use crate::scope::Scope;
use crate::telegram::TelegramSession;

/// The sessions of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelegramSessions {
    /// The sessions, this server's first.
    pub items: Vec<TelegramSession>,
    /// Always `null`: Telegram tells all of them at once.
    pub next_cursor: Option<String>,
    /// After how many days without use Telegram ends a session.
    pub ttl_days: i32,
}

/// Lists the devices and programs that are logged in to an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListTelegramSessions {
    account_id: AccountReference,
}

impl Operation for ListTelegramSessions {
    const DECLARATION: Declaration = Declaration::new(
        "list_telegram_sessions",
        "List the devices and programs that are logged in to the account.",
        Method::Get,
        "/accounts/{accountId}/telegram-sessions",
        Access::Scope(Scope::SecurityRead),
        Effect::Destructive,
    );
    type Output = TelegramSessions;

    in_account!();
}

impl AccountOperation for ListTelegramSessions {
    async fn run(self, call: AccountCall) -> Result<TelegramSessions, Error> {
        let (mut items, ttl_days) = call.telegram_sessions().await?;
        items.sort_by_key(|session| !session.current);
        Ok(TelegramSessions { items, next_cursor: None, ttl_days })
    }
}

/// Logs a device or program out of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndTelegramSession {
    account_id: AccountReference,
    /// The session's id, as the list tells it.
    session_id: String,
}

impl EndTelegramSession {
    fn session(&self) -> Result<i64, Error> {
        let id = self.session_id.parse().map_err(|_| Error::invalid("sessionId", "must be the id of a session in the list"))?;
        // Telegram tells the session that asks without an id.
        if id == 0 {
            return Err(Error::invalid("sessionId", "is this server's own session: DELETE /accounts/{accountId} ends it"));
        }
        Ok(id)
    }
}

impl Operation for EndTelegramSession {
    const DECLARATION: Declaration = Declaration::new(
        "end_telegram_session",
        "Log a device or program out of the account.",
        Method::Delete,
        "/accounts/{accountId}/telegram-sessions/{sessionId}",
        Access::Scope(Scope::SecurityRead),
        Effect::Destructive,
    )
    .rate(RateClass::Account)
    .success(204);
    type Output = ();

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        self.session().map(|_| ())
    }
}

impl AccountOperation for EndTelegramSession {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let session = self.session()?;
        call.end_telegram_session(session).await
    }
}
