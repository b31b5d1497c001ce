//! The chain: how a line is made from an entry and the line before, and how it is checked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::index::{LinePlace, Record, mark, user_mark};
use super::{AuditEntry, Phase};

/// What the first line names as the hash of the line before.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The bytes between the hashed part of a line and its hash.
const HASH_FIELD: &[u8] = br#","hash":""#;

/// The bytes after the hash, without the newline.
const LINE_END: &[u8] = br#""}"#;

const HASH_HEX_LENGTH: usize = 64;

/// Where a chain ends: the sequence number and hash of its last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) hash: String,
}

impl Tip {
    /// The tip of an empty log.
    pub(super) fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Random bytes in each line. Proofs show hashes of other people's lines: without them, a line could be guessed from its hash.
pub(super) const NONCE_LENGTH: usize = 16;

#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    ts: u64,
    #[serde(flatten)]
    entry: &'a AuditEntry,
    nonce: &'a str,
    prev: &'a str,
}

/// What the index needs of a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Linked<'a> {
    pub(super) seq: u64,
    pub(super) ts: u64,
    pub(super) phase: Phase,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    account_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    agent_key_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
    #[serde(default)]
    intent: Option<u64>,
    #[serde(borrow)]
    prev: Cow<'a, str>,
}

impl Linked<'_> {
    /// What the index keeps of the line.
    pub(super) fn record(&self, place: LinePlace) -> Record {
        Record {
            place,
            ts: self.ts,
            user: user_mark(&self.user_id),
            other: self.intent.unwrap_or(0),
            operation: mark(Some(&self.operation)),
            account: mark(self.account_id.as_deref()),
            key: mark(self.agent_key_id.as_deref()),
            code: mark(self.code.as_deref()),
            phase: self.phase,
        }
    }
}

/// What the index keeps of an entry that is being written.
pub(super) fn record_of(entry: &AuditEntry, ts: u64, place: LinePlace) -> Record {
    let account = entry.account_id.map(|account| account.to_string());
    Record {
        place,
        ts,
        user: user_mark(entry.user_id.as_str()),
        other: entry.intent.unwrap_or(0),
        operation: mark(Some(&entry.operation)),
        account: mark(account.as_deref()),
        key: mark(entry.agent_key_id.as_ref().map(|key| key.as_str())),
        code: mark(entry.code.as_deref()),
        phase: entry.phase,
    }
}

/// The next line of a chain, with its newline, and the chain's new tip.
pub(super) fn extend(tip: &Tip, ts: u64, entry: &AuditEntry, nonce: &[u8]) -> serde_json::Result<(Vec<u8>, Tip)> {
    let (seq, nonce) = (tip.seq + 1, hex::encode(nonce));
    let mut line = serde_json::to_vec(&Line { seq, ts, entry, nonce: &nonce, prev: &tip.hash })?;
    line.pop();
    let hash = hex::encode(Sha256::digest(&line));
    line.extend_from_slice(HASH_FIELD);
    line.extend_from_slice(hash.as_bytes());
    line.extend_from_slice(LINE_END);
    line.push(b'\n');
    Ok((line, Tip { seq, hash }))
}

/// Checks that a line (without its newline) continues a chain; answers what it says and the new tip.
pub(super) fn check<'a>(tip: &Tip, line: &'a [u8]) -> Result<(Linked<'a>, Tip), String> {
    let suffix_length = HASH_FIELD.len() + HASH_HEX_LENGTH + LINE_END.len();
    let content_length = line.len().checked_sub(suffix_length).ok_or("it is too short to be an entry")?;
    let (content, suffix) = line.split_at(content_length);
    let hash = suffix
        .strip_prefix(HASH_FIELD)
        .and_then(|rest| rest.strip_suffix(LINE_END))
        .and_then(|hash| std::str::from_utf8(hash).ok())
        .ok_or("it has no hash")?;
    if hex::encode(Sha256::digest(content)) != hash {
        return Err("its content does not have the hash that it states".to_owned());
    }
    let linked: Linked = serde_json::from_slice(line).map_err(|_| "it is not an entry")?;
    let expected = tip.seq + 1;
    if linked.seq > expected {
        return Err(format!("it has the number {}, and {} lines before it are missing", linked.seq, linked.seq - expected));
    }
    if linked.seq < expected {
        return Err(format!("it has the number {} and not {expected}: it is not where it was written", linked.seq));
    }
    if linked.prev != tip.hash {
        return Err("it does not continue the line before it".to_owned());
    }
    let tip = Tip { seq: linked.seq, hash: hash.to_owned() };
    Ok((linked, tip))
}
