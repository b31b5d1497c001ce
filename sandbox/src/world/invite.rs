//! Invite links, and the people who asked to come in by one.

use serde::{Deserialize, Serialize};

use super::ids::PeerId;

/// The longest name of a link, in characters.
pub const TITLE_CHARS_MAX: usize = 32;
/// How many people may be let by a link at most.
pub const USAGE_LIMIT_MAX: i32 = 99_999;
/// What a link looks like before its hash.
pub const LINK_PREFIX: &str = "https://t.me/+";

/// An invite link of a group or a channel. It is kept under its hash, which is the end of the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Where it leads: a basic group or a channel.
    pub peer: PeerId,
    /// Who made it.
    pub creator: i64,
    /// When, in Unix seconds.
    pub date: i32,
    /// Its name, if it has one.
    pub title: Option<String>,
    /// When it stops working, in Unix seconds.
    pub expire_date: Option<i32>,
    /// How many people may come by it.
    pub usage_limit: Option<i32>,
    /// How many people came by it.
    pub uses: i32,
    /// Whether an administrator lets everybody in who comes by it.
    pub request_needed: bool,
    /// Whether it is its creator's first link, which every administrator has.
    pub permanent: bool,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl Invite {
    /// A creator's first link: for anybody, and for good.
    pub fn permanent(peer: PeerId, creator: i64, date: i32) -> Self {
        Self {
            peer,
            creator,
            date,
            title: None,
            expire_date: None,
            usage_limit: None,
            uses: 0,
            request_needed: false,
            permanent: true,
            revoked: false,
        }
    }

    /// Whether somebody may come by it at this time.
    pub fn is_usable(&self, now: i32) -> bool {
        let expired = self.expire_date.is_some_and(|expires| expires <= now);
        let used_up = self.usage_limit.is_some_and(|limit| self.uses >= limit);
        !self.revoked && !expired && !used_up
    }
}

/// Somebody who came by a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Importer {
    /// When, in Unix seconds.
    pub date: i32,
    /// Who let them in, if somebody had to.
    pub approved_by: Option<i64>,
}

/// What happens to links and to those who come by them, after a link is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InviteEvent {
    /// A link was edited or revoked.
    Changed {
        /// The end of the link.
        hash: String,
        /// What it is now.
        invite: Invite,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// A revoked link was deleted.
    Deleted {
        /// The end of the link.
        hash: String,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// People who asked to come in were let in, or not.
    RequestsDecided {
        /// Where.
        peer: PeerId,
        /// Who asked.
        users: Vec<i64>,
        /// Whether they are let in.
        approved: bool,
        /// Who did it.
        by: i64,
        /// Unix seconds.
        date: i32,
    },
}

/// Somebody who asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The hash of the link that they came by.
    pub hash: String,
    /// When, in Unix seconds.
    pub date: i32,
}
