//! What a reader asks for, and the page that answers it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::index::{Index, LinePlace, Record, mark, user_mark};
use super::{AuditRow, Phase};
use crate::identity::UserId;

/// Rows that are looked at for one page. A page that ends here is short, and has a cursor.
const LOOKED_AT_MAX: usize = 20_000;

/// Rows that are kept as they are answered, at the least.
const KEPT_ROWS: usize = 8_192;

/// Which rows of a user's own are asked for, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// At most so many.
    pub limit: usize,
    /// Rows before this number.
    pub before: Option<u64>,
    /// Rows from this time on (Unix milliseconds).
    pub from: Option<u64>,
    /// Rows before this time (Unix milliseconds).
    pub to: Option<u64>,
    /// Rows that name this account.
    pub account: Option<String>,
    /// Rows of this agent key.
    pub key: Option<String>,
    /// Rows of this operation.
    pub operation: Option<String>,
    /// Rows that ended with this code.
    pub code: Option<String>,
    /// Rows of this phase.
    pub phase: Option<Phase>,
}

/// A row as it is answered, again and again.
#[derive(Debug)]
pub struct KnownRow {
    row: AuditRow,
    json: Box<RawValue>,
}

impl KnownRow {
    /// What it says.
    pub fn row(&self) -> &AuditRow {
        &self.row
    }
}

impl Serialize for KnownRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl JsonSchema for KnownRow {
    fn schema_name() -> Cow<'static, str> {
        AuditRow::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        AuditRow::json_schema(generator)
    }
}

/// Rows of one user, oldest of them first.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<Arc<KnownRow>>,
    /// Where the page of older rows begins, if there may be one.
    #[serde(skip)]
    #[schemars(skip)]
    pub next: Option<u64>,
}

impl AuditQuery {
    /// Whether the index lets a row pass. One that it does may still be of another text with the same mark.
    fn may_want(&self, record: &Record) -> bool {
        let fits = |wanted: Option<&str>, found: u32| wanted.is_none_or(|wanted| mark(Some(wanted)) == found);
        self.from.is_none_or(|from| record.ts >= from)
            && self.to.is_none_or(|to| record.ts < to)
            && self.phase.is_none_or(|phase| record.phase == phase)
            && fits(self.account.as_deref(), record.account)
            && fits(self.key.as_deref(), record.key)
            && fits(self.operation.as_deref(), record.operation)
            && fits(self.code.as_deref(), record.code)
    }

    pub(super) fn wants(&self, row: &AuditRow) -> bool {
        let fits = |wanted: Option<&str>, found: Option<&str>| wanted.is_none_or(|wanted| found == Some(wanted));
        self.from.is_none_or(|from| row.ts >= from)
            && self.to.is_none_or(|to| row.ts < to)
            && self.phase.is_none_or(|phase| row.phase == phase)
            && fits(self.account.as_deref(), row.account_id.as_deref())
            && fits(self.key.as_deref(), row.agent_key_id.as_deref())
            && fits(self.operation.as_deref(), Some(&row.operation))
            && fits(self.code.as_deref(), row.code.as_deref())
    }
}

/// Rows that were read and cannot change any more, by number: those of two generations, so that there is a bound and no bookkeeping.
#[derive(Default)]
pub(super) struct KnownRows(Mutex<[HashMap<u64, Arc<KnownRow>>; 2]>);

impl KnownRows {
    fn get(&self, seq: u64) -> Option<Arc<KnownRow>> {
        let [newer, older] = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = newer.get(&seq) {
            return Some(Arc::clone(row));
        }
        let row = older.remove(&seq)?;
        newer.insert(seq, Arc::clone(&row));
        Some(row)
    }

    fn put(&self, row: &Arc<KnownRow>) {
        let [newer, older] = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newer.len() >= KEPT_ROWS {
            *older = std::mem::take(newer);
        }
        newer.insert(row.row.seq, Arc::clone(row));
    }
}

/// What a page is made of before its lines are read.
enum Found {
    Known(Arc<KnownRow>),
    Placed { entry: LinePlace, outcome: Option<LinePlace> },
}

/// What was found for a page.
pub(super) struct Finding {
    found: Vec<Found>,
    next: Option<u64>,
}

impl Finding {
    /// Finds a page's rows, newest first, without reading the log.
    pub(super) fn of(index: &RwLock<Index>, known: &KnownRows, user: &UserId, query: &AuditQuery) -> io::Result<Self> {
        let index = index.read().unwrap_or_else(PoisonError::into_inner);
        let mut finding = Self { found: Vec::with_capacity(query.limit.min(KEPT_ROWS)), next: None };
        let rows = index.rows_before(user_mark(user.as_str()), query.before.unwrap_or(u64::MAX));
        for (looked_at, seq) in rows.enumerate() {
            if finding.found.len() >= query.limit || looked_at >= LOOKED_AT_MAX {
                finding.next = Some(seq + 1);
                break;
            }
            if let Some(row) = known.get(seq) {
                // Lines follow one another in time, so nothing older is asked for.
                if query.from.is_some_and(|from| row.row.ts < from) {
                    break;
                }
                if query.wants(&row.row) {
                    finding.found.push(Found::Known(row));
                }
                continue;
            }
            let Some(record) = index.record(seq)? else { continue };
            if query.from.is_some_and(|from| record.ts < from) {
                break;
            }
            if query.may_want(&record) {
                let outcome = if record.phase == Phase::Intent { index.record(record.other)? } else { None };
                finding.found.push(Found::Placed { entry: record.place, outcome: outcome.map(|outcome| outcome.place) });
            }
        }
        Ok(finding)
    }

    /// Whether no line has to be read.
    pub(super) fn is_known(&self) -> bool {
        self.found.iter().all(|found| matches!(found, Found::Known(_)))
    }

    /// The page. Reads lines; each is checked to be the user's own.
    pub(super) fn read(self, file: &File, known: &KnownRows, user: &UserId, query: &AuditQuery) -> io::Result<AuditPage> {
        let mut rows = Vec::with_capacity(self.found.len());
        for found in self.found {
            let row = match found {
                Found::Known(row) => row,
                Found::Placed { entry, outcome } => {
                    let row = Arc::new(read_row(file, entry, outcome)?);
                    if row.row.code.is_some() {
                        known.put(&row);
                    }
                    row
                }
            };
            if row.row.user_id == user.as_str() && query.wants(&row.row) {
                rows.push(row);
            }
        }
        rows.reverse();
        Ok(AuditPage { rows, next: self.next })
    }
}

fn read_row(file: &File, entry: LinePlace, outcome: Option<LinePlace>) -> io::Result<KnownRow> {
    let mut row: AuditRow = serde_json::from_slice(&read_line(file, entry)?)?;
    if let Some(outcome) = outcome {
        let outcome: AuditRow = serde_json::from_slice(&read_line(file, outcome)?)?;
        (row.code, row.status) = (outcome.code, outcome.status);
    }
    let json = serde_json::value::to_raw_value(&row)?;
    Ok(KnownRow { row, json })
}

/// A line, without its newline.
pub(super) fn read_line(file: &File, place: LinePlace) -> io::Result<Vec<u8>> {
    let mut line = vec![0; usize::try_from(place.length).unwrap_or(0)];
    file.read_exact_at(&mut line, place.offset)?;
    Ok(line)
}
