//! What must hold in the end, and whether it does.

mod arrivals;
mod audit;
mod following;
mod gathering;

use std::path::Path;

pub(super) use arrivals::unknown_by_kind;
pub(super) use following::gaps;
pub(super) use gathering::{Told, settle};

use super::cast::Scene;
use super::readers::Record;
use super::receiver::Deliveries;
use super::rough::FloodWaits;
use super::writers::Written;
use crate::error::BenchError;

/// One promise: how much was looked at, and what breaks it.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) promise: &'static str,
    pub(super) looked_at: usize,
    pub(super) violations: Vec<String>,
}

impl Rule {
    fn new(promise: &'static str) -> Self {
        Self { promise, looked_at: 0, violations: Vec::new() }
    }

    /// Looks at one thing, which must be so.
    fn expect(&mut self, is_so: bool, otherwise: impl FnOnce() -> String) {
        self.looked_at += 1;
        if !is_so {
            self.violations.push(otherwise());
        }
    }
}

/// Everything that was seen.
pub(super) struct Seen<'s> {
    pub(super) scene: &'s Scene,
    pub(super) written: &'s [Written],
    pub(super) read: &'s [Record],
    pub(super) told: &'s Told,
    pub(super) deliveries: &'s Deliveries,
    pub(super) waits: &'s [FloodWaits],
    /// The audit log's file.
    pub(super) audit: &'s Path,
}

/// Judges a run.
pub(super) fn judge(seen: &Seen<'_>) -> Result<Vec<Rule>, BenchError> {
    Ok(vec![
        arrivals::answered(seen.written),
        arrivals::arrived_once(seen),
        arrivals::arrived_twice(seen),
        arrivals::edited(seen),
        following::logged(seen),
        following::followed(seen),
        following::delivered(seen),
        audit::concluded(seen)?,
        obeyed(seen.waits),
    ])
}

fn obeyed(waits: &[FloodWaits]) -> Rule {
    let mut rule = Rule::new("no call comes before a flood wait is over");
    for FloodWaits { method, waits, early } in waits {
        rule.expect(*early == 0, || format!("{early} calls of {method} came too early ({waits} waits were asked for)"));
    }
    rule
}
