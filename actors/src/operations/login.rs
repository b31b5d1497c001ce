//! Logging an account in by code, then the two-factor password where the account has one; and bots, by their token.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::account::LoginStep;
use crate::error::Error;
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition, UserOperation};
use crate::scope::Scope;
use crate::telegram::{CodeDelivery, SentCode, UserInfo};
use crate::user::UserCall;

/// The longest password that is passed on, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// The longest login code, in bytes.
const CODE_BYTES_MAX: usize = 32;

/// The longest token of a bot, in bytes.
const BOT_TOKEN_BYTES_MAX: usize = 128;

/// A login that waits for its code.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginStarted {
    /// The id that the account will have; the next steps name it. For a phone number of an account that you have, that account's.
    pub account_id: AccountId,
    /// The phone number as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// In which way the code comes.
    pub delivery: CodeDelivery,
    /// How many characters the code has, where Telegram says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_length: Option<i32>,
    /// In which way it comes when it is asked for again; absent when there is no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_delivery: Option<CodeDelivery>,
    /// After how many seconds Telegram wants to be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resend_after_secs: Option<i32>,
}

impl LoginStarted {
    pub(crate) fn new(account_id: AccountId, phone: Option<String>, sent: &SentCode) -> Self {
        Self {
            account_id,
            phone,
            delivery: sent.delivery,
            code_length: sent.length,
            next_delivery: sent.next_delivery,
            resend_after_secs: sent.resend_after_secs,
        }
    }
}

/// How a login step ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LoginOutcome {
    /// The account is logged in.
    #[serde(rename_all = "camelCase")]
    Authorized {
        /// Whom it belongs to.
        user: UserInfo,
        /// The account. Where you had an account of the same person already, that one, which goes on with the fresh session.
        account_id: AccountId,
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
        let known = call.account_with_phone(&self.phone).filter(|account| call.covers(*account));
        call.start_login(self.phone, known).await
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

/// Has the login code sent again, in the next way that Telegram has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResendLoginCode {
    account_id: AccountReference,
}

impl Operation for ResendLoginCode {
    const DECLARATION: Declaration = Declaration::new(
        "resend_login_code",
        "Have the login code sent again, in the next way that Telegram has.",
        Method::Post,
        "/telegram/login/resend",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginStarted;

    in_account!();
}

impl UserOperation for ResendLoginCode {
    async fn run(self, call: UserCall) -> Result<LoginStarted, Error> {
        call.resend_code(self.account_id).await
    }
}

/// Gives a login up, whatever step it is at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelLogin {
    account_id: AccountReference,
}

impl Operation for CancelLogin {
    const DECLARATION: Declaration = Declaration::new(
        "cancel_login",
        "Give an unfinished login up.",
        Method::Post,
        "/telegram/login/cancel",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .repetition(Repetition::Harmless)
    .success(204);
    type Output = ();

    in_account!();
}

impl UserOperation for CancelLogin {
    async fn run(self, call: UserCall) -> Result<(), Error> {
        call.cancel_login(self.account_id).await
    }
}

/// Logs a bot in with its token.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogInBot {
    /// The token that @BotFather gave.
    #[schemars(with = "String")]
    bot_token: SecretString,
}

impl Operation for LogInBot {
    const DECLARATION: Declaration = Declaration::new(
        "login_bot",
        "Log a bot in with its token.",
        Method::Post,
        "/telegram/login/bot",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login);
    type Output = LoginOutcome;

    fn validate(&self) -> Result<(), Error> {
        within("botToken", &self.bot_token, BOT_TOKEN_BYTES_MAX)?;
        let token = self.bot_token.expose_secret().trim();
        let id =
            token.split_once(':').map(|(id, _)| id).filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
        let is_token = id.is_some() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
        let rule = "must be a bot's token as @BotFather gives it, such as 123456:ABC-DEF";
        if is_token { Ok(()) } else { Err(Error::invalid("botToken", rule)) }
    }
}

impl UserOperation for LogInBot {
    async fn run(self, call: UserCall) -> Result<LoginOutcome, Error> {
        call.log_in_bot(self.bot_token).await
    }
}

fn within(field: &str, secret: &SecretString, bytes_max: usize) -> Result<(), Error> {
    if (1..=bytes_max).contains(&secret.expose_secret().len()) {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("must have 1 to {bytes_max} bytes")))
    }
}
