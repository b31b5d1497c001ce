//! The master key of embedded mode, where nobody gives one: a file beside the data folder, made at the first start.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use vasya_actors::vault::read_private;

use super::CommandError;
use crate::auth;
use crate::config::{self, Flag};

/// What is behind the data folder's name in the file's. It is not in the folder, so that a copy of that alone opens nothing.
const SUFFIX: &str = ".master-key";

/// The setting that gives embedded mode the master key in its file, if none is given otherwise. A data folder that was made with another
/// key gets no file: then the missing key is told.
pub(super) fn of_embedded_mode(file: Option<&Path>, flags: &[Flag]) -> Result<Option<Flag>, CommandError> {
    let Some(data_dir) = config::embedded_data_dir_without_master_key(file, flags) else { return Ok(None) };
    let path = beside(&data_dir);
    let named = |error: io::Error| CommandError::refused(format!("the master key in {}: {error}", path.display()));
    let found = match read_private(&path) {
        Ok(found) => found,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(error)),
        Err(_) if data_dir.join("keyring.json").exists() => return Ok(None),
        Err(_) => {
            let made = auth::random_token()?;
            save(&path, made.expose_secret()).map_err(named)?;
            let _ = writeln!(
                io::stderr(),
                "vasya-server: no SESSION_MASTER_KEY is given, so one was made in {}. Keep a copy of that file apart from the data folder: \
                 without it the data is lost, and whoever has both has the accounts.",
                path.display()
            );
            made
        }
    };
    Ok(Some(Flag { key: "data.session_master_key", name: "data-dir", value: found.expose_secret().to_owned() }))
}

fn beside(data_dir: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(data_dir.as_os_str().to_string_lossy().trim_end_matches('/'));
    name.push(SUFFIX);
    PathBuf::from(name)
}

fn save(path: &Path, key: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    std::fs::File::open(folder)?.sync_all()
}
