//! Sessions that other programs have logged in, and ours for them.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition, UserOperation,
};
use crate::operations::login::LoginOutcome;
use crate::scope::Scope;
use crate::telegram::PortableSession;
use crate::user::UserCall;

/// Takes over a session that Telethon or Pyrogram has logged in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportSession {
    /// The session string of Telethon (version 1) or Pyrogram. It must be of this server's Telegram network.
    #[schemars(with = "String")]
    session: SecretString,
}

impl Operation for ImportSession {
    const DECLARATION: Declaration = Declaration::new(
        "import_session",
        "Take over a session that Telethon or Pyrogram has logged in.",
        Method::Post,
        "/telegram/login/import",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginOutcome;

    fn validate(&self) -> Result<(), Error> {
        PortableSession::parse(&self.session).map(|_| ()).map_err(|error| Error::invalid("session", error))
    }
}

impl UserOperation for ImportSession {
    async fn run(self, call: UserCall) -> Result<LoginOutcome, Error> {
        let session = PortableSession::parse(&self.session).map_err(|error| Error::invalid("session", error))?;
        call.import_session(&session).await
    }
}

/// A session for another program. Whoever has it is the person on Telegram.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedSession {
    /// Whose format it is in: `telethon`, version 1.
    pub format: &'static str,
    /// The session string.
    pub session: String,
}

impl std::fmt::Debug for ExportedSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ExportedSession(..)")
    }
}

/// Gives out the account's session, for another program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportSession {
    account_id: AccountReference,
}

impl Operation for ExportSession {
    const DECLARATION: Declaration = Declaration::new(
        "export_session",
        "Give out the account's session as a Telethon session string. Whoever has it is the person on Telegram; used in two places \
         at once, Telegram ends it.",
        Method::Post,
        "/accounts/{accountId}/session/export",
        Access::Human("Agent keys cannot export sessions"),
        Effect::Destructive,
    )
    .repetition(Repetition::Harmless)
    .secret_members(&["session"]);
    type Output = ExportedSession;

    in_account!();
}

impl AccountOperation for ExportSession {
    async fn run(self, call: AccountCall) -> Result<ExportedSession, Error> {
        let session = call.export_session().await?;
        Ok(ExportedSession { format: "telethon", session: session.expose_secret().to_owned() })
    }
}
