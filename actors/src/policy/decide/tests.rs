use jiff::civil::time;
use proptest::prelude::*;
use serde_json::json;

use super::super::content::Content;
use super::super::facts::Conversation;
use super::super::usage::Spend;
use super::*;
use crate::telegram::{ChatId, PeerClass};

fn chat(id: i64) -> ChatId {
    ChatId::from_marked(id).unwrap()
}

fn policy(rules: serde_json::Value) -> Policy {
    serde_json::from_value(rules).unwrap()
}

fn send_to(id: i64, class: PeerClass) -> CallFacts {
    let conversation = Some(Conversation { has_begun: true, heard_at: Some(1_000) });
    CallFacts {
        is_mutation: true,
        writes: vec![ChatFacts { chat: Some(chat(id)), class: Some(class), conversation }],
        content: Content { text: true, ..Content::default() },
        spends: Some(Spend { messages: 1, recipient: chat(id) }),
        time: Some(time(12, 0, 0, 0)),
        now: 1_000,
        origins: Some(Vec::new()),
        ..CallFacts::default()
    }
}

fn decision(rules: serde_json::Value, facts: &CallFacts) -> Decision {
    decide(&policy(rules), facts).decision
}

#[test]
fn each_rule_speaks_for_itself_and_the_strictest_counts() {
    let facts = send_to(5, PeerClass::Stranger);
    let rules = json!({ "write": { "allow": { "chatIds": [5] }, "classes": { "strangers": "ask" } }, "links": "deny" });
    let verdict = decide(&policy(rules), &facts);
    assert_eq!(verdict.decision, Decision::Ask, "{verdict:?}");
    assert_eq!(verdict.reasons[0].rule, "write.classes.strangers");
    assert_eq!(decision(json!({ "write": { "allow": { "chatIds": [6] } } }), &facts), Decision::Deny);
    assert_eq!(decision(json!({ "write": { "allow": { "chatIds": [6], "otherwise": "shadow" } } }), &facts), Decision::Shadow);
    assert_eq!(decision(json!({ "write": { "deny": { "chatIds": [5], "decision": "ask" } } }), &facts), Decision::Ask);
    assert_eq!(decision(json!({ "read": { "classes": { "strangers": "deny" } } }), &facts), Decision::Allow, "it reads nothing");
    assert_eq!(decision(json!({ "readOnly": "deny" }), &facts), Decision::Deny);
    assert_eq!(decision(json!({ "readOnly": "deny" }), &CallFacts::default()), Decision::Allow);
    let linked = CallFacts { content: Content { text: true, link: true, media: true }, ..facts };
    assert_eq!(decision(json!({ "links": "deny" }), &linked), Decision::Deny);
    assert_eq!(decision(json!({ "media": "ask" }), &linked), Decision::Ask);
}

#[test]
fn what_is_not_known_speaks_against_the_call() {
    let known = send_to(5, PeerClass::Contact);
    let unknown = CallFacts {
        writes: vec![ChatFacts { chat: Some(chat(5)), ..ChatFacts::default() }],
        time: None,
        origins: None,
        ..known.clone()
    };
    for rules in [
        json!({ "write": { "classes": { "channels": "deny" } } }),
        json!({ "replyOnly": { "withinHours": 1 } }),
        json!({ "firstContact": "deny" }),
        json!({ "quietHours": { "from": "22:00", "to": "07:00" } }),
        json!({ "crossChat": { "hours": 1 } }),
    ] {
        assert_eq!(decision(rules.clone(), &known), Decision::Allow, "{rules}");
        assert_eq!(decision(rules.clone(), &unknown), Decision::Deny, "{rules}");
    }
    let elsewhere = CallFacts { writes: vec![ChatFacts::default()], ..known.clone() };
    assert_eq!(decision(json!({ "write": { "deny": { "chatIds": [7] } } }), &elsewhere), Decision::Deny);
    assert_eq!(decision(json!({ "addresses": { "allow": ["192.0.2.0/24"] } }), &known), Decision::Deny);
    let near = CallFacts { address: "192.0.2.7".parse().ok(), ..known };
    assert_eq!(decision(json!({ "addresses": { "allow": ["192.0.2.0/24"] } }), &near), Decision::Allow);
}

#[test]
fn quiet_hours_go_over_midnight() {
    let rules = json!({ "quietHours": { "from": "22:00", "to": "07:00" } });
    for (hour, quiet) in [(21, false), (22, true), (23, true), (0, true), (6, true), (7, false), (12, false)] {
        let facts = CallFacts { time: Some(time(hour, 0, 0, 0)), ..send_to(5, PeerClass::Contact) };
        assert_eq!(decision(rules.clone(), &facts) == Decision::Deny, quiet, "{hour}");
    }
}

#[test]
fn a_window_is_for_those_who_wrote() {
    let rules = json!({ "replyOnly": { "withinHours": 2 } });
    for (ago, allowed) in [(0, true), (7_200, true), (7_201, false)] {
        let facts = CallFacts { now: 1_000 + ago, ..send_to(5, PeerClass::Stranger) };
        assert_eq!(decision(rules.clone(), &facts) == Decision::Allow, allowed, "{ago}");
    }
}

