//! Editing, deleting, forwarding, searching and pinning messages, both sides seen.

use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Options, Sandbox};

/// The people of the sandbox's small world.
const CLARA_ID: i64 = 5_000_000_003;
const ADA_ID: i64 = 5_000_000_001;
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
    assert_eq!(refused.code(), "not_permitted");
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

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_forwarded_with_their_author_and_copied_without() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let of_boris = chat(account, BORIS_ID);
    control.post(CLARA, ADA, "from Clara").await;
    let hers = api.get(&format!("{}/messages?limit=1", chat(account, CLARA_ID))).await.expect(200)[0]["id"].clone();
    let mine = send(&api, &chat(account, CLARA_ID), "from Ada").await;
    let elsewhere = send(&api, &of_boris, "not of this chat").await;
    let named = json!([mine, 999_999, hers, elsewhere, mine]);
    let body = json!({ "fromChatId": CLARA_ID, "toChatId": BORIS_ID, "messageIds": named });
    for (operation, authors) in [("forward", [json!(ADA_ID), json!(CLARA_ID)]), ("copy", [Value::Null, Value::Null])] {
        let before = control.messages(BORIS, ADA).await.len();
        let new_ids = api.post(&format!("/accounts/{account}/messages/{operation}"), body.clone()).await.expect(200);
        let new_ids = new_ids.as_array().unwrap();
        assert!(new_ids[0].is_i64() && new_ids[2].is_i64(), "{new_ids:?}");
        assert_eq!((&new_ids[1], &new_ids[3], &new_ids[4]), (&Value::Null, &Value::Null, &Value::Null), "{operation}");
        let seen = control.messages(BORIS, ADA).await.split_off(before);
        let seen: Vec<_> = seen.iter().map(|message| (&message["text"], &message["forwardedFrom"])).collect();
        assert_eq!(seen, [(&json!("from Ada"), &authors[0]), (&json!("from Clara"), &authors[1])], "{operation}");
        let newest = api.get(&format!("{of_boris}/messages?limit=1")).await.expect(200);
        assert_eq!((&newest[0]["id"], &newest[0]["is_outgoing"]), (&new_ids[2], &json!(true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_forwarded_is_refused() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "4")).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let mine = send(&api, &chat(account, CLARA_ID), "from Ada").await;
    let path = format!("/accounts/{account}/messages/forward");
    let body = |to: i64, ids: Value| json!({ "fromChatId": CLARA_ID, "toChatId": to, "messageIds": ids });
    assert_eq!(api.post(&path, body(BORIS_ID, json!([999_999]))).await.code(), "not_found");
    assert_eq!(api.post(&path, body(5_000_009_999, json!([mine]))).await.code(), "chat_not_found");
    assert_eq!(api.post(&path, body(BORIS_ID, json!([]))).await.code(), "invalid_input");
    assert_eq!(api.post(&path, json!({ "fromChatId": CLARA_ID, "toChatId": BORIS_ID })).await.code(), "unprocessable_input");
    control.arm(json!({ "kind": "flood_wait", "method": "messages.forwardMessages", "seconds": 60, "count": 1 })).await;
    let flooded = api.post(&path, body(BORIS_ID, json!([mine]))).await;
    assert_eq!((flooded.code(), flooded.header("retry-after")), ("telegram_flood".into(), "60"));
    assert_eq!(control.count(BORIS, ADA, "from Ada").await, 0);
    assert_eq!(
        api.post(&path, body(BORIS_ID, json!([mine]))).await.code(),
        "rate_limited",
        "forwards draw from the account's limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_channel_is_hidden_from_a_member_and_deleted_by_its_owner() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let theirs = control.create_chat("supergroup", CLARA, "Theirs", &[ADA, BORIS]).await;
    let own = control.create_chat("supergroup", ADA, "Own", &[CLARA]).await;
    for group in [theirs, own] {
        control.post(CLARA, &group.to_string(), "hello").await;
    }
    let (theirs_path, own_path) = (chat(account, theirs), chat(account, own));
    let refused = api.post(&format!("{theirs_path}/history/delete"), json!({ "revoke": true })).await;
    assert!(refused.text().contains("CHAT_ADMIN_REQUIRED"), "{}", refused.text());
    assert_eq!(api.post(&format!("{theirs_path}/history/delete"), json!({})).await.status, 204);
    assert_eq!(api.get(&format!("{theirs_path}/messages")).await.expect(200), json!([]));
    assert_eq!(control.count(BORIS, &theirs.to_string(), "hello").await, 1);
    assert_eq!(api.post(&format!("{own_path}/history/delete"), json!({ "revoke": true })).await.status, 204);
    assert_eq!(control.count(CLARA, &own.to_string(), "hello").await, 0);
    let message = send(&api, &theirs_path, "mine").await;
    let deleted = api.post(&format!("{theirs_path}/messages/delete"), json!({ "messageIds": [message] })).await.expect(200);
    assert_eq!(deleted["messageIds"], json!([message]));
    assert_eq!(control.count(BORIS, &theirs.to_string(), "mine").await, 0, "in a supergroup it is for everybody");
}
