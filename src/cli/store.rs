//! `vasya-server store`: backups, their way back, and the state of the data folder.

use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use vasya_actors::store::{DataFolder, DataFolderError, SledStore};
use vasya_actors::vault::{self, MasterKey, RotationState, Vault};

use super::{CommandError, FileArgument, print};
use crate::backup_socket;
use crate::config::{self, StoreConfiguration};

/// Parts of a backup that may wait to be written.
const PARTS_WAITING_MAX: usize = 16;

/// How often an offline rotation tells how far it has come.
const PROGRESS_PERIOD: std::time::Duration = std::time::Duration::from_secs(1);

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: StoreCommand,
    #[command(flatten)]
    file: FileArgument,
    /// The data folder (VASYA_DATA_DIR).
    #[arg(long, value_name = "FOLDER", global = true)]
    data_dir: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
enum StoreCommand {
    /// Write a backup of the data folder to a new file; also while the server runs.
    Backup {
        /// The file.
        file: PathBuf,
    },
    /// Read a backup to its end, and change nothing.
    Verify {
        /// The file.
        file: PathBuf,
    },
    /// Restore a backup as the data folder, which must be absent or empty.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Open every record of the data folder.
    Check,
    /// Replace every key at rest; to the master key in SESSION_MASTER_KEY_NEXT_FILE, if it names one.
    Rotate,
}

/// Does it.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let flags = arguments.data_dir.iter().map(|value| config::Flag { key: "data.dir", name: "data-dir", value: value.clone() });
    let configuration = config::load_store(arguments.file.config.as_deref(), &flags.collect::<Vec<_>>())?;
    let runtime = Runtime::new()?;
    match &arguments.command {
        StoreCommand::Backup { file } => back_up(&runtime, &configuration, file),
        StoreCommand::Verify { file } => verify(&configuration, file),
        StoreCommand::Restore { file } => runtime.block_on(restore(&configuration, file)),
        StoreCommand::Check => runtime.block_on(check(&configuration)),
        StoreCommand::Rotate => runtime.block_on(rotate(&configuration)),
    }
}

fn master_keys(configuration: &StoreConfiguration) -> Result<Vec<MasterKey>, CommandError> {
    let mut keys = vec![MasterKey::parse(&configuration.master_key).map_err(CommandError::refused)?];
    keys.extend(next_master_key(configuration)?);
    Ok(keys)
}

fn next_master_key(configuration: &StoreConfiguration) -> Result<Option<MasterKey>, CommandError> {
    let read = configuration.next_master_key_file.as_deref().map(MasterKey::read).transpose();
    Ok(read.map_err(CommandError::refused)?.flatten())
}

/// The data folder of a server that does not run. One that is absent is not made.
fn own(configuration: &StoreConfiguration) -> Result<DataFolder, CommandError> {
    let path = &configuration.data_dir;
    if !path.join("format").exists() {
        return Err(CommandError::refused(format!("{} is no data folder", path.display())));
    }
    DataFolder::open(path).map_err(CommandError::refused)
}

async fn open(folder: &DataFolder, configuration: &StoreConfiguration) -> Result<Vault, CommandError> {
    let keys = master_keys(configuration)?;
    let keys: Vec<&MasterKey> = keys.iter().collect();
    let open_store = || SledStore::open(folder, configuration.store_cache_bytes);
    Ok(Vault::open_with(folder, &keys, open_store).await.map_err(CommandError::refused)?.0)
}

fn back_up(runtime: &Runtime, configuration: &StoreConfiguration, file: &Path) -> Result<(), CommandError> {
    let data_dir = &configuration.data_dir;
    if !data_dir.join("format").exists() {
        return Err(CommandError::refused(format!("{} is no data folder", data_dir.display())));
    }
    match DataFolder::open(data_dir) {
        Ok(folder) => {
            let vault = runtime.block_on(open(&folder, configuration))?;
            let (parts, mut taken) = mpsc::channel(PARTS_WAITING_MAX);
            let (making, path) = (vault.clone(), folder.path().to_owned());
            let made = runtime.spawn(async move { making.back_up(&path, &parts).await });
            let mut made = Some(made);
            let saved = vault::save(file, || match taken.blocking_recv() {
                Some(part) => Ok(Some(part)),
                None => match made.take().map(|made| runtime.block_on(made)) {
                    Some(Ok(Ok(()))) | None => Ok(None),
                    Some(Ok(Err(error))) => Err(io::Error::other(error)),
                    Some(Err(error)) => Err(io::Error::other(error)),
                },
            });
            runtime.block_on(vault.close());
            saved?;
        }
        Err(DataFolderError::InUse(_)) => {
            let mut parts = backup_socket::ask(data_dir).map_err(|error| {
                CommandError::refused(format!("the server that uses {} gives no backup: {error}", data_dir.display()))
            })?;
            vault::save(file, || parts.next_part())?;
        }
        Err(error) => return Err(CommandError::refused(error)),
    }
    verify(configuration, file)
}

fn verify(configuration: &StoreConfiguration, file: &Path) -> Result<(), CommandError> {
    let keys = master_keys(configuration)?;
    let keys: Vec<&MasterKey> = keys.iter().collect();
    vault::verify(file, &keys).map_err(CommandError::refused)?;
    print(&format!("{} is whole and opens with this master key\n", file.display()))
}

async fn restore(configuration: &StoreConfiguration, file: &Path) -> Result<(), CommandError> {
    let keys = master_keys(configuration)?;
    let keys: Vec<&MasterKey> = keys.iter().collect();
    let target = &configuration.data_dir;
    let report = vault::restore(file, target, &keys).await.map_err(CommandError::refused)?;
    print(&format!("{} records of {} owners were verified and are in {}\n", report.records, report.owners, target.display()))
}

async fn check(configuration: &StoreConfiguration) -> Result<(), CommandError> {
    let folder = own(configuration)?;
    let vault = open(&folder, configuration).await?;
    let report = vault.check().await;
    vault.close().await;
    let report = report.map_err(CommandError::refused)?;
    print(&format!("{} records of {} owners open\n", report.records, report.owners))?;
    if report.faults_total == 0 {
        return Ok(());
    }
    for fault in &report.faults {
        print(&format!("fault: {fault}\n"))?;
    }
    Err(CommandError::refused(format!("{} faults: see \"The store does not open\" in docs/runbooks.md", report.faults_total)))
}

async fn rotate(configuration: &StoreConfiguration) -> Result<(), CommandError> {
    let folder = own(configuration)?;
    let vault = open(&folder, configuration).await?;
    let rotated = async {
        vault.rotate_keyring(next_master_key(configuration)?).await.map_err(CommandError::refused)?;
        vault.pause_rotation(false).await.map_err(CommandError::refused)?;
        loop {
            let state = vault.keyring_state();
            match state.state {
                RotationState::Settled => return print(&format!("the keys of {} owners were replaced\n", state.owners_total)),
                RotationState::Stuck => return Err(CommandError::refused("records do not open: run `vasya-server store check`")),
                RotationState::Rotating | RotationState::Paused => {}
            }
            print(&format!("{} of {}\n", state.owners_done, state.owners_total))?;
            tokio::time::sleep(PROGRESS_PERIOD).await;
        }
    };
    let rotated = rotated.await;
    vault.close().await;
    rotated
}
