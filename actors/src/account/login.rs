//! The login of an account, as its actor lives through it.

use std::rc::Rc;
use std::time::Duration;

use secrecy::SecretString;

use crate::account::{AccountContext, LoginProgress, LoginStep, Origin};
use crate::error::{Code, Error};
use crate::telegram::{LoginToken, QrProgress, QrToken, SignIn, TelegramError, UserInfo};

/// How long a QR login waits after a failure before it asks for a token again.
const QR_RETRY: Duration = Duration::from_secs(1);

/// Where the login is. A new incarnation of the actor begins at the beginning.
#[derive(Clone)]
pub(super) enum LoginState {
    /// Somebody is logged in: was before, or is now.
    Complete(Option<UserInfo>),
    /// Nothing was asked for.
    New { api_hash: SecretString },
    /// A code was sent.
    CodeSent(LoginToken),
    /// A QR code waits to be scanned.
    QrShown(QrToken),
    /// The code was right, or scanned; the password is next.
    PasswordNeeded,
}

impl LoginState {
    pub(super) fn new(origin: &Origin) -> Self {
        match origin {
            Origin::Existing => Self::Complete(None),
            Origin::Login { api_hash } => Self::New { api_hash: api_hash.clone() },
        }
    }
}

/// Takes the login one step further. A step that fails by the caller's mistake (a wrong code) may be tried again.
pub(super) async fn step(context: &Rc<AccountContext>, step: LoginStep) -> Result<LoginProgress, Error> {
    let state = context.login.borrow().clone();
    match (step, state) {
        (LoginStep::Phone(phone), LoginState::New { api_hash }) => {
            let sent = context.once("auth.sendCode", async |it| it.request_code(&phone, &api_hash).await).await?;
            context.login.replace(LoginState::CodeSent(sent.token.clone()));
            Ok(LoginProgress::CodeSent(sent))
        }
        (LoginStep::Resend, LoginState::CodeSent(token)) => {
            let sent = context.once("auth.resendCode", async |it| it.resend_code(&token).await).await?;
            context.login.replace(LoginState::CodeSent(sent.token.clone()));
            Ok(LoginProgress::CodeSent(sent))
        }
        (LoginStep::Cancel, LoginState::CodeSent(token)) => {
            context.once("auth.cancelCode", async |it| it.cancel_code(&token).await).await?;
            Ok(LoginProgress::Cancelled)
        }
        (LoginStep::Cancel, _) => Ok(LoginProgress::Cancelled),
        (LoginStep::Code(code), LoginState::CodeSent(token)) => {
            let signed_in = context.once("auth.signIn", async |it| it.sign_in(&token, &code).await).await?;
            Ok(arrive(context, signed_in))
        }
        (LoginStep::Password(password), LoginState::PasswordNeeded) => {
            let user = context.once("auth.checkPassword", async |it| it.check_password(&password).await).await?;
            Ok(arrive(context, SignIn::Complete(user)))
        }
        (LoginStep::Bot(token), LoginState::New { api_hash }) => {
            let method = "auth.importBotAuthorization";
            let user = context.once(method, async |it| it.sign_in_bot(&token, &api_hash).await).await?;
            Ok(arrive(context, SignIn::Complete(user)))
        }
        (LoginStep::Imported, LoginState::New { .. }) => {
            let user = identify(context).await?;
            Ok(arrive(context, SignIn::Complete(user)))
        }
        (LoginStep::ShowQr, LoginState::New { api_hash }) => {
            let progress = qr(context, &api_hash).await?;
            let context = Rc::clone(context);
            context.tasks.spawn(keep_qr(Rc::clone(&context), api_hash));
            Ok(progress)
        }
        (LoginStep::LookAtQr, LoginState::QrShown(token)) => Ok(LoginProgress::QrShown(token)),
        (LoginStep::LookAtQr, LoginState::PasswordNeeded) => Ok(LoginProgress::PasswordRequired),
        (LoginStep::LookAtQr, LoginState::Complete(Some(user))) => Ok(LoginProgress::Authorized(user)),
        (LoginStep::AwaitScan, _) => scanned(context).await,
        (LoginStep::Password(_), _) => Err(Error::new(Code::LoginExpired, "2FA session expired or invalid")),
        _ => Err(expired()),
    }
}

