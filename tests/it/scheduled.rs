//! What is not sent yet: drafts, messages for later, and the sign that somebody is typing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, CLARA, Options, Sandbox, send};

const CLARA_ID: i64 = 5_000_000_003;
const HOUR: i64 = 3_600;

fn path(account: &str, chat: i64) -> String {
    format!("/accounts/{account}/chats/{chat}")
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

async fn schedule(api: &Api, chat: &str, text: &str, at: i64) -> Value {
    let sent = api.post(&format!("{chat}/messages"), json!({ "text": text, "scheduleAt": at })).await.expect(200);
    assert_eq!((&sent["scheduled"], &sent["date"], &sent["text"]), (&json!(true), &json!(at), &json!(text)));
    sent["id"].clone()
}

async fn waiting(api: &Api, chat: &str) -> Vec<String> {
    let list = api.get(&format!("{chat}/scheduled")).await.expect(200);
    assert_eq!(list["nextCursor"], Value::Null);
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().all(|message| message["scheduled"] == true && message["is_outgoing"] == true), "{list}");
    items.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_waits_can_be_deleted_or_sent_now_and_goes_out_when_its_time_comes() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let chat = path(&ada, CLARA_ID);
    let at = now() + HOUR;
    let later = schedule(&api, &chat, "later", at + HOUR).await;
    let soon = schedule(&api, &chat, "soon", at).await;
    let never = schedule(&api, &chat, "never", at + 2 * HOUR).await;
    assert_eq!(waiting(&api, &chat).await, ["soon", "later", "never"]);
    for text in ["later", "soon", "never"] {
        assert_eq!(control.count(CLARA, ADA, text).await, 0, "{text}");
    }
    assert_eq!(send(api.request(Method::DELETE, &format!("{chat}/scheduled/{never}"))).await.status, 204);
    assert_eq!(send(api.request(Method::DELETE, &format!("{chat}/scheduled/{never}"))).await.code(), "not_found");
    let sent = api.post(&format!("{chat}/scheduled/{later}/send"), json!({})).await.expect(200);
    assert_eq!((&sent["text"], sent.get("scheduled")), (&json!("later"), None));
    assert_eq!(control.count(CLARA, ADA, "later").await, 1);
    assert_eq!(api.post(&format!("{chat}/scheduled/{later}/send"), json!({})).await.code(), "not_found");
    assert_eq!(waiting(&api, &chat).await, ["soon"]);

    control.advance_clock(i32::try_from(HOUR - 60).unwrap()).await;
    assert_eq!(waiting(&api, &chat).await, ["soon"], "its time has not come");
    control.advance_clock(120).await;
    assert_eq!(waiting(&api, &chat).await, Vec::<String>::new());
    assert_eq!(control.count(CLARA, ADA, "soon").await, 1);
    let newest = api.get(&format!("{chat}/messages?limit=1")).await.expect(200);
    assert_eq!((&newest[0]["text"], &newest[0]["is_outgoing"], newest[0].get("scheduled")), (&json!("soon"), &json!(true), None));
    assert!(soon.is_i64());

    let at_once = json!({ "text": "in a moment", "scheduleAt": now() + 5 });
    let at_once = api.post(&format!("{chat}/messages"), at_once).await.expect(200);
    assert_eq!(at_once.get("scheduled"), None, "Telegram sends at once what is for the next ten seconds");
    for at in [now() - 1, now() + 400 * 24 * HOUR, i64::MAX] {
        let refused = api.post(&format!("{chat}/messages"), json!({ "text": "x", "scheduleAt": at })).await;
        assert_eq!(refused.json()["field"], "scheduleAt", "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_outlives_the_network_and_is_scheduled_once_however_often_it_is_asked_for() {
    let mut sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    let chat = path(&account, CLARA_ID);
    let at = now() + HOUR;
    let body = json!({ "text": "remember me", "scheduleAt": at });
    let messages = format!("{chat}/messages");
    sandbox.control().arm(json!({ "kind": "drop_connection", "method": "messages.sendMessage", "count": 1 })).await;
    let keyed = |api: &Api| api.request(Method::POST, &messages).header("idempotency-key", "once").json(&body);
    let first = send(keyed(&api)).await.expect(200);
    assert_eq!((&first["scheduled"], &first["text"]), (&json!(true), &json!("remember me")));
    let second = send(keyed(&api)).await.expect(200);
    assert_eq!(first, second);
    assert_eq!(waiting(&api, &chat).await, ["remember me"]);

    sandbox.kill_network();
    sandbox.start_again().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    api.online(&account).await;
    assert_eq!(waiting(&api, &chat).await, ["remember me"]);
    assert_eq!(control.count(CLARA, ADA, "remember me").await, 0);
    control.advance_clock(i32::try_from(HOUR + 60).unwrap()).await;
    assert_eq!(control.count(CLARA, ADA, "remember me").await, 1);
    assert_eq!(waiting(&api, &chat).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_of_a_channel_is_its_administrators_and_is_limited() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let clara = api.log_in(&control, CLARA, None).await;
    let channel = control.create_chat("channel", ADA, "Wide", &[CLARA]).await;
    let at = now() + HOUR;
    schedule(&api, &path(&ada, channel), "news", at).await;
    api.online(&clara).await;
    let refused = api.get(&format!("{}/scheduled", path(&clara, channel))).await;
    assert_eq!(refused.code(), "not_permitted", "{}", refused.text());
    control.advance_clock(i32::try_from(HOUR + 60).unwrap()).await;
    assert_eq!(control.count(CLARA, &channel.to_string(), "news").await, 1);
    let read = api.get(&format!("{}/messages?limit=1", path(&clara, channel))).await.expect(200);
    assert_eq!((&read[0]["text"], &read[0]["views"]), (&json!("news"), &json!(1)));
    let chat = path(&ada, CLARA_ID);
    for number in 0..100 {
        schedule(&api, &chat, &format!("number {number}"), at + 2 * HOUR).await;
    }
    let one_more = api.post(&format!("{chat}/messages"), json!({ "text": "one more", "scheduleAt": at + 2 * HOUR })).await;
    assert!(one_more.status < 500 && one_more.text().contains("SCHEDULE_TOO_MUCH"), "{}", one_more.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_kept_told_and_forgotten_and_typing_is_shown() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chat = path(account, CLARA_ID);
    let drafts = format!("/accounts/{account}/drafts");
    assert_eq!(api.get(&drafts).await.expect(200), json!({ "items": [], "nextCursor": null }));
    let answered = control.post(CLARA, ADA, "how are you?").await;
    let newest = api.get(&format!("{chat}/messages?limit=1")).await.expect(200);
    assert_eq!(newest[0]["text"], answered["text"]);
    let draft = json!({ "text": "**very** well", "format": "markdown", "replyTo": newest[0]["id"], "linkPreview": false });
    for _ in 0..2 {
        api.put(&format!("{chat}/draft"), draft.clone()).await.expect(204);
    }
    control.advance_clock(10).await;
    let group = control.create_chat("supergroup", ADA, "Divers", &[CLARA]).await;
    api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    api.put(&format!("{}/draft", path(account, group)), json!({ "text": "who is" })).await.expect(204);
    let list = api.get(&drafts).await.expect(200);
    let titles: Vec<_> = list["items"].as_array().unwrap().iter().map(|draft| draft["chatTitle"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Divers", "Clara"]);
    let mut kept = list["items"][1].clone();
    assert!(kept.as_object_mut().unwrap().remove("date").is_some_and(|date| date.is_i64()));
    let expected = json!({
        "chatId": CLARA_ID, "chatTitle": "Clara", "text": "very well", "markdown": "**very** well", "linkPreview": false,
        "entities": [{ "type": "bold", "offset": 0, "length": 4 }], "replyTo": newest[0]["id"],
    });
    assert_eq!(kept, expected);
    for _ in 0..2 {
        assert_eq!(send(api.request(Method::DELETE, &format!("{chat}/draft"))).await.status, 204);
    }
    assert_eq!(api.get(&drafts).await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.put(&format!("{chat}/draft"), json!({ "text": " " })).await.json()["field"], "text");
    assert_eq!(api.put(&format!("{chat}/draft"), json!({ "text": "x", "quote": "y" })).await.json()["field"], "quote");
    assert_eq!(
        api.put(&format!("{}/draft", path(account, 5_000_009_999)), json!({ "text": "x" })).await.code(),
        "chat_not_found"
    );

    let before = control.calls("messages.setTyping").await;
    for body in [json!({}), json!({ "action": "record_voice" }), json!({ "action": "cancel" })] {
        api.post(&format!("{chat}/typing"), body).await.expect(204);
    }
    assert_eq!(control.calls("messages.setTyping").await, before + 3);
    let channel = control.create_chat("channel", CLARA, "Wide", &[ADA]).await;
    api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    assert_eq!(api.post(&format!("{}/typing", path(account, channel)), json!({})).await.code(), "not_permitted");
    assert_eq!(api.post(&format!("{chat}/typing"), json!({ "action": "sleep" })).await.status, 422);
}
