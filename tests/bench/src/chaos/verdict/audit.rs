//! Every intent in the audit log has an outcome, and every acknowledged request is in it.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::writers::Fate;
use super::{Rule, Seen};
use crate::error::BenchError;

/// What the outcome of an intent is called whose call was cut off.
const UNKNOWN: &str = "unknown";

/// What is read of a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    seq: u64,
    phase: String,
    operation: String,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    intent: Option<u64>,
}

pub(super) fn concluded(seen: &Seen<'_>) -> Result<Rule, BenchError> {
    let mut rule = Rule::new("every audit intent has one outcome or is unknown, and every answer has its entry");
    let text = std::fs::read_to_string(seen.audit);
    let text = text.map_err(|source| BenchError::io(format!("reading {}", seen.audit.display()), source))?;
    let (mut intents, mut outcomes, mut of_request) = (Vec::new(), HashMap::<u64, Vec<String>>::new(), HashMap::new());
    for line in text.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            rule.violations.push(format!("{line} is no entry"));
            continue;
        };
        let code = line.code.clone().unwrap_or_default();
        match (line.phase.as_str(), line.intent) {
            ("outcome", Some(intent)) => outcomes.entry(intent).or_default().push(code),
            ("intent", _) => {
                of_request.extend(line.request_id.clone().map(|id| (id, Some(line.seq))));
                intents.push(line);
            }
            ("replayed", _) => of_request.extend(line.request_id.map(|id| (id, None))),
            _ => {}
        }
    }
    for intent in &intents {
        let ended = outcomes.get(&intent.seq).map(Vec::as_slice).unwrap_or_default();
        rule.expect(ended.len() == 1, || format!("intent {} ({}) has the outcomes {ended:?}", intent.seq, intent.operation));
    }
    for written in seen.written {
        let Fate::Acknowledged { request_id, .. } = &written.fate else { continue };
        let entry = of_request.get(request_id);
        rule.expect(entry.is_some(), || format!("the acknowledged request {request_id} ({}) is in no entry", written.key));
        let code = entry.copied().flatten().and_then(|seq| outcomes.get(&seq)?.first());
        let is_sound = code.is_none_or(|code| code == "ok" || code == UNKNOWN);
        rule.expect(is_sound, || format!("the acknowledged request {request_id} ({}) ended as {code:?}", written.key));
    }
    Ok(rule)
}
