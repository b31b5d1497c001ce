//! Opening the log: the whole chain is checked, a torn last line is cut, and anything else that is wrong stops the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::AuditError;
use super::chain::{self, Tip};
use super::index::{Index, LinePlace};

/// The longest line; what is longer was not written by this server.
const LINE_BYTES_MAX: u64 = 64 * 1_024;

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Entries in the log.
    pub entries: u64,
    /// Bytes of a torn last line that were cut.
    pub torn_bytes: u64,
    /// Intents whose outcome is not known; from now on the log says so.
    pub open_intents: usize,
}

impl OpenReport {
    /// The same in sentences for the operator; empty when there is nothing to say.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.torn_bytes > 0 {
            notes.push(format!("audit: a torn last line of {} bytes was cut; it was never acknowledged", self.torn_bytes));
        }
        if self.open_intents > 0 {
            notes.push(format!(
                "audit: the outcome of {} calls is unknown: the server was ended while they were at work",
                self.open_intents
            ));
        }
        notes
    }
}

/// A log that has proven itself.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) head: File,
    pub(super) path: PathBuf,
    pub(super) tip: Tip,
    pub(super) length: u64,
    pub(super) index: Index,
    pub(super) report: OpenReport,
}

pub(super) fn open(folder: &Path) -> Result<Opened, AuditError> {
    let (path, head_path) = (folder.join("audit.log"), folder.join("audit.head"));
    let unusable = |source: io::Error| AuditError::Unusable { file: path.clone(), source };
    let head = read_head(&head_path).map_err(|reason| AuditError::Broken { file: head_path.clone(), line: 1, reason })?;
    let file = private().read(true).append(true).create(true).open(&path).map_err(unusable)?;
    let scanned = scan(&file, &path, head.as_ref())?;
    if head.is_none() && scanned.tip.seq > 0 {
        let reason = format!("it is missing or empty, and the log has {} entries", scanned.tip.seq);
        return Err(AuditError::Broken { file: head_path, line: 1, reason });
    }
    if scanned.torn_bytes > 0 {
        file.set_len(scanned.length).map_err(unusable)?;
        file.sync_all().map_err(unusable)?;
    }
    let head_file = private().write(true).create(true).truncate(false).open(&head_path).map_err(unusable)?;
    if head.is_none() {
        begin_head(&head_file, folder).map_err(unusable)?;
    }
    let report =
        OpenReport { entries: scanned.tip.seq, torn_bytes: scanned.torn_bytes, open_intents: scanned.index.open_intents().len() };
    let Scanned { tip, length, index, .. } = scanned;
    Ok(Opened { file, head: head_file, path, tip, length, index, report })
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The head as text of one fixed length, so that each write replaces the one before.
pub(super) fn head_text(tip: &Tip) -> String {
    format!("{:020} {}\n", tip.seq, tip.hash)
}

/// Written before the first entry, so that a log with entries always has a head.
fn begin_head(mut head: &File, folder: &Path) -> io::Result<()> {
    io::Write::write_all(&mut head, head_text(&Tip::genesis()).as_bytes())?;
    head.sync_all()?;
    File::open(folder)?.sync_all()
}

fn read_head(path: &Path) -> Result<Option<Tip>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let tip = text.trim_end().split_once(' ').and_then(|(seq, hash)| Some(Tip { seq: seq.parse().ok()?, hash: hash.to_owned() }));
    tip.filter(|tip| head_text(tip) == text).map(Some).ok_or_else(|| "it is not a head".to_owned())
}

struct Scanned {
    tip: Tip,
    length: u64,
    torn_bytes: u64,
    index: Index,
}

fn scan(file: &File, path: &Path, head: Option<&Tip>) -> Result<Scanned, AuditError> {
    let unusable = |source: io::Error| AuditError::Unusable { file: path.to_owned(), source };
    let broken = |line: u64, reason: String| AuditError::Broken { file: path.to_owned(), line, reason };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut scanned = Scanned { tip: Tip::genesis(), length: 0, torn_bytes: 0, index: Index::default() };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unusable)?;
        if read == 0 {
            break;
        }
        let number = scanned.tip.seq + 1;
        let Some(content) = line.strip_suffix(b"\n") else {
            if u64::try_from(read).is_ok_and(|read| read >= LINE_BYTES_MAX) {
                return Err(broken(number, "it is longer than any entry".to_owned()));
            }
            scanned.torn_bytes = u64::try_from(read).unwrap_or(u64::MAX);
            break;
        };
        let (linked, tip) = chain::check(&scanned.tip, content).map_err(|reason| broken(number, reason))?;
        if head.is_some_and(|head| head.seq == tip.seq && head.hash != tip.hash) {
            return Err(broken(number, "audit.head remembers another line here".to_owned()));
        }
        let place = LinePlace { offset: scanned.length, length: u32::try_from(content.len()).unwrap_or(u32::MAX) };
        scanned.index.add(&linked, place);
        scanned.length += u64::try_from(read).unwrap_or(0);
        scanned.tip = tip;
    }
    match head {
        Some(head) if head.seq > scanned.tip.seq => {
            Err(broken(scanned.tip.seq + 1, format!("the log ends here, but it has had {} entries", head.seq)))
        }
        _ => Ok(scanned),
    }
}
