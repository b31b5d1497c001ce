//! Opening a data folder, in an order that changes nothing when the start is refused.

use std::sync::{Arc, RwLock};

use tokio::sync::Semaphore;

use crate::audit::{AuditError, AuditKey, AuditLog, Keeping};
use crate::catalogue::Catalogue;
use crate::directory::Directory;
use crate::environment::Environment;
use crate::error::Error;
use crate::events::EventHub;
use crate::identity::{KeyId, UserId};
use crate::outbound::{Fetcher, Transport};
use crate::runtime::{ArbiterPool, RestartPolicy, Workers};
use crate::settings::Settings;
use crate::speech::Deepgram;
use crate::store::{DataFolder, DataFolderError, SledStore};
use crate::user::agent_keys::{IndexedKey, KeyIndex};
use crate::user::load_server_credentials;
use crate::vault::{MasterKey, Space, Vault, VaultError};

/// What is noted when the next master key opened the data folder.
const MASTER_KEY_REPLACED: &str = "SESSION_MASTER_KEY no longer opens the data folder, and the key in SESSION_MASTER_KEY_NEXT_FILE does: \
     the rotation has ended. Put that key in SESSION_MASTER_KEY's place (docs/runbooks.md)";

/// How many records are read from the store at once.
const PAGE_LENGTH: usize = 1_024;

/// Why a start was refused: sentences for the operator. The data folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The master key is malformed or wrong, or a record is damaged.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The audit log cannot be opened, or does not prove itself.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A user could not be woken.
    #[error("a user could not be started: {0}")]
    User(#[from] Error),
    /// No thread for actors could be started.
    #[error("no thread for actors could be started")]
    NoThread,
}

/// Opens everything that actors share. Answers what was found and mended.
pub(crate) async fn open(settings: Settings, catalogue: Catalogue) -> Result<(Arc<Environment>, Vec<String>), StartError> {
    let folder = DataFolder::open(&settings.data_dir)?;
    let master_key = MasterKey::parse(&settings.master_key)?;
    let next = settings.next_master_key_file.as_deref().map(MasterKey::read).transpose()?.flatten();
    let master_keys: Vec<&MasterKey> = std::iter::once(&master_key).chain(&next).collect();
    let open_store = || SledStore::open(&folder, settings.store_cache_bytes);
    let (vault, opened_by) = Vault::open_with(&folder, &master_keys, open_store).await?;
    let key = AuditKey::obtain(&folder, vault.server_records()).await?;
    let verifier = key.verifier();
    let (audit, report) = AuditLog::open(&folder, key)?;
    tracing::info!(key = %verifier, "the audit log is signed; keep this key elsewhere, to check the log with");
    let keys = load_key_index(&vault).await?;
    let server_credentials = load_server_credentials(&vault.server_records()).await?;
    let connects = Arc::new(Semaphore::new(settings.limits.connects_max));
    let deepgram = Deepgram::new(settings.speech.endpoint.clone(), settings.speech.model.clone());
    let outbound = settings.outbound.clone();
    // A server on a network of this machine reaches nothing beyond it but what the operator lists.
    let transport = if settings.network.is_on_loopback() { Transport::Never } else { Transport::Plain };
    let keeping =
        Keeping { interval: settings.audit.interval, witness: settings.audit.witness.clone(), outbound: outbound.clone() };
    tokio::spawn(audit.clone().keep(keeping));
    let fetcher = Fetcher::new(outbound.clone(), transport, settings.fetching);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let events = EventHub::start(settings.limits.events);
    let mut notes = report.notes();
    if opened_by > 0 {
        notes.push(MASTER_KEY_REPLACED.to_owned());
    }
    let environment = Environment {
        _folder: folder,
        settings,
        catalogue,
        vault,
        audit,
        keys,
        events,
        pool: ArbiterPool::start(threads),
        workers: Workers::start(threads, "transfers").map_err(|_| StartError::NoThread)?,
        connects,
        server_credentials: RwLock::new(server_credentials),
        deepgram,
        outbound,
        fetcher,
        restarts: RestartPolicy::default(),
    };
    Ok((Arc::new(environment), notes))
}

async fn load_key_index(vault: &Vault) -> Result<KeyIndex, VaultError> {
    let index = KeyIndex::default();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = vault.server_records().scan::<IndexedKey>(Space::AgentKey, after.as_deref(), PAGE_LENGTH).await?;
        let Some((last, _)) = page.last() else { return Ok(index) };
        after = Some(last.clone());
        for (id, line) in page {
            let id: Option<KeyId> = std::str::from_utf8(&id).ok().and_then(|id| id.parse().ok());
            index.put(id.ok_or_else(|| VaultError::Corrupt("an agent key's id".into()))?, line);
        }
    }
}

/// Wakes every user that is known, so that their accounts come online.
pub(crate) async fn wake_users(environment: &Environment, directory: &Directory) -> Result<(), StartError> {
    let mut after: Option<UserId> = None;
    loop {
        let page = environment.vault.users(after.as_ref(), PAGE_LENGTH).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for user in &page {
            directory.wake(user).await?;
        }
    }
}
