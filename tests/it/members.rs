//! Members of groups and channels: who they are, who may touch whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, BORIS_PASSWORD, CLARA, Control, Sandbox};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

/// A chat that Ada owns, made through the control API.
pub async fn chat(control: &Control, kind: &str, members: &[&str]) -> i64 {
    let chat = json!({ "kind": kind, "owner": ADA, "title": "A place", "members": members });
    control.call(Method::POST, "/chats", Some(chat)).await["chatId"].as_i64().expect("an id")
}

/// The chats of an account with this title.
pub async fn chat_named(api: &Api, account: &str, title: &str) -> Option<Value> {
    let chats = api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
    chats.as_array().unwrap().iter().find(|chat| chat["title"] == title).cloned()
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect()
}

fn role(page: &Value, user_id: i64) -> Value {
    let found = page["items"].as_array().unwrap().iter().find(|member| member["userId"] == user_id);
    found.map_or(Value::Null, |member| member["role"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_by_page_filter_and_name() {
    let sandbox = Sandbox::start().await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    for kind in ["group", "supergroup"] {
        let chat = chat(&control, kind, &[BORIS, CLARA]).await;
        let members = format!("/accounts/{account}/chats/{chat}/members");
        let all = api.get(&members).await.expect(200);
        assert_eq!(names(&all), ["Ada Lovelace", "Boris", "Clara"], "{kind}");
        assert_eq!((&all["items"][0]["role"], &all["items"][2]["username"]), (&json!("creator"), &json!("clara")));
        assert_eq!(all["nextCursor"], Value::Null);

        let first = api.get(&format!("{members}?limit=2")).await;
        let cursor = first.header("x-next-cursor").to_owned();
        let first = first.expect(200);
        assert_eq!((names(&first), &first["nextCursor"]), (vec!["Ada Lovelace", "Boris"], &json!(cursor)), "{kind}");
        let second = api.get(&format!("{members}?limit=2&cursor={cursor}")).await.expect(200);
        assert_eq!((names(&second), &second["nextCursor"]), (vec!["Clara"], &Value::Null), "{kind}");

        assert_eq!(names(&api.get(&format!("{members}?query=bOr")).await.expect(200)), ["Boris"], "{kind}");
        assert_eq!(names(&api.get(&format!("{members}?filter=admins")).await.expect(200)), ["Ada Lovelace"], "{kind}");
        assert!(names(&api.get(&format!("{members}?filter=banned")).await.expect(200)).is_empty(), "{kind}");
        for (query, field) in [("filter=admins&query=a", "query"), ("filter=some", "filter"), ("cursor=x", "cursor")] {
            let refused = api.get(&format!("{members}?{query}")).await;
            assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{kind} {query}");
        }
    }
    let news = chat_named(&api, account, "Harbour news").await.unwrap()["id"].clone();
    let hidden = api.get(&format!("/accounts/{account}/chats/{news}/members")).await;
    assert_eq!((hidden.status, hidden.code()), (403, "not_permitted".into()), "a channel's members are not for its readers");
    let person = api.get(&format!("/accounts/{account}/chats/{CLARA_ID}/members")).await;
    assert_eq!((person.status, &person.json()["field"]), (400, &json!("chatId")));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_and_removed() {
    let sandbox = Sandbox::start().await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    for kind in ["group", "supergroup", "channel"] {
        let chat = chat(&control, kind, &[CLARA]).await;
        let members = format!("/accounts/{account}/chats/{chat}/members");
        let added = api.post(&members, json!({ "userIds": [BORIS_ID] })).await.expect(200);
        assert_eq!(added, json!({ "added": [BORIS_ID], "missing": [] }), "{kind}");
        assert!(chat_named(&api, &boris, "A place").await.is_some(), "{kind}: Boris is in");
        let unknown = api.post(&members, json!({ "userIds": [4_242] })).await;
        assert_eq!((unknown.status, unknown.code()), (404, "not_found".into()), "{kind}");

        // Boris may not remove anybody.
        let refused = api.delete(&format!("/accounts/{boris}/chats/{chat}/members/{CLARA_ID}")).await;
        assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{kind}");

        assert_eq!(api.delete(&format!("{members}/{BORIS_ID}")).await.status, 204, "{kind}");
        let left = api.get(&members).await.expect(200);
        assert_eq!(role(&left, BORIS_ID), Value::Null, "{kind}");
        let again = api.delete(&format!("{members}/{BORIS_ID}")).await;
        assert_eq!((again.status, again.code()), (404, "not_found".into()), "{kind}");
        let added = api.post(&members, json!({ "userIds": [BORIS_ID] })).await.expect(200);
        assert_eq!(added["added"], json!([BORIS_ID]), "{kind}: who was removed may come back");
        api.delete(&format!("{members}/{BORIS_ID}")).await.expect(204);
    }
    let empty = api.post(&format!("/accounts/{account}/chats/-1/members"), json!({ "userIds": [] })).await;
    assert_eq!((empty.status, &empty.json()["field"]), (400, &json!("userIds")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_stays_out_until_the_ban_is_lifted() {
    let sandbox = Sandbox::start().await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let chat = chat(&control, "supergroup", &[BORIS, CLARA]).await;
    let (members, ban) =
        (format!("/accounts/{account}/chats/{chat}/members"), format!("/accounts/{account}/chats/{chat}/bans/{BORIS_ID}"));
    let writes = format!("/accounts/{boris}/chats/{chat}/messages");
    api.get(&format!("/accounts/{boris}/chats?source=live")).await.expect(200);

    // Restricted: in, but silent.
    api.put(&ban, json!({ "permissions": ["send_reactions"] })).await.expect(204);
    let restricted = api.get(&format!("{members}?filter=restricted")).await.expect(200);
    assert_eq!((names(&restricted), &restricted["items"][0]["role"]), (vec!["Boris"], &json!("restricted")));
    assert!(restricted["items"][0]["denied"].as_array().unwrap().contains(&json!("send_messages")));
    let refused = api.post(&writes, json!({ "text": "hello?" })).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()));
    api.delete(&ban).await.expect(204);
    api.post(&writes, json!({ "text": "hello" })).await.expect(200);

    // Banned: out.
    let until = 4_000_000_000_u64;
    assert_eq!(api.put(&ban, json!({ "until": until })).await.status, 422, "beyond Telegram's dates");
    let past = api.put(&ban, json!({ "until": 1 })).await;
    assert_eq!((past.status, &past.json()["field"]), (400, &json!("until")));
    api.put(&ban, json!({})).await.expect(204);
    let banned = api.get(&format!("{members}?filter=banned")).await.expect(200);
    assert_eq!((names(&banned), &banned["items"][0]["role"]), (vec!["Boris"], &json!("banned")));
    assert_eq!(banned["items"][0]["byUserId"], 5_000_000_001_i64);
    assert_eq!(role(&api.get(&members).await.expect(200), BORIS_ID), Value::Null);
    assert!(chat_named(&api, &boris, "A place").await.is_none());
    assert_eq!(api.post(&writes, json!({ "text": "let me in" })).await.code(), "chat_not_found");
    assert_eq!(api.post(&members, json!({ "userIds": [BORIS_ID] })).await.code(), "not_permitted");
    assert_eq!(api.delete(&format!("{members}/{BORIS_ID}")).await.code(), "not_found", "removing lifts no ban");
    assert_eq!(names(&api.get(&format!("{members}?filter=banned")).await.expect(200)), ["Boris"]);
    api.delete(&ban).await.expect(204);
    api.post(&members, json!({ "userIds": [BORIS_ID] })).await.expect(200);
    assert_eq!(control.count(CLARA, &chat.to_string(), "hello").await, 1);

    let owner = format!("/accounts/{boris}/chats/{chat}/bans/5000000001");
    assert_eq!(api.put(&owner, json!({})).await.code(), "not_permitted");
    let basic = self::chat(&control, "group", &[BORIS]).await;
    let ban = format!("/accounts/{account}/chats/{basic}/bans/{BORIS_ID}");
    assert_eq!(api.put(&ban, json!({ "permissions": [] })).await.code(), "conflict", "basic groups restrict nobody");
    assert_eq!(api.delete(&ban).await.code(), "conflict");
    api.put(&ban, json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_can_do_what_they_are_given() {
    let sandbox = Sandbox::start().await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let chat = chat(&control, "supergroup", &[BORIS, CLARA]).await;
    let admin = format!("/accounts/{account}/chats/{chat}/admins/{BORIS_ID}");
    let of_boris = format!("/accounts/{boris}/chats/{chat}");
    api.get(&format!("/accounts/{boris}/chats?source=live")).await.expect(200);
    api.get(&format!("{of_boris}/members")).await.expect(200);

    api.put(&admin, json!({ "rights": ["invite_users"], "rank": "Host" })).await.expect(204);
    let admins = api.get(&format!("{of_boris}/members?filter=admins")).await.expect(200);
    let found = admins["items"].as_array().unwrap().iter().find(|member| member["userId"] == BORIS_ID).unwrap();
    assert_eq!((&found["role"], &found["rank"], &found["rights"]), (&json!("admin"), &json!("Host"), &json!(["invite_users"])));
    let ban = format!("{of_boris}/bans/{CLARA_ID}");
    assert_eq!(api.put(&ban, json!({})).await.code(), "not_permitted", "that right was not given");
    api.put(&admin, json!({})).await.expect(204);
    api.put(&ban, json!({})).await.expect(204);
    assert_eq!(api.put(&format!("{of_boris}/bans/5000000001"), json!({})).await.code(), "not_permitted", "nobody bans the owner");
    api.delete(&ban).await.expect(204);
    api.delete(&admin).await.expect(204);
    assert_eq!(api.put(&ban, json!({})).await.code(), "not_permitted");

    let basic = self::chat(&control, "group", &[BORIS, CLARA]).await;
    let admin = format!("/accounts/{account}/chats/{basic}/admins/{BORIS_ID}");
    assert_eq!(api.put(&admin, json!({ "rank": "Host" })).await.code(), "conflict");
    api.put(&admin, json!({})).await.expect(204);
    let members = format!("/accounts/{account}/chats/{basic}/members");
    assert_eq!(role(&api.get(&members).await.expect(200), BORIS_ID), "admin");
    api.delete(&admin).await.expect(204);
    assert_eq!(role(&api.get(&members).await.expect(200), BORIS_ID), "member");
    for (body, field) in [(json!({ "rights": [] }), "rights"), (json!({ "rank": "x".repeat(17) }), "rank")] {
        let refused = api.put(&admin, body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)));
    }
}
