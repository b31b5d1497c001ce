//! Settings of a user that outlive a restart: for now, their own Telegram application credentials.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

use crate::error::Error;
use crate::operations::credentials::CredentialsSource;
use crate::settings::ApiCredentials;
use crate::user::UserContext;
use crate::vault::{Durability, ServerRecords, Space, UserRecords, VaultError};

const CREDENTIALS: &[u8] = b"credentials";

/// Credentials as they are kept, sealed.
#[derive(Serialize, Deserialize)]
struct StoredCredentials {
    api_id: i32,
    api_hash: String,
}

impl From<&ApiCredentials> for StoredCredentials {
    fn from(credentials: &ApiCredentials) -> Self {
        Self { api_id: credentials.api_id, api_hash: credentials.api_hash.expose_secret().to_owned() }
    }
}

impl From<StoredCredentials> for ApiCredentials {
    fn from(stored: StoredCredentials) -> Self {
        Self { api_id: stored.api_id, api_hash: SecretString::from(stored.api_hash) }
    }
}

pub(super) async fn load_credentials(records: &UserRecords) -> Result<Option<ApiCredentials>, VaultError> {
    Ok(records.get::<StoredCredentials>(Space::Setting, CREDENTIALS).await?.map(ApiCredentials::from))
}

/// The credentials that an administrator has set.
pub(crate) async fn load_server_credentials(records: &ServerRecords) -> Result<Option<ApiCredentials>, VaultError> {
    Ok(records.get::<StoredCredentials>(Space::Setting, CREDENTIALS).await?.map(ApiCredentials::from))
}

impl UserContext {
    /// The credentials that a new login of this user uses.
    pub(crate) fn credentials(&self) -> Option<ApiCredentials> {
        self.own_credentials.borrow().clone().or_else(|| self.server_credentials())
    }

    /// Whose credentials are in use, and the user's own if they have any.
    pub(crate) fn credentials_in_use(&self) -> (CredentialsSource, Option<ApiCredentials>) {
        let own = self.own_credentials.borrow().clone();
        let source = match (&own, self.server_credentials()) {
            (Some(_), _) => CredentialsSource::User,
            (None, Some(_)) => CredentialsSource::Global,
            (None, None) => CredentialsSource::None,
        };
        (source, own)
    }

    fn server_credentials(&self) -> Option<ApiCredentials> {
        let set = self.environment.server_credentials.read().unwrap_or_else(PoisonError::into_inner).clone();
        set.or_else(|| self.environment.settings.credentials.clone())
    }

    /// Sets or forgets the user's own credentials. Accounts that are logged in keep those that they logged in with.
    pub(crate) async fn set_credentials(&self, credentials: Option<ApiCredentials>) -> Result<(), Error> {
        let batch = self.records.batch();
        let batch = match &credentials {
            Some(credentials) => batch.put(Space::Setting, CREDENTIALS, &StoredCredentials::from(credentials))?,
            None => batch.delete(Space::Setting, CREDENTIALS),
        };
        batch.commit(Durability::Durable).await?;
        *self.own_credentials.borrow_mut() = credentials;
        Ok(())
    }

    /// Sets the server's credentials. Only administrators come here.
    pub(crate) async fn set_server_credentials(&self, credentials: ApiCredentials) -> Result<(), Error> {
        let records = self.environment.vault.server_records();
        let stored = StoredCredentials::from(&credentials);
        records.batch().put(Space::Setting, CREDENTIALS, &stored)?.commit(Durability::Durable).await?;
        *self.environment.server_credentials.write().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        Ok(())
    }
}
