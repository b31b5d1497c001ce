//! Logging in and out.

use std::fmt;

use grammers_client::SignInError;
use grammers_client::client::PasswordToken;
use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::convert::{Met, user_info};
use super::qr_login::is_password_needed;
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

/// In which way a login code comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeDelivery {
    /// To the Telegram apps where the person is logged in.
    App,
    /// As a text message.
    Sms,
    /// A voice says it.
    Call,
    /// The end of the number that calls is the code.
    MissedCall,
    /// By email.
    Email,
    /// At fragment.com, for numbers that were bought there.
    Fragment,
    /// In a way that this server does not know.
    Other,
}

/// A code that was sent.
#[derive(Clone, Debug)]
pub struct SentCode {
    /// What ties the code to the request for it.
    pub token: LoginToken,
    /// In which way it comes.
    pub delivery: CodeDelivery,
    /// How many characters it has, where Telegram says so.
    pub length: Option<i32>,
    /// In which way it comes when it is asked for again; `None` when there is no other.
    pub next_delivery: Option<CodeDelivery>,
    /// After how many seconds Telegram wants to be asked again.
    pub resend_after_secs: Option<i32>,
}

impl SentCode {
    fn new(phone: String, sent: enums::auth::SentCode) -> Result<Self, TelegramError> {
        let sent = match sent {
            enums::auth::SentCode::Code(sent) => sent,
            enums::auth::SentCode::Success(_) => return Err(TelegramError::Unexpected("a login without a code")),
            enums::auth::SentCode::PaymentRequired(_) => return Err(TelegramError::Unexpected("Telegram asks for a payment")),
        };
        use enums::auth::SentCodeType as Kind;
        let (delivery, length) = match sent.r#type {
            Kind::App(kind) => (CodeDelivery::App, Some(kind.length)),
            Kind::Sms(kind) => (CodeDelivery::Sms, Some(kind.length)),
            Kind::SmsWord(_) | Kind::SmsPhrase(_) => (CodeDelivery::Sms, None),
            Kind::FirebaseSms(kind) => (CodeDelivery::Sms, Some(kind.length)),
            Kind::Call(kind) => (CodeDelivery::Call, Some(kind.length)),
            Kind::MissedCall(kind) => (CodeDelivery::MissedCall, Some(kind.length)),
            Kind::FlashCall(_) => (CodeDelivery::MissedCall, None),
            Kind::EmailCode(kind) => (CodeDelivery::Email, Some(kind.length)),
            Kind::FragmentSms(kind) => (CodeDelivery::Fragment, Some(kind.length)),
            Kind::SetUpEmailRequired(_) => (CodeDelivery::Other, None),
        };
        let next_delivery = sent.next_type.map(|next| match next {
            enums::auth::CodeType::Sms => CodeDelivery::Sms,
            enums::auth::CodeType::Call => CodeDelivery::Call,
            enums::auth::CodeType::FlashCall | enums::auth::CodeType::MissedCall => CodeDelivery::MissedCall,
            enums::auth::CodeType::FragmentSms => CodeDelivery::Fragment,
        });
        let token = LoginToken { phone, phone_code_hash: sent.phone_code_hash };
        Ok(Self { token, delivery, length, next_delivery, resend_after_secs: sent.timeout })
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
    pub async fn request_code(&self, phone: &str, api_hash: &SecretString) -> Result<SentCode, TelegramError> {
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
        SentCode::new(phone.to_owned(), sent)
    }

    /// Asks Telegram to send a code again, in the next way.
    ///
    /// # Errors
    /// [`TelegramError::Refused`] when the code has expired or there is no other way, or what any call can meet.
    pub async fn resend_code(&self, token: &LoginToken) -> Result<SentCode, TelegramError> {
        let LoginToken { phone, phone_code_hash } = token.clone();
        let request = functions::auth::ResendCode { phone_number: phone.clone(), phone_code_hash, reason: None };
        SentCode::new(phone, self.invoke(&request).await?)
    }

    /// Takes back a code that was sent.
    ///
    /// # Errors
    /// [`TelegramError::Refused`] when the code has expired, or what any call can meet.
    pub async fn cancel_code(&self, token: &LoginToken) -> Result<(), TelegramError> {
        let LoginToken { phone: phone_number, phone_code_hash } = token.clone();
        self.invoke(&functions::auth::CancelCode { phone_number, phone_code_hash }).await.map(|_| ())
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
            Ok(authorization) => self.signed_in(authorization).await,
            Err(error) if is_password_needed(&error) => Ok(SignIn::PasswordNeeded),
            Err(error) => Err(error),
        }
    }

    /// Completes a login that Telegram has let in.
    pub(super) async fn signed_in(&self, authorization: enums::auth::Authorization) -> Result<SignIn, TelegramError> {
        match authorization {
            enums::auth::Authorization::Authorization(authorization) => {
                self.complete(&authorization.user).await.map(SignIn::Complete)
            }
            enums::auth::Authorization::SignUpRequired(_) => Err(TelegramError::refused("PHONE_NUMBER_UNOCCUPIED")),
        }
    }

    /// Signs in with the two-factor password, which never leaves this process (SRP, <https://core.telegram.org/api/srp>).
    ///
    /// # Errors
    /// `PASSWORD_HASH_INVALID`, or what any call can meet.
    pub async fn check_password(&self, password: &SecretString) -> Result<UserInfo, TelegramError> {
        let enums::account::Password::Password(parameters) = self.invoke(&functions::account::GetPassword {}).await?;
        let check = async || {
            let token = PasswordToken::new(parameters.clone());
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
        self.guard("auth.checkPassword", check).await?;
        self.identify().await
    }

    /// Keeps who is logged in and from where updates count; durable when this returns.
    pub(super) async fn complete(&self, user: &enums::User) -> Result<UserInfo, TelegramError> {
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
