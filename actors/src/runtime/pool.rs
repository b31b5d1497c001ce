//! The threads that actors live on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A few actix arbiters (one thread each), dealt out in turn. An actor stays on the thread that it was given.
#[derive(Clone)]
pub struct ArbiterPool(Arc<Shared>);

struct Shared {
    arbiters: Vec<actix::Arbiter>,
    next: AtomicUsize,
}

/// One thread of the pool.
#[derive(Clone, Debug)]
pub struct Place(pub(super) actix::ArbiterHandle);

impl ArbiterPool {
    /// Starts `threads` threads (at least one). Must be called inside a running actix system.
    pub fn start(threads: usize) -> Self {
        let arbiters = (0..threads.max(1)).map(|_| actix::Arbiter::new()).collect();
        Self(Arc::new(Shared { arbiters, next: AtomicUsize::new(0) }))
    }

    /// The next thread in turn.
    pub fn place(&self) -> Option<Place> {
        let turn = self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.arbiters.len().max(1);
        self.0.arbiters.get(turn).map(|arbiter| Place(arbiter.handle()))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
    }
}

impl std::fmt::Debug for ArbiterPool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ArbiterPool({})", self.0.arbiters.len())
    }
}
