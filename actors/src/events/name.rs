//! The names of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[doc = $documentation:literal])+ $variant:ident = $name:literal;)+) => {
        /// What kind of event it is. The names are those of the reference, where it has the kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum EventName {
            $($(#[doc = $documentation])+ #[serde(rename = $name)] $variant,)+
        }

        impl EventName {
            /// Every name, in the order of the documentation.
            pub const ALL: &'static [EventName] = &[$(EventName::$variant),+];

            /// The name as clients see it.
            pub fn as_str(self) -> &'static str {
                match self { $(EventName::$variant => $name),+ }
            }

            /// What it tells, in Markdown.
            pub fn description(self) -> &'static str {
                match self { $(EventName::$variant => concat!($($documentation),+).trim_ascii()),+ }
            }
        }
    };
}

names! {
    /// A message came or was sent.
    NewMessage = "telegram:new-message";
    /// A message was edited.
    MessageEdited = "telegram:message-edited";
    /// Messages are gone.
    MessageDeleted = "telegram:message-deleted";
    /// The reactions to a message changed.
    MessageReactions = "telegram:message-reactions";
    /// Messages were read: by this account, or those of this account by others.
    MessagesRead = "telegram:messages-read";
    /// Messages were pinned or unpinned.
    MessagesPinned = "telegram:messages-pinned";
    /// A poll has new results.
    PollChanged = "telegram:poll-changed";
    /// Somebody is typing, or sending something. Told to those who listen at that moment, and not kept.
    Typing = "telegram:typing";
    /// Somebody came online or went offline. Told to those who listen at that moment, and not kept.
    UserStatus = "telegram:user-status";
    /// A member came, left or has another role.
    MemberChanged = "telegram:member-changed";
    /// Something about a chat changed: title, photo, settings, folder, or whether this account is in it.
    ChatChanged = "telegram:chat-changed";
    /// The draft of a chat changed.
    DraftChanged = "telegram:draft-changed";
    /// Somebody calls.
    IncomingCall = "telegram:incoming-call";
    /// A call went on.
    CallStateChanged = "telegram:call-state-changed";
    /// What two clients say to each other to set a call up.
    CallSignalingData = "telegram:call-signaling-data";
    /// A group call began, changed or ended.
    GroupCallUpdate = "telegram:group-call-update";
    /// Who is in a group call.
    GroupCallParticipants = "telegram:group-call-participants";
    /// How to connect to a group call.
    GroupCallConnection = "telegram:group-call-connection";
    /// One chat was read by `POST /accounts/{accountId}/chats/load`.
    ChatLoaded = "chat-loaded";
    /// All chats were read.
    ChatsLoadingComplete = "chats-loading-complete";
    /// The connection to Telegram is there, is being made again, or is gone.
    ConnectionStatus = "connection-status";
    /// The account does something else than before: its health as `GET /accounts/{accountId}` shows it.
    AccountHealth = "account-health";
    /// Telegram ended the session: a person must log in again.
    LoginRequired = "login-required";
    /// A webhook delivers no more until its owner enables it again.
    WebhookEnded = "webhook-ended";
    /// A call of an agent waits for a person: `approvalId`, `keyId`, `operation`, `expiresAt`. Told to people, and to that agent.
    ApprovalRequired = "approval-required";
    /// What became of such a call, each time that its `state` changes; `code` says how a call that was carried out ended. Told to people,
    /// and to that agent.
    ApprovalDecided = "approval-decided";
    /// The account was deleted. Told to those who listen at that moment.
    AccountDeleted = "account-deleted";
    /// Events are missing here: nothing can bring them back, and it says which and why.
    Gap = "gap";
}

impl EventName {
    /// The name with this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }

    /// Whether it is kept in the log. What nobody can use later is told to those who listen at that moment.
    pub(crate) fn is_kept(self) -> bool {
        !matches!(self, Self::Typing | Self::UserStatus | Self::AccountDeleted)
    }

    /// Whether there is so much of it, and of so little worth later, that a webhook tells it only when it is asked for by name.
    pub(crate) fn is_fleeting(self) -> bool {
        matches!(self, Self::Typing | Self::UserStatus)
    }

    /// Whether it is about the account itself, and tells nothing of any chat.
    pub(super) fn is_of_account(self) -> bool {
        matches!(
            self,
            Self::ConnectionStatus
                | Self::AccountHealth
                | Self::LoginRequired
                | Self::WebhookEnded
                | Self::AccountDeleted
                | Self::Gap
        )
    }

    /// One bit for each name.
    pub(super) fn bit(self) -> u64 {
        1 << (self as u32)
    }
}
