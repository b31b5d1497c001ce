//! What a run tells in the end.

use std::fmt::Write as _;
use std::time::Duration;

use super::Ended;
use super::killer::Killings;
use super::readers::Record;
use super::rough::FloodWaits;
use super::verdict::{self, Rule, Told};
use super::writers::{Fate, Written};

/// How many violations of a promise are shown.
const SHOWN_MAX: usize = 8;

/// How many lines of the server's log are shown when a promise is broken.
const LOG_LINES_SHOWN: usize = 15;

/// What the report is made of.
pub(super) struct Figures<'f> {
    pub(super) seed: u64,
    pub(super) rough: bool,
    pub(super) written: &'f [Written],
    pub(super) posted: usize,
    pub(super) read: &'f [Record],
    pub(super) told: &'f Told,
    pub(super) deliveries: (usize, usize),
    pub(super) waits: &'f [FloodWaits],
    pub(super) took: Duration,
    pub(super) server_log: String,
}

impl Figures<'_> {
    /// The report, and how many promises' violations it tells of.
    pub(super) fn report(&self, killings: &Killings<'_>, rules: &[Rule]) -> Ended {
        let mut report = String::new();
        for (what, figure) in self.rows(killings) {
            let _writing_to_memory_cannot_fail = writeln!(report, "{what:<34}{figure}");
        }
        let mut violations = 0;
        for rule in rules {
            violations += rule.violations.len();
            let verdict =
                if rule.violations.is_empty() { "ok".to_owned() } else { format!("{} VIOLATIONS", rule.violations.len()) };
            let _writing_to_memory_cannot_fail = writeln!(report, "{}: {verdict} ({} looked at)", rule.promise, rule.looked_at);
            for violation in rule.violations.iter().take(SHOWN_MAX) {
                let _writing_to_memory_cannot_fail = writeln!(report, "    {violation}");
            }
        }
        if violations > 0 {
            let lines: Vec<&str> = self.server_log.lines().collect();
            let shown = lines.len().saturating_sub(LOG_LINES_SHOWN);
            for line in lines.get(shown..).unwrap_or_default() {
                let _writing_to_memory_cannot_fail = writeln!(report, "    log: {line}");
            }
        }
        Ended { report, violations }
    }

    fn rows(&self, killings: &Killings<'_>) -> Vec<(&'static str, String)> {
        let count = |fits: fn(&Fate) -> bool| self.written.iter().filter(|written| fits(&written.fate)).count();
        let attempts: u32 = self.written.iter().map(|written| written.attempts).sum();
        let unknown = verdict::unknown_by_kind(self.written);
        let unknown: Vec<String> = unknown.iter().map(|(kind, count)| format!("{kind:?} {count}")).collect();
        let gaps = verdict::gaps(&self.told.log);
        let starts = killings.starts.len().max(1);
        let mean = killings.starts.iter().sum::<Duration>().as_secs_f64() / starts as f64;
        let slowest = killings.starts.iter().max().copied().unwrap_or_default().as_secs_f64();
        let connections: u32 = self.read.iter().map(|record| record.connections).sum();
        let seen: usize = self.read.iter().map(|record| record.told.len()).sum();
        let passing: usize = self.read.iter().map(|record| record.passing).sum();
        let waits: Vec<String> = self.waits.iter().map(|of| format!("{} {}", of.method, of.waits)).collect();
        vec![
            ("seed", format!("{}{}", self.seed, if self.rough { ", rough" } else { "" })),
            ("kills (before it was ready)", format!("{} ({})", killings.killed + killings.killed_early, killings.killed_early)),
            ("starts: mean, slowest", format!("{mean:.2} s, {slowest:.2} s")),
            (
                "requests acknowledged",
                format!("{} in {attempts} attempts", count(|fate| matches!(fate, Fate::Acknowledged { .. }))),
            ),
            ("requests whose outcome is unknown", count(|fate| matches!(fate, Fate::Unknown { .. })).to_string()),
            ("answers that it is unknown", if unknown.is_empty() { "none".into() } else { unknown.join(", ") }),
            ("messages from outside", self.posted.to_string()),
            ("events in the log (gaps)", format!("{} ({})", self.told.log.len(), gaps.len())),
            ("events told to readers", format!("{seen} and {passing} passing ones, over {connections} connections")),
            ("events delivered (attempts)", format!("{} ({})", self.deliveries.0, self.deliveries.1)),
            ("flood waits", if waits.is_empty() { "none".into() } else { waits.join(", ") }),
            ("duration", format!("{:.1} s", self.took.as_secs_f64())),
        ]
    }
}
