//! The `random_id`s of messages: Telegram takes each of them once, so that a send may be repeated without being doubled.

use std::cell::Cell;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::Error;

/// The ids of the messages that one call sends, in the order in which it asks for them. The same idempotency key gives the same ids.
pub(crate) struct SendIds {
    seed: [u8; 32],
    /// When the call was first made (Unix milliseconds).
    pub(super) started_at_ms: u64,
    /// Whether it was made before, so that its messages may be there already.
    pub(super) is_repetition: bool,
    given: Cell<u64>,
}

impl SendIds {
    /// Ids that follow from a seed.
    pub(crate) fn new(seed: [u8; 32], started_at_ms: u64, is_repetition: bool) -> Self {
        Self { seed, started_at_ms, is_repetition, given: Cell::new(0) }
    }

    /// The next id; never 0, which Telegram takes for none.
    pub(super) fn next(&self) -> Result<i64, Error> {
        loop {
            let count = self.given.get();
            self.given.set(count.wrapping_add(1));
            let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed).map_err(Error::internal)?;
            mac.update(&count.to_le_bytes());
            let bytes = mac.finalize().into_bytes();
            match bytes.first_chunk().map(|first| i64::from_le_bytes(*first)) {
                Some(0) | None => {}
                Some(id) => return Ok(id),
            }
        }
    }
}

impl fmt::Debug for SendIds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SendIds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_no_two_of_them_are_alike() {
        let ids = |seed| {
            let ids = SendIds::new([seed; 32], 0, false);
            (0..100).map(|_| ids.next().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ids(1), ids(1));
        let mut all = [ids(1), ids(2)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 200);
        assert!(!all.contains(&0));
    }
}
