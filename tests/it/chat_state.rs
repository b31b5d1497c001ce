//! What an account knows of a chat, how it keeps it, and how it comes into others.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Control, Sandbox, send};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

async fn set(api: &Api, method: Method, path: &str) -> u16 {
    send(api.request(method, path)).await.status
}

async fn made(control: &Control, chat: Value) -> Value {
    control.call(Method::POST, "/chats", Some(chat)).await["chatId"].clone()
}

async fn listed_ids(api: &Api, account: &str) -> Vec<i64> {
    let chats = api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    chats.as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_archived_muted_marked_and_pinned_and_all_of_it_can_be_undone() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let chat = format!("/accounts/{account}/chats/{BORIS_ID}");
    let flags = ["isArchived", "isMuted", "isMarkedUnread", "isPinned"];
    let segments = ["archive", "mute", "unread", "pin"];
    assert_ne!(listed_ids(&api, account).await[0], BORIS_ID);
    for (flag, segment) in flags.into_iter().zip(segments) {
        assert_eq!(api.get(&chat).await.expect(200)[flag], false, "{flag}");
        for (method, value) in [(Method::PUT, true), (Method::PUT, true), (Method::DELETE, false), (Method::DELETE, false)] {
            assert_eq!(set(&api, method.clone(), &format!("{chat}/{segment}")).await, 204, "{method} {segment}");
            assert_eq!(api.get(&chat).await.expect(200)[flag], value, "{method} {segment}");
        }
    }
    set(&api, Method::PUT, &format!("{chat}/pin")).await;
    assert_eq!(listed_ids(&api, account).await[0], BORIS_ID, "what is pinned comes first");
    set(&api, Method::PUT, &format!("{chat}/unread")).await;
    api.post(&format!("{chat}/read"), json!({ "maxId": 1_000 })).await.expect(204);
    assert_eq!(api.get(&chat).await.expect(200)["isMarkedUnread"], false, "reading takes the mark away");

    let mute = format!("{chat}/mute");
    api.put(&mute, json!({ "until": 1 })).await.expect(204);
    assert_eq!(api.get(&chat).await.expect(200)["isMuted"], false, "that time is over");
    assert_eq!(api.put(&mute, json!({ "until": 0 })).await.json()["field"], "until");
    for segment in segments {
        let unknown = send(api.request(Method::PUT, &format!("/accounts/{account}/chats/5000009999/{segment}"))).await;
        assert_eq!(unknown.code(), "chat_not_found", "{segment}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_chats_can_be_pinned() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    for place in 0..6 {
        let chat = json!({ "kind": "supergroup", "owner": ADA, "title": format!("Pier {place}") });
        let chat = made(&control, chat).await;
        let pinned = send(api.request(Method::PUT, &format!("/accounts/{account}/chats/{chat}/pin"))).await;
        match place {
            5 => assert_eq!(pinned.code(), "conflict"),
            _ => assert_eq!(pinned.status, 204, "{}", pinned.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chats_details_say_what_it_is_and_what_the_account_is_in_it() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let channel = json!({ "title": "Tides", "about": "High and low" });
    let channel = api.post(&format!("/accounts/{account}/channels"), channel).await.expect(200);
    let details = api.get(&format!("/accounts/{account}/chats/{}", channel["chatId"])).await.expect(200);
    for (field, value) in [
        ("title", json!("Tides")),
        ("chatType", json!("channel")),
        ("about", json!("High and low")),
        ("membersCount", json!(1)),
        ("isOwner", json!(true)),
        ("isAdmin", json!(true)),
        ("isMember", json!(true)),
    ] {
        assert_eq!(details[field], value, "{field} of {details}");
    }
    let person = api.get(&format!("/accounts/{account}/chats/{CLARA_ID}")).await.expect(200);
    assert_eq!((&person["title"], &person["username"]), (&json!("Clara"), &json!("clara")));
    assert_eq!((&person["commonChatsCount"], &person["permissions"]), (&json!(1), &Value::Null));
    let common = api.get(&format!("/accounts/{account}/chats/{CLARA_ID}/common")).await.expect(200);
    assert_eq!((common.as_array().unwrap().len(), &common[0]["title"]), (1, &json!("Lighthouse keepers")));
    let group = api.get(&format!("/accounts/{account}/chats/{}", common[0]["id"])).await.expect(200);
    assert_eq!((&group["membersCount"], &group["permissions"]["sendMessages"]), (&json!(3), &json!(true)));
    assert_eq!(api.get(&format!("/accounts/{account}/chats/-5/common")).await.json()["field"], "chatId");
}

#[tokio::test(flavor = "multi_thread")]
async fn common_chats_are_paged() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    for title in ["One", "Two"] {
        made(&control, json!({ "kind": "group", "owner": ADA, "title": title, "members": [BORIS] })).await;
    }
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    for _page in 0..10 {
        let page = api.get(&format!("/accounts/{account}/chats/{BORIS_ID}/common?limit=1{cursor}")).await;
        let next = page.header("x-next-cursor").to_owned();
        titles.extend(page.expect(200).as_array().unwrap().iter().map(|chat| chat["title"].as_str().unwrap().to_owned()));
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(titles, ["Two", "One", "Lighthouse keepers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_resolved_and_what_leads_nowhere_says_so() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let resolve = async |q: &str| {
        let request = api.request(Method::GET, &format!("/accounts/{account}/resolve")).query(&[("q", q)]);
        send(request).await
    };
    for q in ["@clara", "clara", "https://t.me/clara", "+15550000003", "tg://resolve?domain=clara"] {
        assert_eq!(resolve(q).await.expect(200)["id"], CLARA_ID, "{q}");
    }
    for q in ["@nobody_at_all", "+15550009999", "https://t.me/+AbCdEfGh"] {
        assert_eq!(resolve(q).await.code(), "not_found", "{q}");
    }
    for q in ["", "https://example.org/clara", "what is this"] {
        assert_eq!(resolve(q).await.json()["field"], "q", "{q}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_link_is_previewed_and_joined_and_joining_twice_is_no_error() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let (join, preview) = (format!("/accounts/{account}/join"), format!("/accounts/{account}/invites/preview"));
    let look = async |link: &str| send(api.request(Method::GET, &preview).query(&[("link", link)])).await;
    let private = json!({ "kind": "supergroup", "owner": CLARA, "title": "Divers", "invite": "DeepWater1" });
    let private = made(&control, private).await;
    let link = "https://t.me/+DeepWater1";
    let expected = json!({
        "title": "Divers", "about": null, "chatType": "group", "membersCount": 1, "isRequestNeeded": false, "isMember": false,
        "chatId": null,
    });
    assert_eq!(look(link).await.expect(200), expected);
    assert_eq!(control.calls("messages.importChatInvite").await, 0);
    for _ in 0..2 {
        let joined = api.post(&join, json!({ "link": link })).await.expect(200);
        assert_eq!(joined, json!({ "status": "joined", "chatId": private }));
    }
    let seen = look(link).await.expect(200);
    assert_eq!((&seen["isMember"], &seen["chatId"]), (&json!(true), &private));
    let text = format!("/accounts/{account}/chats/{private}/messages");
    api.post(&text, json!({ "text": "hello, divers" })).await.expect(200);
    assert_eq!(control.count(CLARA, &private.to_string(), "hello, divers").await, 1);

    let public = json!({ "kind": "channel", "owner": CLARA, "title": "Weather", "username": "harbour_weather" });
    let public = made(&control, public).await;
    for link in ["https://t.me/harbour_weather", "@harbour_weather"] {
        let joined = api.post(&join, json!({ "link": link })).await.expect(200);
        assert_eq!(joined, json!({ "status": "joined", "chatId": public }));
    }
    assert_eq!(api.post(&join, json!({ "link": "https://t.me/+NoSuchLink" })).await.code(), "not_found");
    assert_eq!(api.post(&join, json!({ "link": "@clara" })).await.code(), "not_found", "a person cannot be joined");
    assert_eq!(api.post(&join, json!({ "link": "+15550000003" })).await.json()["field"], "link");
    assert_eq!(look("@clara").await.json()["field"], "link");
}
