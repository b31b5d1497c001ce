//! Calls in groups and channels: who takes part, and how. No sound is carried.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::call_table::CallTable;
use super::ids::PeerId;
use super::state::State;

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// When they came, in Unix seconds.
    pub date: i32,
    /// The source of their sound.
    pub source: i32,
    /// Whether nobody hears them.
    pub muted: bool,
    /// Whether an administrator muted them, so that they cannot undo it.
    pub muted_by_admin: bool,
    /// How loud an administrator made them.
    pub volume: Option<i32>,
    /// Since when they ask to speak: the larger, the earlier.
    pub raised_hand: Option<i64>,
    /// Whether they sent video when they came.
    pub video: bool,
    /// Whom they do not want to hear.
    pub muted_for_me: BTreeSet<i64>,
    /// How loud they want others to be.
    pub volumes_for_me: BTreeMap<i64, i32>,
}

/// A call in a group or a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCall {
    /// The id.
    pub id: i64,
    /// Where it is.
    pub peer: PeerId,
    /// Who began it.
    pub creator: i64,
    /// A title of its own.
    pub title: Option<String>,
    /// When it began, in Unix seconds.
    pub date: i32,
    /// What the client names its beginning by.
    pub random_id: i32,
    /// Whether who comes is muted by administrators.
    pub join_muted: bool,
    /// Counts changes of those who take part.
    pub version: i32,
    /// Who takes part, by user.
    pub participants: BTreeMap<i64, Participant>,
}

impl CallTable<GroupCall> {
    /// The call in a group or a channel.
    pub fn of(&self, peer: PeerId) -> Option<&GroupCall> {
        self.calls.values().find(|call| call.peer == peer)
    }
}

/// What changes of somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParticipantChange {
    /// They are muted, or not any more.
    Muted {
        /// Muted.
        muted: bool,
        /// By an administrator.
        by_admin: bool,
    },
    /// An administrator made them so loud.
    Volume(i32),
    /// They ask to speak, or not any more.
    RaisedHand(Option<i64>),
    /// Another one does not want to hear them, or does again.
    MutedFor {
        /// Who.
        listener: i64,
        /// Not to hear them.
        muted: bool,
    },
    /// Another one wants them so loud.
    VolumeFor {
        /// Who.
        listener: i64,
        /// How loud.
        volume: i32,
    },
}

/// What happens to a group call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupCallEvent {
    /// It begins.
    Started(GroupCall),
    /// Somebody comes, or comes again with another source.
    Joined {
        /// Which call.
        call_id: i64,
        /// Who.
        user_id: i64,
        /// How.
        participant: Participant,
    },
    /// Somebody goes.
    Left {
        /// Which call.
        call_id: i64,
        /// Who.
        user_id: i64,
    },
    /// Something of a participant changes.
    Changed {
        /// Which call.
        call_id: i64,
        /// Who.
        user_id: i64,
        /// What.
        change: ParticipantChange,
    },
    /// Whether who comes is muted changes.
    JoinMutedSet {
        /// Which call.
        call_id: i64,
        /// Muted.
        join_muted: bool,
    },
    /// It is over.
    Ended {
        /// Which call.
        call_id: i64,
        /// Who ended it.
        actor: i64,
        /// Unix seconds.
        date: i32,
    },
}

impl State {
    /// Everybody in a group or a channel.
    pub fn members_of(&self, peer: PeerId) -> Vec<i64> {
        match peer {
            PeerId::User(_) => Vec::new(),
            PeerId::Chat(id) => self.chats.get(&id).map_or(Vec::new(), |chat| chat.members.keys().copied().collect()),
            PeerId::Channel(id) => self.channels.get(&id).map_or(Vec::new(), |channel| channel.members.keys().copied().collect()),
        }
    }
}
