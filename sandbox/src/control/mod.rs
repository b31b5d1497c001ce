//! The control API: what a person or a test does to the world from outside of Telegram. Loopback only.

mod http;

pub use http::serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::faults::Fault;
use crate::rpc::BoxFuture;

/// Why a control call was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A value is not acceptable; the text names the field.
    #[error("{0}")]
    Invalid(String),
    /// There is no such user, chat or code.
    #[error("{0}")]
    NotFound(String),
    /// It exists already.
    #[error("{0}")]
    Conflict(String),
    /// The world cannot be kept.
    #[error("{0}")]
    Failed(String),
}

/// A user to be created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// The id, for one that clients know by it, such as Telegram's own 777000; below all ids that are given otherwise.
    #[serde(default)]
    pub id: Option<i64>,
    /// The phone number, with or without a plus sign.
    pub phone: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The username, without the at sign.
    #[serde(default)]
    pub username: Option<String>,
    /// The two-factor password.
    #[serde(default)]
    pub password: Option<String>,
}

/// A user that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedUser {
    /// The user's id.
    pub id: i64,
    /// The phone number, with a plus sign.
    pub phone: String,
}

/// A bot to be created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBot {
    /// The first name.
    pub first_name: String,
    /// The username, without the at sign.
    pub username: String,
}

/// A bot that was created.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedBot {
    /// The bot's user id.
    pub id: i64,
    /// The username, without the at sign.
    pub username: String,
    /// What signs it in.
    pub token: String,
}

impl std::fmt::Debug for CreatedBot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "CreatedBot({})", self.id)
    }
}

/// The token of a QR login that a person has scanned with another device of theirs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScannedToken {
    /// The person's phone number.
    pub user: String,
    /// What the QR code says: `tg://login?token=` and the token in URL-safe base64.
    pub url: String,
}

/// How the network does things, until it stops. What is left out stays.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// How long the token of a QR login stands, in seconds; 1 to 3600.
    pub login_token_secs: Option<i32>,
    /// How long the steps of a call may take.
    pub call_timeouts: Option<CallTimeouts>,
    /// How long a bot may take to answer a button, in milliseconds; 1 to 60000.
    pub bot_answer_ms: Option<u64>,
}

/// How long the steps of a call may take, as `help.getConfig` tells it; each 1 to 600000.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallTimeouts {
    /// Until the other's device rings, in milliseconds.
    pub receive_ms: i32,
    /// Until somebody answers, in milliseconds.
    pub ring_ms: i32,
    /// From the answer until both have a key, in milliseconds.
    pub connect_ms: i32,
}

/// The newest login code of a phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginCode {
    /// Five digits.
    pub code: String,
}

/// The network's clock after it was put ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvancedClock {
    /// What it shows now, in Unix seconds.
    pub now: i32,
}

/// A message to be posted in a user's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// The sender's phone number; of a bot its username with an at sign.
    pub from: String,
    /// A phone number, a username or a chat id in the marked form.
    pub to: Target,
    /// The text.
    pub text: String,
    /// The message that it replies to, as the sender numbers it.
    #[serde(default)]
    pub reply_to: Option<i32>,
    /// Rows of buttons, which only bots can send.
    #[serde(default)]
    pub buttons: Vec<Vec<NewButton>>,
}

/// A button under a bot's message: with `data` it calls the bot, with `url` it opens a page, with `copy` it copies a text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NewButton {
    /// What is written on it.
    pub text: String,
    /// What the bot is told.
    pub data: Option<String>,
    /// The page.
    pub url: Option<String>,
    /// The text that is copied.
    pub copy: Option<String>,
}

/// What a bot answers from now on when one of its buttons is pressed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BotAnswer {
    /// What the presser is told.
    pub message: Option<String>,
    /// Whether in a window that must be closed.
    pub alert: bool,
    /// A page for the presser.
    pub url: Option<String>,
}

/// Where a message goes: text or a number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// A chat id in the marked form.
    Id(i64),
    /// A phone number, a username, or a chat id as text.
    Name(String),
}

/// A message as the network knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredMessage {
    /// Its id, as the user numbers it.
    pub id: i32,
    /// The chat's id in the marked form, as the user sees it.
    pub chat_id: i64,
    /// The sender's user id, if a user sent it.
    pub from_id: Option<i64>,
    /// Whether the user sent it.
    pub out: bool,
    /// When it was sent (Unix seconds).
    pub date: i32,
    /// The text.
    pub text: String,
    /// What is asked, if it is a poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Who wrote it first, as an id in the marked form, if it says that it was forwarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<i64>,
    /// The album that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<i64>,
    /// What it brings besides its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<StoredMedia>,
}

