//! What was sent has arrived once, and never twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::writers::{Fate, Kind, Written};
use super::gathering::Message;
use super::{Rule, Seen};

/// What accounts have sent: by account, chat and first word.
fn sent<'s>(seen: &Seen<'s>) -> HashMap<(usize, i64, &'s str), Vec<&'s Message>> {
    let mut sent: HashMap<(usize, i64, &str), Vec<&Message>> = HashMap::new();
    for chat in &seen.told.truth {
        for message in chat.messages.iter().filter(|message| message.out) {
            sent.entry((chat.account, chat.chat, message.word())).or_default().push(message);
        }
    }
    sent
}

/// Requests that send, not those that change.
fn sends<'s>(seen: &Seen<'s>) -> impl Iterator<Item = &'s Written> {
    seen.written.iter().filter(|written| written.kind != Kind::Edit || written.text.is_none())
}

pub(super) fn answered(written: &[Written]) -> Rule {
    let mut rule = Rule::new("every request is answered in the end: none refused, none unknown");
    for written in written {
        // Every kind of request here is one whose outcome the server settles, by asking again or by what Telegram takes once.
        let is_answered = matches!(written.fate, Fate::Acknowledged { .. });
        rule.expect(is_answered, || format!("{}: {:?} after {} attempts", named(written), written.fate, written.attempts));
    }
    rule
}

pub(super) fn arrived_once(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("what was acknowledged has arrived, as the message that was named");
    let sent = sent(seen);
    let mut named_before = HashSet::new();
    for written in sends(seen) {
        let Fate::Acknowledged { ids, .. } = &written.fate else { continue };
        for (place, word) in written.words.iter().enumerate() {
            let arrived = sent.get(&(written.account, written.chat, word.as_str())).map(Vec::as_slice).unwrap_or_default();
            let id = ids.get(place).copied().flatten();
            let is_there = arrived.iter().any(|message| Some(message.id) == id);
            let found = || arrived.iter().map(|message| message.id).collect::<Vec<_>>();
            rule.expect(is_there, || format!("{} ({word}) was told {id:?}, and there is {:?}", named(written), found()));
            let is_first = named_before.insert((written.account, written.chat, id));
            rule.expect(is_first, || format!("{} ({word}) was told {id:?}, which was told before", named(written)));
        }
    }
    rule
}

pub(super) fn arrived_twice(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("nothing has arrived twice, and nothing that was refused");
    let sent = sent(seen);
    // How often a word may be there at most, and at least.
    let mut allowed: BTreeMap<(usize, i64, &str), (usize, usize)> = BTreeMap::new();
    for written in sends(seen) {
        for word in &written.words {
            let (most, least) = allowed.entry((written.account, written.chat, word.as_str())).or_default();
            match written.fate {
                Fate::Acknowledged { .. } => (*most, *least) = (*most + 1, *least + 1),
                Fate::Unknown { .. } | Fate::Unanswered { .. } => *most += 1,
                Fate::Refused { .. } => {}
            }
        }
    }
    for ((account, chat, word), (most, least)) in &allowed {
        let arrived = sent.get(&(*account, *chat, *word)).map(Vec::as_slice).unwrap_or_default();
        let ids = || arrived.iter().map(|message| message.id).collect::<Vec<_>>();
        rule.expect((*least..=*most).contains(&arrived.len()), || {
            let times = arrived.len();
            format!("account {account}, chat {chat}: {word} is there {times} times, not {least} to {most}: {:?}", ids())
        });
    }
    for (account, chat, word) in sent.keys().filter(|key| !allowed.contains_key(*key)) {
        rule.expect(false, || format!("account {account}, chat {chat}: {word} is there and nobody sent it"));
    }
    rule
}

pub(super) fn edited(seen: &Seen<'_>) -> Rule {
    let mut rule = Rule::new("what was edited says what the last edit made of it");
    let sent = sent(seen);
    let mut last: BTreeMap<(usize, i64, &str), Vec<&str>> = BTreeMap::new();
    for written in seen.written.iter().filter(|written| written.kind == Kind::Edit) {
        let (Some(word), Some(text)) = (written.words.first(), &written.text) else { continue };
        let texts = last.entry((written.account, written.chat, word)).or_default();
        match written.fate {
            Fate::Acknowledged { .. } => *texts = vec![text],
            Fate::Unknown { .. } | Fate::Unanswered { .. } => texts.push(text),
            Fate::Refused { .. } => {}
        }
    }
    for ((account, chat, word), texts) in last.iter().filter(|(_, texts)| !texts.is_empty()) {
        let message = sent.get(&(*account, *chat, *word)).and_then(|messages| messages.first());
        let says = message.map_or("", |message| message.text.as_str());
        rule.expect(texts.contains(&says), || format!("account {account}, chat {chat}: {word} says {says:?}, not {texts:?}"));
    }
    rule
}

/// A request as evidence names it.
fn named(written: &Written) -> String {
    let Written { kind, key, account, chat, .. } = written;
    format!("{kind:?} {key} (account {account}, chat {chat})")
}

/// How many requests of each kind were answered so, that their outcome is unknown, for the report.
pub(in super::super) fn unknown_by_kind(written: &[Written]) -> BTreeMap<Kind, u32> {
    let mut kinds = BTreeMap::new();
    for written in written.iter().filter(|written| written.unknown > 0) {
        *kinds.entry(written.kind).or_default() += written.unknown;
    }
    kinds
}
