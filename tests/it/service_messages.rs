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

/// Ways in which people write the code.
const SPELLINGS: [&str; 4] = ["40417", "4 0 4 1 7", "４０４１７", "40-417"];

#[tokio::test(flavor = "multi_thread")]
async fn a_code_reaches_no_agent_from_another_chat_either() {
    let mut sandbox = Sandbox::start_with(Options::default().with("VASYA_AGENT_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let scopes = ["chats:read", "messages:read", "events:read"];
    let (_, secret) = api.agent_key(&scopes, None).await;
    let telegram = json!({ "id": TELEGRAM, "phone": "+42777", "firstName": "Forty", "lastName": "Two", "username": "fortytwo" });
    control.call(Method::POST, "/users", Some(telegram)).await;
    let before = api.get("/events/poll").await.expect(200)["nextCursor"].clone();
    control.post("+42777", ADA, CODE).await;
    let path = |rest: &str| format!("/accounts/{ada}{rest}");
    let tells = |answer: &Value| SPELLINGS.iter().any(|spelling| answer.to_string().contains(spelling));
    let poll = format!("/events/poll?cursor={}", before.as_str().unwrap());
    eventually("the code is told", || async { tells(&api.get(&poll).await.expect(200)).then_some(()) }).await;

    let code = api.get(&path("/chats/777000/messages")).await.expect(200)[0]["id"].clone();
    let boris = |rest: &str| path(&format!("/chats/5000000002{rest}"));
    let forward = json!({ "fromChatId": TELEGRAM, "toChatId": 5_000_000_002_i64, "messageIds": [code] });
    let forwarded = api.post(&path("/messages/forward"), forward).await.expect(200)[0].clone();
    for spelling in SPELLINGS {
        api.post(&boris("/messages"), json!({ "text": format!("it is {spelling}") })).await.expect(200);
    }
    api.put(&boris("/draft"), json!({ "text": "it is 40-417" })).await.expect(204);
    let plain = api.post(&path("/chats/5000000003/messages"), json!({ "text": "it is nothing" })).await.expect(200)["id"].clone();
    sandbox.kill();
    sandbox.start_again().await;
    let (api, agent) = (sandbox.api(), sandbox.api().with_token(&secret));
    api.online(&ada).await;
    for read in ["/chats?source=live", "/messages/search?q=it", "/drafts"]
        .map(&path)
        .into_iter()
        .chain(["/messages", "/messages/search?q=it", "/pins"].map(boris))
    {
        let (all, seen) = (api.get(&read).await.expect(200), agent.get(&read).await.expect(200));
        assert!(!tells(&seen), "{read}: {seen}");
        assert!(tells(&all) || read.ends_with("/pins"), "{read}: {all}");
    }
    assert_eq!(agent.get(&boris(&format!("/messages/{forwarded}"))).await.code(), "chat_not_allowed");
    assert_eq!(agent.get(&path(&format!("/chats/5000000003/messages/{plain}"))).await.expect(200)["text"], "it is nothing");
    assert!(tells(&api.get(&poll).await.expect(200)));
    assert!(!tells(&agent.get(&poll).await.expect(200)));
}
