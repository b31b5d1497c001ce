//! Files on their way, on connections of their own, so that they never delay messages. See <https://core.telegram.org/api/files>.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use grammers_client::Client;
use grammers_mtsender::ServerAddr;
use grammers_session::Session;
use grammers_tl_types::{Identifiable, RemoteCall, enums, functions, name_for_id};
use tokio::sync::Semaphore;

use super::connection::CALL_TIMEOUT;
use super::key_exchange::make_key;
use super::media_link::{Greeting, MediaLink, make_telegram_key};
use super::proxy::ResolvedProxy;
use super::session::SealedSession;
use super::{AuthLoss, Connection, CurrentPhoto, FloodControl, Network, StoredFile, TelegramError};
use crate::runtime::{Backoff, Workers};

/// The length of every part of an upload but the last, in bytes: the longest that Telegram takes.
pub const PART_BYTES: usize = 512 * 1024;

/// How many bytes one call gives, at an offset that is a multiple of it.
pub const PIECE_BYTES: u64 = 512 * 1024;

/// From this length on, in bytes, a file is uploaded as a big one.
const BIG_FILE_BYTES: u64 = 10 * 1024 * 1024;

/// Connections of one account that carry parts and pieces, each one at a time; further ones wait.
const LINKS_MAX: usize = 4;

/// A part or a piece is tried again for so long while connections break.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(60);

/// The first wait before it is tried again is below this, and no wait is longer than the other.
const RETRY_BASE: Duration = Duration::from_millis(100);
const RETRY_CAP: Duration = Duration::from_secs(8);

/// A transfer waits so long when Telegram asks it to. A longer wait ends it.
const FLOOD_PATIENCE: Duration = Duration::from_secs(120);

/// To how many other datacentres one call is sent on.
const MIGRATIONS_MAX: usize = 3;

/// The connections for files of one account. Dropping it closes them.
pub struct Transfers {
    client: Client,
    session: Arc<SealedSession>,
    network: Network,
    greeting: Greeting,
    workers: Workers,
    flood: FloodControl,
    proxy: Option<ResolvedProxy>,
    turns: Semaphore,
    idle: Mutex<Vec<MediaLink>>,
    /// Held while an auth key is made.
    making_key: tokio::sync::Mutex<()>,
    /// Held while a datacentre is logged in to; holds those where that was done.
    logged_in: tokio::sync::Mutex<HashSet<i32>>,
}

/// An upload that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    pub(super) id: i64,
    pub(super) big: bool,
}

impl Upload {
    /// An upload of so many bytes, if that is known; `id` is random.
    pub fn begin(id: i64, length: Option<u64>) -> Self {
        Self { id, big: length.is_none_or(|length| length > BIG_FILE_BYTES) }
    }
}

impl Connection {
    /// The connections for files, with the account's own session. Sockets are dialled as they are needed, and their work is done by
    /// `workers`.
    pub(crate) fn transfers(&self, workers: Workers) -> Transfers {
        Transfers {
            client: self.client.clone(),
            session: Arc::clone(&self.session),
            network: self.network.clone(),
            greeting: Greeting { api_id: self.api_id, device: self.device.clone() },
            workers,
            flood: self.flood.clone(),
            proxy: self.proxy.clone(),
            turns: Semaphore::new(LINKS_MAX),
            idle: Mutex::default(),
            making_key: tokio::sync::Mutex::default(),
            logged_in: tokio::sync::Mutex::default(),
        }
    }
}

impl Transfers {
    /// Uploads one part. `parts` is how many there are, or -1 while that is not known.
    ///
    /// # Errors
    /// [`TelegramError::FloodWait`] when Telegram asks for a long wait, or what any call can meet. A connection that broke was made again.
    pub async fn save_part(&self, upload: Upload, part: i32, parts: i32, bytes: Vec<u8>) -> Result<(), TelegramError> {
        let (file_id, file_part) = (upload.id, part);
        let saved = if upload.big {
            self.call(None, functions::upload::SaveBigFilePart { file_id, file_part, file_total_parts: parts, bytes }).await?
        } else {
            self.call(None, functions::upload::SaveFilePart { file_id, file_part, bytes }).await?
        };
        if saved { Ok(()) } else { Err(TelegramError::Unexpected("a part was not kept")) }
    }

