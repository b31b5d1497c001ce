//! The waiting work of one incarnation of an actor: it ends when the incarnation does.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures::FutureExt;
use tokio::task::JoinSet;

use super::supervise::{Exit, ExitSignal};

/// A set of futures on the actor's own thread. A panic in one of them ends the incarnation, and the supervisor makes a new one.
#[derive(Clone)]
pub struct Tasks {
    set: Rc<RefCell<JoinSet<()>>>,
    exit: ExitSignal,
}

impl Tasks {
    pub(super) fn new(exit: ExitSignal) -> Self {
        Self { set: Rc::default(), exit }
    }

    /// Runs a future beside the actor. Finished ones are cleared away as new ones come.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let exit = self.exit.clone();
        // An async block around the future would hold it twice: as what it captures, and as what it awaits.
        let guarded = AssertUnwindSafe(future).catch_unwind().map(move |ended| {
            if ended.is_err() {
                exit.give(Exit::Panicked);
            }
        });
        let mut set = self.set.borrow_mut();
        while set.try_join_next().is_some() {}
        set.spawn_local(guarded);
    }

    /// Ends this incarnation as a failure: the supervisor starts a new one after its backoff.
    pub fn fail(&self, reason: impl Into<String>) {
        self.exit.give(Exit::Failed(reason.into()));
    }

    /// Ends the actor for good.
    pub fn stop(&self) {
        self.exit.give(Exit::Stopped);
    }

    pub(super) fn abort_all(&self) {
        self.set.borrow_mut().abort_all();
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Tasks({})", self.set.borrow().len())
    }
}
