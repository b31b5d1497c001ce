//! Checking a log without the server: with its files and the public key only.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::chain::{self, Tip};
use super::note::{Checkpoint, NoteError, VerifierKey};
use super::open::{LINE_BYTES_MAX, read_head};
use super::tree::{self, Frontier};
use super::{CHECKPOINT, HEAD, LOG};

/// What a log has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries it has.
    pub entries: u64,
    /// How many of them are signed. Those after are held together by their hashes only, until the next checkpoint.
    pub signed: u64,
    /// How many checkpoints it was compared with.
    pub checkpoints: usize,
}

/// Where and why a log proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A line is not what was written, or not where it was written.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// The log's file.
        file: PathBuf,
        /// The first line that is wrong; from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The log has fewer lines than it has had.
    #[error("{file} ends after line {lines}, but {witness} says that it has had {expected}: its tail was cut")]
    Cut {
        /// The log's file.
        file: PathBuf,
        /// How many lines there are.
        lines: u64,
        /// Who says otherwise.
        witness: String,
        /// How many lines there were.
        expected: u64,
    },
    /// The lines follow one another, but are not those that were signed.
    #[error(
        "{file} is another log, or was written anew: its first {size} lines follow one another, but are not those that {witness} has signed"
    )]
    Replaced {
        /// The log's file.
        file: PathBuf,
        /// How many lines the checkpoint speaks of.
        size: u64,
        /// The checkpoint's file.
        witness: String,
    },
    /// A checkpoint proves nothing.
    #[error("the checkpoint {file} proves nothing: {reason}")]
    Checkpoint {
        /// The checkpoint's file.
        file: PathBuf,
        /// Why.
        reason: NoteError,
    },
    /// The head is none.
    #[error("{file}: {reason}")]
    Head {
        /// The head's file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Checks the log of a folder: each line, that it continues the line before, and that the tree over the lines is the one that was signed,
/// by the checkpoint beside the log and by these others, which were kept elsewhere. Reads only.
///
/// # Errors
/// [`VerifyError`], for the first thing that is wrong.
pub fn verify(folder: &Path, key: &VerifierKey, others: &[PathBuf]) -> Result<Verified, VerifyError> {
    let path = folder.join(LOG);
    let mut checkpoints = Vec::new();
    for file in std::iter::once(&folder.join(CHECKPOINT)).chain(others) {
        let note = fs::read_to_string(file).map_err(|source| VerifyError::Unreadable { file: file.clone(), source })?;
        let checkpoint = key.open(&note).map_err(|reason| VerifyError::Checkpoint { file: file.clone(), reason })?;
        checkpoints.push((file.display().to_string(), checkpoint));
    }
    let head_path = folder.join(HEAD);
    let head = read_head(&head_path).map_err(|reason| VerifyError::Head { file: head_path, reason })?;
    let entries = Lines { path: &path, head: head.as_ref(), checkpoints: &checkpoints }.read()?;
    let cut = |witness: &str, expected: u64| VerifyError::Cut {
        file: path.clone(),
        lines: entries,
        witness: witness.to_owned(),
        expected,
    };
    for (witness, checkpoint) in &checkpoints {
        if checkpoint.size > entries {
            return Err(cut(witness, checkpoint.size));
        }
    }
    if let Some(head) = head.filter(|head| head.seq > entries) {
        return Err(cut(HEAD, head.seq));
    }
    let signed = checkpoints.iter().map(|(_, checkpoint)| checkpoint.size).max().unwrap_or(0);
    Ok(Verified { entries, signed, checkpoints: checkpoints.len() })
}

struct Lines<'a> {
    path: &'a Path,
    head: Option<&'a Tip>,
    checkpoints: &'a [(String, Checkpoint)],
}

impl Lines<'_> {
    /// Reads all lines; answers how many there are.
    fn read(&self) -> Result<u64, VerifyError> {
        let unreadable = |source: io::Error| VerifyError::Unreadable { file: self.path.to_owned(), source };
        let mut reader = BufReader::with_capacity(1 << 16, File::open(self.path).map_err(unreadable)?);
        let (mut tip, mut tree, mut completed, mut line) = (Tip::genesis(), Frontier::default(), Vec::new(), Vec::new());
        self.compare(&tree)?;
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
            if read == 0 {
                return Ok(tip.seq);
            }
            let wrong = |reason: String| VerifyError::Line { file: self.path.to_owned(), line: tip.seq + 1, reason };
            let content =
                line.strip_suffix(b"\n").ok_or_else(|| wrong("it has no end: it is torn, or longer than any entry".into()))?;
            let (_, next) = chain::check(&tip, content).map_err(wrong)?;
            if self.head.is_some_and(|head| head.seq == next.seq && head.hash != next.hash) {
                return Err(wrong(format!("{HEAD} remembers another line here")));
            }
            completed.clear();
            tree.push(tree::leaf_hash(content), &mut completed);
            tip = next;
            self.compare(&tree)?;
        }
    }

    /// Compares the tree with the checkpoints of its size.
    fn compare(&self, tree: &Frontier) -> Result<(), VerifyError> {
        let of_this_size = self.checkpoints.iter().filter(|(_, checkpoint)| checkpoint.size == tree.size());
        for (witness, checkpoint) in of_this_size {
            if checkpoint.root != tree.root() {
                let (file, witness) = (self.path.to_owned(), witness.clone());
                return Err(VerifyError::Replaced { file, size: checkpoint.size, witness });
            }
        }
        Ok(())
    }
}
