//! Where everything is: beside the log, `audit.index` has a record of fixed length for each line and `audit.tree` the nodes of the tree
//! that each line completes. Both can be made from the log, and are made anew when it is opened, so neither is trusted nor synced. In
//! memory are only four bytes for each row, so that a page is found by position, however long the log is.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use super::Phase;
use super::tree::{self, Frontier, Hash, Nodes};

/// A line in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LinePlace {
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// What the index has of a line. Texts are there as hashes: enough to pass over what is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) place: LinePlace,
    pub(super) ts: u64,
    pub(super) user: u64,
    /// Of an intent: its outcome's number, or zero. Of an outcome: its intent's.
    pub(super) other: u64,
    pub(super) operation: u32,
    pub(super) account: u32,
    pub(super) key: u32,
    /// The code of an outcome, which its intent has as well; zero while there is none.
    pub(super) code: u32,
    pub(super) phase: Phase,
}

const RECORD_LENGTH: usize = 56;

/// Records that are written at once.
const BLOCK: usize = 4_096;

impl Record {
    fn bytes(&self) -> [u8; RECORD_LENGTH] {
        let phase = match self.phase {
            Phase::Intent => 0_u32,
            Phase::Outcome => 1,
            Phase::Denied => 2,
            Phase::Replayed => 3,
            Phase::Event => 4,
            Phase::Weighed => 5,
        };
        let longs = [self.place.offset, self.ts, self.user, self.other].into_iter().flat_map(u64::to_le_bytes);
        let shorts = [self.place.length, self.operation, self.account, self.key, self.code, phase];
        let mut bytes = [0; RECORD_LENGTH];
        bytes.iter_mut().zip(longs.chain(shorts.into_iter().flat_map(u32::to_le_bytes))).for_each(|(to, from)| *to = from);
        bytes
    }

    fn read(bytes: &[u8; RECORD_LENGTH]) -> Option<Self> {
        let (longs, shorts) = bytes.split_at_checked(32)?;
        let mut longs = longs.chunks_exact(8).filter_map(|long| Some(u64::from_le_bytes(long.try_into().ok()?)));
        let mut shorts = shorts.chunks_exact(4).filter_map(|short| Some(u32::from_le_bytes(short.try_into().ok()?)));
        let (offset, ts, user, other) = (longs.next()?, longs.next()?, longs.next()?, longs.next()?);
        let place = LinePlace { offset, length: shorts.next()? };
        let (operation, account, key, code) = (shorts.next()?, shorts.next()?, shorts.next()?, shorts.next()?);
        let phases = [Phase::Intent, Phase::Outcome, Phase::Denied, Phase::Replayed, Phase::Event, Phase::Weighed];
        let phase = *phases.get(usize::try_from(shorts.next()?).ok()?)?;
        Some(Self { place, ts, user, other, operation, account, key, code, phase })
    }
}

