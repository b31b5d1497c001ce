//! The keyring, as administrators see and rotate it.

use crate::error::Error;
use crate::user::UserContext;
use crate::vault::{KeyringState, MasterKey};

impl UserContext {
    /// How the keyring stands. Only administrators come here.
    pub(crate) fn keyring_state(&self) -> KeyringState {
        self.environment.vault.keyring_state()
    }

    /// Begins a rotation, to the master key in the file that the settings name if there is one. Only administrators come here.
    pub(crate) async fn rotate_keyring(&self) -> Result<(), Error> {
        let next = match self.environment.settings.next_master_key_file.clone() {
            Some(path) => {
                let read = tokio::task::spawn_blocking(move || MasterKey::read(&path)).await;
                read.map_err(Error::internal)??
            }
            None => None,
        };
        Ok(self.environment.vault.rotate_keyring(next).await?)
    }

    /// Pauses a rotation or lets it go on. Only administrators come here.
    pub(crate) async fn pause_rotation(&self, paused: bool) -> Result<(), Error> {
        Ok(self.environment.vault.pause_rotation(paused).await?)
    }
}