    /// The piece of a file that begins at `offset`, a multiple of [`PIECE_BYTES`]: as long, or shorter at the file's end.
    ///
    /// # Errors
    /// What [`TelegramError::is_stale_reference`] tells of, [`TelegramError::CdnRedirect`]; otherwise as [`Transfers::save_part`].
    pub async fn piece(&self, file: &StoredFile, offset: u64) -> Result<Vec<u8>, TelegramError> {
        self.piece_at(file.dc_id, &file.location, offset).await
    }

    /// The beginning of a photo: all of it where it is shorter than [`PIECE_BYTES`].
    ///
    /// # Errors
    /// As [`Transfers::piece`].
    pub async fn beginning(&self, photo: &CurrentPhoto) -> Result<Vec<u8>, TelegramError> {
        self.piece_at(photo.dc_id, &photo.location, 0).await
    }

    async fn piece_at(&self, dc_id: i32, location: &enums::InputFileLocation, offset: u64) -> Result<Vec<u8>, TelegramError> {
        let request = functions::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location: location.clone(),
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            limit: i32::try_from(PIECE_BYTES).unwrap_or(i32::MAX),
        };
        match self.call(Some(dc_id), request).await? {
            enums::upload::File::File(file) => Ok(file.bytes),
            enums::upload::File::CdnRedirect(_) => Err(TelegramError::CdnRedirect),
        }
    }

    /// Calls a method in a datacentre, or at home, until it is answered: parts and pieces may be asked for twice.
    async fn call<R>(&self, dc_id: Option<i32>, request: R) -> Result<R::Return, TelegramError>
    where
        R: RemoteCall + Identifiable + Send + Sync + 'static,
        R::Return: Send + 'static,
    {
        let method = name_for_id(R::CONSTRUCTOR_ID);
        let home = self.session.home_dc()?;
        let request = Arc::new(request);
        let (mut dc_id, mut migrations) = (dc_id.unwrap_or(home), 0);
        let mut backoff = Backoff::new(RETRY_BASE, RETRY_CAP);
        let mut broken_since: Option<Instant> = None;
        loop {
            self.flood.wait(method, FLOOD_PATIENCE).await?;
            let error = match self.attempt(dc_id, &request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error {
                TelegramError::Connection(_) | TelegramError::Unreachable(_) | TelegramError::Timeout => {
                    if broken_since.get_or_insert_with(Instant::now).elapsed() > CONNECTION_PATIENCE {
                        return Err(error);
                    }
                    tracing::debug!(method, %error, "a connection for files broke; the call is repeated");
                    tokio::time::sleep(backoff.next_wait()).await;
                }
                TelegramError::FloodWait { .. } => {}
                TelegramError::Migrate(other) if migrations < MIGRATIONS_MAX => (dc_id, migrations) = (other, migrations + 1),
                // The key of another datacentre is logged in by a token from home.
                TelegramError::AuthLost(AuthLoss::AuthKeyUnregistered) if dc_id != home && migrations < MIGRATIONS_MAX => {
                    self.log_in_to(dc_id).await?;
                    migrations += 1;
                }
                TelegramError::AuthLost(loss) if dc_id != home => {
                    return Err(TelegramError::Datacentre(format!("{dc_id} does not let the account in: {}", loss.name())));
                }
                error => return Err(error),
            }
        }
    }

    /// Makes one call in its turn, on a connection that is idle or on a new one.
    async fn attempt<R>(&self, dc_id: i32, request: &Arc<R>) -> Result<R::Return, TelegramError>
    where
        R: RemoteCall + Identifiable + Send + Sync + 'static,
        R::Return: Send + 'static,
    {
        let _turn = self.turns.acquire().await;
        // Telegram may have asked to wait meanwhile.
        self.flood.call_beside(name_for_id(R::CONSTRUCTOR_ID), self.carry(dc_id, request)).await
    }

    async fn carry<R>(&self, dc_id: i32, request: &Arc<R>) -> Result<R::Return, TelegramError>
    where
        R: RemoteCall + Send + Sync + 'static,
        R::Return: Send + 'static,
    {
        let link = self.take_idle(dc_id);
        let opening = match link {
            Some(_) => None,
            None => Some((self.key(dc_id).await?, self.address(dc_id)?, self.greeting.clone())),
        };
        let request = Arc::clone(request);
        let work = async move {
            let mut link = match (link, opening) {
                (Some(link), _) => link,
                (None, Some((key, address, greeting))) => match MediaLink::open(dc_id, address, key, greeting).await {
                    Ok(link) => link,
                    Err(error) => return (None, Err(error)),
                },
                (None, None) => return (None, Err(TelegramError::Unexpected("a call without a connection"))),
            };
            let answer = link.call(&*request).await;
            (Some(link), answer)
        };
        let done = self.workers.run(work).await;
        let (link, answer) = done.map_err(|_| TelegramError::Connection("the server is stopping".to_owned()))?;
        let broke = matches!(&answer, Err(error) if error.is_connection() || matches!(error, TelegramError::Timeout));
        if let Some(link) = link.filter(|_| !broke) {
            self.idle().push(link);
        }
        answer
    }

    /// A connection to a datacentre that is idle. Without one, another that is idle is closed to make room.
    fn take_idle(&self, dc_id: i32) -> Option<MediaLink> {
        let mut idle = self.idle();
        let place = idle.iter().position(|link| link.dc_id == dc_id);
        match place {
            Some(place) => Some(idle.swap_remove(place)),
            None => {
                idle.pop();
                None
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<MediaLink>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self, dc_id: i32) -> Result<ServerAddr, TelegramError> {
        let option = self.session.dc_option(dc_id)?;
        let option = option.ok_or_else(|| TelegramError::Datacentre(format!("{dc_id} is not listed")))?;
        let address = option.ipv4.into();
        Ok(match &self.proxy {
            Some(proxy) => ServerAddr::Proxied { address, proxy: proxy.url() },
            None => ServerAddr::Tcp { address },
        })
    }

    /// The auth key of a datacentre, which is made first if there is none yet.
    async fn key(&self, dc_id: i32) -> Result<[u8; 256], TelegramError> {
        let known = || Ok::<_, TelegramError>(self.session.dc_option(dc_id)?.and_then(|option| option.auth_key));
        if let Some(key) = known()? {
            return Ok(key);
        }
        let _one_at_a_time = self.making_key.lock().await;
        if let Some(key) = known()? {
            return Ok(key);
        }
        let key = match self.network.datacentre(dc_id) {
            Some(datacentre) if !self.network.keys().is_empty() => {
                *make_key(datacentre.address, dc_id, self.network.keys(), self.proxy.as_ref()).await?
            }
            _ => {
                let address = self.address(dc_id)?;
                let made = self.workers.run(make_telegram_key(address)).await;
                made.map_err(|_| TelegramError::Connection("the server is stopping".to_owned()))??
            }
        };
        self.session.put_key(dc_id, &key).await?;
        Ok(key)
    }

    async fn log_in_to(&self, dc_id: i32) -> Result<(), TelegramError> {
        let mut logged_in = self.logged_in.lock().await;
        if logged_in.contains(&dc_id) {
            return Ok(());
        }
        let export = functions::auth::ExportAuthorization { dc_id };
        let exporting = async { Ok(self.client.invoke(&export).await?) };
        let exporting = self.flood.call_beside("auth.exportAuthorization", exporting);
        let exported = tokio::time::timeout(CALL_TIMEOUT, exporting).await.map_err(|_| TelegramError::Timeout)??;
        let enums::auth::ExportedAuthorization::Authorization(exported) = exported;
        let import = functions::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes };
        self.attempt(dc_id, &Arc::new(import)).await?;
        logged_in.insert(dc_id);
        Ok(())
    }
}

impl fmt::Debug for Transfers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transfers")
    }
}
