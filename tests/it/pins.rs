//! Pinned messages and reactions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Sandbox, send};

const CLARA_ID: i64 = 5_000_000_003;

/// Ada and Clara, logged in on one server, and the sandbox that it runs on.
async fn pair() -> (Sandbox, Api, String, String, i64) {
    let options = crate::harness::Options::default().with("VASYA_ACCOUNT_BURST", "1000");
    let sandbox = Sandbox::start_with(options).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let clara = api.log_in(&control, CLARA, None).await;
    let ada_id = control.post(ADA, CLARA, "good morning").await["fromId"].as_i64().unwrap();
    api.online(&ada).await;
    (sandbox, api, ada, clara, ada_id)
}

fn path(account: &str, chat: i64) -> String {
    format!("/accounts/{account}/chats/{chat}")
}

async fn write(api: &Api, chat: &str, text: &str) -> Value {
    api.post(&format!("{chat}/messages"), json!({ "text": text })).await.expect(200)["id"].clone()
}

async fn pinned(api: &Api, chat: &str) -> Vec<String> {
    let page = api.get(&format!("{chat}/pins")).await.expect(200);
    let items = page["items"].as_array().unwrap();
    assert!(items.iter().all(|message| message["pinned"] == true), "{page}");
    items.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

async fn pin(api: &Api, chat: &str, id: &Value, body: Value) -> u16 {
    api.put(&format!("{chat}/messages/{id}/pin"), body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_pinned_for_both_or_one_and_unpinned() {
    let (_sandbox, api, ada, clara, ada_id) = pair().await;
    let (chat, other) = (path(&ada, CLARA_ID), path(&clara, ada_id));
    let (first, second) = (write(&api, &chat, "first").await, write(&api, &chat, "second").await);
    for _ in 0..2 {
        assert_eq!(pin(&api, &chat, &first, json!({})).await, 204, "pinning twice is no error");
    }
    assert_eq!((pinned(&api, &chat).await, pinned(&api, &other).await), (vec!["first".into()], vec!["first".into()]));
    let told = api.get(&format!("{other}/messages?limit=1")).await.expect(200);
    assert_eq!(told[0]["service"], json!({ "kind": "message_pinned" }), "{told}");
    let answered = api.get(&format!("{other}/messages/{}", told[0]["reply_to"])).await.expect(200);
    assert_eq!(answered["text"], "first");
    assert_eq!(pin(&api, &chat, &second, json!({ "oneSide": true })).await, 204);
    assert_eq!(pinned(&api, &chat).await, ["second", "first"]);
    assert_eq!(pinned(&api, &other).await, ["first"], "the other one does not see it");
    assert_eq!(api.get(&chat).await.expect(200)["pinnedMessageId"], second);
    for _ in 0..2 {
        assert_eq!(send(api.request(Method::DELETE, &format!("{chat}/messages/{first}/pin"))).await.status, 204);
    }
    assert_eq!((pinned(&api, &chat).await, pinned(&api, &other).await.len()), (vec!["second".into()], 0));
    assert_eq!(api.put(&format!("{chat}/messages/999999/pin"), json!({})).await.code(), "not_found");
    assert_eq!(api.put(&format!("{chat}/messages/0/pin"), json!({})).await.json()["field"], "messageId");
    let group = format!("{}/messages/1/pin", path(&ada, -5));
    assert_eq!(api.put(&group, json!({ "oneSide": true })).await.json()["field"], "oneSide");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_pin_is_refused_and_all_pins_are_taken_away_however_many_they_are() {
    let (sandbox, api, ada, clara, _) = pair().await;
    let control = sandbox.control();
    let channel = control.create_chat("channel", ADA, "Wide", &[CLARA]).await;
    let group = control.create_chat("supergroup", CLARA, "Divers", &[ADA, BORIS]).await;
    let post = write(&api, &path(&ada, channel), "news").await;
    let refused = api.put(&format!("{}/messages/{post}/pin", path(&clara, channel)), json!({})).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    assert_eq!(pin(&api, &path(&ada, channel), &post, json!({ "silent": true })).await, 204);
    assert_eq!(pinned(&api, &path(&clara, channel)).await, ["news"]);
    let chat = path(&ada, group);
    for number in 0..45 {
        let id = write(&api, &chat, &format!("number {number}")).await;
        assert_eq!(pin(&api, &chat, &id, json!({ "silent": true })).await, 204);
    }
    let first = api.get(&format!("{}/pins?limit=30", path(&clara, group))).await.expect(200);
    let next = first["nextCursor"].as_str().unwrap();
    let rest = api.get(&format!("{}/pins?limit=30&cursor={next}", path(&clara, group))).await.expect(200);
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (30, 15));
    assert_eq!(rest["nextCursor"], Value::Null);
    let before = control.calls("messages.unpinAllMessages").await;
    assert_eq!(send(api.request(Method::DELETE, &format!("{chat}/pins"))).await.status, 204);
    assert!(control.calls("messages.unpinAllMessages").await > before + 1, "Telegram unpins a part at a time");
    assert!(pinned(&api, &path(&clara, group)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_given_counted_listed_and_taken_back() {
    let (sandbox, api, ada, clara, _) = pair().await;
    let control = sandbox.control();
    let group = control.create_chat("supergroup", ADA, "Divers", &[BORIS, CLARA]).await;
    let (mine, hers) = (path(&ada, group), path(&clara, group));
    let id = write(&api, &mine, "the water is warm").await;
    let reactions = |chat: &str| format!("{chat}/messages/{id}/reactions");
    let given = api.put(&reactions(&mine), json!({ "emoji": "❤️" })).await.expect(200);
    let expected = json!([{ "emoji": "❤", "count": 1, "chosen": true }]);
    assert_eq!(given["reactions"], expected);
    let again = api.put(&reactions(&mine), json!({ "emoji": "❤" })).await.expect(200);
    assert_eq!(again["reactions"], expected, "giving the same again is no error");
    control.advance_clock(10).await;
    api.put(&reactions(&hers), json!({ "emoji": "👍", "isBig": true })).await.expect(200);
    let both = api.put(&reactions(&hers), json!({ "emoji": "❤" })).await.expect(200);
    assert_eq!(both["reactions"], json!([{ "emoji": "❤", "count": 2, "chosen": true }]), "one takes the place of the other");
    let read = api.get(&format!("{mine}/messages/{id}")).await.expect(200);
    assert_eq!(read["reactions"], both["reactions"]);

    let first = api.get(&format!("{}?limit=1", reactions(&mine))).await.expect(200);
    assert_eq!((&first["total"], &first["items"][0]["senderName"]), (&json!(2), &json!("Clara")));
    assert_eq!((&first["items"][0]["emoji"], &first["items"][0]["isOwn"]), (&json!("❤"), &json!(false)));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = api.get(&format!("{}?limit=1&cursor={cursor}", reactions(&mine))).await.expect(200);
    let elsewhere = api.get(&format!("{}?cursor=elsewhere", reactions(&mine))).await;
    assert_eq!((elsewhere.status, elsewhere.json()["field"].as_str()), (400, Some("cursor")));
    assert_eq!((&second["items"][0]["isOwn"], &second["nextCursor"]), (&json!(true), &Value::Null));
    let only = api.get(&format!("{}?emoji=👍", reactions(&mine))).await.expect(200);
    assert_eq!((&only["items"], &only["total"]), (&json!([]), &json!(0)));

    let left = send(api.request(Method::DELETE, &format!("{}?emoji=👍", reactions(&mine)))).await.expect(200);
    assert_eq!(left["reactions"][0]["count"], 2, "that was not what it gave");
    for _ in 0..2 {
        let left = send(api.request(Method::DELETE, &reactions(&mine))).await.expect(200);
        assert_eq!(left["reactions"], json!([{ "emoji": "❤", "count": 1 }]));
    }
    let channel = control.create_chat("channel", ADA, "Wide", &[CLARA]).await;
    let post = write(&api, &path(&ada, channel), "news").await;
    let post = format!("{}/messages/{post}/reactions", path(&clara, channel));
    assert_eq!(api.put(&post, json!({ "emoji": "🔥" })).await.expect(200)["reactions"][0]["emoji"], "🔥");
    let refused = api.get(&post).await;
    assert!(refused.status < 500 && refused.text().contains("BROADCAST_FORBIDDEN"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_does_not_take_for_a_reaction_is_refused() {
    let (_sandbox, api, ada, _, _) = pair().await;
    let chat = path(&ada, CLARA_ID);
    let id = write(&api, &chat, "hello").await;
    let reactions = format!("{chat}/messages/{id}/reactions");
    for (body, name) in [
        (json!({ "emoji": "🧭" }), "REACTION_INVALID"),
        (json!({ "emoji": "no emoji" }), "REACTION_INVALID"),
        (json!({ "customEmojiId": "5368324170671202286" }), "PREMIUM_ACCOUNT_REQUIRED"),
    ] {
        let refused = api.put(&reactions, body).await;
        assert!((400..500).contains(&refused.status) && refused.text().contains(name), "{}", refused.text());
    }
    api.put(&reactions, json!({ "emoji": "👍" })).await.expect(200);
    let several = api.put(&reactions, json!({ "emoji": "🔥", "keepOthers": true })).await;
    assert!(several.status < 500 && several.text().contains("REACTIONS_TOO_MANY"), "{}", several.text());
    for (body, field) in [
        (json!({}), "emoji"),
        (json!({ "emoji": " " }), "emoji"),
        (json!({ "emoji": "👍".repeat(20) }), "emoji"),
        (json!({ "customEmojiId": "x" }), "customEmojiId"),
        (json!({ "emoji": "👍", "customEmojiId": "7" }), "customEmojiId"),
    ] {
        assert_eq!(api.put(&reactions, body).await.json()["field"], field);
    }
    let unknown = api.put(&format!("{chat}/messages/999999/reactions"), json!({ "emoji": "👍" })).await;
    assert_eq!(unknown.code(), "not_found");
    assert_eq!(api.get(&format!("{chat}/messages/999999/reactions")).await.code(), "not_found");
}
