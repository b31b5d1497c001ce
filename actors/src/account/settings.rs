//! What a person has set for an account.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::telegram::Proxy;

/// What a person has set for an account, as it is kept, sealed, in the account's record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountSettings {
    /// What the person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The proxy of its connections; the server's, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<Proxy>,
    /// What it calls its device in Telegram's list; the server's name for it, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_name: Option<String>,
}

/// Shared settings: written by the account's user, read by its actor whenever it connects.
#[derive(Clone)]
pub(crate) struct SettingsCell(Arc<RwLock<AccountSettings>>);

impl SettingsCell {
    pub(crate) fn new(settings: AccountSettings) -> Self {
        Self(Arc::new(RwLock::new(settings)))
    }

    /// A copy of the settings now.
    pub(crate) fn read(&self) -> AccountSettings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the settings. They count from the next connection on.
    pub(crate) fn write(&self, settings: AccountSettings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

impl fmt::Debug for SettingsCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(formatter)
    }
}
