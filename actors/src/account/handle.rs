//! The capability to use one account: only its own user's actor makes it, for one permitted call.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::account::{AccountMessage, Asker, FactsWanted, Order};
use crate::error::{Code, Error};
use crate::identity::{AccountId, UserId};
use crate::operation::Answer;
use crate::policy::ChatFacts;
use crate::runtime::{Mailbox, Refusal};
use crate::stream::ByteStream;
use crate::telegram::{ChatId, QrToken, SentCode, UserInfo};

/// How long a call waits for an account's actor that is being made again.
const RESTART_TIMEOUT: Duration = Duration::from_secs(10);

/// One step of a login.
pub(crate) enum LoginStep {
    /// The phone number to send a code to.
    Phone(String),
    /// The code that was sent.
    Code(SecretString),
    /// The two-factor password.
    Password(SecretString),
    /// A code is to come again, in another way.
    Resend,
    /// A code that was sent is to serve no more.
    Cancel,
    /// A QR code is to be shown, and kept fresh.
    ShowQr,
    /// The QR code that can be scanned now.
    LookAtQr,
    /// Wait until the QR code was scanned.
    AwaitScan,
    /// A bot's token.
    Bot(SecretString),
    /// The session is there already, from elsewhere: who is logged in with it?
    Imported,
}

/// Where a login is after a step.
pub(crate) enum LoginProgress {
    /// A code was sent.
    CodeSent(SentCode),
    /// A code that was sent serves no more.
    Cancelled,
    /// This QR code is to be scanned.
    QrShown(QrToken),
    /// The account has a two-factor password.
    PasswordRequired,
    /// The login is complete and the session is durable.
    Authorized(UserInfo),
}

/// Who a message for an account says it is for. The actor compares it with what it owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) owner: UserId,
    pub(crate) account: AccountId,
}

/// The way to one account of one user.
pub(crate) struct AccountHandle {
    ownership: Ownership,
    mailbox: Mailbox<AccountMessage>,
}

impl AccountHandle {
    pub(crate) fn new(owner: UserId, account: AccountId, mailbox: Mailbox<AccountMessage>) -> Self {
        Self { ownership: Ownership { owner, account }, mailbox }
    }

    /// Runs one permitted operation; uses the capability up.
    pub(crate) async fn run(self, order: Order) -> Result<Answer, Error> {
        let (ownership, order) = (self.ownership.clone(), Box::new(order));
        self.ask(|reply| AccountMessage::Run { ownership, order, reply }).await
    }

    /// Takes the account's login one step further.
    pub(crate) async fn login(&self, step: LoginStep) -> Result<LoginProgress, Error> {
        let ownership = self.ownership.clone();
        self.ask(|reply| AccountMessage::Login { ownership, step, reply }).await
    }

    /// The bytes of what can be heard in a message: a voice message, a video note, or another file with sound.
    pub(crate) async fn open_audio(
        &self,
        asker: Asker,
        chat: ChatId,
        message_id: i32,
        bytes_max: u64,
    ) -> Result<ByteStream, Error> {
        let ownership = self.ownership.clone();
        self.ask(|reply| AccountMessage::OpenAudio { ownership, asker, chat, message_id, bytes_max, reply }).await
    }

    /// What a policy asks about chats.
    pub(crate) async fn facts(&self, asker: Asker, wanted: FactsWanted) -> Result<Vec<ChatFacts>, Error> {
        let ownership = self.ownership.clone();
        self.ask(|reply| AccountMessage::Facts { ownership, asker, wanted, reply }).await
    }

    /// The account's id.
    pub(crate) fn id(&self) -> AccountId {
        self.ownership.account
    }

    /// Makes the account connect anew, with the settings that it has now.
    pub(crate) async fn reconnect(&self) -> Result<(), Error> {
        let ownership = self.ownership.clone();
        self.ask(|reply| AccountMessage::Reconnect { ownership, reply }).await
    }

    /// Ends the account's session with Telegram.
    pub(crate) async fn log_out(&self) -> Result<(), Error> {
        let ownership = self.ownership.clone();
        self.ask(|reply| AccountMessage::LogOut { ownership, reply }).await
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> AccountMessage) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        if let Err(refused) = self.mailbox.try_send(message(reply)) {
            if refused.reason == Refusal::Full {
                return Err(Error::new(Code::Overloaded, "The account is busy; try again").retry_after_secs(1));
            }
            let running = tokio::time::timeout(RESTART_TIMEOUT, self.mailbox.running()).await.unwrap_or(false);
            if !running || self.mailbox.try_send(refused.message).is_err() {
                return Err(Error::new(Code::AccountNotReady, "The account is restarting; try again").retry_after_secs(5));
            }
        }
        let interrupted =
            || Error::new(Code::OutcomeUnknown, "The account's work was interrupted: it may or may not have happened");
        answer.await.map_err(|_| interrupted())?
    }
}

impl fmt::Debug for AccountHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccountHandle({})", self.ownership.account)
    }
}
