//! Whom Telegram says an account belongs to: as it was kept, and as Telegram told it last.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::account::AccountContext;
use crate::telegram::UserInfo;

/// The person, shared: written by the account's actor whenever it connects, read by its user. Nobody, for a login on its way.
#[derive(Clone)]
pub(crate) struct PersonCell(Arc<RwLock<Option<UserInfo>>>);

impl PersonCell {
    pub(crate) fn new(user: Option<UserInfo>) -> Self {
        Self(Arc::new(RwLock::new(user)))
    }

    /// The person as Telegram told last.
    pub(crate) fn read(&self) -> Option<UserInfo> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what Telegram tells.
    pub(super) fn write(&self, user: UserInfo) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(user);
    }
}

impl fmt::Debug for PersonCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(formatter)
    }
}

impl AccountContext {
    /// Asks Telegram anew whom the account belongs to, after a change of that. If it cannot, the next connection does.
    pub(super) async fn refresh_person(&self) {
        match self.repeatable("users.getUsers", async |connection| connection.own_person().await).await {
            Ok(user) => self.person.write(user),
            Err(error) => tracing::debug!(account = %self.ownership.account, %error, "whom the account belongs to was not told"),
        }
    }
}
