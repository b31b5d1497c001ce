//! Logging in and out.

use std::fmt;

use grammers_client::SignInError;
use grammers_client::client::PasswordToken;
use grammers_tl_types::{enums, functions, types};
use secrecy::{ExposeSecret, SecretString};

use super::convert::{Met, user_info};
use super::{Connection, TelegramError, UserInfo};
use grammers_session::Session;
use grammers_session::types::{UpdateState, UpdatesState};

/// What ties a code to the request for it.
#[derive(Clone)]
pub struct LoginToken {
    phone: String,
    phone_code_hash: String,
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LoginToken")
    }
}

/// How a sign-in went on.
#[derive(Debug)]
pub enum SignIn {
    /// It is complete, and the session is durable.
    Complete(UserInfo),
    /// The account has a two-factor password.
    PasswordNeeded,
}

impl Connection {
    /// Asks Telegram to send a code; follows the account to its datacentre.
    ///
    /// # Errors
    /// `PHONE_NUMBER_INVALID` and its kin, [`TelegramError::FloodWait`], or what any call can meet.
    pub async fn request_code(&self, phone: &str, api_hash: &SecretString) -> Result<LoginToken, TelegramError> {
        let settings = types::CodeSettings {
            allow_flashcall: false,
            current_number: false,
            allow_app_hash: false,
            allow_missed_call: false,
            allow_firebase: false,
            unknown_number: false,
            logout_tokens: None,
            token: None,
            app_sandbox: None,
        };
        let request = functions::auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: self.api_id,
            api_hash: api_hash.expose_secret().to_owned(),
            settings: settings.into(),
        };
        let sent = match self.invoke(&request).await {
            Err(TelegramError::Migrate(dc_id)) => {
                self.migrate(dc_id).await?;
                self.invoke(&request).await?
            }
            other => other?,
        };
        match sent {
            enums::auth::SentCode::Code(code) => {
                Ok(LoginToken { phone: phone.to_owned(), phone_code_hash: code.phone_code_hash })
            }
            enums::auth::SentCode::Success(_) => Err(TelegramError::Unexpected("a login without a code")),
            enums::auth::SentCode::PaymentRequired(_) => Err(TelegramError::Unexpected("Telegram asks for a payment")),
        }
    }

    /// Signs in with the code that was sent.
    ///
    /// # Errors
    /// `PHONE_CODE_INVALID`, `PHONE_CODE_EXPIRED`, `PHONE_NUMBER_UNOCCUPIED`, or what any call can meet.
    pub async fn sign_in(&self, token: &LoginToken, code: &SecretString) -> Result<SignIn, TelegramError> {
        let request = functions::auth::SignIn {
            phone_number: token.phone.clone(),
            phone_code_hash: token.phone_code_hash.clone(),
            phone_code: Some(code.expose_secret().trim().to_owned()),
            email_verification: None,
        };
        match self.invoke(&request).await {
            Ok(enums::auth::Authorization::Authorization(authorization)) => {
                self.complete(&authorization.user).await.map(SignIn::Complete)
            }
            Ok(enums::auth::Authorization::SignUpRequired(_)) => Err(TelegramError::refused("PHONE_NUMBER_UNOCCUPIED")),
            Err(error) if error.is("SESSION_PASSWORD_NEEDED") => Ok(SignIn::PasswordNeeded),
            Err(error) => Err(error),
        }
    }

    /// Signs in with the two-factor password, which never leaves this process (SRP, <https://core.telegram.org/api/srp>).
    ///
    /// # Errors
    /// `PASSWORD_HASH_INVALID`, or what any call can meet.
    pub async fn check_password(&self, password: &SecretString) -> Result<UserInfo, TelegramError> {
        let enums::account::Password::Password(parameters) = self.invoke(&functions::account::GetPassword {}).await?;
        let token = PasswordToken::new(parameters);
        let check = async {
            match self.client.check_password(token, password.expose_secret()).await {
                Ok(_) => Ok(()),
                Err(SignInError::InvalidPassword(_)) => Err(TelegramError::refused("PASSWORD_HASH_INVALID")),
                Err(SignInError::SignUpRequired) => Err(TelegramError::refused("PHONE_NUMBER_UNOCCUPIED")),
                Err(SignInError::InvalidCode | SignInError::PasswordRequired(_)) => {
                    Err(TelegramError::Unexpected("another step of the login"))
                }
                Err(SignInError::Other(error)) => Err(error.into()),
            }
        };
        self.guard(check).await?;
        let users = self.invoke(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
        match users.first() {
            Some(user) => self.complete(user).await,
            None => Err(TelegramError::Unexpected("nobody is logged in")),
        }
    }

    /// Keeps who is logged in and from where updates count; durable when this returns.
    async fn complete(&self, user: &enums::User) -> Result<UserInfo, TelegramError> {
        let info = user_info(user).ok_or(TelegramError::Unexpected("a login of nobody"))?;
        let enums::updates::State::State(state) = self.invoke(&functions::updates::GetState {}).await?;
        let updates = UpdatesState { pts: state.pts, qts: state.qts, date: state.date, seq: state.seq, channels: Vec::new() };
        self.session.set_update_state(UpdateState::All(updates)).await?;
        self.remember(&Met::new(vec![user.clone()], Vec::new())).await?;
        self.session.put_self(info.id).await?;
        Ok(info)
    }

    /// Ends the session at Telegram.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn log_out(&self) -> Result<(), TelegramError> {
        self.invoke(&functions::auth::LogOut {}).await.map(|_| ())
    }
}
