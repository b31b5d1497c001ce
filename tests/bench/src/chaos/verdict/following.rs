//! Every message is in the event log once and in order; readers saw the log, and the webhook was told it.

use std::collections::{HashMap, HashSet};

use super::super::cast::Scene;
use super::super::events::Logged;
use super::super::receiver::EVENTS;
use super::gathering::Truth;
use super::{Rule, Seen};

const NEW_MESSAGE: &str = "telegram:new-message";
const GAP: &str = "gap";

/// How many ids a violation names at most.
const NAMED_MAX: usize = 12;

fn account_of<'s>(scene: &'s Scene, truth: &Truth) -> &'s str {
    scene.accounts.get(truth.account).map_or("", |account| account.id.as_str())
}

pub(super) fn logged(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("every message is in the event log once and in its chat's order");
    let mut logged: HashMap<(&str, i64), Vec<i64>> = HashMap::new();
    let mut outgoing = HashSet::new();
    for event in seen.told.log.iter().filter(|event| event.name == NEW_MESSAGE) {
        logged.entry((&event.account, event.chat)).or_default().extend(event.message);
        if event.is_outgoing {
            outgoing.insert((event.account.as_str(), event.chat, event.message));
        }
    }
    for truth in &seen.told.truth {
        let account = account_of(seen.scene, truth);
        let told = logged.get(&(account, truth.chat)).map(Vec::as_slice).unwrap_or_default();
        let there: Vec<i64> = truth.messages.iter().map(|message| message.id).collect();
        rule.looked_at += there.len();
        let (told_set, there_set): (HashSet<i64>, HashSet<i64>) =
            (told.iter().copied().collect(), there.iter().copied().collect());
        let place = format!("account {account}, chat {}", truth.chat);
        let mut report = |what: &str, ids: Vec<i64>| {
            if !ids.is_empty() {
                let shown: Vec<String> = ids.iter().take(NAMED_MAX).map(ToString::to_string).collect();
                rule.violations.push(format!("{place}: {} messages are {what}: {}", ids.len(), shown.join(" ")));
            }
        };
        report("in no event", there.iter().filter(|id| !told_set.contains(id)).copied().collect());
        report("told and not there", told.iter().filter(|id| !there_set.contains(id)).copied().collect());
        let mut met = HashSet::new();
        report("told twice", told.iter().filter(|id| !met.insert(**id)).copied().collect());
        let late = told.windows(2).filter_map(|pair| pair.first().zip(pair.get(1)).filter(|(one, next)| one > next));
        let as_sent = truth.messages.iter().filter(|message| told_set.contains(&message.id));
        let mistaken = as_sent.filter(|message| message.out != outgoing.contains(&(account, truth.chat, Some(message.id))));
        report("told as if another had sent them", mistaken.map(|message| message.id).collect());
        report("told behind later ones", late.map(|(_, next)| *next).collect());
    }
    rule
}

/// The gaps that were announced, for the report.
pub(in super::super) fn gaps(log: &[Logged]) -> Vec<String> {
    log.iter().filter(|event| event.name == GAP).map(|event| event.payload.to_string()).collect()
}

pub(super) fn followed(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("every reader was told what the log has, each event once and in order");
    for (record, log) in seen.read.iter().zip(&seen.told.for_readers) {
        let name = record.way.name;
        for refusal in &record.refusals {
            rule.violations.push(format!("{name} met {refusal}"));
        }
        let told: Vec<(&str, &str)> = record.told.iter().map(|event| (event.cursor.as_str(), event.name.as_str())).collect();
        // What came after the reader had stopped is not its own.
        let last = record.told.last().map_or("", |event| event.cursor.as_str());
        let there: Vec<(&str, &str)> = log.iter().map(|event| (event.cursor.as_str(), event.name.as_str())).collect();
        let end = there.iter().map(|event| event.0).rfind(|cursor| *cursor <= seen.told.last.as_str()).unwrap_or_default();
        rule.expect(last >= end, || format!("{name} has come to {last}, and the log to {end}"));
        rule.looked_at += there.len();
        let differs = told.iter().zip(&there).find(|(told, there)| told != there);
        if let Some((told, there)) = differs {
            rule.violations.push(format!("{name} was told {told:?} where the log has {there:?}"));
        }
        let count = there.iter().filter(|event| event.0 <= last).count();
        rule.expect(told.len() == count, || format!("{name} was told {} events, and the log has {count}", record.told.len()));
    }
    rule
}

pub(super) fn delivered(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("the webhook was told every event, under one id, in its chat's order");
    rule.violations.extend(seen.deliveries.faults.iter().cloned());
    let wanted: Vec<&Logged> = seen.told.log.iter().filter(|event| EVENTS.contains(&event.name.as_str())).collect();
    let taken: HashSet<&str> = seen.deliveries.taken.iter().map(|delivery| delivery.id.as_str()).collect();
    for event in &wanted {
        let id = format!("evt_{}", event.cursor);
        rule.expect(taken.contains(id.as_str()), || {
            format!("{id} ({}, chat {}, message {:?}) was not delivered", event.name, event.chat, event.message)
        });
    }
    let mut newest: HashMap<(&str, i64), &str> = HashMap::new();
    for delivery in &seen.deliveries.taken {
        let before = newest.insert((&delivery.account, delivery.chat), &delivery.id);
        let is_in_order = before.is_none_or(|before| before < delivery.id.as_str());
        rule.expect(is_in_order, || format!("{} came first after {before:?} (chat {})", delivery.id, delivery.chat));
    }
    rule
}
