//! The caller: who a verified token belongs to.
//!
//! A [`Caller`] cannot be built from text. Humans come from the one [`CallerIssuer`] that the gateway hands out when it starts, which
//! the edge's authentication keeps; agents come from the key registry (`Gateway::authenticate_agent_key`).

use std::sync::Arc;

use crate::identity::{KeyId, UserId};

/// What kind of caller it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The user themselves, or their backend in their name.
    Human {
        /// Whether the user administers this server.
        admin: bool,
    },
    /// An agent that holds a key of the user.
    Agent {
        /// The key it holds.
        key_id: KeyId,
    },
}

/// A verified caller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Verified>);

#[derive(Debug)]
struct Verified {
    user: UserId,
    principal: Principal,
    expires_at_secs: Option<u64>,
}

impl Caller {
    pub(crate) fn agent(user: UserId, key_id: KeyId, expires_at_secs: Option<u64>) -> Self {
        Self(Arc::new(Verified { user, principal: Principal::Agent { key_id }, expires_at_secs }))
    }

    /// The user on whose behalf the call is made.
    pub fn user(&self) -> &UserId {
        &self.0.user
    }

    /// Human or agent.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The agent's key, if an agent calls.
    pub fn key_id(&self) -> Option<&KeyId> {
        match &self.0.principal {
            Principal::Human { .. } => None,
            Principal::Agent { key_id } => Some(key_id),
        }
    }

    /// When the token ends (Unix seconds), if it does.
    pub fn expires_at_secs(&self) -> Option<u64> {
        self.0.expires_at_secs
    }
}

/// The right to say "this token was verified". There is one for each gateway; it is not `Clone`.
#[derive(Debug)]
pub struct CallerIssuer(());

impl CallerIssuer {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// The human whose token has just been verified; the token ends at `expires_at_secs` (Unix seconds).
    pub fn human(&self, user: UserId, admin: bool, expires_at_secs: Option<u64>) -> Caller {
        Caller(Arc::new(Verified { user, principal: Principal::Human { admin }, expires_at_secs }))
    }
}
