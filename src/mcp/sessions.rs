//! Sessions of clients of the protocol's versions until 2025-11-25: bounded, and bound to those who opened them.
//!
//! The session's id tells nothing about who may use it: each request is authenticated for itself, and a session that is somebody
//! else's is as unknown as one that never was.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::transport::streamable_http_server::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use vasya_actors::caller::{Caller, Principal};
use vasya_actors::error::{Code, Error};
use vasya_actors::events::Tenure;
use vasya_actors::identity::UserId;

/// How often a session is asked whether it has ended by itself.
const LOOK_PERIOD: Duration = Duration::from_secs(5);

/// Whose a session is.
#[derive(Clone, PartialEq, Eq)]
struct Owner {
    user: UserId,
    principal: Principal,
}

impl Owner {
    fn of(caller: &Caller) -> Self {
        Self { user: caller.user().clone(), principal: caller.principal().clone() }
    }
}

/// The sessions that are open. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sessions {
    manager: Arc<LocalSessionManager>,
    table: Arc<Mutex<Table>>,
    most: usize,
    most_per_principal: usize,
}

#[derive(Default)]
struct Table {
    open: HashMap<String, Owner>,
    /// Those that are being opened.
    opening: Vec<Owner>,
}

/// The right to open one session.
pub(super) struct Opening {
    sessions: Sessions,
    owner: Owner,
    tenure: Option<Tenure>,
}

impl Sessions {
    pub(super) fn new(manager: Arc<LocalSessionManager>, most: usize, most_per_principal: usize) -> Self {
        Self { manager, table: Arc::default(), most, most_per_principal }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a session is this caller's.
    pub(super) fn is_of(&self, id: &str, caller: &Caller) -> bool {
        self.table().open.get(id).is_some_and(|owner| *owner == Owner::of(caller))
    }

    /// The right to open a session, which lasts no longer than the caller's tenure.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when the caller has as many as they may, and [`Code::Overloaded`] when there are as many as there may be.
    pub(super) async fn begin(&self, caller: &Caller, tenure: Tenure) -> Result<Opening, Error> {
        self.forget_ended().await;
        let owner = Owner::of(caller);
        let mut table = self.table();
        let own = table.open.values().chain(&table.opening).filter(|other| **other == owner).count();
        if own >= self.most_per_principal {
            let detail = format!("{own} sessions are open; end one with DELETE, or wait until it ends by itself");
            return Err(Error::new(Code::RateLimited, detail).retry_after_secs(60));
        }
        if table.open.len() + table.opening.len() >= self.most {
            return Err(Error::new(Code::Overloaded, "The server has as many sessions as it takes").retry_after_secs(60));
        }
        table.opening.push(owner.clone());
        Ok(Opening { sessions: self.clone(), owner, tenure: Some(tenure) })
    }

    async fn forget_ended(&self) {
        let there = self.manager.sessions.read().await;
        self.table().open.retain(|id, _| there.contains_key(id.as_str()));
    }

    async fn is_there(&self, id: &str) -> bool {
        self.manager.sessions.read().await.contains_key(id)
    }
}

impl Opening {
    /// The session was opened. It ends with its owner's right to it.
    pub(super) fn done(mut self, id: &str) {
        let (sessions, id) = (self.sessions.clone(), id.to_owned());
        sessions.table().open.insert(id.clone(), self.owner.clone());
        let Some(tenure) = self.tenure.take() else { return };
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    reason = tenure.ended() => {
                        tracing::debug!(reason = reason.name(), "a session ends");
                        if let Err(error) = sessions.manager.close_session(&id.as_str().into()).await {
                            tracing::debug!(%error, "a session had ended already");
                        }
                        break;
                    }
                    () = tokio::time::sleep(LOOK_PERIOD) => if !sessions.is_there(&id).await {
                        break;
                    }
                }
            }
            sessions.table().open.remove(&id);
        });
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut table = self.sessions.table();
        if let Some(place) = table.opening.iter().position(|owner| *owner == self.owner) {
            table.opening.swap_remove(place);
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sessions({})", self.table().open.len())
    }
}
