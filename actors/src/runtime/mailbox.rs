//! The address of a supervised actor. It outlives every incarnation of the actor.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use actix::dev::SendError;
use tokio::sync::watch;

use super::supervise::Lifecycle;

/// What actix carries: one message of ours.
pub(super) struct Envelope<M>(pub(super) M);

impl<M: Send + 'static> actix::Message for Envelope<M> {
    type Result = ();
}

type Current<M> = Arc<RwLock<Option<actix::Recipient<Envelope<M>>>>>;

/// Sends messages to whichever incarnation of an actor runs now. Bounded: a full mailbox refuses.
pub struct Mailbox<M: Send + 'static> {
    current: Current<M>,
    lifecycle: watch::Receiver<Lifecycle>,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many messages wait as may.
    Full,
    /// The actor is starting, restarting or stopped; [`Mailbox::lifecycle`] says which.
    NotRunning,
}

/// A message that was not taken, given back.
pub struct Refused<M> {
    /// The message.
    pub message: M,
    /// Why.
    pub reason: Refusal,
}

impl<M: Send + 'static> Mailbox<M> {
    pub(super) fn new(lifecycle: watch::Receiver<Lifecycle>) -> Self {
        Self { current: Arc::default(), lifecycle }
    }

    pub(super) fn set(&self, recipient: Option<actix::Recipient<Envelope<M>>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = recipient;
    }

    /// Hands a message to the actor, or gives it back at once.
    ///
    /// # Errors
    /// [`Refused`] when the mailbox is full or no incarnation runs.
    pub fn try_send(&self, message: M) -> Result<(), Refused<M>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let Some(recipient) = current.as_ref() else {
            return Err(Refused { message, reason: Refusal::NotRunning });
        };
        recipient.try_send(Envelope(message)).map_err(|refused| match refused {
            SendError::Full(Envelope(message)) => Refused { message, reason: Refusal::Full },
            SendError::Closed(Envelope(message)) => Refused { message, reason: Refusal::NotRunning },
        })
    }

    /// Where the actor is in its life.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.borrow().clone()
    }

    /// Waits until an incarnation runs; answers `false` if none ever will.
    pub async fn running(&self) -> bool {
        let mut lifecycle = self.lifecycle.clone();
        let settled =
            lifecycle.wait_for(|state| matches!(state, Lifecycle::Running | Lifecycle::Failed(_) | Lifecycle::Stopped)).await;
        settled.is_ok_and(|state| *state == Lifecycle::Running)
    }

    /// Waits until the actor is given up, and answers how it failed last; `None` when it is stopped without that.
    pub async fn failed(&self) -> Option<String> {
        let mut lifecycle = self.lifecycle.clone();
        let ended = lifecycle.wait_for(|state| matches!(state, Lifecycle::Failed(_) | Lifecycle::Stopped)).await.ok()?;
        match &*ended {
            Lifecycle::Failed(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    /// Waits until the actor is gone for good.
    pub async fn stopped(&self) {
        let mut lifecycle = self.lifecycle.clone();
        let _ended_either_way = lifecycle.wait_for(|state| *state == Lifecycle::Stopped).await;
    }
}

impl<M: Send + 'static> Clone for Mailbox<M> {
    fn clone(&self) -> Self {
        Self { current: Arc::clone(&self.current), lifecycle: self.lifecycle.clone() }
    }
}

impl<M: Send + 'static> fmt::Debug for Mailbox<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mailbox({:?})", self.lifecycle())
    }
}
