//! The vault: every value in the store is sealed, with a key of its own user or account.
//!
//! `SESSION_MASTER_KEY` unwraps the keyring; a key of the keyring wraps one data key for each user and each account; data keys seal
//! records. Each record is bound to its user, account, space and id, so one that is moved does not open.
//!
//! The keyring and the wrapped data keys are files of their own beside the store. Destroying an account's data key makes all of its
//! records unreadable, those in older copies of the store too.

mod backup;
mod envelope;
mod key;
mod key_files;
mod keyring;
mod master_key;
mod migration;
mod owner_keys;
mod records;
mod rotation;
#[cfg(test)]
mod rotation_tests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::identity::UserId;
use crate::runtime::now_ms;
use crate::store::{Batch, DataFolder, Precondition, Store, StoreError};

use envelope::Binding;
use key::DataKey;
use key_files::{KeyFiles, Owners, WrappedKey};
use keyring::Keyring;
use owner_keys::{InUse, KeySet, OwnerKeys};
use rotation::Rotator;

pub use crate::store::Durability;
pub use backup::{BackupError, CheckReport, restore, save, verify};
pub use master_key::{MasterKey, read_private};
pub use records::{AccountRecords, Records, SealedBatch, ServerRecords, UserRecords};
pub use rotation::{KeyringKey, KeyringState, RotationState};

/// What the store has at the place of an owner who has a data key. Nothing is written for one who has not.
const MARK: &[u8] = b"1";

/// Why a record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The master key is malformed.
    #[error("SESSION_MASTER_KEY {0}")]
    MalformedMasterKey(&'static str),
    /// A file that should hold a master key cannot be read.
    #[error("the master key in {0} cannot be used: {1}")]
    MasterKeyFile(String, String),
    /// The master key is not the one that the data folder was made with.
    #[error(
        "SESSION_MASTER_KEY does not open the data folder {0}: it was made with another key. Nothing was changed; give the right key, \
         or choose another data folder (docs/runbooks.md)"
    )]
    WrongMasterKey(String),
    /// The keyring file cannot be read or written.
    #[error("the keyring in {folder} cannot be used: {reason}")]
    Keyring {
        /// The data folder.
        folder: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of data keys cannot be written.
    #[error("a file of data keys cannot be written: {0}")]
    KeyFile(String),
    /// The data key was destroyed, and with it everything that it sealed.
    #[error("the data key was destroyed; what it sealed cannot be read any more")]
    Destroyed,
    /// A backup is being made.
    #[error("a backup is being made")]
    BackingUp,
    /// The server was started with a master key that is on its way out.
    #[error("the keyring has a newer master key: start the server with it first")]
    NextMasterKeyNeeded,
    /// A record does not open: it was damaged, or moved from where it was sealed.
    #[error("a stored record is damaged: {0}")]
    Corrupt(String),
    /// A record is larger than the store takes.
    #[error("a record of {0} bytes is too large")]
    TooLarge(usize),
    /// A precondition does not hold.
    #[error("the record has changed meanwhile")]
    Conflict,
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    NoRandomness(String),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl VaultError {
    fn keyring(folder: &DataFolder, reason: impl Into<String>) -> Self {
        Self::Keyring { folder: folder.path().display().to_string(), reason: reason.into() }
    }
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PreconditionFailed => Self::Conflict,
            StoreError::ValueTooLong(length) => Self::TooLarge(length),
            other => Self::Store(other),
        }
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Conflict => Self::new(Code::Conflict, "The record has changed meanwhile; read it again"),
            VaultError::MasterKeyFile(..) | VaultError::MalformedMasterKey(_) => {
                tracing::error!(%error, "the next master key cannot be used");
                Self::new(Code::Conflict, "The next master key cannot be used; the log says why")
            }
            VaultError::BackingUp => Self::new(Code::Conflict, "A backup is being made; rotate when it is done"),
            VaultError::NextMasterKeyNeeded => Self::new(
                Code::Conflict,
                "The server runs with a master key that is replaced already; start it with the newer one",
            ),
            other => Self::internal(other),
        }
    }
}

