//! What is known of one call when it is compared with a policy.

use std::net::IpAddr;

use jiff::civil::Time;

use super::content::Content;
use super::usage::{DayUse, Spend};
use crate::telegram::{ChatId, PeerClass};

/// What is known of a chat that a call touches. What is not known speaks against the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChatFacts {
    /// Which chat; none where the call says it in a way that names no chat, such as a link.
    pub(crate) chat: Option<ChatId>,
    /// What kind of chat it is.
    pub(crate) class: Option<PeerClass>,
    /// What was written in it.
    pub(crate) conversation: Option<Conversation>,
}

/// What was written in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversation {
    /// Whether there is any message.
    pub(crate) has_begun: bool,
    /// When somebody else last wrote (Unix seconds), as far as the newest messages tell.
    pub(crate) heard_at: Option<u64>,
}

/// Everything that rules are compared with.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallFacts {
    /// Whether it is more than a read.
    pub(crate) is_mutation: bool,
    /// What it reads.
    pub(crate) reads: Vec<ChatFacts>,
    /// What it changes or sends to.
    pub(crate) writes: Vec<ChatFacts>,
    /// Whether what it carries is seen by others although it names no chat.
    pub(crate) publishes: bool,
    /// What it carries with it.
    pub(crate) content: Content,
    /// What it draws from the day, if it sends messages.
    pub(crate) spends: Option<Spend>,
    /// What was drawn from the day before.
    pub(crate) used: DayUse,
    /// The time of the day in the policy's time zone.
    pub(crate) time: Option<Time>,
    /// Now (Unix seconds).
    pub(crate) now: u64,
    /// The client's address.
    pub(crate) address: Option<IpAddr>,
    /// The chats whose content the key has read and still carries; none where that cannot be told, which is all.
    pub(crate) origins: Option<Vec<ChatId>>,
}
