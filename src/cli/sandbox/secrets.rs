//! The secrets of a sandbox, made once and kept beside its data folder, so that the next start opens the same data.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::super::CommandError;
use crate::auth;
use crate::config::Flag;

const PRIVATE_FILE_MODE: u32 = 0o600;

/// The secrets, each 32 random bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Secrets {
    session_master_key: String,
    local_token: String,
    jwt_secret: String,
}

impl Secrets {
    /// The secrets in a file, which is made if it is absent.
    pub(super) fn load(path: &Path) -> Result<Self, CommandError> {
        let named = |error: &dyn std::fmt::Display| CommandError::refused(format!("{}: {error}", path.display()));
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| named(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = || Ok::<_, CommandError>(auth::random_token()?.expose_secret().to_owned());
                let secrets = Self { session_master_key: fresh()?, local_token: fresh()?, jwt_secret: fresh()? };
                secrets.save(path).map_err(|error| named(&error))?;
                Ok(secrets)
            }
            Err(error) => Err(named(&error)),
        }
    }

    fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE_MODE).open(path)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()
    }

    /// The secrets that the environment does not give.
    pub(super) fn unless_in_environment(&self) -> impl Iterator<Item = Flag> {
        let settings = [
            ("SESSION_MASTER_KEY", "data.session_master_key", &self.session_master_key),
            ("VASYA_LOCAL_TOKEN", "auth.local_token", &self.local_token),
            ("JWT_SECRET", "auth.jwt_secret", &self.jwt_secret),
        ];
        let is_set = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        settings
            .into_iter()
            .filter(move |(variable, ..)| !is_set(variable) && !is_set(&format!("{variable}_FILE")))
            .map(|(_, key, value)| Flag { key, name: "data-dir", value: value.clone() })
    }
}
