//! Backups: a data folder at one moment, made while the server serves, as one sealed file; and their way back.

mod archive;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::envelope::{Binding, key_id};
use super::key::DataKey;
use super::key_files;
use super::keyring::{self, Keyring};
use super::{Inner, MasterKey, Vault, VaultError};
use crate::runtime::now_ms;
use crate::store::{Batch, DataFolder, Durability, SledStore, Store};
use archive::{ArchiveError, Header, Item, Reader, Writer};

/// How many bytes of a file are read at once.
const FILE_PART_BYTES: usize = 64 * 1_024;

/// How many pairs are written by one commit of a restore.
const COMMIT_PAIRS: usize = 512;

/// How much of the page cache a restore and a check use, in bytes.
const CACHE_BYTES: u64 = 64 * 1_024 * 1_024;

/// How many faults a check tells one by one.
const FAULTS_MAX: usize = 20;

/// Why a backup could not be made or restored: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The archive cannot be read.
    #[error("the backup cannot be used: {0}")]
    Archive(#[from] ArchiveError),
    /// The folder to restore to is there already.
    #[error("{0} is not empty: a backup is restored into a new folder, and only when it has been verified")]
    NotEmpty(PathBuf),
    /// What was restored has faults. It was not put in place.
    #[error("the backup is whole, but {0} of its records do not open; nothing was put in place")]
    Faulty(usize),
    /// Whoever the backup was for has gone.
    #[error("the reader of the backup has gone")]
    ReaderGone,
    /// The vault or the store failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was found in a data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Users, accounts and the server itself.
    pub owners: usize,
    /// Records that open.
    pub records: usize,
    /// Records that do not.
    pub faults_total: usize,
    /// The first of them, in words without content.
    pub faults: Vec<String>,
}

