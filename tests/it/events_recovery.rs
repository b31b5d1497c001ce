//! Events through kills, bad networks and what Telegram cannot fill: each message once, in order, and what is missing is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{ADA, Api, CLARA, Control, EventStream, Options, Sandbox, Told, eventually, texts};

/// Short waits, so that what is found by asking is found soon.
fn impatient() -> Options {
    Options::default().with("VASYA_QUIET_SECS", "1").with("VASYA_ANSWER_SECS", "2")
}

/// Everything that is kept of these kinds, in order.
async fn kept(api: &Api, types: &str) -> Vec<Value> {
    let mut cursor = "oldest".to_owned();
    let mut kept = Vec::new();
    loop {
        let page = api.get(&format!("/events/poll?cursor={cursor}&limit=1000&types={types}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return kept;
        }
        kept.extend(items.iter().map(|item| item["payload"].clone()));
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
}

fn texts_of(payloads: &[Value]) -> Vec<&str> {
    payloads.iter().filter_map(|payload| payload["text"].as_str()).collect()
}

/// What a user has received from a peer, by the network's own truth.
async fn received(control: &Control, user: &str, peer: &str) -> Vec<String> {
    let messages = control.messages(user, peer).await;
    let incoming = messages.iter().filter(|message| message["out"] == false);
    incoming.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_incoming_message_is_kept_once_and_in_order_whenever_the_process_is_killed() {
    let mut sandbox = Sandbox::start().await;
    let control = sandbox.control();
    let channel = control.create_chat("supergroup", CLARA, "A group", &[ADA]).await;
    control.post(CLARA, ADA, "private 0").await;
    control.call(reqwest::Method::POST, "/messages", Some(json!({ "from": CLARA, "to": channel, "text": "group 0" }))).await;
    // A channel that the account was brought into a moment ago may begin with a gap: what was in it before is not told.
    let followed = async || {
        let kept = kept(&sandbox.api(), "telegram:new-message").await;
        texts_of(&kept).contains(&"group 0").then_some(())
    };
    eventually("the group is followed", followed).await;
    let gaps_before = kept(&sandbox.api(), "gap").await;
    let (stop, posted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(1)));
    let writer = tokio::spawn({
        let (control, stop, posted) = (control.clone(), Arc::clone(&stop), Arc::clone(&posted));
        async move {
            let mut number = 1;
            while !stop.load(Ordering::SeqCst) {
                control.post(CLARA, ADA, &format!("private {number}")).await;
                let in_group = json!({ "from": CLARA, "to": channel, "text": format!("group {number}") });
                control.call(reqwest::Method::POST, "/messages", Some(in_group)).await;
                number += 1;
                posted.store(number, Ordering::SeqCst);
            }
            number
        }
    });
    for round in 0..4 {
        let enough = posted.load(Ordering::SeqCst) + 15 + 11 * round;
        eventually("messages are posted", || async { (posted.load(Ordering::SeqCst) >= enough).then_some(()) }).await;
        if round == 2 {
            control.drop_connections(Some(ADA)).await;
        }
        sandbox.kill();
        sandbox.start_again().await;
    }
    stop.store(true, Ordering::SeqCst);
    let count = writer.await.unwrap();
    let api = sandbox.api();
    let whole = || async {
        let kept = kept(&api, "telegram:new-message").await;
        let texts = texts_of(&kept);
        let last = |kind: &str| texts.contains(&format!("{kind} {}", count - 1).as_str());
        (last("private") && last("group")).then_some(kept.clone())
    };
    let kept_messages = eventually("the last messages are kept", whole).await;
    let texts = texts_of(&kept_messages);
    let of = |kind: &str| texts.iter().filter(|text| text.starts_with(kind)).map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let mut truth = received(&control, ADA, CLARA).await;
    truth.retain(|text| text.starts_with("private"));
    assert!(of("private") == truth, "of {} messages {} are kept", truth.len(), of("private").len());
    let truth: Vec<_> = (0..count).map(|number| format!("group {number}")).collect();
    assert!(of("group") == truth, "of {} messages {} are kept", truth.len(), of("group").len());
    assert_eq!(kept(&api, "gap").await, gaps_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_are_lost_repeated_late_or_out_of_order_are_told_once_and_in_order() {
    let sandbox = Sandbox::start_with(impatient()).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let group = control.create_chat("supergroup", CLARA, "A group", &[ADA]).await;
    let mut stream = EventStream::open(&api, "", None).await.begun().await;
    let mut sent = 0;
    let mut told: Vec<Told> = Vec::new();
    for kind in ["lose_updates", "duplicate_updates", "late_updates", "reorder_updates"] {
        for to in [json!(ADA), json!(group)] {
            control.arm(json!({ "kind": kind, "user": ADA, "count": 2, "seconds": 1 })).await;
            for _ in 0..4 {
                let message = json!({ "from": CLARA, "to": to, "text": format!("message {sent}") });
                control.call(reqwest::Method::POST, "/messages", Some(message)).await;
                sent += 1;
            }
            control.clear_faults().await;
            told.extend(stream.messages(4).await);
        }
    }
    // The last one is lost, and nothing follows that would show it.
    control.arm(json!({ "kind": "lose_updates", "user": ADA, "count": 1 })).await;
    control.post(CLARA, ADA, &format!("message {sent}")).await;
    told.extend(stream.messages(1).await);
    assert_eq!(texts(&told), (0..=sent).map(|number| format!("message {number}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_cannot_fill_is_a_gap() {
    let mut sandbox = Sandbox::start_with(impatient()).await;
    let control = sandbox.control();
    let group = control.create_chat("supergroup", CLARA, "A group", &[ADA]).await;
    let say = async |to: Value, text: &str| {
        control.call(reqwest::Method::POST, "/messages", Some(json!({ "from": CLARA, "to": to, "text": text }))).await
    };
    let mut stream = EventStream::open(&sandbox.api(), "?types=telegram:new-message", None).await.begun().await;
    say(json!(group), "in the group before").await;
    say(json!(ADA), "before").await;
    stream.messages(2).await;
    sandbox.kill();
    say(json!(ADA), "missed").await;
    say(json!(group), "missed in the group").await;
    for kind in ["difference_too_long", "channel_difference_too_long"] {
        control.arm(json!({ "kind": kind, "user": ADA, "count": 1 })).await;
    }
    sandbox.start_again().await;
    let api = sandbox.api();
    let mut stream = EventStream::open(&api, "?types=telegram:new-message", stream.last_id.as_deref()).await;
    let (first, second) = (stream.next_named("gap").await.data, stream.next_named("gap").await.data);
    assert_eq!((&first["scope"], &first["reason"]), (&json!("account"), &json!("too_long")), "{first}");
    assert!(first["since"].as_i64() > Some(0), "{first}");
    assert_eq!((&second["scope"], &second["chatId"], &second["reason"]), (&json!("chat"), &json!(group), &json!("too_long")));
    say(json!(ADA), "after").await;
    assert_eq!(texts(&stream.messages(1).await), ["after"]);
    say(json!(group), "in the group after").await;
    assert_eq!(texts(&stream.messages(1).await), ["in the group after"]);

    // A channel that the account may not read any more.
    let group_of_others = control.create_chat("supergroup", CLARA, "Another", &[ADA]).await;
    say(json!(group_of_others), "welcome").await;
    stream.messages(1).await;
    sandbox.kill();
    say(json!(group_of_others), "not for you").await;
    let refusal = json!({
        "kind": "rpc_error", "method": "updates.getChannelDifference", "user": ADA, "count": 2,
        "code": 400, "message": "CHANNEL_PRIVATE",
    });
    control.arm(refusal).await;
    sandbox.start_again().await;
    let mut stream = EventStream::open(&sandbox.api(), "", stream.last_id.as_deref()).await;
    let gap = stream.next_named("gap").await.data;
    assert_eq!((&gap["scope"], &gap["reason"]), (&json!("chat"), &json!("no_access")), "{gap}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_connection_and_a_failing_telegram_are_noticed_and_cost_nothing() {
    let sandbox = Sandbox::start_with(impatient()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let mut stream = EventStream::open(&api, "", None).await.begun().await;
    control.silence_connections(ADA).await;
    control.post(CLARA, ADA, "into the void").await;
    let lost = stream.next_named("connection-status").await.data;
    assert_eq!(lost["status"], "reconnecting");
    let mut told = stream.messages(1).await;
    api.online(&account).await;
    let health = api.get(&format!("/accounts/{account}")).await.expect(200)["health"].clone();
    assert!(health["reconnects"].as_u64() >= Some(1), "{health}");
    assert!(health["lastPongAt"].as_u64() >= health["lastUpdateAt"].as_u64(), "{health}");
    assert!(health["updateLagSecs"].is_u64(), "{health}");

    for kind in ["server_error", "timeout", "flood_wait", "delay"] {
        control.arm(json!({ "kind": kind, "method": "updates.getDifference", "user": ADA, "count": 1, "seconds": 1 })).await;
        control.arm(json!({ "kind": "lose_updates", "user": ADA, "count": 1 })).await;
        control.post(CLARA, ADA, kind).await;
        told.extend(stream.messages(1).await);
        control.clear_faults().await;
    }
    for _ in 0..3 {
        control.drop_connections(Some(ADA)).await;
        control.post(CLARA, ADA, "dropped").await;
        told.extend(stream.messages(1).await);
    }
    let expected = ["into the void", "server_error", "timeout", "flood_wait", "delay", "dropped", "dropped", "dropped"];
    assert_eq!(texts(&told), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_lost_says_so_and_what_to_do() {
    let sandbox = Sandbox::start_with(impatient()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let mut stream = EventStream::open(&api, &format!("?account={account}"), None).await.begun().await;
    control.arm(json!({ "kind": "auth_key_duplicated", "user": ADA, "count": 1 })).await;
    let required = stream.next_named("login-required").await.data;
    assert_eq!(required["reason"], "AUTH_KEY_DUPLICATED");
    assert!(required["detail"].as_str().unwrap().contains("log in"), "{required}");
    let health = api.get(&format!("/accounts/{account}")).await.expect(200)["health"].clone();
    assert_eq!((&health["state"], &health["reason"]), (&json!("login_required"), &json!("AUTH_KEY_DUPLICATED")));
    let asked = control.calls("updates.getDifference").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(control.calls("updates.getDifference").await, asked, "it does not loop");
    assert!(!kept(&api, "account-health").await.is_empty(), "its events are kept");
}
