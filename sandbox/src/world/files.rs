//! The bytes of files: on disk, in parts as they were uploaded, so that files of any size cost no memory.
//!
//! A part that arrives is a file in the folder of its upload. When a message takes the upload, that folder becomes the file's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest part, in bytes.
pub const PART_BYTES_MAX: usize = 512 * 1024;
/// How many bytes tell what a file is.
const BEGINNING_BYTES: u64 = 16;
/// The most parts that a file may have.
pub const PARTS_MAX: i32 = 4_000;
/// The same for who pays for Telegram Premium.
pub const PREMIUM_PARTS_MAX: i32 = 8_000;

/// How long the parts of an upload are kept that no message has taken.
const UPLOAD_KEPT: Duration = Duration::from_secs(24 * 3_600);

const UPLOAD_PREFIX: &str = "upload-";
const PRIVATE_FILE_MODE: u32 = 0o600;
const PRIVATE_FOLDER_MODE: u32 = 0o700;

/// Where the bytes of files are kept.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
    /// Whether the folder goes with the store.
    temporary: bool,
}

/// A file that was put together from an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// Its length, in bytes.
    pub size: u64,
    /// The length of each part but the last, in bytes.
    pub part_size: u64,
}

impl FileStore {
    /// A store in a folder that lasts. Uploads that nobody finished are forgotten.
    pub fn open(world: &Path) -> Self {
        let store = Self { folder: world.join("files"), temporary: false };
        store.forget_old_uploads();
        store
    }

    fn forget_old_uploads(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(UPLOAD_PREFIX)) {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > UPLOAD_KEPT) {
                let _tried_again_at_the_next_start = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// A store that goes when it is dropped.
    pub fn temporary(name: &str) -> Self {
        Self { folder: std::env::temp_dir().join(format!("telegram-sandbox-{}-{name}", std::process::id())), temporary: true }
    }

    fn upload(&self, owner: i64, upload_id: i64) -> PathBuf {
        self.folder.join(format!("{UPLOAD_PREFIX}{owner}-{upload_id:016x}"))
    }

    fn file(&self, file_id: i64) -> PathBuf {
        self.folder.join(format!("file-{file_id}"))
    }

    /// Keeps a part of an upload. A part that comes twice takes the place of the first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_part(&self, owner: i64, upload_id: i64, part: i32, bytes: &[u8]) -> io::Result<()> {
        write_part(&self.upload(owner, upload_id), part, bytes)
    }

    /// The first bytes of an upload, if its first part is there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn beginning(&self, owner: i64, upload_id: i64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(part_path(&self.upload(owner, upload_id), 0)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(BEGINNING_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Makes a file of an upload that has these many parts, all but the last equally long. Nothing, if parts are missing or unequal.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn assemble(&self, owner: i64, upload_id: i64, parts: i32, file_id: i64) -> io::Result<Option<Assembled>> {
        let folder = self.upload(owner, upload_id);
        let mut size = 0;
        let mut part_size = 0;
        for part in 0..parts {
            let length = match fs::metadata(part_path(&folder, part)) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            if part == 0 {
                part_size = length;
            }
            let is_last = part == parts - 1;
            if length == 0 || length > part_size || (!is_last && length != part_size) {
                return Ok(None);
            }
            size += length;
        }
        if size == 0 {
            return Ok(None);
        }
        // What lies there was put together for a message that was never kept.
        match fs::remove_dir_all(self.file(file_id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::rename(&folder, self.file(file_id))?,
        }
        Ok(Some(Assembled { size, part_size }))
    }

    /// Makes a file of bytes that nobody uploaded.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn put_whole(&self, file_id: i64, bytes: &[u8]) -> io::Result<Assembled> {
        write_part(&self.file(file_id), 0, bytes)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Assembled { size, part_size: size })
    }

    /// Reads up to `limit` bytes of a file from `offset`; fewer at its end.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(&self, file_id: i64, part_size: u64, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
        let folder = self.file(file_id);
        let mut bytes = Vec::new();
        let mut offset = offset;
        let end = offset.saturating_add(limit);
        while offset < end {
            let part = i32::try_from(offset / part_size.max(1)).unwrap_or(i32::MAX);
            let mut file = match File::open(part_path(&folder, part)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            file.seek(SeekFrom::Start(offset % part_size.max(1)))?;
            let read = file.take(end - offset).read_to_end(&mut bytes)?;
            if read == 0 {
                break;
            }
            offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
        Ok(bytes)
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        if self.temporary {
            let _was_never_used = fs::remove_dir_all(&self.folder);
        }
    }
}

fn write_part(folder: &Path, part: i32, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER_MODE).create(folder)?;
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(PRIVATE_FILE_MODE).open(part_path(folder, part))?;
    file.write_all(bytes)
}

fn part_path(folder: &Path, part: i32) -> PathBuf {
    folder.join(format!("{part:05}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_as_it_was_uploaded() {
        let store = FileStore::temporary("files-test");
        for (part, bytes) in [(1, b"efgh".as_slice()), (0, b"abcd"), (2, b"ij")] {
            store.put_part(1, 7, part, bytes).unwrap();
        }
        assert_eq!(store.assemble(1, 7, 4, 9).unwrap(), None, "a part is missing");
        assert_eq!(store.assemble(2, 7, 3, 9).unwrap(), None, "another's upload");
        let assembled = store.assemble(1, 7, 3, 9).unwrap().unwrap();
        assert_eq!(assembled, Assembled { size: 10, part_size: 4 });
        assert_eq!(store.read(9, 4, 0, 100).unwrap(), b"abcdefghij");
        assert_eq!(store.read(9, 4, 3, 4).unwrap(), b"defg");
        assert_eq!(store.read(9, 4, 10, 4).unwrap(), b"");
    }
}
