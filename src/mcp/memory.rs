//! What requests and files that are held whole may take together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vasya_actors::error::{Code, Error};

/// What is counted, in bytes.
const UNIT: usize = 1_024;

/// Memory that is given out in parts. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Memory(Arc<Semaphore>);

impl Memory {
    /// So many bytes in all.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// A part of it, given back when it is dropped.
    ///
    /// # Errors
    /// [`Code::Overloaded`] when there is not so much left.
    pub(super) fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let taken = Arc::clone(&self.0).try_acquire_many_owned(units);
        taken.map_err(|_| {
            Error::new(Code::Overloaded, "Too much is being sent and fetched at once; try again").retry_after_secs(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_given_than_there_is_and_it_comes_back() {
        let memory = Memory::new(10 * UNIT);
        let half = memory.take(5 * UNIT).unwrap();
        assert_eq!(memory.take(5 * UNIT + 1).unwrap_err().code(), Code::Overloaded);
        drop(half);
        assert!(memory.take(10 * UNIT).is_ok());
    }
}
