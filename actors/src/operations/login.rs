//! Logging an account in: code, then the two-factor password where the account has one.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::account::LoginStep;
use crate::error::Error;
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, RateClass, UserOperation};
use crate::scope::Scope;
use crate::telegram::UserInfo;
use crate::user::UserCall;

/// The longest password that is passed on, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// The longest login code, in bytes.
const CODE_BYTES_MAX: usize = 32;

/// A login that waits for its code.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginStarted {
    /// The id that the account will have; the next steps name it.
    pub account_id: AccountId,
    /// The phone number as it was given.
    pub phone: String,
}

/// How a login step ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LoginOutcome {
    /// The account is logged in.
    Authorized {
        /// Whom it belongs to.
        user: UserInfo,
    },
    /// The account has a two-factor password, which is the next step.
    PasswordRequired,
}

/// Asks Telegram to send a login code.
#[derive(Deserialize, JsonSchema)]
pub struct RequestLoginCode {
    /// The phone number in international form, with or without the plus sign.
    phone: String,
}

impl Operation for RequestLoginCode {
    const DECLARATION: Declaration = Declaration::new(
        "request_login_code",
        "Ask Telegram to send a login code to a phone number.",
        Method::Post,
        "/telegram/login/code",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginStarted;

    fn validate(&self) -> Result<(), Error> {
        let digits = self.phone.chars().filter(char::is_ascii_digit).count();
        let only_phone_characters = self.phone.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
        if only_phone_characters && (5..=15).contains(&digits) && self.phone.len() <= 32 {
            Ok(())
        } else {
            Err(Error::invalid("phone", "must be an international phone number of 5 to 15 digits, such as +15550000001"))
        }
    }
}

impl UserOperation for RequestLoginCode {
    async fn run(self, call: UserCall) -> Result<LoginStarted, Error> {
        let account_id = call.start_login(&self.phone).await?;
        Ok(LoginStarted { account_id, phone: self.phone })
    }
}

/// Completes a login with the code that Telegram sent.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyLoginCode {
    account_id: AccountReference,
    /// The code.
    #[schemars(with = "String")]
    code: SecretString,
}

impl Operation for VerifyLoginCode {
    const DECLARATION: Declaration = Declaration::new(
        "verify_login_code",
        "Complete a login with the code that Telegram sent.",
        Method::Post,
        "/telegram/login/verify",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginOutcome;

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        within("code", &self.code, CODE_BYTES_MAX)
    }
}

impl UserOperation for VerifyLoginCode {
    async fn run(self, call: UserCall) -> Result<LoginOutcome, Error> {
        call.continue_login(self.account_id, LoginStep::Code(self.code)).await
    }
}

/// Completes a login with the account's two-factor password.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubmitTwoFactorPassword {
    account_id: AccountReference,
    /// The password.
    #[schemars(with = "String")]
    password: SecretString,
}

impl Operation for SubmitTwoFactorPassword {
    const DECLARATION: Declaration = Declaration::new(
        "submit_2fa_password",
        "Complete a login with the account's two-factor password.",
        Method::Post,
        "/telegram/login/password",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginOutcome;

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        within("password", &self.password, PASSWORD_BYTES_MAX)
    }
}

impl UserOperation for SubmitTwoFactorPassword {
    async fn run(self, call: UserCall) -> Result<LoginOutcome, Error> {
        call.continue_login(self.account_id, LoginStep::Password(self.password)).await
    }
}

fn within(field: &str, secret: &SecretString, bytes_max: usize) -> Result<(), Error> {
    if (1..=bytes_max).contains(&secret.expose_secret().len()) {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("must have 1 to {bytes_max} bytes")))
    }
}
