//! The data folder: made private, marked with its format, and owned by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The format of everything in the folder. A folder of a format that is neither this one nor the one before is refused.
const FORMAT: &str = "vasya-data 2";

/// The format before, in which wrapped data keys were in the store. The vault brings such a folder to the present one.
const FORMAT_BEFORE: &str = "vasya-data 1";

const FOLDER_MODE: u32 = 0o700;

/// Why a data folder cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// Another process uses it.
    #[error("the data folder {0} is in use by another process: stop that one first, or choose another folder")]
    InUse(PathBuf),
    /// It was written by another version.
    #[error("the data folder {folder} has the format {found:?}, and this version reads {FORMAT:?}")]
    OtherFormat {
        /// The folder.
        folder: PathBuf,
        /// What its format file says.
        found: String,
    },
    /// It holds something else.
    #[error(
        "the folder {folder} is not empty and no data folder (it holds {found:?}): choose an empty one, or one that is absent"
    )]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// The name of something in it.
        found: String,
    },
    /// It cannot be made, read or written.
    #[error("the data folder {folder} cannot be used: {source}")]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A data folder that belongs to this process until this value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    is_of_format_before: bool,
    _lock: File,
}

impl DataFolder {
    /// Takes a folder for this process; makes it if it is absent. It is readable by its owner only from then on, also when it was not
    /// before.
    ///
    /// # Errors
    /// [`DataFolderError`]; nothing is changed then.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let unusable = |source: io::Error| DataFolderError::Unusable { folder: path.to_owned(), source };
        if let Some(found) = strange_content(path).map_err(unusable)? {
            return Err(DataFolderError::NotEmpty { folder: path.to_owned(), found });
        }
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(unusable)?;
        let lock = private().create(true).truncate(false).write(true).open(path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataFolderError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut is_of_format_before = false;
        match fs::read_to_string(path.join("format")) {
            Ok(found) if found.trim() == FORMAT => {}
            Ok(found) if found.trim() == FORMAT_BEFORE => is_of_format_before = true,
            Ok(found) => return Err(DataFolderError::OtherFormat { folder: path.to_owned(), found: found.trim().to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_format(path).map_err(unusable)?,
            Err(error) => return Err(unusable(error)),
        }
        fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE)).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), is_of_format_before, _lock: lock })
    }

    /// Whether it is still of the format before, in which wrapped data keys are in the store.
    pub fn is_of_format_before(&self) -> bool {
        self.is_of_format_before
    }

    /// Says that everything in it is of the present format.
    ///
    /// # Errors
    /// [`DataFolderError::Unusable`]; it is of the format before then.
    pub fn set_present_format(&self) -> Result<(), DataFolderError> {
        write_format(&self.path).map_err(|source| DataFolderError::Unusable { folder: self.path.clone(), source })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Something in a folder that is not yet ours which nobody would want among our data. Hidden files and what file systems put there
/// themselves do no harm.
fn strange_content(path: &Path) -> io::Result<Option<String>> {
    if path.join("format").try_exists()? || !path.try_exists()? {
        return Ok(None);
    }
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !matches!(name.as_str(), "lock" | "format.new" | "lost+found") {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Written whole and renamed, so that a crash leaves either no format or all of it.
fn write_format(folder: &Path) -> io::Result<()> {
    let fresh = folder.join("format.new");
    let mut file = private().create(true).truncate(true).write(true).open(&fresh)?;
    io::Write::write_all(&mut file, format!("{FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join("format"))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_could_read_is_closed_to_them() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        DataFolder::open(place.path()).unwrap();
        assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_untouched() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("thesis.tex"), "work of years").unwrap();
        assert!(matches!(DataFolder::open(place.path()), Err(DataFolderError::NotEmpty { .. })));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_process_owns_a_folder_and_a_strange_format_is_refused_untouched() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        let folder = DataFolder::open(&path).unwrap();
        assert!(matches!(DataFolder::open(&path), Err(DataFolderError::InUse(_))));
        drop(folder);
        fs::write(path.join("format"), "vasya-data 9\n").unwrap();
        assert!(matches!(DataFolder::open(&path), Err(DataFolderError::OtherFormat { .. })));
        assert_eq!(fs::read_to_string(path.join("format")).unwrap(), "vasya-data 9\n");
    }
}
