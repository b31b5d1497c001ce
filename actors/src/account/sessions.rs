//! The sessions of an account: its own as text, and Telegram's list of all.

use secrecy::SecretString;

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::telegram::{TelegramSession, export_session};

impl AccountContext {
    /// The account's session, for another program. Needs no connection.
    pub(crate) async fn export_session(&self) -> Result<SecretString, Error> {
        let session = export_session(&self.environment.settings.network, &self.records).await?;
        let session = session.ok_or_else(|| Error::new(Code::Conflict, "The account has no session: log in again"))?;
        session.to_telethon().map_err(|_| Error::internal("a session that Telethon has no form for"))
    }

    /// Every session of the account, and after how many days without use Telegram ends one.
    pub(crate) async fn telegram_sessions(&self) -> Result<(Vec<TelegramSession>, i32), Error> {
        self.repeatable("account.getAuthorizations", async |connection| connection.telegram_sessions().await).await
    }

    /// Ends a session that is not this server's own.
    pub(crate) async fn end_telegram_session(&self, id: i64) -> Result<(), Error> {
        self.once("account.resetAuthorization", async |connection| connection.end_telegram_session(id).await).await
    }
}