/// What kind of record it is. The codes are part of the stored format and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// An account that is logged in, in its user's records.
    Account,
    /// An agent key, in its user's records; and its line in the server's.
    AgentKey,
    /// A setting of a user or of the server.
    Setting,
    /// An MTProto session, in its account's records.
    Session,
    /// A peer that an account has met.
    Peer,
    /// A send whose outcome is not known yet.
    PendingSend,
    /// A message that its sender was told of.
    ToldMessage,
    /// Which account a Telegram user's is, in the server's records.
    TelegramUser,
    /// A folder that a client has saved, in its account's records.
    Folder,
    /// The tabs that a client has saved, in its account's records.
    Tabs,
    /// What is kept of a call that came with an idempotency key, in its user's records.
    IdempotencyKey,
    /// When such a record is forgotten: its id begins with the time.
    IdempotencyExpiry,
    /// A chat of an account's list, as it was last read, in its account's records.
    Chat,
    /// What is kept of that list as a whole.
    ChatList,
    /// Events of an account that were taken up together; the id is the position of the last of them.
    Event,
    /// Where the log of an account's events begins and ends.
    EventLog,
    /// How far one sequence of Telegram's updates has been followed.
    UpdateState,
    /// How Telegram limits an account, in its records.
    FloodControl,
    /// The login codes that came to an account lately.
    LoginCodes,
    /// A webhook, in its user's records.
    Webhook,
    /// How a webhook stands.
    WebhookStanding,
    /// What is kept of one delivery; the id begins with the webhook's.
    WebhookDelivery,
    /// What is posted of one delivery, until it has arrived.
    WebhookContent,
    /// A call that waits for a person's approval, or did, in its user's records.
    Approval,
    /// The policy of an agent key, in its user's records; the id is the key's.
    Policy,
    /// What an agent key has drawn from its day.
    PolicyUse,
    /// The chats whose content an agent key carries.
    PolicyOrigins,
    /// A key that wraps others; never used for records.
    DataKey,
}

impl Space {
    fn code(self) -> u8 {
        match self {
            Self::Account => 1,
            Self::AgentKey => 2,
            Self::Setting => 3,
            Self::Session => 4,
            Self::Peer => 5,
            Self::PendingSend => 6,
            Self::ToldMessage => 8,
            Self::TelegramUser => 7,
            Self::Folder => 10,
            Self::Tabs => 11,
            Self::IdempotencyKey => 20,
            Self::IdempotencyExpiry => 21,
            Self::Chat => 12,
            Self::ChatList => 13,
            Self::Event => 30,
            Self::EventLog => 31,
            Self::UpdateState => 32,
            Self::FloodControl => 33,
            Self::LoginCodes => 34,
            Self::Webhook => 40,
            Self::WebhookStanding => 41,
            Self::WebhookDelivery => 42,
            Self::WebhookContent => 43,
            Self::Approval => 50,
            Self::Policy => 60,
            Self::PolicyUse => 61,
            Self::PolicyOrigins => 62,
            Self::DataKey => 255,
        }
    }
}

/// Opens and seals. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>, Arc<OwnerKeys>);

pub(crate) struct Inner {
    store: Arc<dyn Store>,
    keyring: Keyring,
    files: KeyFiles,
    in_use: InUse,
    rotator: Rotator,
    /// Held by whatever needs keys and records as they are for longer than a moment.
    maintenance: tokio::sync::Mutex<()>,
}

impl Vault {
    /// Opens the keyring of a data folder, and then its store; on an empty folder, makes a keyring. The store is not touched before the
    /// master key has proven right. A folder of the format before is brought to the present one.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] with nothing changed, or what the keyring or the store says.
    pub async fn open<S: Store>(
        folder: &DataFolder,
        master_key: &MasterKey,
        open_store: impl FnOnce() -> Result<S, StoreError>,
    ) -> Result<Self, VaultError> {
        Ok(Self::open_with(folder, &[master_key], open_store).await?.0)
    }

