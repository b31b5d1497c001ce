//! Setting a log aside: the operator's decision to begin a new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{AuditError, BEGIN, CHECKPOINT, HEAD, LOG, open};
use crate::runtime::now_ms;
use crate::store::DataFolder;

/// Moves the files of a folder's log, whatever they are, into a folder of their own beside it, and leaves word that the next start begins
/// a new log with a new key. Answers where they are. The folder must not be in use.
///
/// # Errors
/// [`AuditError::Unusable`] for the file that could not be moved.
pub fn set_aside(folder: &DataFolder) -> Result<PathBuf, AuditError> {
    let folder = folder.path();
    let aside = folder.join(format!("audit.set-aside-{}", now_ms()));
    let unusable = |file: &Path| {
        let file = file.to_owned();
        |source: io::Error| AuditError::Unusable { file, source }
    };
    fs::create_dir(&aside).map_err(unusable(&aside))?;
    // First of all the word, so that a move that was cut short can be made again.
    let marker = folder.join(BEGIN);
    let mark = open::private().write(true).create(true).truncate(true).open(&marker).and_then(|file| file.sync_all());
    mark.map_err(unusable(&marker))?;
    for name in [HEAD, CHECKPOINT, LOG] {
        match fs::rename(folder.join(name), aside.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(unusable(&folder.join(name)))?,
        }
    }
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(unusable(folder))?;
    Ok(aside)
}
