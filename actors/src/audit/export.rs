//! The log as others read it: line by line, in the order in which it was written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::open::LINE_BYTES_MAX;
use super::{LOG, Phase};

/// What the log is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The lines as they stand.
    Jsonl,
    /// Comma-separated values (RFC 4180) with a line of names.
    Csv,
    /// The Common Event Format, version 0.
    Cef,
}

/// Which entries are written.
#[derive(Clone, Debug, Default)]
pub struct ExportSelection {
    /// From this time on (Unix milliseconds).
    pub from: Option<u64>,
    /// Before this time (Unix milliseconds).
    pub to: Option<u64>,
    /// Of this user.
    pub user: Option<String>,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// The log's file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no entry.
    #[error("{file}, line {line}: it is no entry; `vasya-server audit verify` says more")]
    NoEntry {
        /// The log's file.
        file: PathBuf,
        /// The line; from 1.
        line: u64,
    },
    /// What was exported cannot be written.
    #[error(transparent)]
    Output(io::Error),
}

/// A time as people write it (RFC 3339), in Unix milliseconds.
///
/// # Errors
/// A sentence that says how it must be.
pub fn read_time(text: &str) -> Result<u64, String> {
    let time: Option<Timestamp> = text.parse().ok();
    let since = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
    since.ok_or_else(|| "must be a time since 1970, such as 2026-11-01T00:00:00Z".to_owned())
}

/// A line, as it is written elsewhere.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    seq: u64,
    ts: u64,
    phase: Phase,
    user_id: String,
    agent_key_id: Option<String>,
    operation: String,
    method: String,
    path: Option<String>,
    account_id: Option<String>,
    chat_id: Option<i64>,
    request_id: Option<String>,
    code: Option<String>,
    status: Option<u16>,
    intent: Option<u64>,
}

const COLUMNS: &str = "seq,time,ts,phase,userId,agentKeyId,operation,method,path,accountId,chatId,requestId,code,status,intent";

/// Writes the selected entries of a folder's log; answers how many. Reads only, also while a server writes: what is not yet whole at the
/// end is left out.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    folder: &Path,
    format: ExportFormat,
    selection: &ExportSelection,
    output: &mut impl Write,
) -> Result<u64, ExportError> {
    let path = folder.join(LOG);
    let unreadable = |source: io::Error| ExportError::Unreadable { file: path.clone(), source };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(&path).map_err(unreadable)?);
    if format == ExportFormat::Csv {
        write!(output, "{COLUMNS}\r\n").map_err(ExportError::Output)?;
    }
    let (mut number, mut written, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
        number += 1;
        if !line.ends_with(b"\n") && u64::try_from(line.len()).is_ok_and(|length| length < LINE_BYTES_MAX) {
            output.flush().map_err(ExportError::Output)?;
            return Ok(written);
        }
        let entry: Exported =
            serde_json::from_slice(&line).map_err(|_| ExportError::NoEntry { file: path.clone(), line: number })?;
        if selection.takes(&entry) {
            match format {
                ExportFormat::Jsonl => output.write_all(&line),
                ExportFormat::Csv => output.write_all(entry.csv().as_bytes()),
                ExportFormat::Cef => output.write_all(entry.cef().as_bytes()),
            }
            .map_err(ExportError::Output)?;
            written += 1;
        }
    }
}

impl ExportSelection {
    fn takes(&self, entry: &Exported) -> bool {
        self.from.is_none_or(|from| entry.ts >= from)
            && self.to.is_none_or(|to| entry.ts < to)
            && self.user.as_ref().is_none_or(|user| *user == entry.user_id)
    }
}

impl Exported {
    fn phase(&self) -> &'static str {
        match self.phase {
            Phase::Intent => "intent",
            Phase::Outcome => "outcome",
            Phase::Denied => "denied",
            Phase::Replayed => "replayed",
            Phase::Weighed => "weighed",
            Phase::Event => "event",
        }
    }

    fn csv(&self) -> String {
        let time = i64::try_from(self.ts).ok().and_then(|ts| Timestamp::from_millisecond(ts).ok());
        let text = |value: &Option<String>| value.as_deref().map(quoted).unwrap_or_default();
        let number = |value: Option<String>| value.unwrap_or_default();
        let fields = [
            self.seq.to_string(),
            time.map(|time| format!("{time:.3}")).unwrap_or_default(),
            self.ts.to_string(),
            self.phase().to_owned(),
            quoted(&self.user_id),
            text(&self.agent_key_id),
            quoted(&self.operation),
            quoted(&self.method),
            text(&self.path),
            text(&self.account_id),
            number(self.chat_id.map(|chat| chat.to_string())),
            text(&self.request_id),
            text(&self.code),
            number(self.status.map(|status| status.to_string())),
            number(self.intent.map(|intent| intent.to_string())),
        ];
        format!("{}\r\n", fields.join(","))
    }

    /// Names are those of the format's dictionary where it has one; `cs` and `cn` fields say their names themselves.
    fn cef(&self) -> String {
        let severity = match self.phase {
            Phase::Denied => 5,
            _ if self.status.is_some_and(|status| status >= 500) => 6,
            _ => 3,
        };
        let mut line = format!(
            "CEF:0|vasya-server|vasya-server|{}|{}|{} {}|{severity}|",
            env!("CARGO_PKG_VERSION"),
            in_header(&self.operation),
            in_header(&self.operation),
            self.phase()
        );
        let extension = [
            ("rt", Some(self.ts.to_string())),
            ("externalId", Some(self.seq.to_string())),
            ("act", Some(self.phase().to_owned())),
            ("suser", Some(self.user_id.clone())),
            ("requestMethod", (!self.method.is_empty()).then(|| self.method.clone())),
            ("request", self.path.clone()),
            ("outcome", self.code.clone()),
            ("reason", self.status.map(|status| status.to_string())),
            ("cs1Label", self.agent_key_id.as_ref().map(|_| "agentKeyId".to_owned())),
            ("cs1", self.agent_key_id.clone()),
            ("cs2Label", self.account_id.as_ref().map(|_| "accountId".to_owned())),
            ("cs2", self.account_id.clone()),
            ("cs3Label", self.request_id.as_ref().map(|_| "requestId".to_owned())),
            ("cs3", self.request_id.clone()),
            ("cn1Label", self.chat_id.map(|_| "chatId".to_owned())),
            ("cn1", self.chat_id.map(|chat| chat.to_string())),
            ("cn2Label", self.intent.map(|_| "intent".to_owned())),
            ("cn2", self.intent.map(|intent| intent.to_string())),
        ];
        let named = extension.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", in_extension(&value?))));
        line.push_str(&named.collect::<Vec<_>>().join(" "));
        line.push('\n');
        line
    }
}

/// A field of text. What a spreadsheet would take for a formula is told to be text.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn in_header(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

fn in_extension(text: &str) -> String {
    text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "\\r").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_break_out_of_its_field() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("=cmd()"), "\"'=cmd()\"");
        assert_eq!(in_header("a|b\\c\nd"), "a\\|b\\\\c d");
        assert_eq!(in_extension("a=b\\c\nd"), "a\\=b\\\\c\\nd");
    }
}
