//! Readers of events: what they are told, where they go on, and when they end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Control, EventStream, Options, Sandbox, eventually, texts};

const CLARA_ID: i64 = 5_000_000_003;

async fn poll(api: &Api, query: &str) -> Value {
    api.get(&format!("/events/poll{query}")).await.expect(200)
}

/// Ends a wait that would otherwise show nothing but its limit.
async fn last_of(stream: &mut EventStream) -> Value {
    let mut last = stream.next_named("stream-end").await;
    assert_eq!(stream.next().await, None, "nothing follows the end");
    last.data.take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_happens() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let clara = api.log_in(&control, CLARA, None).await;
    api.online(&clara).await;
    let mut stream = EventStream::open(&api, &format!("?account={ada}"), None).await.begun().await;
    assert_eq!(stream.retry, Some(3_000));
    let posted = control.post(CLARA, ADA, "hello").await;

    let new = stream.next_named("telegram:new-message").await;
    assert_eq!(new.data["accountId"], json!(ada));
    assert_eq!(new.data["cursor"].as_str(), new.id.as_deref());
    let expected = [
        ("chatId", json!(CLARA_ID)),
        ("fromUserId", json!(CLARA_ID)),
        ("senderName", json!("Clara")),
        ("text", json!("hello")),
        ("isOutgoing", json!(false)),
        ("hasMedia", json!(false)),
        ("mediaType", Value::Null),
        ("date", posted["date"].clone()),
    ];
    for (member, value) in expected {
        assert_eq!(new.data[member], value, "{member} of {}", new.data);
    }
    let in_chat = |account: &str, peer: i64| format!("/accounts/{account}/chats/{peer}/messages");
    let ada_id = control.messages(CLARA, ADA).await[0]["chatId"].as_i64().unwrap();
    let sent = api.post(&in_chat(&clara, ada_id), json!({ "text": "first" })).await.expect(200);
    let of_ada = stream.next_named("telegram:new-message").await.data;
    assert_eq!(of_ada["text"], "first");

    let path = format!("{}/{}", in_chat(&clara, ada_id), sent["id"]);
    api.patch(&path, json!({ "text": "second" })).await.expect(200);
    let edited = stream.next_named("telegram:message-edited").await.data;
    assert_eq!((&edited["id"], &edited["newText"], &edited["chatId"]), (&of_ada["id"], &json!("second"), &json!(CLARA_ID)));
    assert!(edited["editDate"].as_i64() >= of_ada["date"].as_i64());

    let gone = json!({ "messageIds": [sent["id"]], "revoke": true });
    api.post(&format!("{}/delete", in_chat(&clara, ada_id)), gone).await;
    let deleted = stream.next_named("telegram:message-deleted").await.data;
    assert_eq!((&deleted["messageIds"], &deleted["chatId"]), (&json!([of_ada["id"]]), &json!(0)));

    let answered = api.post(&in_chat(&ada, CLARA_ID), json!({ "text": "an answer" })).await.expect(200);
    let own = stream.next_named("telegram:new-message").await.data;
    assert_eq!((&own["id"], &own["isOutgoing"], &own["text"]), (&answered["id"], &json!(true), &json!("an answer")));
    let last_of_clara = control.messages(CLARA, ADA).await.last().unwrap()["id"].clone();
    api.post(&format!("/accounts/{clara}/chats/{ada_id}/read"), json!({ "maxId": last_of_clara })).await.expect(204);
    let read = stream.next_named("telegram:messages-read").await.data;
    assert_eq!((&read["by"], &read["chatId"], &read["maxId"]), (&json!("others"), &json!(CLARA_ID), &answered["id"]));

    let group = control.create_chat("supergroup", CLARA, "A group", &[ADA]).await;
    let brought = stream.next_named("telegram:chat-changed").await.data;
    assert_eq!((&brought["chatId"], &brought["change"]), (&json!(group), &json!("details")));
    control.call(reqwest::Method::POST, "/messages", Some(json!({ "from": CLARA, "to": group, "text": "to all" }))).await;
    while stream.next_named("telegram:new-message").await.data["text"] != "to all" {}

    api.post(&format!("/accounts/{ada}/chats/load"), json!({})).await.expect(202);
    let loaded = stream.next_named("chat-loaded").await.data;
    assert!(loaded["title"].is_string() && loaded["chatType"].is_string(), "{loaded}");
    let complete = stream.next_named("chats-loading-complete").await.data;
    assert!(complete["count"].as_u64() >= Some(2), "{complete}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes_exactly_over_two_restarts() {
    let mut sandbox = Sandbox::start().await;
    let mut stream = EventStream::open(&sandbox.api(), "", None).await.begun().await;
    let mut seen = Vec::new();
    let mut number = 0;
    let mut post = async |control: &Control, count: usize| {
        for _ in 0..count {
            control.post(CLARA, ADA, &format!("message {number}")).await;
            number += 1;
        }
        number
    };
    let mut posted = 0;
    for round in 0..3 {
        post(&sandbox.control(), 20).await;
        // The client has read only some of it when the connection ends.
        seen.extend(stream.messages(12).await);
        let last_id = stream.last_id.clone();
        if round == 1 {
            // The network stops with the server.
            assert!(sandbox.terminate().success());
        } else {
            sandbox.kill();
            post(&sandbox.control(), 10).await;
        }
        sandbox.start_again().await;
        posted = post(&sandbox.control(), 5).await;
        stream = EventStream::open(&sandbox.api(), "", last_id.as_deref()).await;
    }
    seen.extend(stream.messages(posted - seen.len()).await);
    assert_eq!(texts(&seen), (0..posted).map(|number| format!("message {number}")).collect::<Vec<_>>());
    let ids: Vec<_> = seen.iter().map(|told| told.id.clone().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, other| one < other));
    // The same by poll, from the middle on.
    let mut cursor = ids[ids.len() / 2].clone();
    let mut polled = Vec::new();
    loop {
        let page = poll(&sandbox.api(), &format!("?cursor={cursor}&limit=7&types=telegram:new-message")).await;
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 7);
        if items.is_empty() {
            break;
        }
        polled.extend(items.iter().map(|item| item["payload"].clone()));
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
    let told: Vec<Value> = seen[ids.len() / 2 + 1..].iter().map(|told| told.data.clone()).collect();
    assert_eq!(polled, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_right_to_them() {
    let mut sandbox = Sandbox::start_with(Options::jwt().with("VASYA_ADMIN_USERS", "root")).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let account = sandbox.account().to_owned();
    let (key, secret) = api.agent_key(&["events:read"], None).await;
    let agent = api.with_token(&secret);
    let mut of_agent = EventStream::open(&agent, "", None).await.begun().await;
    let mut of_human = EventStream::open(&api, "", None).await.begun().await;
    let waiting = tokio::spawn({
        let agent = agent.clone();
        async move { agent.get("/events/poll?waitSecs=50").await }
    });
    // The poll waits once the agent has two readers.
    tokio::time::sleep(Duration::from_millis(200)).await;
    api.delete(&format!("/agent-keys/{key}")).await.expect(204);
    assert_eq!(last_of(&mut of_agent).await["reason"], "key_revoked");
    assert_eq!(waiting.await.unwrap().code(), "unauthorized");
    assert_eq!(EventStream::refused(&agent, "").await.status, 401);
    control.post(CLARA, ADA, "the others go on").await;
    assert_eq!(texts(&of_human.messages(1).await), ["the others go on"]);

    let short = sandbox.token_of("someone", "3s");
    let mut of_someone = EventStream::open(&api.with_token(&short), "", None).await.begun().await;
    let end = last_of(&mut of_someone).await;
    assert_eq!(end["reason"], "token_expired", "{end}");

    let of_account = format!("?account={account}");
    let mut suspended = EventStream::open(&api, &of_account, None).await.begun().await;
    let detail = api.post(&format!("/accounts/{account}/suspend"), json!({})).await.expect(200);
    assert_eq!((&detail["health"]["state"], &detail["connected"]), (&json!("stopped"), &json!(false)));
    assert_eq!(last_of(&mut suspended).await["reason"], "account_suspended");
    assert_eq!(EventStream::refused(&api, &of_account).await.code(), "account_suspended");
    assert_eq!(api.get(&format!("/accounts/{account}/chats")).await.code(), "account_suspended");
    control.post(CLARA, ADA, "meanwhile").await;
    let state = of_human.next_named("account-health").await.data;
    assert_eq!((&state["state"], &state["accountId"]), (&json!("stopped"), &json!(account)));
    assert_eq!(of_human.next_named("connection-status").await.data["status"], "disconnected");
    // Also after a restart.
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    let mut of_human = EventStream::open(&api, "", of_human.last_id.as_deref()).await;
    assert_eq!(api.get(&format!("/accounts/{account}/chats")).await.code(), "account_suspended");
    api.post(&format!("/accounts/{account}/resume"), json!({})).await.expect(200);
    api.online(&account).await;
    assert_eq!(texts(&of_human.messages(1).await), ["meanwhile"], "it catches up");

    let mut of_deleted = EventStream::open(&api, &of_account, None).await.begun().await;
    api.delete(&format!("/accounts/{account}")).await.expect(204);
    assert_eq!(last_of(&mut of_deleted).await["reason"], "account_deleted");
    assert_eq!(of_human.next_named("account-deleted").await.data["accountId"], json!(account));
    assert!(sandbox.terminate().success());
    assert_eq!(last_of(&mut of_human).await["reason"], "server_stopping");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_their_own_accounts_and_what_they_ask_for() {
    let sandbox = Sandbox::start_with(Options::jwt().with("VASYA_EVENTS_STREAMS_PER_PRINCIPAL_MAX", "3")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let boris = api.log_in(&control, BORIS, Some(crate::harness::BORIS_PASSWORD)).await;
    api.online(&boris).await;
    let mallory = sandbox.user("mallory");
    let mut of_mallory = EventStream::open(&mallory, "", None).await.begun().await;
    let (_, secret) = api.agent_key(&["events:read"], Some(&[&boris])).await;
    let agent = api.with_token(&secret);
    let mut of_agent = EventStream::open(&agent, "", None).await.begun().await;
    let mut edits = EventStream::open(&api, "?types=telegram:message-edited,%20gap", None).await.begun().await;
    let mut of_chat = EventStream::open(&api, &format!("?chat={CLARA_ID}&account={boris}"), None).await.begun().await;
    control.post(CLARA, ADA, "to Ada").await;
    control.post(ADA, BORIS, "from Ada to Boris").await;
    control.post(CLARA, BORIS, "to Boris").await;
    assert_eq!(texts(&of_agent.messages(2).await), ["from Ada to Boris", "to Boris"]);
    let of_clara = of_chat.next().await.unwrap();
    assert_eq!((&of_clara.data["text"], &of_clara.data["chatId"]), (&json!("to Boris"), &json!(CLARA_ID)));
    // Everything has been told by now, so what must not come is not there.
    assert!(of_mallory.is_quiet(Duration::from_millis(100)).await);
    assert!(edits.is_quiet(Duration::from_millis(100)).await);

    assert_eq!(EventStream::refused(&agent, &format!("?account={ada}")).await.code(), "account_not_allowed");
    assert_eq!(EventStream::refused(&mallory, &format!("?account={ada}")).await.code(), "account_forbidden");
    let (_, other) = api.agent_key(&["messages:read"], None).await;
    assert_eq!(EventStream::refused(&api.with_token(&other), "").await.code(), "missing_scope");
    assert_eq!(poll(&mallory, "?cursor=oldest").await["items"], json!([]));
    let of_boris = poll(&agent, "?cursor=oldest&limit=1000").await;
    let accounts = of_boris["items"].as_array().unwrap().iter().map(|item| item["accountId"].as_str().unwrap());
    assert!(accounts.clone().count() >= 2 && accounts.clone().all(|account| account == boris), "{of_boris}");

    for (query, field) in [("?types=new-message", "types"), ("?cursor=nowhere", "cursor"), ("?cursor=ffffffffffffffff", "cursor")]
    {
        for path in ["/events", "/events/poll"] {
            let refused = api.get(&format!("{path}{query}")).await;
            assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{path}{query}");
        }
    }
    // Two are open.
    let third = EventStream::open(&api, "", None).await.begun().await;
    let refused = EventStream::refused(&api, "").await;
    assert_eq!((refused.code(), refused.header("retry-after")), ("rate_limited".into(), "5"));
    assert_eq!(api.get("/events/poll").await.code(), "rate_limited");
    drop(third);
    let again = || async { (api.get("/events/poll").await.status == 200).then_some(()) };
    eventually("a seat is given back", again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_misses_nothing_and_a_poll_waits_for_the_first() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let mut slow = EventStream::open(&api, &format!("?account={account}"), None).await.begun().await;
    let begin = poll(&api, "").await["nextCursor"].as_str().unwrap().to_owned();
    let waiting = tokio::spawn({
        let (api, begin) = (api.clone(), begin.clone());
        async move { poll(&api, &format!("?cursor={begin}&waitSecs=50")).await }
    });
    // More than the sockets hold, while nobody reads the stream.
    const COUNT: usize = 600;
    let filler = "x".repeat(4_000);
    for number in 0..COUNT {
        control.post(CLARA, ADA, &format!("{number} {filler}")).await;
    }
    let first = waiting.await.unwrap();
    assert!(!first["items"].as_array().unwrap().is_empty());
    let messages = slow.messages(COUNT).await;
    let numbers: Vec<usize> = texts(&messages).iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..COUNT).collect::<Vec<_>>());
}
