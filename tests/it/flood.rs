//! Telegram's limits: what is told of them, and that no call reaches Telegram where one stands.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, CLARA, Control, Options, Sandbox, eventually};

const CLARA_ID: i64 = 5_000_000_003;
const BORIS_ID: i64 = 5_000_000_002;
const SEND: &str = "messages.sendMessage";

async fn send(api: &Api, account: &str, chat: i64, text: &str) -> Answer {
    api.post(&format!("/accounts/{account}/chats/{chat}/messages"), json!({ "text": text })).await
}

async fn flood(api: &Api, account: &str) -> Value {
    api.get(&format!("/accounts/{account}")).await.expect(200)["flood"].clone()
}

async fn none_was_early(control: &Control) {
    for method in control.all_calls().await {
        assert_eq!(method["early"], 0, "{method}");
    }
}

/// Buckets of the server's own that hold nobody up.
fn unhurried() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_AGENT_BURST", "1000")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_holds_its_method_and_no_other_even_over_a_kill() {
    let mut sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    control.arm(json!({ "kind": "flood_wait", "method": SEND, "seconds": 3_000, "count": 1 })).await;
    control.arm(json!({ "kind": "flood_wait", "method": "messages.search", "seconds": 200, "count": 1 })).await;
    let refused = send(&api, &account, CLARA_ID, "too much").await;
    assert_eq!((refused.status, refused.code(), refused.header("retry-after")), (429, "telegram_flood".into(), "3000"));
    assert_eq!((&refused.json()["method"], &refused.json()["retryAfterSecs"]), (&json!(SEND), &json!(3_000)));
    let search = format!("/accounts/{account}/chats/{CLARA_ID}/messages/search?q=hello");
    assert_eq!(api.get(&search).await.json()["method"], "messages.search");
    let told = api.get(&format!("/accounts/{account}")).await.expect(200);
    let methods = |waits: &Value| waits.as_array().unwrap().iter().map(|wait| wait["method"].clone()).collect::<Vec<_>>();
    assert_eq!(methods(&told["flood"]["waits"]), [SEND, "messages.search"], "the longest wait first");
    assert_eq!(told["floodWaits"], told["flood"]["waits"]);
    assert_eq!(told["health"]["state"], "online", "the account itself goes on");
    let until = told["flood"]["waits"][0]["until"].as_u64().unwrap();

    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&account).await;
    let calls = (control.calls(SEND).await, control.calls("messages.search").await);
    for _ in 0..3 {
        let refused = send(&api, &account, CLARA_ID, "too much").await;
        assert_eq!((refused.code(), &refused.json()["method"]), ("telegram_flood".into(), &json!(SEND)));
        assert!((2_000..=3_000).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
        assert_eq!(api.get(&search).await.code(), "telegram_flood");
    }
    let again = flood(&api, &account).await["waits"][0]["until"].as_u64().unwrap();
    assert!(again.abs_diff(until) < 2_000, "{until} {again}");
    api.get(&format!("/accounts/{account}/chats/{CLARA_ID}/messages")).await.expect(200);
    assert_eq!((control.calls(SEND).await, control.calls("messages.search").await), calls, "Telegram is not called");
    assert_eq!(control.count(ADA, CLARA, "too much").await, 0);

    // Another account has limits of its own.
    let clara = api.log_in(&control, CLARA, None).await;
    send(&api, &clara, 5_000_000_001, "not too much").await.expect(200);
    assert_eq!((control.calls_of(CLARA, SEND).await, control.calls_of(ADA, SEND).await), (1, calls.0));

    // Codes for a number wait, too, whoever asks for them, and for no other number.
    control.arm(json!({ "kind": "flood_wait", "method": "auth.sendCode", "seconds": 3_000, "count": 1 })).await;
    control.create_user("+15550000077", "Dora").await;
    let asked = control.calls("auth.sendCode").await;
    for phone in ["+15550000077", "+1 555 000 0077"] {
        let refused = api.post("/telegram/login/code", json!({ "phone": phone })).await;
        assert_eq!((refused.code(), &refused.json()["method"]), ("telegram_flood".into(), &json!("auth.sendCode")));
    }
    assert_eq!(control.calls("auth.sendCode").await, asked + 1);

    // What the account itself needs waits in the same way: the connection is not even tried.
    control.arm(json!({ "kind": "flood_wait", "method": "users.getUsers", "user": ADA, "seconds": 3_000, "count": 1 })).await;
    let (mut calls, asked) = (control.calls_of(ADA, "users.getUsers").await, control.calls("auth.sendCode").await);
    for is_again in [false, true] {
        sandbox.kill();
        sandbox.start_again().await;
        let api = sandbox.api();
        let waits = || async {
            let health = api.get(&format!("/accounts/{account}")).await.expect(200)["health"].clone();
            (health["state"] == "flood_wait").then_some(health)
        };
        let health = eventually("the account waits", waits).await;
        assert!(health["floodUntil"].as_u64().is_some(), "{health}");
        let told = send(&api, &account, CLARA_ID, "too much").await;
        assert_eq!(told.code(), "account_not_ready");
        assert!((2_000..=3_000).contains(&told.header("retry-after").parse::<u32>().unwrap()));
        let now = control.calls_of(ADA, "users.getUsers").await;
        assert!(!is_again || now == calls, "Telegram is not called");
        calls = now;
    }
    let refused = sandbox.api().post("/telegram/login/code", json!({ "phone": "+15550000077" })).await;
    assert_eq!((refused.code(), control.calls("auth.sendCode").await), ("telegram_flood".into(), asked));
    none_was_early(&control).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_wait_is_slept_through_and_what_was_learned_holds_further_calls() {
    let sandbox = Sandbox::start_with(unhurried()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    for number in 0..5 {
        send(&api, account, CLARA_ID, &format!("number {number}")).await.expect(200);
    }
    let before = control.calls(SEND).await;
    control.arm(json!({ "kind": "flood_wait", "method": SEND, "seconds": 1, "count": 1 })).await;
    send(&api, account, CLARA_ID, "a second later").await.expect(200);
    assert_eq!((control.calls(SEND).await, control.count(ADA, CLARA, "a second later").await), (before + 2, 1));

    // Five a minute were too much: four, one of which is spent.
    let held = send(&api, account, CLARA_ID, "beyond the budget").await;
    assert_eq!((held.code(), &held.json()["method"]), ("telegram_flood".into(), &json!(SEND)), "{}", held.text());
    assert!(held.text().contains("held back") && (3..=15).contains(&held.header("retry-after").parse::<u32>().unwrap()));
    let told = flood(&api, account).await;
    assert_eq!(told["budgets"], json!([{ "method": SEND, "perMinute": 4, "left": 0 }]));
    assert_eq!(told["queue"], json!({ "running": 0, "waiting": 0 }));
    assert_eq!(control.calls(SEND).await, before + 2, "Telegram is not called");
    api.get(&format!("/accounts/{account}/chats/{CLARA_ID}/messages")).await.expect(200);
    none_was_early(&control).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_following_of_updates_waits_as_well() {
    let mut sandbox = Sandbox::start_with(unhurried().with("VASYA_QUIET_SECS", "1")).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let difference = "updates.getDifference";
    control.arm(json!({ "kind": "flood_wait", "method": difference, "user": ADA, "seconds": 3_000, "count": 1 })).await;
    let waits = || async {
        let waits = flood(&api, &account).await["waits"].clone();
        waits.as_array().unwrap().iter().any(|wait| wait["method"] == difference).then_some(())
    };
    eventually("the account asks, and is told to wait", waits).await;
    let asked = control.calls_of(ADA, difference).await;
    // A gap, after which an account asks at once.
    control.arm(json!({ "kind": "lose_updates", "user": ADA, "count": 1 })).await;
    control.post(CLARA, ADA, "lost").await;
    control.post(CLARA, ADA, "early").await;
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&account).await;
    for text in ["meanwhile", "calls", "are made"] {
        send(&api, &account, CLARA_ID, text).await.expect(200);
    }
    api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    assert_eq!(control.calls_of(ADA, difference).await, asked, "Telegram is not called");
    assert_eq!(flood(&api, &account).await["budgets"], json!([]), "updates have no budget");
    none_was_early(&control).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_of_a_limited_method_never_call_within_a_wait() {
    let sandbox = Sandbox::start_with(unhurried().with("VASYA_FLOOD_SLEEP_MAX", "0")).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    control.arm(json!({ "kind": "flood_limit", "method": SEND, "count": 8, "seconds": 3 })).await;
    let texts: Vec<String> = (0..9).map(|number| format!("number {number}")).collect();
    let answers = futures::future::join_all(texts.iter().map(|text| send(&api, account, CLARA_ID, text))).await;
    let refused: Vec<usize> = (0..texts.len()).filter(|place| answers[*place].status != 200).collect();
    assert_eq!(refused.len(), 1, "eight are taken");
    let refusal = &answers[refused[0]];
    assert_eq!(refusal.code(), "telegram_flood", "{}", refusal.text());
    assert!((1..=3).contains(&refusal.header("retry-after").parse::<u32>().unwrap()));
    // Whoever does not wait is told to, and Telegram hears nothing of it.
    let again = || async {
        let answer = send(&api, account, CLARA_ID, &texts[refused[0]]).await;
        assert!(answer.status == 200 || answer.code() == "telegram_flood", "{}", answer.text());
        (answer.status == 200).then_some(())
    };
    eventually("the wait is over", again).await;
    assert_eq!(control.calls(SEND).await, 10);
    for text in &texts {
        assert_eq!(control.count(ADA, CLARA, text).await, 1, "{text}");
    }
    none_was_early(&control).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_s_long_queue_holds_another_s_call_up_by_one_turn() {
    let sandbox = Sandbox::start_with(unhurried().with("VASYA_ACCOUNT_TURNS", "1")).await;
    let (owner, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    owner.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let greedy = owner.with_token(&owner.agent_key(&["messages:send"], None).await.1);
    let modest = owner.with_token(&owner.agent_key(&["messages:send"], None).await.1);
    control.arm(json!({ "kind": "hold", "method": SEND, "count": 1 })).await;
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let (greedy, account) = (greedy.clone(), account.to_owned());
            tokio::spawn(async move { send(&greedy, &account, CLARA_ID, &format!("greedy {number}")).await })
        })
        .collect();
    let waiting = async |count: u64| {
        let look = || async { (flood(&owner, account).await["queue"]["waiting"] == count).then_some(()) };
        eventually("calls wait for their turn", look).await;
    };
    waiting(39).await;
    let others = async {
        let (one, other) =
            tokio::join!(send(&modest, account, CLARA_ID, "modest"), send(&owner, account, CLARA_ID, "the owner"),);
        one.expect(200);
        other.expect(200);
    };
    let release = async {
        waiting(41).await;
        assert_eq!(flood(&owner, account).await["queue"]["running"], 1);
        control.clear_faults().await;
    };
    tokio::join!(others, release);
    for call in calls {
        call.await.unwrap().expect(200);
    }
    let messages = control.messages(ADA, CLARA).await;
    let order: HashMap<&str, usize> =
        messages.iter().enumerate().map(|(place, message)| (message["text"].as_str().unwrap(), place)).collect();
    let first = (0..40).map(|number| order[format!("greedy {number}").as_str()]).min().unwrap();
    // Of the greedy ones, the one that was under way and one more came before either.
    for (who, turns) in [("modest", 3), ("the owner", 3)] {
        assert!(order[who] <= first + turns, "{who}: {order:?}");
    }
    assert_eq!(flood(&owner, account).await["queue"], json!({ "running": 0, "waiting": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_leaves_room_for_others_and_who_hangs_up_leaves_the_queue() {
    let options = unhurried().with("VASYA_ACCOUNT_TURNS", "1").with("VASYA_ACCOUNT_CALLS_MAX", "8");
    let sandbox = Sandbox::start_with(options).await;
    let (owner, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    owner.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let greedy = owner.with_token(&owner.agent_key(&["messages:read"], None).await.1);
    let modest = owner.with_token(&owner.agent_key(&["messages:read"], None).await.1);
    let waiting = async |count: u64| {
        let look = || async { (flood(&owner, &account).await["queue"]["waiting"] == count).then_some(()) };
        eventually("calls wait for their turn", look).await;
    };
    let path = format!("/accounts/{account}/chats/{CLARA_ID}/messages");
    let read = |api: &Api| {
        let (api, path) = (api.clone(), path.clone());
        tokio::spawn(async move { api.get(&path).await })
    };
    let before = control.calls("messages.getHistory").await;
    control.arm(json!({ "kind": "hold", "method": SEND, "count": 1 })).await;
    let held = {
        let (owner, account) = (owner.clone(), account.clone());
        tokio::spawn(async move { send(&owner, &account, CLARA_ID, "held").await })
    };
    let running = || async { (flood(&owner, &account).await["queue"]["running"] == 1).then_some(()) };
    eventually("the call is with Telegram", running).await;
    // Of room for eight, seven are free: one caller gets four of them.
    let mut greedy: Vec<_> = (0..6).map(|_| read(&greedy)).collect();
    waiting(4).await;
    let refused = || async { (greedy.iter().filter(|call| call.is_finished()).count() == 2).then_some(()) };
    eventually("two find no room", refused).await;
    let finished: Vec<_> = greedy.extract_if(.., |call| call.is_finished()).collect();
    for call in finished {
        let answer = call.await.unwrap();
        assert_eq!((answer.status, answer.code(), answer.header("retry-after")), (503, "overloaded".into(), "1"));
    }
    let modest = read(&modest);
    waiting(5).await;
    greedy.iter().for_each(|call| call.abort());
    waiting(1).await;
    control.clear_faults().await;
    modest.await.unwrap().expect(200);
    held.await.unwrap().expect(200);
    assert_eq!(control.calls("messages.getHistory").await, before + 1, "for those who had gone, nothing was asked");
    assert_eq!(flood(&owner, &account).await["queue"], json!({ "running": 0, "waiting": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mode_reports_and_freezing_are_states_of_their_own() {
    let mut sandbox = Sandbox::start_with(unhurried()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let refuse = async |code: i32, message: &str| {
        control.arm(json!({ "kind": "rpc_error", "method": SEND, "code": code, "message": message, "count": 1 })).await;
    };

    // Slow mode is of one chat.
    refuse(420, "SLOWMODE_WAIT_400").await;
    let slow = send(&api, &account, BORIS_ID, "slowly").await;
    assert_eq!((slow.status, slow.code(), slow.header("retry-after")), (429, "slow_mode".into(), "400"));
    let calls = control.calls(SEND).await;
    let slow = send(&api, &account, BORIS_ID, "slowly").await;
    assert_eq!((slow.status, slow.code()), (429, "slow_mode".into()));
    assert_eq!(control.calls(SEND).await, calls, "nothing is sent there");
    let elsewhere = send(&api, &account, CLARA_ID, "elsewhere").await.expect(200);
    let forward = json!({ "fromChatId": CLARA_ID, "toChatId": BORIS_ID, "messageIds": [elsewhere["id"]] });
    let forwarded = api.post(&format!("/accounts/{account}/messages/forward"), forward).await;
    assert_eq!(forwarded.code(), "slow_mode", "in whatever way");
    assert_eq!(control.calls("messages.forwardMessages").await, 0);
    let told = flood(&api, &account).await;
    assert_eq!((&told["slowMode"][0]["chatId"], &told["waits"]), (&json!(BORIS_ID), &json!([])));
    assert!(told["slowMode"][0]["until"].as_u64().is_some());

    // A limit because of reports is no wait: the next call is made, and its success ends it.
    refuse(400, "PEER_FLOOD").await;
    let limited = send(&api, &account, CLARA_ID, "to a stranger").await;
    assert_eq!((limited.status, limited.code(), limited.header("retry-after")), (403, "peer_flood".into(), ""));
    let told = flood(&api, &account).await;
    assert_eq!((&told["peerFlood"]["reason"], &told["peerFlood"]["method"]), (&json!("PEER_FLOOD"), &json!(SEND)));
    send(&api, &account, CLARA_ID, "to a contact").await.expect(200);
    assert!(flood(&api, &account).await.get("peerFlood").is_none());

    // A frozen account reads, is told so over a restart, and is one no more when it may write again.
    refuse(420, "FROZEN_METHOD_INVALID").await;
    let calls = control.calls(SEND).await;
    for _ in 0..3 {
        let frozen = send(&api, &account, CLARA_ID, "in vain").await;
        assert_eq!((frozen.status, frozen.code()), (403, "account_frozen".into()));
    }
    assert_eq!(control.calls(SEND).await, calls + 1, "Telegram is not asked again");
    api.get(&format!("/accounts/{account}/chats/{CLARA_ID}/messages")).await.expect(200);
    let detail = api.get(&format!("/accounts/{account}")).await.expect(200);
    assert_eq!((&detail["health"]["state"], &detail["connected"]), (&json!("frozen"), &json!(true)));
    assert_eq!(detail["flood"]["frozen"]["method"], SEND);
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&account).await;
    let detail = api.get(&format!("/accounts/{account}")).await.expect(200);
    assert_eq!((&detail["health"]["state"], &detail["health"]["reason"]), (&json!("frozen"), &json!("FROZEN_METHOD_INVALID")));
    assert_eq!(send(&api, &account, BORIS_ID, "slowly").await.code(), "slow_mode", "that is remembered, too");
    send(&api, &account, CLARA_ID, "thawed").await.expect(200);
    let detail = api.get(&format!("/accounts/{account}")).await.expect(200);
    assert_eq!(detail["health"]["state"], "online");
    assert!(detail["flood"].get("frozen").is_none());
    assert_eq!(control.count(ADA, BORIS, "slowly").await + control.count(ADA, CLARA, "in vain").await, 0);
}
