//! Logging in by a QR code that another device of the person scans, see <https://core.telegram.org/api/qr-login>; and bots.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grammers_tl_types::{enums, functions};
use secrecy::{ExposeSecret, SecretString};

use super::convert::user_info;
use super::login::SignIn;
use super::{Connection, TelegramError, UserInfo};
use crate::runtime::now_secs;

/// How often a login may be sent on to another datacentre.
const MIGRATIONS_MAX: usize = 3;

/// The longest time that a token is taken to stand, whatever the clocks say, in seconds. Telegram's stand for 30.
const TOKEN_SECS_MAX: u64 = 300;

/// What a QR code says: whoever scans it lets this login in, so it is a secret until it expires.
#[derive(Clone)]
pub struct QrToken {
    token: Vec<u8>,
    /// From when on it stands no more (Unix seconds).
    pub expires_at: u64,
}

impl QrToken {
    /// The address that the code shows.
    pub fn url(&self) -> String {
        format!("tg://login?token={}", URL_SAFE_NO_PAD.encode(&self.token))
    }

    /// After how long a fresh one is asked for: before this one expires, so that a code which is shown can always be scanned.
    pub fn refresh_after(&self) -> Duration {
        let left = Duration::from_secs(self.expires_at.saturating_sub(now_secs()).min(TOKEN_SECS_MAX));
        (left * 4 / 5).max(Duration::from_millis(500))
    }
}

impl fmt::Debug for QrToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "QrToken(until {})", self.expires_at)
    }
}

/// How a QR login goes on.
#[derive(Debug)]
pub enum QrProgress {
    /// This is to be scanned.
    Shown(QrToken),
    /// It was scanned.
    Scanned(SignIn),
}

impl Connection {
    /// Asks for a token to show; or, when the one before was scanned, logs in, in whatever datacentre the account lives.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn qr_login(&self, api_hash: &SecretString) -> Result<QrProgress, TelegramError> {
        let export = functions::auth::ExportLoginToken {
            api_id: self.api_id,
            api_hash: api_hash.expose_secret().to_owned(),
            except_ids: Vec::new(),
        };
        let mut answer = self.invoke(&export).await;
        for _ in 0..MIGRATIONS_MAX {
            match answer {
                Ok(enums::auth::LoginToken::Token(shown)) => {
                    let expires_at = u64::try_from(shown.expires).unwrap_or(0);
                    return Ok(QrProgress::Shown(QrToken { token: shown.token, expires_at }));
                }
                Ok(enums::auth::LoginToken::Success(success)) => {
                    return self.signed_in(success.authorization).await.map(QrProgress::Scanned);
                }
                Ok(enums::auth::LoginToken::MigrateTo(moved)) => {
                    self.migrate(moved.dc_id).await?;
                    answer = self.invoke(&functions::auth::ImportLoginToken { token: moved.token }).await;
                }
                Err(error) if is_password_needed(&error) => return Ok(QrProgress::Scanned(SignIn::PasswordNeeded)),
                Err(error) => return Err(error),
            }
        }
        Err(TelegramError::Unexpected("a login that never arrives"))
    }

    /// Signs a bot in with its token, in the datacentre where it lives.
    ///
    /// # Errors
    /// `ACCESS_TOKEN_INVALID`, `ACCESS_TOKEN_EXPIRED`, or what any call can meet.
    pub async fn sign_in_bot(&self, token: &SecretString, api_hash: &SecretString) -> Result<UserInfo, TelegramError> {
        let request = functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: self.api_id,
            api_hash: api_hash.expose_secret().to_owned(),
            bot_auth_token: token.expose_secret().trim().to_owned(),
        };
        let authorization = match self.invoke(&request).await {
            Err(TelegramError::Migrate(dc_id)) => {
                self.migrate(dc_id).await?;
                self.invoke(&request).await?
            }
            answer => answer?,
        };
        match self.signed_in(authorization).await? {
            SignIn::Complete(user) => Ok(user),
            SignIn::PasswordNeeded => Err(TelegramError::Unexpected("a bot with a password")),
        }
    }

    /// Whom the session belongs to. Proves that connection and login stand.
    ///
    /// # Errors
    /// [`TelegramError::AuthLost`] when nobody is logged in, or what any call can meet.
    pub async fn own_person(&self) -> Result<UserInfo, TelegramError> {
        let user = self.own_user().await?;
        user_info(&user).ok_or(TelegramError::Unexpected("a login of nobody"))
    }

    async fn own_user(&self) -> Result<enums::User, TelegramError> {
        let users = self.invoke(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
        users.into_iter().next().ok_or(TelegramError::Unexpected("nobody is logged in"))
    }

    /// Who is logged in with a session that comes from elsewhere; keeps that, so that the session is complete.
    ///
    /// # Errors
    /// [`TelegramError::AuthLost`] when nobody is, or what any call can meet.
    pub async fn identify(&self) -> Result<UserInfo, TelegramError> {
        self.complete(&self.own_user().await?).await
    }
}

/// Whether Telegram has signed somebody in but for their two-factor password.
pub(super) fn is_password_needed(error: &TelegramError) -> bool {
    error.is("SESSION_PASSWORD_NEEDED")
}