/// What a message brings, as the network knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredMedia {
    /// Telegram's constructor for it, such as `messageMediaGeo`.
    pub kind: String,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file's length, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The datacentre that keeps the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dc: Option<i32>,
}

/// What kind of chat to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// A basic group.
    Group,
    /// A broadcast channel.
    Channel,
    /// A supergroup.
    Supergroup,
}

/// A chat to be created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewChat {
    /// What kind.
    pub kind: ChatKind,
    /// The owner's phone number.
    pub owner: String,
    /// The title.
    pub title: String,
    /// The other members' phone numbers.
    #[serde(default)]
    pub members: Vec<String>,
    /// The username that makes it public, without `@`; not for a basic group.
    #[serde(default)]
    pub username: Option<String>,
    /// The hash of an invite link that leads to it.
    #[serde(default)]
    pub invite: Option<String>,
}

/// A chat that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedChat {
    /// The chat's id in the marked form.
    pub chat_id: i64,
}

/// How often a method was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodCalls {
    /// The method, as Telegram spells it.
    pub method: String,
    /// How often it was called since the network started.
    pub count: u64,
    /// How many flood waits were asked for before it.
    pub waits: u64,
    /// How many of them came before a flood wait was over that their caller had been asked for more than a second before.
    pub early: u64,
    /// When the newest calls came (Unix milliseconds), oldest first; at most a thousand.
    pub times: Vec<u64>,
}

/// How the control API stops the network's process, and whether anybody uses it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<StopState>);

#[derive(Debug, Default)]
struct StopState {
    requested: Notify,
    calls: AtomicU64,
}

impl Stop {
    /// Asks the process to stop.
    pub fn request(&self) {
        self.0.requested.notify_one();
    }

    /// Resolves when the process is asked to stop.
    pub async fn requested(&self) {
        self.0.requested.notified().await;
    }

    fn count_call(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// How many control calls came.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }
}

/// What the control API asks of the world.
pub trait Control: Send + Sync + 'static {
    /// Creates a user; a phone number or username that is taken is a conflict.
    fn create_user(&self, user: NewUser) -> BoxFuture<'_, Result<CreatedUser, ControlError>>;

    /// Creates a bot; a username that is taken is a conflict.
    fn create_bot(&self, bot: NewBot) -> BoxFuture<'_, Result<CreatedBot, ControlError>>;

    /// Prepares what a bot answers to its buttons; with nothing, its own program answers again.
    fn prepare_bot(&self, bot: i64, answer: Option<BotAnswer>) -> Result<(), ControlError>;

    /// Lets a person accept a QR login. A token that does not stand (any more) is a conflict.
    fn accept_login_token(&self, scanned: ScannedToken) -> BoxFuture<'_, Result<(), ControlError>>;

    /// Sets how the network does things.
    fn set_settings(&self, settings: Settings) -> Result<(), ControlError>;

    /// The newest login code that was sent to a phone number.
    fn login_code(&self, phone: &str) -> Result<LoginCode, ControlError>;

    /// Posts a message; answers it as its sender sees it.
    fn post_message(&self, message: NewMessage) -> BoxFuture<'_, Result<StoredMessage, ControlError>>;

    /// The newest messages of a user with a peer, oldest first; at most a hundred thousand. `peer` is read like [`Target::Name`].
    fn messages(&self, user: &str, peer: &str) -> Result<Vec<StoredMessage>, ControlError>;

    /// Creates a chat.
    fn create_chat(&self, chat: NewChat) -> BoxFuture<'_, Result<CreatedChat, ControlError>>;

    /// Arms a fault.
    fn arm(&self, fault: Fault) -> Result<(), ControlError>;

    /// The faults that are armed, with what is left of their counts.
    fn faults(&self) -> Vec<Fault>;

    /// Clears every fault.
    fn clear_faults(&self);

    /// Ends every session of a user, as another device of theirs would. Answers how many.
    fn revoke_sessions(&self, phone: &str) -> BoxFuture<'_, Result<usize, ControlError>>;

    /// Puts the network's clock ahead; what is due by then is sent before this answers.
    fn advance_clock(&self, seconds: i32) -> BoxFuture<'_, Result<AdvancedClock, ControlError>>;

    /// Gives a user Telegram Premium, or takes it away.
    fn set_premium(&self, phone: &str, premium: bool) -> BoxFuture<'_, Result<(), ControlError>>;

    /// Lets every reference to a file that clients hold expire.
    fn expire_file_references(&self) -> BoxFuture<'_, Result<(), ControlError>>;

    /// How often methods were called: all of them, or one; by everybody, or by the user with this phone number.
    ///
    /// # Errors
    /// When `user` is no phone number.
    fn requests(&self, method: Option<&str>, user: Option<&str>) -> Result<Vec<MethodCalls>, ControlError>;
}
