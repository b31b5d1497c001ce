//! The chat with Telegram itself, whose messages carry login codes: people see it, and no agent does. That every operation which names
//! a chat refuses it is walked in `walk/`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Options, Sandbox, eventually};

const TELEGRAM: i64 = 777_000;
const CODE: &str = "Login code: 40417. Do not give it to anyone.";

/// What people see of the chat in an answer, and agents do not.
fn tells_of_it(answer: &Value) -> bool {
    let text = answer.to_string();
    text.contains("777000") || text.contains("40417") || text.contains("Forty")
}

#[tokio::test(flavor = "multi_thread")]
async fn login_codes_reach_people_and_no_agent() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_AGENT_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let scopes = ["chats:read", "messages:read", "messages:send", "messages:forward", "events:read"];
    let (_, secret) = api.agent_key(&scopes, None).await;
    let agent = api.with_token(&secret);
    let telegram = json!({ "id": TELEGRAM, "phone": "+42777", "firstName": "Forty", "lastName": "Two", "username": "fortytwo" });
    control.call(Method::POST, "/users", Some(telegram)).await;
    let before = api.get("/events/poll").await.expect(200)["nextCursor"].clone();
    control.post("+42777", ADA, CODE).await;
    let path = |rest: &str| format!("/accounts/{ada}{rest}");
    let chats = path("/chats?source=live");
    eventually("the message is there", || async { tells_of_it(&api.get(&chats).await.expect(200)).then_some(()) }).await;
    api.put(&path("/chats/777000/draft"), json!({ "text": "Forty winks" })).await.expect(204);
    api.post(&path("/contacts"), json!({ "userId": TELEGRAM, "firstName": "Forty" })).await;

    // Lists leave it out; what they hold otherwise is the same.
    for list in [
        "/chats",
        "/chats?source=live",
        "/search?q=forty",
        "/messages/search?q=code",
        "/drafts",
        "/contacts",
        "/contacts/search?q=forty",
    ] {
        let (all, seen) = (api.get(&path(list)).await.expect(200), agent.get(&path(list)).await.expect(200));
        assert!(!tells_of_it(&seen), "{list}: {seen}");
        if let (Some(all), Some(seen)) = (all.as_array(), seen.as_array()) {
            let others: Vec<&Value> = all.iter().filter(|item| !tells_of_it(item)).collect();
            assert_eq!(others, seen.iter().collect::<Vec<_>>(), "{list}");
        }
        if !list.starts_with("/contacts") {
            assert!(tells_of_it(&all), "{list}: {all}");
        }
    }

    // By name it is refused, as a chat that the key does not cover.
    let message = api.get(&path("/chats/777000/messages")).await.expect(200)[0]["id"].clone();
    let chat = path("/chats/777000");
    for read in ["", "/messages", "/messages/search?q=code", "/scheduled", "/pins", "/messages/1", "/messages/1/context"] {
        assert_eq!(agent.get(&format!("{chat}{read}")).await.code(), "chat_not_allowed", "{read}");
    }
    assert_eq!(agent.get(&path("/resolve?q=fortytwo")).await.code(), "chat_not_allowed");
    let forward = json!({ "fromChatId": TELEGRAM, "toChatId": 5_000_000_003_i64, "messageIds": [message] });
    assert_eq!(agent.post(&path("/messages/forward"), forward).await.code(), "chat_not_allowed");
    let draft = agent.put(&format!("{chat}/draft"), json!({ "text": "x" })).await;
    assert_eq!((draft.status, draft.code()), (403, "chat_not_allowed".into()));

    // Events of it reach people.
    let poll = format!("/events/poll?cursor={}", before.to_string().trim_matches('"'));
    let told = || async { tells_of_it(&api.get(&poll).await.expect(200)).then_some(()) };
    eventually("people are told", told).await;
    assert!(!tells_of_it(&agent.get(&poll).await.expect(200)));
    assert_eq!(agent.get("/events/poll?chat=777000").await.code(), "chat_not_allowed");
}
