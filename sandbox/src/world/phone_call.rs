//! Calls between two people, see <https://core.telegram.org/api/end-to-end/voice-calls>. The network hands on what the two need to agree
//! on a key; it never has the key.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::call_table::CallTable;
use super::ids::HexBytes;
use super::state::State;

/// A call that nobody has answered for this long is over, in seconds.
const UNANSWERED_SECS: i32 = 180;
/// Any call is, after this long, in seconds: nobody said that it ended.
const LASTING_SECS: i32 = 43_200;

/// What a side's app can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// The oldest layer that it knows.
    pub min_layer: i32,
    /// The newest.
    pub max_layer: i32,
    /// The versions of its library.
    pub library_versions: Vec<String>,
}

/// What whoever was called answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Their half of the key.
    pub g_b: HexBytes,
    /// What their app can do.
    pub protocol: Protocol,
}

/// What the caller confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Their half of the key.
    pub g_a: HexBytes,
    /// The fingerprint of their key.
    pub fingerprint: i64,
    /// When, in Unix seconds.
    pub date: i32,
}

/// A call between two people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneCall {
    /// The id.
    pub id: i64,
    /// Who calls.
    pub caller: i64,
    /// Who is called.
    pub callee: i64,
    /// Whether with video.
    pub video: bool,
    /// When it began to be, in Unix seconds.
    pub date: i32,
    /// What the client names the request by.
    pub random_id: i32,
    /// The SHA-256 of the half of the key that the caller will tell.
    pub g_a_hash: HexBytes,
    /// What the caller's app can do.
    pub protocol: Protocol,
    /// When the other's device began to ring, in Unix seconds.
    pub received_at: Option<i32>,
    /// What the other answered.
    pub accepted: Option<Accepted>,
    /// What the caller confirmed.
    pub confirmed: Option<Confirmed>,
}

impl PhoneCall {
    /// Whether a user is one of the two.
    pub fn has(&self, user_id: i64) -> bool {
        self.caller == user_id || self.callee == user_id
    }

    /// Whether nobody can still be waiting for it.
    fn is_stale(&self, now: i32) -> bool {
        let age = now.saturating_sub(self.date);
        age > LASTING_SECS || (self.confirmed.is_none() && age > UNANSWERED_SECS)
    }
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Nobody answered.
    Missed,
    /// The connection was lost.
    Disconnect,
    /// Somebody hung up.
    HangUp,
    /// Whoever was called does not want to talk now.
    Busy,
}

impl CallTable<PhoneCall> {
    /// Takes the calls away that nobody can still be waiting for.
    pub fn end_stale(&mut self, now: i32) {
        let stale: Vec<i64> = self.calls.values().filter(|call| call.is_stale(now)).map(|call| call.id).collect();
        for id in stale {
            self.end(id);
        }
    }

    /// Whether a user is in a call that was answered, other than this one.
    pub fn is_engaged(&self, user_id: i64, other_than: i64) -> bool {
        self.calls.values().any(|call| call.id != other_than && call.has(user_id) && call.accepted.is_some())
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhoneCallEvent {
    /// Somebody calls.
    Requested(PhoneCall),
    /// The other's device rings.
    Received {
        /// Which call.
        call_id: i64,
        /// Unix seconds.
        date: i32,
    },
    /// The other has accepted.
    Accepted {
        /// Which call.
        call_id: i64,
        /// How.
        accepted: Accepted,
    },
    /// The caller has confirmed.
    Confirmed {
        /// Which call.
        call_id: i64,
        /// How.
        confirmed: Confirmed,
    },
    /// It is over.
    Ended {
        /// Which call.
        call_id: i64,
        /// Why.
        reason: Reason,
        /// How long it lasted, in seconds; nothing for a call that was not answered.
        duration: Option<i32>,
        /// Unix seconds.
        date: i32,
    },
}

impl State {
    /// What a user must show to name a call: every user's own.
    pub fn call_access_hash(&self, call_id: i64, viewer: i64) -> i64 {
        let digest = Sha256::new()
            .chain_update(&self.secret.0)
            .chain_update(b"call")
            .chain_update(viewer.to_le_bytes())
            .chain_update(call_id.to_le_bytes())
            .finalize();
        digest.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }
}
