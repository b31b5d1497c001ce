//! The world behind the network: who there is, what they wrote, and who is to be told of it.

pub mod admin_log;
pub mod administration;
mod api;
pub mod apply;
pub mod attachment;
pub mod bot;
pub mod buttons;
pub mod call_table;
mod control;
mod control_bots;
mod control_clock;
mod control_logins;
mod conversation;
pub mod drafts;
pub mod event;
pub mod file;
pub mod files;
pub mod folder;
pub mod group_call;
pub mod ids;
pub mod invite;
pub mod live;
pub mod login_token;
pub mod message_box;
pub mod peer_settings;
pub mod phone_call;
pub mod pins;
pub mod polls;
pub mod privacy;
pub mod profile;
pub mod reactions;
pub mod reads;
pub mod scheduled;
pub mod srp;
pub mod state;
pub mod thumbnail;
pub mod topics;
pub mod view;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::journal::{JOURNAL_BYTES_MAX, Journal, JournalError, Written};
use files::FileStore;
use live::Live;
use state::State;

/// The datacentre of new accounts.
const HOME_DC_ID: i32 = 2;
/// A country that does not exist.
const COUNTRY: &str = "XX";

/// The network's datacentres, as its configuration tells them to clients.
#[derive(Clone, Debug)]
pub struct Datacentres {
    /// Their addresses by number.
    pub addresses: BTreeMap<i32, SocketAddr>,
    /// The datacentre of new accounts.
    pub home_dc_id: i32,
    /// Two capital letters, as `help.getNearestDc` answers them.
    pub country: String,
}

impl Datacentres {
    /// Datacentres of which number 2 is the home of new accounts.
    pub fn new(addresses: impl IntoIterator<Item = (i32, SocketAddr)>) -> Self {
        Self { addresses: addresses.into_iter().collect(), home_dc_id: HOME_DC_ID, country: COUNTRY.into() }
    }
}

/// Why a world cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder is at fault.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system has no randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The world: everything that the network knows and does. One lock guards it, which no one holds while waiting.
pub struct World {
    datacentres: Datacentres,
    files: FileStore,
    live: Mutex<Live>,
}

impl World {
    /// An empty world that is kept in memory only.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn in_memory(datacentres: Datacentres) -> Result<Self, OpenError> {
        let secret = secret()?;
        let files = FileStore::temporary(&hex::encode(secret.first_chunk::<8>().unwrap_or(&[0; 8])));
        Ok(Self { datacentres, files, live: Mutex::new(Live::new(State::new(secret), Journal::in_memory())) })
    }

    /// The world that a folder keeps; an empty one, if the folder is new.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(folder: &Path, datacentres: Datacentres) -> Result<Self, OpenError> {
        let secret = secret()?;
        let (journal, state) = Journal::open(folder, || State::new(secret), JOURNAL_BYTES_MAX)?;
        let files = FileStore::open(folder);
        Ok(Self { datacentres, files, live: Mutex::new(Live::new(state, journal)) })
    }

    /// The running world. A thread that fails while it holds the lock leaves what it changed, which is whole events only.
    pub fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn secret() -> Result<[u8; 32], OpenError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(OpenError::Random)?;
    Ok(secret)
}

/// Resolves when what was written is durable.
///
/// # Errors
/// When the journal could not be written; nothing is accepted any more then.
pub async fn durable(written: Written) -> io::Result<()> {
    written.await.unwrap_or_else(|_| Err(io::Error::other("the journal's writer is gone")))
}
