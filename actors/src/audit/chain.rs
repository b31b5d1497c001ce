//! The chain: how a line is made from an entry and the line before, and how it is checked.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AuditEntry, Phase};
use crate::identity::UserId;

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

#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    ts: u64,
    #[serde(flatten)]
    entry: &'a AuditEntry,
    prev: &'a str,
}

/// What the index needs of a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Linked {
    pub(super) seq: u64,
    pub(super) phase: Phase,
    pub(super) user_id: UserId,
    #[serde(default)]
    pub(super) intent: Option<u64>,
    prev: String,
}

/// The next line of a chain, with its newline, and the chain's new tip.
pub(super) fn extend(tip: &Tip, ts: u64, entry: &AuditEntry) -> serde_json::Result<(Vec<u8>, Tip)> {
    let seq = tip.seq + 1;
    let mut line = serde_json::to_vec(&Line { seq, ts, entry, prev: &tip.hash })?;
    line.pop();
    let hash = hex::encode(Sha256::digest(&line));
    line.extend_from_slice(HASH_FIELD);
    line.extend_from_slice(hash.as_bytes());
    line.extend_from_slice(LINE_END);
    line.push(b'\n');
    Ok((line, Tip { seq, hash }))
}

/// Checks that a line (without its newline) continues a chain; answers what it says and the new tip.
pub(super) fn check(tip: &Tip, line: &[u8]) -> Result<(Linked, Tip), String> {
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
    if linked.prev != tip.hash {
        return Err("it does not continue the line before it".to_owned());
    }
    if linked.seq != tip.seq + 1 {
        return Err(format!("it has the number {} and not {}", linked.seq, tip.seq + 1));
    }
    let tip = Tip { seq: linked.seq, hash: hash.to_owned() };
    Ok((linked, tip))
}