    /// The same with the first of several master keys that opens the keyring; answers which it was. A rotation that was interrupted
    /// goes on.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub async fn open_with<S: Store>(
        folder: &DataFolder,
        master_keys: &[&MasterKey],
        open_store: impl FnOnce() -> Result<S, StoreError>,
    ) -> Result<(Self, usize), VaultError> {
        let keyring = Keyring::open(folder, master_keys)?;
        if !KeyFiles::exist(folder) {
            if folder.path().join("store").exists() && !folder.is_of_format_before() {
                let missing = format!("{}/ is missing, and without it the store cannot be read", key_files::FOLDER_NAME);
                return Err(VaultError::keyring(folder, missing));
            }
            KeyFiles::make(folder)?;
        }
        let files = KeyFiles::open(folder)?;
        let store: Arc<dyn Store> = Arc::new(open_store()?);
        if folder.is_of_format_before() {
            migration::run(folder, &keyring, &files, store.as_ref()).await?;
        }
        let opened_by = keyring.opened_by();
        let inner = Arc::new(Inner {
            store,
            keyring,
            files,
            in_use: InUse::default(),
            rotator: Rotator::default(),
            maintenance: tokio::sync::Mutex::default(),
        });
        inner.finish_destructions().await?;
        let server = inner.obtain(&Binding::server()).await?;
        inner.go_on();
        Ok((Self(inner, server), opened_by))
    }

    /// The records of one user; makes their data key on first use.
    ///
    /// # Errors
    /// [`VaultError`] when the key cannot be read or made.
    pub async fn user_records(&self, user: &UserId) -> Result<UserRecords, VaultError> {
        let binding = Binding::user(user.clone());
        let keys = self.0.obtain(&binding).await?;
        Ok(UserRecords::new(Records::new(Arc::clone(&self.0), binding, keys)))
    }

    /// The records of the server itself.
    pub fn server_records(&self) -> ServerRecords {
        ServerRecords::new(Records::new(Arc::clone(&self.0), Binding::server(), Arc::clone(&self.1)))
    }

    /// Users that have records, in a stable order, from after `after`; at most `limit`.
    ///
    /// # Errors
    /// [`VaultError`] when the store cannot be read.
    pub async fn users(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, VaultError> {
        let after = after.map(|user| Binding::user(user.clone()).place());
        let pairs = self.0.store.scan(Binding::USER_KEYS, after.as_deref(), limit).await?;
        let user = |key: &[u8]| key.get(2..).and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| id.parse().ok());
        pairs.iter().map(|(key, _)| user(key).ok_or_else(|| VaultError::Corrupt("a user's id".into()))).collect()
    }

    /// Destroys the data keys of a user and of all accounts of theirs, and removes their records.
    ///
    /// # Errors
    /// [`VaultError`] when the keys or the store cannot be written.
    pub async fn destroy_user(&self, user: &UserId) -> Result<(), VaultError> {
        self.0.destroy_user(user).await
    }

    /// How the keyring stands.
    pub fn keyring_state(&self) -> KeyringState {
        self.0.keyring_state()
    }

    /// Begins to rotate the keyring and every key that it wraps, to another master key if one is given; a rotation that has begun is left
    /// to run. Waits for the disk and, for a
    /// passphrase, a moment of work.
    ///
    /// # Errors
    /// [`VaultError::BackingUp`], [`VaultError::NextMasterKeyNeeded`], or that the keyring cannot be written.
    pub async fn rotate_keyring(&self, next: Option<MasterKey>) -> Result<(), VaultError> {
        // A backup has the keyring as it was when it began.
        let rotates = self.0.keyring.stored().rotation.is_some();
        let _alone = if rotates { None } else { Some(self.0.maintenance.try_lock().map_err(|_| VaultError::BackingUp)?) };
        self.0.blocking(move |inner| inner.keyring.begin_rotation(next.as_ref())).await?;
        self.0.go_on();
        Ok(())
    }

    /// Pauses the rotation, over restarts too, or lets it go on.
    ///
    /// # Errors
    /// That the keyring cannot be written.
    pub async fn pause_rotation(&self, paused: bool) -> Result<(), VaultError> {
        self.0.blocking(move |inner| inner.keyring.set_paused(paused)).await?;
        self.0.go_on();
        Ok(())
    }

    /// Whether the store takes commits.
    pub fn is_healthy(&self) -> bool {
        self.0.store.is_healthy()
    }

    /// Makes everything durable and closes the store. A rotation goes on at the next start.
    pub async fn close(&self) {
        self.0.stop_rotating().await;
        self.0.store.close().await;
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault")
    }
}