#[test]
fn a_day_has_so_many_messages_and_recipients() {
    let spend = |id| Spend { messages: 1, recipient: chat(id) };
    let used = super::super::DayUse::default().on("2026-01-01").after(spend(5)).after(spend(6));
    let facts = |id| CallFacts { used: used.clone(), ..send_to(id, PeerClass::Contact) };
    assert_eq!(decision(json!({ "messagesPerDay": { "max": 3 } }), &facts(5)), Decision::Allow);
    assert_eq!(decision(json!({ "messagesPerDay": { "max": 2, "decision": "ask" } }), &facts(5)), Decision::Ask);
    assert_eq!(decision(json!({ "recipientsPerDay": { "max": 2 } }), &facts(5)), Decision::Allow, "it is one of the two");
    assert_eq!(decision(json!({ "recipientsPerDay": { "max": 2 } }), &facts(7)), Decision::Deny);
    assert_eq!(used.clone().on("2026-01-01"), used);
    assert_ne!(used.clone().on("2026-01-02"), used);
}

#[test]
fn what_was_read_stays_where_it_was_read() {
    let read =
        |ids: &[i64]| CallFacts { origins: Some(ids.iter().map(|id| chat(*id)).collect()), ..send_to(5, PeerClass::Contact) };
    let (rules, strict) = (json!({ "crossChat": { "hours": 1 } }), json!({ "crossChat": { "hours": 1, "strict": true } }));
    for (origins, lax_allows, strict_allows) in
        [(&[][..], true, true), (&[5], true, true), (&[6], false, false), (&[5, 6], true, false)]
    {
        assert_eq!(decision(rules.clone(), &read(origins)) == Decision::Allow, lax_allows, "{origins:?}");
        assert_eq!(decision(strict.clone(), &read(origins)) == Decision::Allow, strict_allows, "{origins:?}");
    }
    let silent = CallFacts { content: Content::default(), ..read(&[6]) };
    assert_eq!(decision(rules, &silent), Decision::Allow, "nothing is carried over");
}

fn some_decision() -> impl Strategy<Value = Decision> {
    prop_oneof![Just(Decision::Allow), Just(Decision::Shadow), Just(Decision::Ask), Just(Decision::Deny)]
}

fn some_class() -> impl Strategy<Value = Option<PeerClass>> {
    prop_oneof![
        Just(None),
        Just(Some(PeerClass::Contact)),
        Just(Some(PeerClass::Stranger)),
        Just(Some(PeerClass::Bot)),
        Just(Some(PeerClass::Group)),
        Just(Some(PeerClass::Channel)),
    ]
}

prop_compose! {
    fn some_rules()(
        allowed in proptest::option::of(proptest::collection::vec(1i64..8, 0..4)),
        denied in proptest::option::of(proptest::collection::vec(1i64..8, 0..4)),
        otherwise in some_decision(),
        decision in some_decision(),
        contacts in proptest::option::of(some_decision()),
        strangers in proptest::option::of(some_decision()),
        groups in proptest::option::of(some_decision()),
    ) -> serde_json::Value {
        let mut rules = json!({ "classes": {} });
        if let Some(ids) = allowed { rules["allow"] = json!({ "chatIds": ids, "otherwise": otherwise }); }
        if let Some(ids) = denied { rules["deny"] = json!({ "chatIds": ids, "decision": decision }); }
        for (name, class) in [("contacts", contacts), ("strangers", strangers), ("groups", groups)] {
            if let Some(class) = class { rules["classes"][name] = json!(class); }
        }
        rules
    }
}

proptest! {
    #[test]
    fn more_rules_never_permit_more(
        read in some_rules(),
        write in some_rules(),
        links in proptest::option::of(some_decision()),
        read_only in proptest::option::of(some_decision()),
        class in some_class(),
        id in 1i64..8,
        link: bool,
    ) {
        let facts = CallFacts {
            reads: vec![ChatFacts { chat: Some(chat(id)), class, conversation: None }],
            writes: vec![ChatFacts { chat: Some(chat(id)), class, conversation: None }],
            content: Content { text: true, link, media: false },
            ..send_to(id, PeerClass::Contact)
        };
        let mut all = json!({ "read": read, "write": write });
        if let Some(links) = links { all["links"] = json!(links); }
        if let Some(read_only) = read_only { all["readOnly"] = json!(read_only); }
        let whole = decide(&policy(all.clone()), &facts);
        prop_assert_eq!(whole.decision, whole.reasons.iter().map(|reason| reason.decision).max().unwrap_or_default());
        prop_assert_eq!(whole.refusal().is_some(), whole.decision == Decision::Deny);
        prop_assert_eq!(!whole.questions().is_empty(), whole.decision == Decision::Ask);
        let mut strictest = Decision::Allow;
        for (name, rule) in all.as_object().unwrap() {
            let alone = decision(json!({ name: rule }), &facts);
            prop_assert!(alone <= whole.decision, "{} alone", name);
            strictest = strictest.max(alone);
        }
        prop_assert_eq!(strictest, whole.decision, "and nothing but a rule decides");
    }

    #[test]
    fn a_chat_of_which_less_is_known_is_never_permitted_more(rules in some_rules(), class in some_class(), id in 1i64..8) {
        let rules: ChatRules = serde_json::from_value(rules).unwrap();
        let strictest = |chat, class| rules.decisions(chat, class).into_iter().map(|(decision, _)| decision).max().unwrap_or_default();
        prop_assert!(strictest(Some(chat(id)), class) <= strictest(Some(chat(id)), None));
        prop_assert!(strictest(Some(chat(id)), class) <= strictest(None, None));
    }
}
