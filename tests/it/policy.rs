//! Policies of agent keys: each rule as an agent meets it, over restarts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Agent, BORIS, CLARA, EventStream, Sandbox, generous, send};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;
const MORE_SCOPES: [&str; 2] = ["messages:forward", "chats:write"];

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_kept_shown_and_taken_away_by_people_only() {
    let mut sandbox = Sandbox::start_with(generous()).await;
    let agent = Agent::with(&sandbox, &MORE_SCOPES).await;
    let path = format!("/policies/{}", agent.id);
    let empty = agent.owner.get(&path).await.expect(200);
    assert_eq!(empty, json!({ "keyId": agent.id, "rules": null, "updatedAt": null }));
    for answer in [agent.api().get(&path).await, agent.api().put(&path, json!({ "rules": {} })).await] {
        assert_eq!(answer.code(), "human_only");
    }
    let rules = json!({
        "read": { "deny": { "chatIds": [CLARA_ID], "decision": "deny" } },
        "write": { "allow": { "chatIds": [BORIS_ID], "otherwise": "deny" }, "classes": { "channels": "ask" } },
        "quietHours": { "from": "22:00", "to": "07:00", "decision": "shadow" },
        "timeZone": "Europe/Berlin",
    });
    let mut stream = EventStream::open(&agent.api(), "", None).await.begun().await;
    agent.may(rules.clone()).await;
    assert_eq!(stream.next_named("stream-end").await.data["reason"], "key_changed");

    for (body, status, field) in [
        (json!({}), 422, "rules"),
        (json!({ "rules": { "reed": {} } }), 422, "rules.reed"),
        (json!({ "rules": { "links": "never" } }), 422, "rules.links"),
        (json!({ "rules": { "write": { "allow": { "chatIds": [0] } } } }), 422, "rules.write.allow.chatIds[0]"),
        (json!({ "rules": { "timeZone": "Mars/Olympus" } }), 400, "rules.timeZone"),
        (json!({ "rules": { "quietHours": { "from": "25:00", "to": "07:00" } } }), 400, "rules.quietHours.from"),
        (json!({ "rules": { "addresses": { "allow": ["192.0.2.0/33"] } } }), 422, "rules.addresses.allow[0]"),
    ] {
        let refused = agent.owner.put(&path, body.clone()).await;
        assert_eq!((refused.status, &refused.json()["field"]), (status, &json!(field)), "{body}: {}", refused.text());
    }
    assert_eq!(agent.owner.put("/policies/ak00000000", json!({ "rules": {} })).await.status, 404);

    sandbox.kill();
    sandbox.start_again().await;
    let agent = Agent { owner: sandbox.api(), ..agent };
    assert_eq!(agent.owner.get(&path).await.expect(200)["rules"], rules);
    assert_eq!(agent.says(CLARA_ID, "hello").await, "chat_not_allowed");
    agent.owner.delete(&path).await.expect(204);
    assert_eq!(agent.says(CLARA_ID, "hello").await, "sent");
    agent.may(rules).await;
    agent.owner.delete(&format!("/agent-keys/{}", agent.id)).await.expect(204);
    assert_eq!(agent.owner.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_writes_to_whom_its_policy_says() {
    let sandbox = Sandbox::start_with(generous()).await;
    let (agent, control) = (Agent::with(&sandbox, &MORE_SCOPES).await, sandbox.control());
    let group = control.create_chat("supergroup", ADA, "Divers", &[BORIS]).await;
    agent
        .owner
        .post(&format!("/accounts/{}/contacts", agent.account), json!({ "userId": BORIS_ID, "firstName": "Boris" }))
        .await
        .expect(200);

    agent.may(json!({ "write": { "allow": { "chatIds": [BORIS_ID] } } })).await;
    assert_eq!(agent.says(BORIS_ID, "one").await, "sent");
    let refused = agent.api().post(&agent.chat(CLARA_ID, "/messages"), json!({ "text": "two" })).await;
    let unknown = agent.api().post(&agent.chat(5_999_999_999, "/messages"), json!({ "text": "two" })).await;
    let told = |answer: &crate::harness::Answer| (answer.status, answer.code(), answer.json()["detail"].clone());
    assert_eq!(told(&refused), (403, "chat_not_allowed".into(), json!("chat not in key allowlist")));
    assert_eq!(told(&refused), told(&unknown), "whether there is such a chat is not told");
    assert_eq!(agent.api().get(&agent.chat(CLARA_ID, "/messages")).await.status, 200, "it may still read there");
    let join = agent.api().post(&format!("/accounts/{}/join", agent.account), json!({ "link": "t.me/harbour" })).await;
    assert_eq!(join.code(), "chat_not_allowed", "a link names no chat");

    // By what kind of chat it is; both before and after the account has met it.
    agent.may(json!({ "write": { "classes": { "strangers": "deny", "groups": "ask" } } })).await;
    assert_eq!(agent.says(BORIS_ID, "three").await, "sent", "a contact");
    assert_eq!(agent.says(CLARA_ID, "four").await, "chat_not_allowed", "a stranger");
    let asked = agent.api().post(&agent.chat(group, "/messages"), json!({ "text": "five" })).await;
    assert_eq!(asked.code(), "approval_required", "{}", asked.text());
    assert_eq!(agent.says(5_999_999_999, "six").await, "chat_not_allowed", "nobody knows who that is");

    // Forwarding reads one chat and writes another.
    let message =
        agent.owner.post(&agent.chat(CLARA_ID, "/messages"), json!({ "text": "seven" })).await.expect(200)["id"].clone();
    let forward = |from: i64, to: i64| {
        let body = json!({ "fromChatId": from, "toChatId": to, "messageIds": [message] });
        let (api, path) = (agent.api(), format!("/accounts/{}/messages/forward", agent.account));
        async move { api.post(&path, body).await }
    };
    assert_eq!(forward(CLARA_ID, BORIS_ID).await.status, 200);
    assert_eq!(forward(BORIS_ID, CLARA_ID).await.code(), "chat_not_allowed");
    agent.may(json!({ "read": { "deny": { "chatIds": [CLARA_ID] } } })).await;
    assert_eq!(forward(CLARA_ID, BORIS_ID).await.code(), "chat_not_allowed");
    assert_eq!(agent.api().get(&agent.chat(CLARA_ID, "/messages")).await.code(), "chat_not_allowed");
    assert_eq!(agent.says(CLARA_ID, "eight").await, "sent", "writing has rules of its own");

    // A rule on trial refuses nothing, and is in the audit log.
    agent.may(json!({ "write": { "deny": { "chatIds": [CLARA_ID], "decision": "shadow" } } })).await;
    assert_eq!(agent.says(CLARA_ID, "nine").await, "sent");
    let rows = agent.owner.get("/audit").await.expect(200);
    let codes: Vec<&Value> = rows.as_array().unwrap().iter().rev().take(2).map(|row| &row["code"]).collect();
    assert_eq!(codes[1], "shadow", "{codes:?}");
    let denied = rows.as_array().unwrap().iter().filter(|row| row["code"] == "chat_not_allowed").count();
    assert!(denied >= 6, "{rows}");
    let said = control.messages(ADA, CLARA).await;
    assert!(
        !said.iter().any(|message| ["two", "four", "six"].contains(&message["text"].as_str().unwrap_or_default())),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sends_what_and_when_its_policy_says() {
    let sandbox = Sandbox::start_with(generous()).await;
    let (agent, control) = (Agent::with(&sandbox, &MORE_SCOPES).await, sandbox.control());
    agent.may(json!({ "links": "deny" })).await;
    assert_eq!(agent.says(BORIS_ID, "good morning").await, "sent");
    for text in ["see https://example.org", "example.org", "[x](tg://resolve?domain=thief)"] {
        assert_eq!(agent.says(BORIS_ID, text).await, "policy_denied", "{text}");
    }
    let poll = json!({ "question": "Where?", "options": ["here", "thief.example"] });
    assert_eq!(agent.api().post(&agent.chat(BORIS_ID, "/polls"), poll).await.code(), "policy_denied");
    let draft = agent.api().put(&agent.chat(BORIS_ID, "/draft"), json!({ "text": "thief.example" })).await;
    assert_eq!(draft.code(), "policy_denied");
    let profile = format!("/accounts/{}/profile", agent.account);
    assert_eq!(agent.api().patch(&profile, json!({ "bio": "thief.example" })).await.code(), "policy_denied");

    agent.may(json!({ "media": "deny" })).await;
    let file = || agent.api().request(Method::POST, &agent.chat(BORIS_ID, "/media")).header("x-file-name", "a").body("bytes");
    assert_eq!(send(file()).await.code(), "policy_denied");
    assert_eq!(agent.says(BORIS_ID, "example.org").await, "sent");

    agent.may(json!({ "readOnly": "deny" })).await;
    assert_eq!(agent.says(BORIS_ID, "no").await, "policy_denied");
    assert_eq!(agent.api().put(&agent.chat(BORIS_ID, "/archive"), json!({})).await.code(), "policy_denied");
    assert_eq!(agent.api().get(&agent.chat(BORIS_ID, "/messages")).await.status, 200);

    let hour = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 3_600 % 24;
    let clock = |hour: u64| format!("{:02}:00", hour % 24);
    agent.may(json!({ "quietHours": { "from": clock(hour + 23), "to": clock(hour + 2) } })).await;
    assert_eq!(agent.says(BORIS_ID, "hush").await, "policy_denied");
    agent.may(json!({ "quietHours": { "from": clock(hour + 3), "to": clock(hour + 22) } })).await;
    assert_eq!(agent.says(BORIS_ID, "aloud").await, "sent");

    agent.may(json!({ "addresses": { "allow": ["192.0.2.0/24"] } })).await;
    assert_eq!(agent.api().get(&agent.chat(BORIS_ID, "/messages")).await.code(), "policy_denied");
    agent.may(json!({ "addresses": { "allow": ["192.0.2.0/24", "127.0.0.0/8", "::1/128"] } })).await;
    assert_eq!(agent.says(BORIS_ID, "from here").await, "sent");

    // Who wrote, and when.
    control.create_user("+15550007001", "Grace").await;
    let group = control.create_chat("supergroup", ADA, "Divers", &["+15550007001"]).await;
    let members = || async { agent.owner.get(&agent.chat(group, "/members?query=Grace")).await.expect_or_none(200) };
    let grace = crate::harness::eventually("the group is there", members).await["items"][0]["userId"].as_i64().unwrap();
    agent.may(json!({ "firstContact": "deny" })).await;
    assert_eq!(agent.says(grace, "unasked").await, "policy_denied");
    assert_eq!(agent.says(group, "hello, all").await, "sent", "a group is no person");
    agent.may(json!({ "replyOnly": { "withinHours": 1 } })).await;
    assert_eq!(agent.says(grace, "unasked").await, "policy_denied");
    assert_eq!(agent.says(group, "hello again").await, "policy_denied", "nobody else has written there");
    control.post("+15550007001", ADA, "are you there?").await;
    let heard = agent.chat(grace, "/messages?limit=1");
    let is_heard = || async {
        let messages = agent.owner.get(&heard).await.expect_or_none(200)?;
        (messages[0]["text"] == "are you there?").then_some(())
    };
    crate::harness::eventually("Grace is heard", is_heard).await;
    agent.may(json!({ "replyOnly": { "withinHours": 1 }, "firstContact": "deny" })).await;
    assert_eq!(agent.says(grace, "I am").await, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_limits_outlive_a_kill_and_no_repetition_draws_twice() {
    let mut sandbox = Sandbox::start_with(generous()).await;
    let agent = Agent::with(&sandbox, &MORE_SCOPES).await;
    agent.may(json!({ "messagesPerDay": { "max": 4 }, "recipientsPerDay": { "max": 1 } })).await;
    let once = |agent: &Agent, text: &str| {
        let request = agent.api().request(Method::POST, &agent.chat(BORIS_ID, "/messages"));
        send(request.header("idempotency-key", "the-fourth").json(&json!({ "text": text })))
    };
    assert_eq!(agent.says(BORIS_ID, "one").await, "sent");
    assert_eq!(agent.says(CLARA_ID, "another").await, "policy_denied", "one recipient");
    assert_eq!(agent.says(BORIS_ID, "two").await, "sent");
    sandbox.kill();
    sandbox.start_again().await;
    let agent = Agent { owner: sandbox.api(), ..agent };
    agent.owner.online(&agent.account).await;
    assert_eq!(agent.says(CLARA_ID, "another").await, "policy_denied", "still one recipient");
    let (first, second) = tokio::join!(agent.says(BORIS_ID, "three"), once(&agent, "four"));
    assert_eq!((first.as_str(), second.status), ("sent", 200));
    assert_eq!(agent.says(BORIS_ID, "five").await, "policy_denied");
    let again = once(&agent, "four").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "the day is used up by the call itself");
    assert_eq!(agent.says(BORIS_ID, "five").await, "policy_denied");
}