impl CheckReport {
    fn fault(&mut self, fault: String) {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

impl Vault {
    /// Makes a backup of the data folder at `folder` and hands it on in parts. It is the folder as it was at one moment of the making.
    /// A rotation waits meanwhile.
    ///
    /// # Errors
    /// [`BackupError`]; what was handed on is then no backup.
    pub async fn back_up(&self, folder: &Path, parts: &mpsc::Sender<Vec<u8>>) -> Result<(), BackupError> {
        let inner = &self.0;
        let _alone = inner.maintenance.lock().await;
        let key = DataKey::generate()?;
        let wrapped = inner.keyring.wrap(&key, &Binding::server())?;
        let keyring = serde_json::to_string(&inner.keyring.stored()).and_then(RawValue::from_string).map_err(io::Error::from)?;
        let (mut writer, begun) = Writer::begin(&key, now_ms(), keyring, wrapped)?;
        give(parts, begun).await?;
        let mut snapshot = inner.store.snapshot().await.map_err(VaultError::from)?;
        while let Some(changes) = snapshot.next().await.map_err(VaultError::from)? {
            for (key, value) in changes {
                give(parts, writer.add(&Item::Pair(key, value))?).await?;
            }
        }
        // Keys after records: whatever is in the records, its key is there.
        for path in other_files(folder)? {
            give_file(folder, &path, &mut writer, parts).await?;
        }
        give(parts, writer.end()?).await
    }

    /// Opens every record.
    ///
    /// # Errors
    /// [`VaultError`] when the store cannot be read. Records that do not open are in the report.
    pub async fn check(&self) -> Result<CheckReport, VaultError> {
        self.0.check().await
    }
}

impl Inner {
    async fn check(self: &Arc<Self>) -> Result<CheckReport, VaultError> {
        let mut report = CheckReport::default();
        for kind in Self::PLACES {
            for (place, binding) in self.all_places(kind).await? {
                report.owners += 1;
                match self.open_keys(&binding, None) {
                    Ok(Some(keys)) => self.check_owner(&binding, &keys, &mut report).await?,
                    Ok(None) => report.fault(format!("the owner {} has no key", hex::encode(place))),
                    Err(error) => report.fault(format!("the key of the owner {}: {error}", hex::encode(place))),
                }
            }
        }
        let (mut total, mut after): (usize, Option<Vec<u8>>) = (0, None);
        loop {
            let page = self.store.scan(b"r", after.as_deref(), 1_024).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            total += page.len();
        }
        for _ in report.records + report.faults_total..total {
            report.fault("a record has no owner".to_owned());
        }
        Ok(report)
    }

    async fn check_owner(
        &self,
        binding: &Binding,
        keys: &super::owner_keys::KeySet,
        report: &mut CheckReport,
    ) -> Result<(), VaultError> {
        let prefix = binding.record_prefix();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.store.scan(&prefix, after.as_deref(), 1_024).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (place, envelope) in &page {
                let named = place.strip_prefix(prefix.as_slice()).and_then(<[u8]>::split_first);
                let key = key_id(envelope).ok().and_then(|id| keys.find(id));
                let opens = named.zip(key).is_some_and(|((code, id), key)| binding.open_coded(key, *code, id, envelope).is_ok());
                if opens {
                    report.records += 1;
                } else {
                    report.fault(format!("the record {} does not open", hex::encode(place)));
                }
            }
        }
    }
}

/// Reads a backup to its end with a master key, and changes nothing. Answers when it was begun (Unix milliseconds).
///
/// # Errors
/// [`BackupError::Archive`] when any of it was changed or is missing; [`VaultError::WrongMasterKey`].
pub fn verify(file: &Path, master_keys: &[&MasterKey]) -> Result<u64, BackupError> {
    let (mut reader, made_at_ms, _) = open(file, master_keys)?;
    while let Some(item) = reader.next()? {
        if let Item::File(_, length) = item {
            reader.copy(length, &mut io::sink())?;
        }
    }
    Ok(made_at_ms)
}

/// Restores a backup as the data folder `target`, which must be absent or empty. All of it is read and verified first, and every record
/// is opened before the folder is put in place.
///
/// # Errors
/// [`BackupError`]; `target` is as it was then.
pub async fn restore(file: &Path, target: &Path, master_keys: &[&MasterKey]) -> Result<CheckReport, BackupError> {
    if target.try_exists()? && fs::read_dir(target)?.next().is_some() {
        return Err(BackupError::NotEmpty(target.to_owned()));
    }
    verify(file, master_keys)?;
    let mut name = target.as_os_str().to_owned();
    name.push(".restoring");
    let fresh = PathBuf::from(name);
    if fresh.try_exists()? {
        fs::remove_dir_all(&fresh)?;
    }
    let restored = unpack(file, &fresh, master_keys).await;
    let report = match restored {
        Ok(report) if report.faults_total == 0 => report,
        faulty => {
            fs::remove_dir_all(&fresh)?;
            return Err(faulty.map_or_else(|error| error, |report| BackupError::Faulty(report.faults_total)));
        }
    };
    if target.try_exists()? {
        fs::remove_dir(target)?;
    }
    fs::rename(&fresh, target)?;
    if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent)?.sync_all()?;
    }
    Ok(report)
}

async fn unpack(file: &Path, fresh: &Path, master_keys: &[&MasterKey]) -> Result<CheckReport, BackupError> {
    let (mut reader, _, keyring) = open(file, master_keys)?;
    let folder = DataFolder::open(fresh).map_err(io::Error::other)?;
    key_files::write_whole(fresh, keyring::FILE_NAME, keyring.as_bytes())?;
    let store = SledStore::open(&folder, CACHE_BYTES).map_err(VaultError::from)?;
    let mut batch = Batch::new();
    while let Some(item) = reader.next()? {
        match item {
            Item::Pair(key, value) => {
                batch = match value {
                    Some(value) => batch.put(key, value),
                    None => batch.delete(key),
                };
                if batch.len() >= COMMIT_PAIRS {
                    let full = std::mem::take(&mut batch).durability(Durability::Relaxed);
                    store.commit(full).await.map_err(VaultError::from)?;
                }
            }
            Item::File(name, length) => reader.copy(length, &mut file_in(fresh, &name)?)?,
        }
    }
    store.commit(batch).await.map_err(VaultError::from)?;
    store.close().await;
    drop(store);
    File::open(fresh.join(key_files::FOLDER_NAME))?.sync_all()?;
    let (vault, _) = Vault::open_with(&folder, master_keys, || SledStore::open(&folder, CACHE_BYTES)).await?;
    let report = vault.check().await;
    vault.close().await;
    Ok(report?)
}

