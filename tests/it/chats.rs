//! Groups and channels that an account makes, finds and leaves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Control, Options, Sandbox, eventually};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

/// Enough for a test that makes many things.
fn roomy() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000")
}

/// A chat of an account's list by its id, read from Telegram.
async fn listed(api: &Api, account: &str, chat: &Value) -> Option<Value> {
    let chats = api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    chats.as_array().unwrap().iter().find(|listed| &listed["id"] == chat).cloned()
}

/// Makes a chat on the network; answers its id.
async fn made(control: &Control, chat: Value) -> Value {
    control.call(Method::POST, "/chats", Some(chat)).await["chatId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_and_channels_are_made_and_seen_by_their_members() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let group = json!({ "title": " Crew ", "userIds": [BORIS_ID, CLARA_ID] });
    let group = api.post(&format!("/accounts/{ada}/groups"), group).await.expect(200);
    assert_eq!(group.as_object().unwrap().len(), 1, "{group}");
    let seen = listed(&api, &clara, &group["chatId"]).await.expect("a member has the group");
    assert_eq!((&seen["title"], &seen["chatType"]), (&json!("Crew"), &json!("group")));

    let channels = format!("/accounts/{ada}/channels");
    let channel = api.post(&channels, json!({ "title": "Tides", "about": "High and low" })).await.expect(200);
    let seen = listed(&api, ada, &channel["chatId"]).await.expect("its owner has the channel");
    assert_eq!((&seen["title"], &seen["chatType"]), (&json!("Tides"), &json!("channel")));
    let supergroup = api.post(&channels, json!({ "title": "Watch", "isMegagroup": true })).await.expect(200);
    assert_eq!(listed(&api, ada, &supergroup["chatId"]).await.expect("a supergroup")["chatType"], "group");
    let text = format!("/accounts/{ada}/chats/{}/messages", supergroup["chatId"]);
    assert_eq!(api.post(&text, json!({ "text": "hello" })).await.expect(200)["chat_id"], supergroup["chatId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused_by_field_and_nothing_is_made() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let (groups, channels) = (format!("/accounts/{ada}/groups"), format!("/accounts/{ada}/channels"));
    let long = "a".repeat(129);
    let refused = [
        (&groups, json!({ "title": " ", "userIds": [BORIS_ID] }), 400, "title"),
        (&groups, json!({ "title": long, "userIds": [BORIS_ID] }), 400, "title"),
        (&groups, json!({ "title": "Crew", "userIds": [] }), 400, "userIds"),
        (&groups, json!({ "title": "Crew", "userIds": [-5] }), 400, "userIds"),
        (&groups, json!({ "title": "Crew" }), 422, "userIds"),
        (&channels, json!({ "title": "" }), 400, "title"),
        (&channels, json!({ "title": "Tides", "about": "a".repeat(256) }), 400, "about"),
    ];
    for (path, body, status, field) in refused {
        let answer = api.post(path, body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (status, &json!(field)), "{}", answer.text());
    }
    let stranger = api.post(&groups, json!({ "title": "Crew", "userIds": [5_000_009_999_i64] })).await;
    assert_eq!((stranger.status, stranger.code()), (404, "chat_not_found".into()));
    assert_eq!(control.calls("messages.createChat").await + control.calls("channels.createChannel").await, 0);

    control.arm(json!({ "kind": "drop_connection", "method": "messages.createChat", "count": 1 })).await;
    let unknown = api.post(&groups, json!({ "title": "Crew", "userIds": [BORIS_ID] })).await;
    assert_eq!(unknown.code(), "outcome_unknown");
    assert_eq!(control.calls("messages.createChat").await, 1, "what may not be repeated is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_deleting_take_a_chat_from_the_list() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let chat = |account: &str, id: &Value| format!("/accounts/{account}/chats/{id}");

    // A private chat goes on this side only, unless it is to go for both.
    assert_eq!(control.count(CLARA, ADA, "Shall I bring the charts?").await, 1);
    api.delete(&chat(ada, &json!(CLARA_ID))).await.expect(204);
    assert_eq!(listed(&api, ada, &json!(CLARA_ID)).await, None);
    assert_eq!(control.count(CLARA, ADA, "Shall I bring the charts?").await, 1);
    control.post(ADA, BORIS, "burn this").await;
    api.delete(&format!("{}?forEveryone=true", chat(ada, &json!(BORIS_ID)))).await.expect(204);
    assert_eq!(control.count(BORIS, ADA, "burn this").await, 0);

    // A group goes on without who left; a second time is no error of Telegram's.
    let group = made(&control, json!({ "kind": "group", "owner": CLARA, "title": "Choir", "members": [ADA, BORIS] })).await;
    control.post(CLARA, &group.to_string(), "la").await;
    api.delete(&chat(ada, &group)).await.expect(204);
    assert_eq!(listed(&api, ada, &group).await, None);
    assert!(listed(&api, &clara, &group).await.is_some());
    assert_eq!(api.delete(&chat(ada, &group)).await.code(), "chat_not_found");

    // A member leaves a channel; its owner deletes it, for everyone.
    let channel = made(&control, json!({ "kind": "channel", "owner": CLARA, "title": "Notices", "members": [ADA, BORIS] })).await;
    api.delete(&chat(ada, &channel)).await.expect(204);
    assert_eq!(listed(&api, ada, &channel).await, None);
    assert_eq!(api.delete(&chat(&clara, &channel)).await.code(), "conflict", "an owner cannot just leave");
    api.delete(&format!("{}?forEveryone=true", chat(&clara, &channel))).await.expect(204);
    assert_eq!(listed(&api, &clara, &channel).await, None);
    api.delete(&format!("{}?forEveryone=true", chat(&clara, &group))).await.expect(204);
    assert_eq!(listed(&api, &clara, &group).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_ones_own_and_public_chats() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let public = json!({ "kind": "channel", "owner": CLARA, "title": "Weather", "username": "harbour_weather" });
    let public = made(&control, public).await;
    let search = |query: &str| format!("/accounts/{ada}/search?q={query}");
    let found = api.get(&search("harbour")).await.expect(200);
    let titles: Vec<_> = found.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Harbour news", "Weather"]);
    let marked = public.as_i64().unwrap();
    let expected = json!({
        "id": -marked - 1_000_000_000_000, "title": "Weather", "username": "harbour_weather", "resultType": "channel",
        "subscribersCount": 1, "chatId": marked,
    });
    assert_eq!(found[1], expected);
    // What was found can be used.
    let look = || async {
        let answer = api.get(&format!("/accounts/{ada}/chats/{marked}/messages")).await;
        (answer.status == 200).then_some(())
    };
    eventually("a found channel can be read", look).await;
    let person = api.get(&search("clara")).await.expect(200);
    assert_eq!((&person[0]["id"], &person[0]["resultType"]), (&json!(CLARA_ID), &json!("user")));
    assert_eq!(api.get(&format!("{}&limit=1", search("harbour"))).await.expect(200).as_array().unwrap().len(), 1);
    for blank in ["", "%20%20"] {
        assert_eq!(api.get(&search(blank)).await.expect(200), json!([]));
    }
    assert_eq!(api.get(&search(&"a".repeat(257))).await.json()["field"], "q");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_book_is_listed_and_a_cursor_that_is_none_is_refused() {
    let sandbox = Sandbox::start().await;
    let (api, ada) = (sandbox.api(), sandbox.account());
    let contacts = format!("/accounts/{ada}/contacts");
    assert_eq!(api.get(&contacts).await.expect(200), json!([]));
    assert_eq!(api.get(&format!("{contacts}?cursor=elsewhere")).await.json()["field"], "cursor");
}
