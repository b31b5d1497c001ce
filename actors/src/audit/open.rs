//! Opening the log: the whole chain is checked and compared with what was signed, a torn last line is cut, and anything else that is
//! wrong stops the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::{self, Tip};
use super::index::{Index, LinePlace};
use super::signing::AuditKey;
use super::tree::{self, Hash};
use super::{AuditError, CHECKPOINT, HEAD, LOG};

/// The longest line; what is longer was not written by this server.
pub(super) const LINE_BYTES_MAX: u64 = 64 * 1_024;

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

/// Opens the log of a folder, which must be the one that this key has signed.
pub(super) fn open(folder: &Path, key: &AuditKey) -> Result<Opened, AuditError> {
    let (path, head_path) = (folder.join(LOG), folder.join(HEAD));
    let unusable = |source: io::Error| AuditError::Unusable { file: path.clone(), source };
    let head = read_head(&head_path).map_err(|reason| AuditError::Broken { file: head_path.clone(), line: 1, reason })?;
    let signed = signed_states(folder, key)?;
    let file = private().read(true).append(true).create(true).open(&path).map_err(unusable)?;
    let derived =
        |name: &str| private().read(true).write(true).create(true).truncate(false).open(folder.join(name)).map_err(unusable);
    let index = Index::begin(derived("audit.index")?, derived("audit.tree")?).map_err(unusable)?;
    let scanned = Scan { path: &path, head: head.as_ref(), signed: &signed }.run(&file, index)?;
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
    let open_intents = scanned.index.open_intents().map_err(unusable)?.len();
    let report = OpenReport { entries: scanned.tip.seq, torn_bytes: scanned.torn_bytes, open_intents };
    let Scanned { tip, length, index, .. } = scanned;
    Ok(Opened { file, head: head_file, path, tip, length, index, report })
}

/// A state that the log has had: so many lines, and the root of the tree over them.
pub(super) struct SignedState {
    /// Who says so.
    pub(super) witness: String,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// The states that the checkpoint beside the log and the vault have of it.
fn signed_states(folder: &Path, key: &AuditKey) -> Result<Vec<SignedState>, AuditError> {
    let file = folder.join(CHECKPOINT);
    let broken = |reason: String| AuditError::Broken { file: file.clone(), line: 1, reason };
    let checkpoint = match fs::read_to_string(&file) {
        Ok(note) => Some(key.verifier().open(&note).map_err(|error| broken(error.to_string()))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(AuditError::Unusable { file, source }),
    };
    if checkpoint.is_none() && key.last.is_some() {
        return Err(broken("it is missing, and there has been one".to_owned()));
    }
    let beside = checkpoint.map(|found| SignedState { witness: CHECKPOINT.to_owned(), size: found.size, root: found.root });
    let kept = key.last.as_ref().map(|last| SignedState { witness: "the store".to_owned(), size: last.size, root: last.root });
    Ok(beside.into_iter().chain(kept).collect())
}

pub(super) fn private() -> OpenOptions {
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

pub(super) fn read_head(path: &Path) -> Result<Option<Tip>, String> {
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

/// What the lines of a log are compared with.
pub(super) struct Scan<'a> {
    pub(super) path: &'a Path,
    pub(super) head: Option<&'a Tip>,
    pub(super) signed: &'a [SignedState],
}

impl Scan<'_> {
    fn broken(&self, line: u64, reason: String) -> AuditError {
        AuditError::Broken { file: self.path.to_owned(), line, reason }
    }

    fn run(&self, file: &File, index: Index) -> Result<Scanned, AuditError> {
        let unusable = |source: io::Error| AuditError::Unusable { file: self.path.to_owned(), source };
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut scanned = Scanned { tip: Tip::genesis(), length: 0, torn_bytes: 0, index };
        let mut line = Vec::new();
        while let Some(length) = self.next_line(&mut reader, &mut line, &mut scanned)? {
            let number = scanned.tip.seq + 1;
            let (linked, tip) = chain::check(&scanned.tip, &line).map_err(|reason| self.broken(number, reason))?;
            if self.head.is_some_and(|head| head.seq == tip.seq && head.hash != tip.hash) {
                return Err(self.broken(number, "audit.head remembers another line here".to_owned()));
            }
            let place = LinePlace { offset: scanned.length, length: u32::try_from(line.len()).unwrap_or(u32::MAX) };
            scanned.index.add(linked.record(place), tree::leaf_hash(&line)).map_err(unusable)?;
            scanned.length += length;
            scanned.tip = tip;
        }
        scanned.index.settle().map_err(unusable)?;
        if let Some(head) = self.head.filter(|head| head.seq > scanned.tip.seq) {
            let reason = format!("the log ends here, but it has had {} entries", head.seq);
            return Err(self.broken(scanned.tip.seq + 1, reason));
        }
        for state in self.signed {
            self.compare(state, &scanned).map_err(unusable)??;
        }
        Ok(scanned)
    }

    /// The next line without its newline, and its length with it; nothing at the end, which may be torn.
    fn next_line(&self, reader: &mut impl BufRead, line: &mut Vec<u8>, scanned: &mut Scanned) -> Result<Option<u64>, AuditError> {
        line.clear();
        let read = io::Read::take(reader, LINE_BYTES_MAX).read_until(b'\n', line);
        let read = read.map_err(|source| AuditError::Unusable { file: self.path.to_owned(), source })?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(length));
        }
        if length >= LINE_BYTES_MAX {
            return Err(self.broken(scanned.tip.seq + 1, "it is longer than any entry".to_owned()));
        }
        scanned.torn_bytes = length;
        Ok(None)
    }

    fn compare(&self, state: &SignedState, scanned: &Scanned) -> io::Result<Result<(), AuditError>> {
        let SignedState { witness, size, root } = state;
        if *size > scanned.tip.seq {
            let reason = format!("the log ends here, but {witness} has signed {size} entries");
            return Ok(Err(self.broken(scanned.tip.seq + 1, reason)));
        }
        if tree::root_of(&scanned.index, *size)? != *root {
            let reason = format!("the lines up to here follow one another, but they are not those that {witness} has signed");
            return Ok(Err(self.broken(*size, reason)));
        }
        Ok(Ok(()))
    }
}

struct Scanned {
    tip: Tip,
    length: u64,
    torn_bytes: u64,
    index: Index,
}