impl Inner {
    /// What the places of all owners begin with: the server's, users', accounts'.
    const PLACES: [&'static [u8]; 3] = [b"s", Binding::USER_KEYS, b"a"];

    /// Work that waits for the disk, where that holds up nobody.
    async fn blocking<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Inner) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultError> {
        let inner = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| VaultError::KeyFile(error.to_string()))?
    }

    /// Opens the keys of an owner; none where there are none. Those that are open already are not opened again.
    fn open_keys(&self, binding: &Binding, open: Option<&KeySet>) -> Result<Option<KeySet>, VaultError> {
        let mut keys = Vec::new();
        for stored in self.files.keys(&binding.place()) {
            let opened = self.keyring.unwrap(&stored.wrapped, binding)?;
            let present = open.into_iter().flat_map(|set| std::iter::once(&set.current).chain(&set.older));
            let present = present.into_iter().find(|key| key.id() == opened.id());
            keys.push(present.map_or_else(|| Arc::new(opened), Arc::clone));
        }
        let mut keys = keys.into_iter();
        Ok(keys.next().map(|current| KeySet { current, older: keys.collect() }))
    }

    /// The data keys of a user, an account or the server; makes one on first use. It is on the disk before anything is sealed with it,
    /// and the store is marked after that: a mark without a key means that the key was destroyed.
    async fn obtain(self: &Arc<Self>, binding: &Binding) -> Result<Arc<OwnerKeys>, VaultError> {
        let place = binding.place();
        loop {
            let marked = self.store.get(&place).await?.is_some();
            let keys = self.in_use.obtain(&place, || self.open_keys(binding, None))?;
            match (marked, keys) {
                (true, Some(keys)) => return Ok(keys),
                (true, None) => return Err(VaultError::Destroyed),
                (false, Some(_)) => {
                    let mark = Batch::new().require(Precondition::Absent(place.clone())).put(place.clone(), MARK);
                    match self.store.commit(mark).await {
                        Ok(()) | Err(StoreError::PreconditionFailed) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                (false, None) => self.make_key(binding).await?,
            }
        }
    }

    /// Makes the first data key of an owner. Of two that are made at once, the first stands.
    async fn make_key(self: &Arc<Self>, binding: &Binding) -> Result<(), VaultError> {
        let key = DataKey::generate()?;
        let made = WrappedKey { made_at_ms: now_ms(), wrapped: self.keyring.wrap(&key, binding)? };
        let place = binding.place();
        let insert = move |owners: &mut Owners| {
            owners.entry(place).or_insert_with(|| vec![made]);
            Ok(())
        };
        let shard = KeyFiles::shard_of(&binding.place());
        self.blocking(move |inner| inner.files.change(shard, insert)).await
    }

    /// Destroys an owner's data keys first, so that whatever remains of the records can never be opened; then removes those.
    async fn destroy(self: &Arc<Self>, binding: &Binding) -> Result<(), VaultError> {
        let place = binding.place();
        let (shard, destroyed) = (KeyFiles::shard_of(&place), place.clone());
        let remove = move |owners: &mut Owners| {
            owners.remove(&destroyed);
            Ok(())
        };
        self.blocking(move |inner| inner.files.change(shard, remove)).await?;
        self.in_use.forget(&place);
        self.store.commit(Batch::new().delete(place)).await?;
        let prefix = binding.record_prefix();
        loop {
            let page = self.store.scan(&prefix, None, 256).await?;
            if page.is_empty() {
                return Ok(());
            }
            let removal = page.into_iter().fold(Batch::new(), |batch, (key, _)| batch.delete(key));
            self.store.commit(removal).await?;
        }
    }

    async fn destroy_user(self: &Arc<Self>, user: &UserId) -> Result<(), VaultError> {
        let binding = Binding::user(user.clone());
        for (place, _) in self.all_places(&binding.account_keys()).await? {
            let account = Binding::of_place(&place).ok_or_else(|| VaultError::Corrupt("the name of an owner".into()))?;
            self.destroy(&account).await?;
        }
        self.destroy(&binding).await
    }

    /// Ends the destructions that a crash has cut off; and where an older copy of the store was put beside the keys, does them again.
    async fn finish_destructions(self: &Arc<Self>) -> Result<(), VaultError> {
        for kind in [Binding::USER_KEYS, b"a"] {
            for (place, binding) in self.all_places(kind).await? {
                if self.files.keys(&place).is_empty() {
                    tracing::warn!("records are removed whose data key was destroyed");
                    match binding.owner().filter(|_| kind == Binding::USER_KEYS) {
                        Some(user) => self.destroy_user(user).await?,
                        None => self.destroy(&binding).await?,
                    }
                }
            }
        }
        Ok(())
    }

    async fn all_places(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Binding)>, VaultError> {
        let mut places = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.store.scan(prefix, after.as_deref(), 1_024).await?;
            let Some((last, _)) = page.last() else { return Ok(places) };
            after = Some(last.clone());
            for (place, _) in page {
                let binding = Binding::of_place(&place).ok_or_else(|| VaultError::Corrupt("the name of an owner".into()))?;
                places.push((place, binding));
            }
        }
    }
}
