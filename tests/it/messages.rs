//! Editing, deleting, forwarding, searching and pinning messages, both sides seen.

use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Sandbox};

/// Clara's id in the sandbox's small world; Boris comes before her.
const CLARA_ID: i64 = 5_000_000_003;
const BORIS_ID: i64 = 5_000_000_002;

fn chat(account: &str, chat_id: i64) -> String {
    format!("/accounts/{account}/chats/{chat_id}")
}

async fn send(api: &Api, chat: &str, text: &str) -> i64 {
    api.post(&format!("{chat}/messages"), json!({ "text": text })).await.expect(200)["id"].as_i64().expect("an id")
}

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().expect("messages").iter().map(|message| message["text"].as_str().unwrap_or("")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_message_is_edited_for_both() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chat = chat(account, CLARA_ID);
    let id = send(&api, &chat, "before").await;
    let path = format!("{chat}/messages/{id}");
    for _ in 0..2 {
        let edited = api.patch(&path, json!({ "text": "after" })).await.expect(200);
        assert_eq!((&edited["id"], &edited["text"]), (&json!(id), &json!("after")));
    }
    assert_eq!((control.count(CLARA, ADA, "after").await, control.count(CLARA, ADA, "before").await), (1, 0));
    control.post(CLARA, ADA, "hers").await;
    let hers = api.get(&format!("{chat}/messages?limit=1")).await.expect(200)[0]["id"].clone();
    let refused = api.patch(&format!("{chat}/messages/{hers}"), json!({ "text": "mine" })).await;
    assert_eq!(refused.code(), "telegram_error");
    assert!(refused.text().contains("MESSAGE_AUTHOR_REQUIRED"), "{}", refused.text());
    assert_eq!(api.patch(&format!("{chat}/messages/999999"), json!({ "text": "none" })).await.code(), "not_found");
    assert_eq!(api.patch(&path, json!({ "text": " " })).await.code(), "invalid_input");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_deleted_for_oneself_or_for_everybody_and_in_their_chat_only() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let (of_clara, of_boris) = (chat(account, CLARA_ID), chat(account, BORIS_ID));
    let (kept, gone) = (send(&api, &of_clara, "hers to keep").await, send(&api, &of_clara, "gone for both").await);
    let elsewhere = send(&api, &of_boris, "for Boris").await;
    let delete = format!("{of_clara}/messages/delete");
    let deleted = api.post(&delete, json!({ "messageIds": [kept, elsewhere, 999_999] })).await.expect(200);
    assert_eq!(deleted, json!({ "messageIds": [kept] }), "what is not in this chat is not deleted");
    assert_eq!(api.post(&delete, json!({ "messageIds": [gone], "revoke": true })).await.status, 200);
    assert_eq!(control.count(CLARA, ADA, "hers to keep").await, 1);
    assert_eq!(control.count(ADA, CLARA, "hers to keep").await, 0);
    assert_eq!(control.count(CLARA, ADA, "gone for both").await, 0);
    assert_eq!(control.count(ADA, BORIS, "for Boris").await, 1);
    for refused in [json!({ "messageIds": [] }), json!({ "messageIds": [0] }), json!({ "messageIds": vec![1; 101] })] {
        let refused = api.post(&delete, refused).await;
        assert_eq!((refused.code(), &refused.json()["field"]), ("invalid_input".into(), &json!("messageIds")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_deleted_up_to_a_message_however_long_it_is() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chat = chat(account, CLARA_ID);
    for number in 0..230 {
        control.post(CLARA, ADA, &format!("number {number}")).await;
    }
    let newest = api.get(&format!("{chat}/messages?limit=3")).await.expect(200);
    let up_to = newest[2]["id"].clone();
    let path = format!("{chat}/history/delete");
    assert_eq!(api.post(&path, json!({ "maxId": up_to })).await.status, 204);
    let left = api.get(&format!("{chat}/messages")).await.expect(200);
    assert_eq!(texts(&left), ["number 229", "number 228"]);
    assert_eq!(control.count(CLARA, ADA, "number 0").await, 1, "hers are kept");
    assert_eq!(api.post(&path, json!({ "revoke": true })).await.status, 204);
    assert_eq!(api.get(&format!("{chat}/messages")).await.expect(200), json!([]));
    assert_eq!(control.count(CLARA, ADA, "number 229").await, 0);
    assert_eq!(api.post(&path, json!({})).await.status, 204, "an empty history stays empty");
    assert_eq!(api.post(&path, json!({ "maxId": 0 })).await.code(), "invalid_input");
}