fn expired() -> Error {
    Error::new(Code::LoginExpired, "Login session expired or invalid")
}

/// Notes how far a sign-in has come, and tells those who wait for a scan.
fn arrive(context: &AccountContext, signed_in: SignIn) -> LoginProgress {
    let (state, progress) = match signed_in {
        SignIn::Complete(user) => (LoginState::Complete(Some(user.clone())), LoginProgress::Authorized(user)),
        SignIn::PasswordNeeded => (LoginState::PasswordNeeded, LoginProgress::PasswordRequired),
    };
    context.login.replace(state);
    context.login_changed.notify_waiters();
    progress
}

/// Asks who is logged in with a session that came from elsewhere. Only Telegram knows whether anybody is.
async fn identify(context: &Rc<AccountContext>) -> Result<UserInfo, Error> {
    let connection = context.connection().await?;
    match connection.identify().await {
        Ok(user) => Ok(user),
        Err(TelegramError::AuthLost(loss)) => {
            Err(Error::invalid("session", format!("is not one that Telegram accepts any more ({})", loss.name())))
        }
        // A key that a datacentre does not know is answered by no name: the library then asks for a new one, in vain.
        Err(TelegramError::Datacentre(_)) => Err(Error::invalid("session", "is not one that Telegram knows")),
        Err(error) => Err(error.into()),
    }
}

/// Asks for a QR code, or for what has come of the one before.
async fn qr(context: &Rc<AccountContext>, api_hash: &SecretString) -> Result<LoginProgress, Error> {
    match context.repeatable("auth.exportLoginToken", async |it| it.qr_login(api_hash).await).await? {
        QrProgress::Shown(token) => {
            context.login.replace(LoginState::QrShown(token.clone()));
            Ok(LoginProgress::QrShown(token))
        }
        QrProgress::Scanned(signed_in) => Ok(arrive(context, signed_in)),
    }
}

/// Keeps a QR code that can be scanned, until it is: a fresh one before it expires, and after each new connection, which may have missed
/// the word of a scan. Ends with the login's lifetime at the latest, as the actor does.
async fn keep_qr(context: Rc<AccountContext>, api_hash: SecretString) {
    let mut failed_for = None;
    loop {
        let LoginState::QrShown(token) = context.login.borrow().clone() else { return };
        let wait = failed_for.take().unwrap_or_else(|| token.refresh_after());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.scanned.notified() => {}
            () = context.changed.notified() => {}
        }
        if let Err(error) = qr(&context, &api_hash).await {
            tracing::debug!(account = %context.ownership.account, %error, "a QR code could not be made afresh");
            let asked_for = error.retry_after().map(|seconds| Duration::from_secs(seconds.into()));
            failed_for = Some(asked_for.unwrap_or(QR_RETRY).max(QR_RETRY));
        }
    }
}

/// Waits until a QR code has been scanned.
async fn scanned(context: &AccountContext) -> Result<LoginProgress, Error> {
    loop {
        let changed = context.login_changed.notified();
        match context.login.borrow().clone() {
            LoginState::Complete(Some(user)) => return Ok(LoginProgress::Authorized(user)),
            LoginState::PasswordNeeded => return Ok(LoginProgress::PasswordRequired),
            LoginState::QrShown(_) => {}
            LoginState::Complete(None) | LoginState::New { .. } | LoginState::CodeSent(_) => return Err(expired()),
        }
        changed.await;
    }
}

/// Ends the session at Telegram.
pub(super) async fn log_out(context: &Rc<AccountContext>) -> Result<(), Error> {
    context.once("auth.logOut", async |it| it.log_out().await).await
}