/// A file of a data folder to write. Names are taken as they are written by a backup only: plain ones, at most one folder deep.
fn file_in(folder: &Path, name: &str) -> Result<File, BackupError> {
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(|byte| byte.is_ascii_graphic());
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 3 || !parts.iter().all(|part| is_plain(part)) {
        return Err(ArchiveError::NotABackup.into());
    }
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    Ok(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?)
}

type Opened = (Reader<BufReader<File>>, u64, String);

fn open(file: &Path, master_keys: &[&MasterKey]) -> Result<Opened, BackupError> {
    let mut source = BufReader::new(File::open(file)?);
    let (header, lines) = archive::read_header(&mut source)?;
    let Header { made_at_ms, keyring, key, .. } = &header;
    let ring = Keyring::of_bytes(keyring.get().as_bytes(), master_keys, &file.display().to_string())?;
    let key = ring.unwrap(key, &Binding::server())?;
    let (made_at_ms, keyring) = (*made_at_ms, keyring.get().to_owned());
    Ok((Reader::new(source, &key, header, &lines), made_at_ms, keyring))
}

async fn give(parts: &mpsc::Sender<Vec<u8>>, part: Vec<u8>) -> Result<(), BackupError> {
    if part.is_empty() {
        return Ok(());
    }
    parts.send(part).await.map_err(|_| BackupError::ReaderGone)
}

/// The files of a data folder that are neither the store's, nor made anew by a restore. What says how far a log has come is before the
/// log, so that a log which grows meanwhile has come at least as far.
fn other_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside)? {
            let (entry, is_top) = (entry?, inside == folder);
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_made_anew = is_top && matches!(name.as_str(), "lock" | "format" | "store" | keyring::FILE_NAME);
            if is_made_anew || name.starts_with('.') || name.ends_with(".new") {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    let is_head = |path: &PathBuf| path.to_string_lossy().contains("head") || path.to_string_lossy().contains("checkpoint");
    found.sort_by_key(|path| (!is_head(path), path.clone()));
    Ok(found)
}

async fn give_file(folder: &Path, path: &Path, writer: &mut Writer, parts: &mpsc::Sender<Vec<u8>>) -> Result<(), BackupError> {
    let mut file = match File::open(path) {
        // A file that retention has removed meanwhile is no loss.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut left = file.metadata()?.len();
    let name = path.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().into_owned();
    give(parts, writer.add(&Item::File(name, left))?).await?;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(FILE_PART_BYTES);
        let mut part = vec![0; length];
        io::Read::read_exact(&mut file, &mut part)?;
        left -= length as u64;
        give(parts, writer.bytes(&part)?).await?;
    }
    Ok(())
}

/// Writes what a backup is handed on as to a new file that is private, whole or not there at all.
///
/// # Errors
/// What the system says, or that the file is there already.
pub fn save(target: &Path, mut next: impl FnMut() -> io::Result<Option<Vec<u8>>>) -> io::Result<()> {
    if target.try_exists()? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file is there already"));
    }
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    let fresh = PathBuf::from(name);
    let written = (|| {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        while let Some(part) = next()? {
            file.write_all(&part)?;
        }
        file.sync_all()
    })();
    if let Err(error) = written {
        fs::remove_file(&fresh)?;
        return Err(error);
    }
    fs::rename(&fresh, target)?;
    match target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
