//! The login of an account, as its actor lives through it.

use std::rc::Rc;

use secrecy::SecretString;

use crate::account::{AccountContext, LoginProgress, LoginStep, Origin};
use crate::error::{Code, Error};
use crate::telegram::{LoginToken, SignIn, UserInfo};

/// Where the login is. A new incarnation of the actor begins at the beginning.
#[derive(Clone)]
pub(super) enum LoginState {
    /// The account was logged in before.
    Complete,
    /// No code was asked for.
    New { api_hash: SecretString },
    /// A code was sent.
    CodeSent(LoginToken),
    /// The code was right; the password is next.
    PasswordNeeded,
}

impl LoginState {
    pub(super) fn new(origin: &Origin) -> Self {
        match origin {
            Origin::Existing => Self::Complete,
            Origin::Login { api_hash } => Self::New { api_hash: api_hash.clone() },
        }
    }
}

/// Takes the login one step further. A step that fails by the caller's mistake (a wrong code) may be tried again.
pub(super) async fn step(context: &Rc<AccountContext>, step: LoginStep) -> Result<LoginProgress, Error> {
    let state = context.login.borrow().clone();
    match (step, state) {
        (LoginStep::Phone(phone), LoginState::New { api_hash }) => {
            let token = context.once("auth.sendCode", async |it| it.request_code(&phone, &api_hash).await).await?;
            context.login.replace(LoginState::CodeSent(token));
            Ok(LoginProgress::CodeSent)
        }
        (LoginStep::Code(code), LoginState::CodeSent(token)) => {
            match context.once("auth.signIn", async |it| it.sign_in(&token, &code).await).await? {
                SignIn::Complete(user) => Ok(complete(context, user)),
                SignIn::PasswordNeeded => {
                    context.login.replace(LoginState::PasswordNeeded);
                    Ok(LoginProgress::PasswordRequired)
                }
            }
        }
        (LoginStep::Password(password), LoginState::PasswordNeeded) => {
            let user = context.once("auth.checkPassword", async |it| it.check_password(&password).await).await?;
            Ok(complete(context, user))
        }
        (LoginStep::Password(_), _) => Err(Error::new(Code::LoginExpired, "2FA session expired or invalid")),
        _ => Err(Error::new(Code::LoginExpired, "Login session expired or invalid")),
    }
}

/// The session is durable; the account connects anew, now with updates.
fn complete(context: &AccountContext, user: UserInfo) -> LoginProgress {
    context.login.replace(LoginState::Complete);
    context.reconnect.notify_one();
    LoginProgress::Authorized(user)
}

/// Ends the session at Telegram.
pub(super) async fn log_out(context: &Rc<AccountContext>) -> Result<(), Error> {
    context.once("auth.logOut", async |it| it.log_out().await).await
}