/// What stands for a user in the index. Whoever reads a row by it looks at whose it is.
pub(super) fn user_mark(user: &str) -> u64 {
    let hash = Sha256::digest(user);
    hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// What stands for a text in the index: FNV-1a, and zero for none. Two texts may have the same.
pub(super) fn mark(text: Option<&str>) -> u32 {
    let hashed = |text: &str| text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    text.map_or(0, |text| hashed(text).max(1))
}

/// The index, and the tree.
pub(super) struct Index {
    records: File,
    nodes: File,
    frontier: Frontier,
    rows: HashMap<u64, Vec<u32>>,
    /// Intents without an outcome.
    open_intents: BTreeMap<u64, ()>,
    newest_ts: u64,
    fresh: Vec<(Record, Hash)>,
}

impl Index {
    /// An index of nothing, in these two files, which are emptied.
    pub(super) fn begin(records: File, nodes: File) -> io::Result<Self> {
        records.set_len(0)?;
        nodes.set_len(0)?;
        let (frontier, rows, open_intents) = (Frontier::default(), HashMap::new(), BTreeMap::new());
        Ok(Self { records, nodes, frontier, rows, open_intents, newest_ts: 0, fresh: Vec::new() })
    }

    /// The tree over the lines.
    pub(super) fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// When the newest line was written.
    pub(super) fn newest_ts(&self) -> u64 {
        self.newest_ts
    }

    /// Adds the next line, with its leaf. It can be found once [`Index::settle`] was called.
    pub(super) fn add(&mut self, record: Record, leaf: Hash) -> io::Result<()> {
        self.fresh.push((record, leaf));
        if self.fresh.len() < BLOCK { Ok(()) } else { self.settle() }
    }

    /// Makes what was added to be found.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let fresh = std::mem::take(&mut self.fresh);
        let first = self.frontier.size() + 1;
        let (mut bytes, mut nodes, mut outcomes) = (Vec::with_capacity(fresh.len() * RECORD_LENGTH), Vec::new(), Vec::new());
        let nodes_before = tree::stored_nodes(self.frontier.size());
        for (seq, (record, leaf)) in (first..).zip(fresh) {
            self.frontier.push(leaf, &mut nodes);
            self.newest_ts = self.newest_ts.max(record.ts);
            match record.phase {
                Phase::Intent | Phase::Denied | Phase::Replayed | Phase::Weighed => {
                    let row =
                        u32::try_from(seq).map_err(|_| io::Error::other("the audit log has as many entries as it can have"))?;
                    self.rows.entry(record.user).or_default().push(row);
                    if record.phase == Phase::Intent {
                        self.open_intents.insert(seq, ());
                    }
                }
                // Only the first outcome of an intent counts.
                Phase::Outcome if self.open_intents.remove(&record.other).is_some() => outcomes.push((seq, record)),
                Phase::Outcome | Phase::Event => {}
            }
            bytes.extend_from_slice(&record.bytes());
        }
        self.records.write_all_at(&bytes, place_of(first))?;
        self.nodes.write_all_at(nodes.as_flattened(), nodes_before * 32)?;
        for (seq, outcome) in outcomes {
            if let Some(intent) = self.record(outcome.other)? {
                let ended = Record { other: seq, code: outcome.code, ..intent };
                self.records.write_all_at(&ended.bytes(), place_of(outcome.other))?;
            }
        }
        Ok(())
    }

    /// What is known of a line; `None` for a number that no line has.
    pub(super) fn record(&self, seq: u64) -> io::Result<Option<Record>> {
        if seq == 0 || seq > self.frontier.size() {
            return Ok(None);
        }
        let mut bytes = [0; RECORD_LENGTH];
        self.records.read_exact_at(&mut bytes, place_of(seq))?;
        Record::read(&bytes).map(Some).ok_or_else(|| io::Error::other("audit.index was changed outside this server"))
    }

    /// The numbers of a user's rows before `before`, newest first.
    pub(super) fn rows_before(&self, user: u64, before: u64) -> impl Iterator<Item = u64> {
        let rows = self.rows.get(&user).map(Vec::as_slice).unwrap_or_default();
        let end = rows.partition_point(|row| u64::from(*row) < before);
        rows.get(..end).unwrap_or_default().iter().rev().map(|row| u64::from(*row))
    }

    /// The intents that have no outcome, oldest first: their numbers and lines.
    pub(super) fn open_intents(&self) -> io::Result<Vec<(u64, LinePlace)>> {
        let mut open = Vec::new();
        for seq in self.open_intents.keys() {
            open.extend(self.record(*seq)?.map(|record| (*seq, record.place)));
        }
        Ok(open)
    }
}

impl Nodes for Index {
    fn node(&self, level: u32, index: u64) -> io::Result<Hash> {
        let mut node = Hash::default();
        self.nodes.read_exact_at(&mut node, tree::stored_place(level, index) * 32)?;
        Ok(node)
    }
}

fn place_of(seq: u64) -> u64 {
    seq.saturating_sub(1).saturating_mul(RECORD_LENGTH as u64)
}
