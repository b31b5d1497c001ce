//! The store: a small key-value interface, expressible in SQL, and its engines.
//!
//! Nothing of an engine leaves this module: no closures, no engine types. One suite of tests runs on every engine.

mod batch;
mod data_folder;
mod memory;
mod sled_engine;
mod sled_snapshot;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;

pub use batch::{Batch, Durability, Precondition};
pub use data_folder::{DataFolder, DataFolderError};
pub use memory::MemoryStore;
pub use sled_engine::SledStore;

/// A future of a store operation; it may be awaited on any thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A key and its value; without one, the key is removed.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;

/// The longest value, in bytes. Larger values leave sled's log for files that it never syncs.
pub const VALUE_BYTES_MAX: usize = 32 * 1_024;

/// The most pairs that one scan gives.
pub const SCAN_LIMIT_MAX: usize = 4_096;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A precondition of the batch does not hold; nothing was written.
    #[error("the record has changed meanwhile")]
    PreconditionFailed,
    /// A key is longer than [`KEY_BYTES_MAX`].
    #[error("a key of {0} bytes is longer than {KEY_BYTES_MAX}")]
    KeyTooLong(usize),
    /// A value is longer than [`VALUE_BYTES_MAX`].
    #[error("a value of {0} bytes is longer than {VALUE_BYTES_MAX}")]
    ValueTooLong(usize),
    /// The store takes no more work: it was closed, or its writer has failed.
    #[error("the store is closed")]
    Closed,
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(String),
    /// The folder holds a store that cannot be opened. Nothing was changed.
    #[error("the store in {folder} cannot be opened ({reason}); nothing was changed, see docs/runbooks.md")]
    Unopenable {
        /// The store's folder.
        folder: String,
        /// What the engine said.
        reason: String,
    },
}

/// A store at one moment, in parts.
pub trait Snapshot: Send {
    /// The next part; nothing at the end. Changes that are applied in their order to an empty store make it what this one was.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<Change>>, StoreError>>;
}

/// Ordered pairs of bytes with atomic batches.
pub trait Store: Send + Sync + 'static {
    /// The value of a key.
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>>;

    /// Pairs whose keys begin with `prefix` and come after `after`, in the order of their keys: at most `limit`, and at most
    /// [`SCAN_LIMIT_MAX`].
    fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pair>, StoreError>>;

    /// Writes a batch: all of it or nothing. Batches take effect in the order in which `commit` was called, whether or not the future
    /// is awaited; it resolves when the batch is as durable as it asked to be.
    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<(), StoreError>>;

    /// The whole store at one moment between this call and the last answer of what it gives. Commits go on meanwhile.
    fn snapshot(&self) -> BoxFuture<'static, Result<Box<dyn Snapshot>, StoreError>>;

    /// Whether the store still takes commits.
    fn is_healthy(&self) -> bool;

    /// Makes everything durable and takes no more commits.
    fn close(&self) -> BoxFuture<'static, ()>;
}
