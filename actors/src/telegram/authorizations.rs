//! The sessions of a person's account: every device and program that is logged in as them.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Connection, TelegramError};

/// One device or program that is logged in. What it says of itself is what its maker made it say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelegramSession {
    /// What names it: digits, as text, because they are too many for JSON's numbers.
    pub id: String,
    /// Whether it is the session of this server.
    pub current: bool,
    /// The device.
    pub device_model: String,
    /// The kind of system.
    pub platform: String,
    /// The system's version.
    pub system_version: String,
    /// The application's number.
    pub api_id: i32,
    /// The application.
    pub app_name: String,
    /// Its version.
    pub app_version: String,
    /// Whether it is one of Telegram's own.
    pub official: bool,
    /// Whether it still waits for the two-factor password.
    pub password_pending: bool,
    /// Whether the person has yet to confirm it.
    pub unconfirmed: bool,
    /// From which IP address it was used last.
    pub ip: String,
    /// In which country that address is.
    pub country: String,
    /// When it was logged in (Unix seconds).
    pub created_at: i32,
    /// When it was last used (Unix seconds).
    pub active_at: i32,
}

impl From<types::Authorization> for TelegramSession {
    fn from(session: types::Authorization) -> Self {
        Self {
            id: session.hash.to_string(),
            current: session.current,
            device_model: session.device_model,
            platform: session.platform,
            system_version: session.system_version,
            api_id: session.api_id,
            app_name: session.app_name,
            app_version: session.app_version,
            official: session.official_app,
            password_pending: session.password_pending,
            unconfirmed: session.unconfirmed,
            ip: session.ip,
            country: session.country,
            created_at: session.date_created,
            active_at: session.date_active,
        }
    }
}

impl Connection {
    /// Every session of the account, and after how many days without use Telegram ends one.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn telegram_sessions(&self) -> Result<(Vec<TelegramSession>, i32), TelegramError> {
        let enums::account::Authorizations::Authorizations(found) =
            self.invoke(&functions::account::GetAuthorizations {}).await?;
        let sessions = found.authorizations.into_iter().map(|enums::Authorization::Authorization(session)| session.into());
        Ok((sessions.collect(), found.authorization_ttl_days))
    }

    /// Ends a session that is not this server's own.
    ///
    /// # Errors
    /// [`TelegramError::Refused`] when there is no such session, or this one is too young to end others.
    pub async fn end_telegram_session(&self, id: i64) -> Result<(), TelegramError> {
        self.invoke(&functions::account::ResetAuthorization { hash: id }).await.map(|_| ())
    }
}
