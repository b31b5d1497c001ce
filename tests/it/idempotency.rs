//! A request that is sent again has its answer again, and its effect once: over restarts, kills and lost answers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, CLARA, Options, Sandbox, eventually, send};

const CLARA_ID: i64 = 5_000_000_003;

async fn post(api: &Api, path: &str, key: &str, body: Value) -> Answer {
    send(api.request(Method::POST, path).header("idempotency-key", key).json(&body)).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// Kills the server between Telegram's doing what a request asks for and its answer, and starts it again.
async fn kill_during(sandbox: &mut Sandbox, method: &str, path: &str, key: &str, body: &Value) {
    let control = sandbox.control();
    let before = control.calls(method).await;
    control.arm(json!({ "kind": "delay_answer", "method": method, "seconds": 60, "count": 1 })).await;
    let sending = tokio::spawn({
        let (api, path, key, body) = (sandbox.api(), path.to_owned(), key.to_owned(), body.clone());
        async move { send(api.request(Method::POST, &path).header("idempotency-key", key).json(&body)).await }
    });
    let begun = || async { (control.calls(method).await > before).then_some(()) };
    eventually("Telegram is called", begun).await;
    sandbox.kill();
    sending.abort();
    sandbox.start_again().await;
}

fn roomy() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_AGENT_BURST", "1000")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_its_answer_again_and_its_effect_once() {
    let mut sandbox = Sandbox::start_with(roomy()).await;
    let account = sandbox.account().to_owned();
    let messages = format!("/accounts/{account}/chats/{CLARA_ID}/messages");
    let (api, control) = (sandbox.api(), sandbox.control());
    let first = post(&api, &messages, "key-1", json!({ "text": "once", "silent": true })).await;
    assert!(!replayed(&first));
    let told = first.expect(200);
    for key in ["key-1", "\"key-1\""] {
        let again = post(&api, &messages, key, json!({ "silent": true, "text": "once" })).await;
        assert!(replayed(&again), "{key}");
        assert_eq!(again.expect(200), told);
    }
    let other = post(&api, &messages, "key-1", json!({ "text": "twice" })).await;
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused".into()));
    let elsewhere =
        post(&api, &format!("/accounts/{account}/groups"), "key-1", json!({ "title": "G", "userIds": [CLARA_ID] })).await;
    assert_eq!(elsewhere.code(), "idempotency_key_reused", "a key is of one request, wherever it goes");
    for key in ["", "\"open", &"k".repeat(256)] {
        let unfit = post(&api, &messages, key, json!({ "text": "once" })).await;
        assert_eq!((unfit.status, &unfit.json()["field"]), (400, &json!("Idempotency-Key")), "{key}");
    }

    // An agent's keys are its own, and a secret is shown once.
    let grant = json!({ "name": "writer", "scopes": ["messages:send"] });
    let made = post(&api, "/agent-keys", "key-2", grant.clone()).await.expect(200);
    let again = post(&api, "/agent-keys", "key-2", grant).await;
    assert!(replayed(&again));
    let again = again.expect(200);
    assert_eq!((&again["id"], &again["secret"]), (&made["id"], &Value::Null));
    let agent = api.with_token(made["secret"].as_str().unwrap());
    let of_agent = post(&agent, &messages, "key-1", json!({ "text": "the agent's" })).await;
    assert!(!replayed(&of_agent));
    of_agent.expect(200);

    // A refusal is an answer too; one that may pass is not kept.
    let nobody = format!("/accounts/{account}/chats/5000009999/messages");
    for is_again in [false, true] {
        let refused = post(&api, &nobody, "key-3", json!({ "text": "hello" })).await;
        assert_eq!((refused.code(), replayed(&refused)), ("chat_not_found".into(), is_again));
    }
    control.arm(json!({ "kind": "flood_wait", "method": "messages.createChat", "seconds": 300, "count": 1 })).await;
    let group = json!({ "title": "Crew", "userIds": [CLARA_ID] });
    for _ in 0..2 {
        let waits = post(&api, &format!("/accounts/{account}/groups"), "key-4", group.clone()).await;
        assert_eq!((waits.code(), replayed(&waits)), ("telegram_flood".into(), false));
    }

    // Repetitions are in the audit log, as such.
    let rows = api.get("/audit").await.expect(200);
    let sends: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["operation"] == "send_message").collect();
    let codes: Vec<&str> = sends.iter().filter_map(|row| row["code"].as_str()).collect();
    assert_eq!(&codes[..4], ["ok", "ok", "ok", "idempotency_key_reused"]);

    for kill in [false, true] {
        if kill {
            sandbox.kill();
        } else {
            sandbox.terminate();
        }
        sandbox.start_again().await;
        let again = post(&sandbox.api(), &messages, "key-1", json!({ "text": "once", "silent": true })).await;
        assert!(replayed(&again));
        assert_eq!(again.expect(200), told);
    }
    let control = sandbox.control();
    assert_eq!(control.count(ADA, CLARA, "once").await, 1);
    assert_eq!(control.count(ADA, CLARA, "the agent's").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_is_at_work_a_second_waits_outside() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let messages = format!("/accounts/{account}/chats/{CLARA_ID}/messages");
    control.arm(json!({ "kind": "delay_answer", "method": "messages.sendMessage", "seconds": 3, "count": 1 })).await;
    let body = json!({ "text": "slowly" });
    let first = tokio::spawn({
        let (api, messages, body) = (api.clone(), messages.clone(), body.clone());
        async move { post(&api, &messages, "slow", body).await }
    });
    let begun = || async { (control.calls("messages.sendMessage").await == 1).then_some(()) };
    eventually("the message is sent", begun).await;
    let second = post(&api, &messages, "slow", body.clone()).await;
    assert_eq!((second.status, second.code()), (409, "request_in_progress".into()));
    assert_eq!(second.json()["error"], "A request with this Idempotency-Key is already in flight");
    // A client that hangs up leaves no key behind that is busy for ever.
    first.abort();
    let settled = || async {
        let answer = post(&api, &messages, "slow", body.clone()).await;
        (answer.status == 200).then(|| assert!(replayed(&answer)))
    };
    eventually("the first call has ended", settled).await;
    assert_eq!(control.count(ADA, CLARA, "slowly").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undecided_is_settled_by_telegram_or_said_to_be_unknown() {
    let mut sandbox = Sandbox::start_with(roomy()).await;
    let account = sandbox.account().to_owned();
    let (api, control) = (sandbox.api(), sandbox.control());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let messages = format!("/accounts/{account}/chats/{CLARA_ID}/messages");

    // The answer is lost with its connection: the message is found, with or without a key.
    control.arm(json!({ "kind": "lose_answer", "method": "messages.sendMessage", "count": 1 })).await;
    let sent = api.post(&messages, json!({ "text": "lost and found" })).await.expect(200);
    let newest = api.get(&format!("{messages}?limit=1")).await.expect(200);
    assert_eq!(newest[0]["id"], sent["id"]);

    // The server is killed between Telegram's taking a message and its answer.
    let words = ["first", "second", "first"];
    let mut ids = Vec::new();
    for (place, text) in words.iter().enumerate() {
        let (key, body) = (format!("killed-{place}"), json!({ "text": text }));
        kill_during(&mut sandbox, "messages.sendMessage", &messages, &key, &body).await;
        let settled = post(&sandbox.api(), &messages, &key, body.clone()).await.expect(200);
        assert_eq!(settled["text"], *text);
        let again = post(&sandbox.api(), &messages, &key, body).await;
        assert!(replayed(&again));
        assert_eq!(again.expect(200)["id"], settled["id"]);
        ids.push(settled["id"].clone());
    }
    assert_ne!(ids[0], ids[2], "two sends of the same words are two messages, also after a restart");
    assert_eq!(control.count(ADA, CLARA, "first").await, 2, "two requests, two messages");
    assert_eq!(control.count(ADA, CLARA, "second").await, 1);

    // Finding it is the server's own work: it waits for nothing that callers have used up.
    let api = sandbox.api();
    control.arm(json!({ "kind": "flood_wait", "method": "messages.getHistory", "seconds": 1, "count": 1 })).await;
    api.get(&messages).await.expect(200);
    assert_eq!(api.get(&messages).await.code(), "telegram_flood", "the budget of callers is used up");
    control.arm(json!({ "kind": "lose_answer", "method": "messages.sendMessage", "count": 1 })).await;
    api.post(&messages, json!({ "text": "found all the same" })).await.expect(200);
    assert_eq!(control.count(ADA, CLARA, "found all the same").await, 1);

    // What Telegram does twice is not done again.
    let (api, groups) = (sandbox.api(), format!("/accounts/{account}/groups"));
    api.online(&account).await;
    control.arm(json!({ "kind": "lose_answer", "method": "messages.createChat", "count": 1 })).await;
    let group = json!({ "title": "Crew", "userIds": [CLARA_ID] });
    for _ in 0..2 {
        let unknown = post(&api, &groups, "crew", group.clone()).await;
        assert_eq!((unknown.status, unknown.code(), replayed(&unknown)), (504, "outcome_unknown".into(), false));
    }
    assert_eq!(control.calls("messages.createChat").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forwarded_is_found_when_its_answer_is_lost() {
    let mut sandbox = Sandbox::start_with(roomy()).await;
    let account = sandbox.account().to_owned();
    let control = sandbox.control();
    let group = control.create_chat("supergroup", CLARA, "What is forwarded", &[ADA]).await;
    let mut sources = Vec::new();
    for text in ["one", "two", "two"] {
        let message = json!({ "from": CLARA, "to": group, "text": text });
        sources.push(control.call(Method::POST, "/messages", Some(message)).await["id"].clone());
    }
    sandbox.api().get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    // A message that is not there keeps its place.
    let body = json!({
        "fromChatId": group, "toChatId": CLARA_ID, "messageIds": [sources[0], 9_999, sources[1], sources[2], sources[0]],
    });
    let mut told: Vec<i64> = Vec::new();
    for verb in ["forward", "copy"] {
        let path = format!("/accounts/{account}/messages/{verb}");
        control.arm(json!({ "kind": "lose_answer", "method": "messages.forwardMessages", "count": 1 })).await;
        let mut answers = vec![sandbox.api().post(&path, body.clone()).await.expect(200)];
        for round in 0..2 {
            let key = format!("{verb}-{round}");
            kill_during(&mut sandbox, "messages.forwardMessages", &path, &key, &body).await;
            let settled = post(&sandbox.api(), &path, &key, body.clone()).await.expect(200);
            assert_eq!(post(&sandbox.api(), &path, &key, body.clone()).await.expect(200), settled);
            answers.push(settled);
        }
        for answer in answers {
            let ids: Vec<Option<i64>> = answer.as_array().unwrap().iter().map(Value::as_i64).collect();
            assert!(matches!(ids[..], [Some(_), None, Some(_), Some(_), None]), "{answer}");
            told.extend(ids.into_iter().flatten());
        }
    }
    let mut there = control.messages(ADA, CLARA).await;
    there.retain(|message| matches!(message["text"].as_str(), Some("one" | "two")));
    let ids: Vec<i64> = there.iter().map(|message| message["id"].as_i64().unwrap()).collect();
    assert_eq!(told, ids, "each message is there once, and each caller was told of their own");
    for (place, message) in there.iter().enumerate() {
        let expected = ["one", "two", "two"][place % 3];
        assert_eq!((&message["text"], message["forwardedFrom"].is_i64()), (&json!(expected), place < 9), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_the_same_request_only_with_the_same_bytes() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let media = format!("/accounts/{account}/chats/{CLARA_ID}/media");
    let upload = async |bytes: &'static str| {
        let request = api.request(Method::POST, &media).header("idempotency-key", "file").header("x-file-name", "a.txt");
        send(request.header("x-caption", "the-file").body(bytes)).await
    };
    let first = upload("one two three").await.expect(200);
    let again = upload("one two three").await;
    assert!(replayed(&again));
    assert_eq!(again.expect(200)["id"], first["id"]);
    assert_eq!(upload("one two seven").await.code(), "idempotency_key_reused", "as long, and another");
    assert_eq!(upload("one two").await.code(), "idempotency_key_reused");
    assert_eq!(control.count(ADA, CLARA, "the-file").await, 1);
}
