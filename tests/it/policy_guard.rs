//! Asking what would come of a call; what was read in one chat and does not go to another; and text that others wrote, as agents get it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Agent, Answer, BORIS, CLARA, EventStream, Sandbox, eventually, generous, send};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

impl Agent {
    async fn rehearses(&self, chat: i64, body: Value) -> Answer {
        let request = self.api().request(Method::POST, &self.chat(chat, "/messages"));
        send(request.header("dry-run", "true").json(&body)).await
    }

    async fn explained(&self, operation: &str, arguments: Value) -> Answer {
        let asked = json!({ "keyId": self.id, "operation": operation, "arguments": arguments });
        self.owner.post("/policies/explain", asked).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_come_of_a_call_is_told_and_nothing_comes_of_it() {
    let sandbox = Sandbox::start_with(generous().with("VASYA_AGENT_BURST", "3")).await;
    let (agent, control) = (Agent::of(&sandbox).await, sandbox.control());
    agent.may(json!({ "links": "ask", "messagesPerDay": { "max": 1 }, "write": { "deny": { "chatIds": [CLARA_ID] } } })).await;
    for _ in 0..6 {
        let told = agent.rehearses(BORIS_ID, json!({ "text": "a plain one" })).await.expect(200);
        assert_eq!(
            (&told["dryRun"], &told["operation"], &told["decision"]),
            (&json!(true), &json!("send_message"), &json!("allow"))
        );
    }
    let told = agent.rehearses(BORIS_ID, json!({ "text": "see example.org" })).await.expect(200);
    assert_eq!(
        (&told["decision"], &told["approvalNeeded"], &told["reasons"][0]["rule"]),
        (&json!("ask"), &json!(true), &json!("links"))
    );
    let told = agent.rehearses(CLARA_ID, json!({ "text": "see example.org" })).await.expect(200);
    assert_eq!(
        (&told["decision"], &told["reasons"][0]["rule"], &told["reasons"][1]["rule"]),
        (&json!("deny"), &json!("write.deny"), &json!("links"))
    );
    // What is wrong with the call itself is told as the call would tell it.
    let blank = agent.rehearses(BORIS_ID, json!({ "text": " " })).await;
    assert_eq!((blank.status, &blank.json()["field"]), (400, &json!("text")));
    let delete = agent.api().request(Method::DELETE, &agent.chat(BORIS_ID, ""));
    assert_eq!(send(delete.header("dry-run", "true")).await.code(), "missing_scope");
    let unread = agent.api().request(Method::POST, &agent.chat(BORIS_ID, "/messages")).header("dry-run", "perhaps");
    assert_eq!(send(unread.json(&json!({ "text": "x" }))).await.json()["field"], "Dry-Run");
    // A person's own call, and one of an account that is not there.
    let mine = agent.owner.request(Method::POST, &agent.chat(BORIS_ID, "/messages")).header("dry-run", "true");
    assert_eq!(send(mine.json(&json!({ "text": "x" }))).await.expect(200)["decision"], "allow");

    let arguments = |chat: i64, text: &str| json!({ "accountId": agent.account, "chatId": chat, "text": text });
    let told = agent.explained("send_message", arguments(CLARA_ID, "x")).await.expect(200);
    assert_eq!((&told["decision"], &told["reasons"][0]["rule"]), (&json!("deny"), &json!("write.deny")));
    let told = agent
        .explained("forward_messages", json!({ "accountId": agent.account, "fromChatId": 1, "toChatId": 2, "messageIds": [1] }));
    assert_eq!(told.await.expect(200)["refusal"]["code"], "missing_scope");
    assert_eq!(agent.explained("send_message", arguments(BORIS_ID, " ")).await.json()["field"], "text");
    assert_eq!(agent.explained("send_massage", arguments(BORIS_ID, "x")).await.json()["field"], "operation");
    let by_agent = json!({ "keyId": agent.id, "operation": "send_message", "arguments": arguments(BORIS_ID, "x") });
    assert_eq!(agent.api().post("/policies/explain", by_agent).await.code(), "human_only");

    // Nothing was sent, and nothing was drawn: neither of the bucket, of which there are three, nor of the day.
    assert!(control.messages(ADA, BORIS).await.iter().all(|message| message["text"] != "a plain one" && message["text"] != "x"));
    assert_eq!(agent.says(BORIS_ID, "the one of the day").await, "sent");
    let rows = agent.owner.get("/audit").await.expect(200);
    let dry = rows.as_array().unwrap().iter().filter(|row| row["code"] == "dry_run").count();
    assert!(dry >= 9, "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_in_one_chat_does_not_go_to_another_unnoticed() {
    let mut sandbox = Sandbox::start_with(generous()).await;
    let (agent, control) = (Agent::of(&sandbox).await, sandbox.control());
    agent.may(json!({ "crossChat": { "hours": 24 } })).await;
    assert_eq!(agent.says(CLARA_ID, "nothing was read").await, "sent");
    agent.api().get(&agent.chat(BORIS_ID, "/messages")).await.expect(200);
    assert_eq!(agent.says(BORIS_ID, "an answer").await, "sent");
    assert_eq!(agent.says(CLARA_ID, "what Boris said").await, "policy_denied");
    let bio = agent.api().patch(&format!("/accounts/{}/profile", agent.account), json!({ "bio": "what Boris said" })).await;
    assert_eq!(bio.code(), "policy_denied", "everybody can read that");

    // It is carried over a kill.
    sandbox.kill();
    sandbox.start_again().await;
    let agent = Agent { owner: sandbox.api(), ..agent };
    agent.owner.online(&agent.account).await;
    assert_eq!(agent.says(CLARA_ID, "what Boris said").await, "policy_denied");
    agent.may(json!({ "crossChat": { "hours": 24, "trustedChatIds": [BORIS_ID] } })).await;
    assert_eq!(agent.says(CLARA_ID, "what Boris may say").await, "sent");

    // A search reads, and so do events.
    let words = |agent: &Agent| format!("/accounts/{}/messages/search?q=zebra", agent.account);
    control.post(CLARA, ADA, "zebra crossing").await;
    eventually("it is found", || async {
        agent.owner.get(&words(&agent)).await.expect(200).as_array().filter(|found| !found.is_empty()).map(|_| ())
    })
    .await;
    let (id, secret) = agent.owner.agent_key(&["messages:read", "messages:send", "events:read"], None).await;
    let agent = Agent { id, secret, ..agent };
    agent.may(json!({ "crossChat": { "hours": 1, "strict": true } })).await;
    agent.api().get(&words(&agent)).await.expect(200);
    assert_eq!(agent.says(BORIS_ID, "zebra").await, "policy_denied");
    assert_eq!(agent.says(CLARA_ID, "zebra").await, "sent");
    let mut stream = EventStream::open(&agent.api(), "", None).await.begun().await;
    control.post(BORIS, ADA, "an elk").await;
    while stream.next_named("telegram:new-message").await.data["text"] != "an elk" {}
    assert_eq!(agent.says(CLARA_ID, "zebra").await, "policy_denied", "two chats were read");
    agent.may(json!({ "crossChat": { "hours": 1 } })).await;
    assert_eq!(agent.says(CLARA_ID, "zebra").await, "sent", "both were read");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_told_what_others_wrote_and_see_every_character_of_it() {
    let sandbox = Sandbox::start_with(generous()).await;
    let (agent, control) = (Agent::of(&sandbox).await, sandbox.control());
    let text = "invoice\u{202e}fdp.exe\u{200b}\u{e0069} ok";
    let seen = "invoice[U+202E]fdp.exe[U+200B][U+E0069] ok";
    let begin = agent.api().get("/events/poll").await.expect(200)["nextCursor"].clone();
    control.post(BORIS, ADA, text).await;
    let path = agent.chat(BORIS_ID, "/messages?limit=1");
    eventually("it is there", || async { (agent.owner.get(&path).await.expect(200)[0]["text"] == text).then_some(()) }).await;
    let message = agent.api().get(&path).await.expect(200)[0].clone();
    assert_eq!(message["text"], seen);
    assert_eq!(message["untrusted"], json!({ "chat_id": BORIS_ID, "sender_id": BORIS_ID, "forwarded": false }));
    assert!(agent.owner.get(&path).await.expect(200)[0].get("untrusted").is_none(), "people know whom they talk to");
    let poll = format!("/events/poll?cursor={}", begin.as_str().unwrap());
    let told = || async {
        let page = agent.api().get(&poll).await.expect(200);
        let events = page["items"].as_array().unwrap().clone();
        events.into_iter().find(|event| event["event"] == "telegram:new-message")
    };
    assert_eq!(eventually("it is told", told).await["payload"]["text"], seen);
    assert_eq!(agent.says(BORIS_ID, "mine").await, "sent");
    let own = agent.api().get(&path).await.expect(200)[0].clone();
    assert_eq!((&own["text"], own.get("untrusted")), (&json!("mine"), None));
}
