//! The vault: every value in the store is sealed, with a key of its own user or account.
//!
//! `SESSION_MASTER_KEY` unwraps the keyring; a key of the keyring wraps one data key for each user and each account; data keys seal
//! records. Each record is bound to its user, account, space and id, so one that is moved does not open. Destroying an account's data
//! key makes all of its records unreadable.

mod envelope;
mod key;
mod keyring;
mod master_key;
mod records;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::identity::{AccountId, UserId};
use crate::store::{Batch, DataFolder, Durability as StoreDurability, Precondition, Store, StoreError};

use envelope::Binding;
use key::DataKey;
use keyring::Keyring;

pub use crate::store::Durability;
pub use master_key::MasterKey;
pub use records::{AccountRecords, Records, SealedBatch, ServerRecords, UserRecords};

/// Why a record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The master key is malformed.
    #[error("SESSION_MASTER_KEY {0}")]
    MalformedMasterKey(&'static str),
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
pub struct Vault(Arc<Inner>);

pub(crate) struct Inner {
    store: Arc<dyn Store>,
    keyring: Keyring,
    server_key: Arc<DataKey>,
}

impl Vault {
    /// Opens the keyring of a data folder, and then its store; on an empty folder, makes a keyring. The store is not touched before the
    /// master key has proven right.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] with nothing changed, or what the keyring or the store says.
    pub async fn open<S: Store>(
        folder: &DataFolder,
        master_key: &MasterKey,
        open_store: impl FnOnce() -> Result<S, StoreError>,
    ) -> Result<Self, VaultError> {
        let keyring = Keyring::open(folder, master_key)?;
        let store: Arc<dyn Store> = Arc::new(open_store()?);
        let server_key = obtain_key(store.as_ref(), &keyring, &Binding::server()).await?;
        Ok(Self(Arc::new(Inner { store, keyring, server_key })))
    }

    /// The records of one user; makes their data key on first use.
    ///
    /// # Errors
    /// [`VaultError`] when the key cannot be read or made.
    pub async fn user_records(&self, user: &UserId) -> Result<UserRecords, VaultError> {
        let binding = Binding::user(user.clone());
        let key = obtain_key(self.0.store.as_ref(), &self.0.keyring, &binding).await?;
        Ok(UserRecords::new(Records::new(Arc::clone(&self.0), binding, key)))
    }

    /// The records of the server itself.
    pub fn server_records(&self) -> ServerRecords {
        ServerRecords::new(Records::new(Arc::clone(&self.0), Binding::server(), Arc::clone(&self.0.server_key)))
    }

    /// Users that have records, in a stable order, from after `after`; at most `limit`.
    ///
    /// # Errors
    /// [`VaultError`] when the store cannot be read.
    pub async fn users(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, VaultError> {
        let after = after.map(|user| Binding::user(user.clone()).key_of_key());
        let pairs = self.0.store.scan(Binding::USER_KEYS, after.as_deref(), limit).await?;
        let user = |key: &[u8]| key.get(2..).and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| id.parse().ok());
        pairs.iter().map(|(key, _)| user(key).ok_or_else(|| VaultError::Corrupt("a user's id".into()))).collect()
    }

    /// Whether the store takes commits.
    pub fn is_healthy(&self) -> bool {
        self.0.store.is_healthy()
    }

    /// Makes everything durable and closes the store.
    pub async fn close(&self) {
        self.0.store.close().await;
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault")
    }
}

/// The data key of a user, an account or the server. It is made durable before anything is sealed with it; of two that are made at
/// once, the first stands.
async fn obtain_key(store: &dyn Store, keyring: &Keyring, binding: &Binding) -> Result<Arc<DataKey>, VaultError> {
    let place = binding.key_of_key();
    loop {
        if let Some(wrapped) = store.get(&place).await? {
            return Ok(Arc::new(keyring.unwrap(&wrapped, binding)?));
        }
        let key = DataKey::generate()?;
        let batch = Batch::new()
            .require(Precondition::Absent(place.clone()))
            .put(place.clone(), keyring.wrap(&key, binding)?)
            .durability(StoreDurability::Durable);
        match store.commit(batch).await {
            Ok(()) => return Ok(Arc::new(key)),
            Err(StoreError::PreconditionFailed) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Inner {
    /// Destroys an account's data key first, so that whatever remains of its records can never be opened; then removes them.
    async fn destroy_account(&self, user: &UserId, account: AccountId) -> Result<(), VaultError> {
        let binding = Binding::account(user.clone(), account);
        self.store.commit(Batch::new().delete(binding.key_of_key())).await?;
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
}
