//! Threads for heavy work beside the actors, so that it never holds them up.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// A few threads of their own. Cheap to clone.
#[derive(Clone)]
pub struct Workers(Arc<Threads>);

struct Threads(Option<Runtime>);

/// The work was given up: its threads are stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work was given up")]
pub struct GivenUp;

impl Workers {
    /// Starts `threads` threads (at least one), which name themselves.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start(threads: usize, name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(threads.max(1)).thread_name(name).enable_all().build()?;
        Ok(Self(Arc::new(Threads(Some(runtime)))))
    }

    /// Does a piece of work there, and waits for it here. Dropping the future ends the work at its next wait. A panic in it goes on here.
    ///
    /// # Errors
    /// [`GivenUp`].
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, GivenUp> {
        let mut running = JoinSet::new();
        let Some(runtime) = &self.0.0 else { return Err(GivenUp) };
        running.spawn_on(work, runtime.handle());
        match running.join_next().await {
            Some(Ok(done)) => Ok(done),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(GivenUp),
            },
            None => Err(GivenUp),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Never waits for its threads, since whoever lets it go may be one that must not block.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Workers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_and_ends_with_who_waits_for_it() {
        let workers = Workers::start(1, "worker").unwrap();
        let name = workers.run(async { std::thread::current().name().map(str::to_owned) }).await.unwrap();
        assert_eq!(name.as_deref(), Some("worker"));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (held, mut ends) = tokio::sync::mpsc::channel::<()>(1);
        let endless = workers.run(async move {
            let _held = held;
            let _listened_for = begun.send(());
            std::future::pending::<()>().await;
        });
        tokio::select! {
            _ = endless => unreachable!("it has no end"),
            _ = begins => {}
        }
        assert_eq!(ends.recv().await, None);
    }
}
