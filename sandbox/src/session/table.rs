//! All sessions of the network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Session;
use crate::rpc::SessionAddress;

/// Sessions that are remembered; beyond it, those without a connection are forgotten.
const SESSIONS_MAX: usize = 65_536;

/// A session that several connections may look at.
pub type SharedSession = Arc<Mutex<Session>>;

/// Finds sessions by their address.
#[derive(Default)]
pub struct SessionTable(Mutex<HashMap<SessionAddress, SharedSession>>);

impl SessionTable {
    /// The session at this address, and whether it is new.
    pub fn obtain(&self, address: SessionAddress) -> (SharedSession, bool) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&address) {
            return (Arc::clone(session), false);
        }
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| Arc::strong_count(session) > 1);
        }
        let session = SharedSession::default();
        sessions.insert(address, Arc::clone(&session));
        (session, true)
    }

    /// Forgets a session. Answers whether there was one.
    pub fn destroy(&self, address: SessionAddress) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&address).is_some()
    }
}
