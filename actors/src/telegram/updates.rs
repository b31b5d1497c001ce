//! What Telegram sends of its own accord. Gaps are filled from Telegram's difference, also after a restart.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use grammers_mtsender::{SenderPoolFatHandle, UpdatesConfiguration, UpdatesReceiver};
use grammers_session::Session;
use grammers_session::updates::{State, UpdatesLike};
use grammers_tl_types::enums;
use tokio::sync::mpsc;

use super::convert::Met;
use super::session::SealedSession;
use super::{CallNews, GroupCallNews, TelegramError, group_calls, phone_calls};

/// What came at once. Chats and messages may have changed.
#[derive(Debug, Default)]
pub struct Received {
    /// What is told of calls between two people, in its order.
    pub phone_calls: Vec<CallNews>,
    /// What is told of group calls, in its order.
    pub group_calls: Vec<GroupCallNews>,
}

impl Received {
    fn of(updates: &[(enums::Update, State)]) -> Self {
        let mut received = Self::default();
        for (update, _) in updates {
            match update {
                enums::Update::PhoneCall(told) => received.phone_calls.extend(phone_calls::news(&told.phone_call)),
                enums::Update::GroupCall(told) => received.group_calls.push(group_calls::news(&told.call)),
                _ => {}
            }
        }
        received
    }
}

/// Something that an account's updates tell.
#[derive(Debug)]
pub enum UpdateEvent {
    /// Updates came.
    Updates(Received),
    /// Updates cannot be followed any further on this connection.
    Closed(TelegramError),
}

/// The updates of one connection.
pub struct Updates {
    receiver: UpdatesReceiver,
    session: Arc<SealedSession>,
}

impl Updates {
    pub(super) async fn new(
        handle: SenderPoolFatHandle,
        session: Arc<SealedSession>,
        updates: mpsc::Receiver<UpdatesLike>,
    ) -> Result<Self, TelegramError> {
        let configuration = UpdatesConfiguration { catch_up: true };
        let receiver = UpdatesReceiver::create(handle.thin.clone(), Arc::clone(&handle.session), updates, configuration).await;
        let receiver = receiver.map_err(|_| TelegramError::Unexpected("the session failed"))?;
        Ok(Self { receiver, session })
    }

    /// Waits for the next updates. Cancelling it loses nothing that was not answered.
    pub async fn next(&mut self) -> UpdateEvent {
        let next = AssertUnwindSafe(self.receiver.next()).catch_unwind().await;
        let (updates, users, chats) = match next {
            Ok(Ok(received)) => received,
            Ok(Err(error)) => return UpdateEvent::Closed(error.into()),
            Err(_) => return UpdateEvent::Closed(TelegramError::Panicked),
        };
        match self.session.cache_peers(Met::new(users, chats).peers()).await {
            Ok(()) => UpdateEvent::Updates(Received::of(&updates)),
            Err(error) => UpdateEvent::Closed(error.into()),
        }
    }

    /// Keeps how far the updates have come.
    ///
    /// # Errors
    /// [`TelegramError::Record`] when it cannot be stored.
    pub async fn save_state(&self) -> Result<(), TelegramError> {
        let saved = self.receiver.sync_update_state().await;
        saved.map_err(|error| match error.downcast::<crate::vault::VaultError>() {
            Ok(error) => TelegramError::Record(*error),
            Err(_) => TelegramError::Unexpected("the session failed"),
        })
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Updates")
    }
}
