//! `vasya-server audit`: checking, exporting and setting aside the audit log of a data folder. Nothing here needs a running server.

use std::fs;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use vasya_actors::audit::{self, ExportError, ExportFormat, ExportSelection, VerifierKey};
use vasya_actors::store::DataFolder;

use super::{CommandError, print};

/// What to do with the log.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Arguments {
    /// Check all of the log with its public key only.
    Verify(Verify),
    /// Write the log to standard output.
    Export(Export),
    /// Move a log that proves nothing aside, so that the next start begins a new one. The server must not run.
    SetAside(Folder),
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Folder {
    /// The data folder, or any folder with a copy of the log's files.
    #[arg(long, value_name = "FOLDER", env = "VASYA_DATA_DIR")]
    data_dir: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    folder: Folder,
    /// The log's verifier key, as the server prints it at start and `GET /audit/checkpoint` gives it, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    key: String,
    /// A checkpoint of the log that was kept elsewhere; may be given many times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The lines as they stand.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Common Event Format.
    Cef,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    folder: Folder,
    /// What to write it as.
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
    /// Entries from this time on, such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = audit::read_time)]
    from: Option<u64>,
    /// Entries before this time.
    #[arg(long, value_name = "TIME", value_parser = audit::read_time)]
    to: Option<u64>,
    /// Entries of this user only.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

/// Does it.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    match arguments {
        Arguments::Verify(arguments) => verify(arguments),
        Arguments::Export(arguments) => export(arguments),
        Arguments::SetAside(folder) => set_aside(folder),
    }
}

fn verify(arguments: &Verify) -> Result<(), CommandError> {
    let Verify { folder, key, checkpoint } = arguments;
    let key: VerifierKey = match key.parse() {
        Ok(key) => key,
        Err(error) => {
            let text =
                fs::read_to_string(key).map_err(|_| CommandError::refused(format!("--key {error}, or a file that holds one")))?;
            text.parse().map_err(|error| CommandError::refused(format!("--key {error}")))?
        }
    };
    let verified = audit::verify(&folder.data_dir, &key, checkpoint).map_err(CommandError::refused)?;
    let (entries, signed) = (verified.entries, verified.signed);
    print(&format!("the log is whole: {entries} entries, {signed} of them signed, {} checkpoints agree\n", verified.checkpoints))
}

fn export(arguments: &Export) -> Result<(), CommandError> {
    let Export { folder, format, from, to, user } = arguments;
    let format = match format {
        Format::Jsonl => ExportFormat::Jsonl,
        Format::Csv => ExportFormat::Csv,
        Format::Cef => ExportFormat::Cef,
    };
    let selection = ExportSelection { from: *from, to: *to, user: user.clone() };
    let mut output = BufWriter::new(io::stdout().lock());
    match audit::export(&folder.data_dir, format, &selection, &mut output) {
        Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        exported => exported.map(|_| ()).map_err(CommandError::refused),
    }
}

fn set_aside(folder: &Folder) -> Result<(), CommandError> {
    if !folder.data_dir.join("format").exists() {
        return Err(CommandError::refused(format!("{} is no data folder", folder.data_dir.display())));
    }
    let folder = DataFolder::open(&folder.data_dir).map_err(CommandError::refused)?;
    let aside = audit::set_aside(&folder).map_err(CommandError::refused)?;
    print(&format!("the log is now in {}; the next start begins a new one, with a new key\n", aside.display()))
}
