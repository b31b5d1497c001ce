//! What all actors of one gateway share.

use std::fmt;
use std::sync::{Arc, RwLock};

use tokio::sync::Semaphore;

use crate::audit::AuditLog;
use crate::catalogue::Catalogue;
use crate::events::EventHub;
use crate::outbound::{Fetcher, Outbound};
use crate::runtime::{ArbiterPool, RestartPolicy, Workers};
use crate::settings::{ApiCredentials, Settings};
use crate::speech::Deepgram;
use crate::store::DataFolder;
use crate::user::agent_keys::KeyIndex;
use crate::vault::Vault;

/// Shared by every actor; made once, when the gateway starts.
pub(crate) struct Environment {
    /// Holds the folder's lock for as long as anything may write to it.
    pub(crate) _folder: DataFolder,
    pub(crate) settings: Settings,
    /// The operations, by which a call that was kept is decoded again.
    pub(crate) catalogue: Catalogue,
    pub(crate) vault: Vault,
    pub(crate) audit: AuditLog,
    pub(crate) keys: KeyIndex,
    pub(crate) events: Arc<EventHub>,
    pub(crate) pool: ArbiterPool,
    /// What encrypts and decrypts files.
    pub(crate) workers: Workers,
    /// Accounts that are connecting hold a permit.
    pub(crate) connects: Arc<Semaphore>,
    /// The credentials that an administrator has set; they stand before those of the settings.
    pub(crate) server_credentials: RwLock<Option<ApiCredentials>>,
    pub(crate) deepgram: Deepgram,
    /// How addresses that users name are reached.
    pub(crate) outbound: Outbound,
    /// What fetches files from the web.
    pub(crate) fetcher: Fetcher,
    pub(crate) restarts: RestartPolicy,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}
