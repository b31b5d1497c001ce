//! What administrators read of what happened in their groups and channels.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, CLARA, Club, send};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

impl Club {
    async fn ada_id(&self) -> i64 {
        self.sandbox.control().post(ADA, CLARA, "good morning").await["fromId"].as_i64().unwrap()
    }

    async fn log(&self, query: &[(&str, &str)]) -> Value {
        send(self.api.request(Method::GET, &format!("{}/admin-log", self.mine)).query(query)).await.expect(200)
    }

    async fn actions(&self, query: &[(&str, &str)]) -> Vec<String> {
        actions(&self.log(query).await)
    }

    async fn say(&self, chat: &str, text: &str) -> Value {
        self.api.post(&format!("{chat}/messages"), json!({ "text": text })).await.expect(200)["id"].clone()
    }
}

fn actions(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_do_is_told_the_latest_first() {
    let club = Club::start().await;
    let (api, mine) = (&club.api, &club.mine);
    let ada_id = club.ada_id().await;
    let edit =
        json!({ "title": "Deep divers", "about": "Below 30 m", "slowModeSecs": 10, "permissions": { "sendPolls": false } });
    api.patch(mine, edit).await.expect(200);
    let told = club.log(&[("kinds", "info,settings")]).await;
    let expected = ["default_permissions_changed", "slow_mode_changed", "about_changed", "title_changed"];
    assert_eq!(actions(&told), expected, "{told}");
    let title = &told["items"][3];
    assert_eq!((&title["before"], &title["after"], &title["userId"]), (&json!("Divers"), &json!("Deep divers"), &json!(ada_id)));
    assert_eq!((&told["items"][1]["before"], &told["items"][1]["after"]), (&json!("0"), &json!("10")));
    assert_eq!(told["items"][0]["denied"], json!(["send_polls"]));

    api.put(&format!("{mine}/bans/{BORIS_ID}"), json!({})).await.expect(204);
    api.delete(&format!("{mine}/bans/{BORIS_ID}")).await.expect(204);
    api.put(&format!("{mine}/admins/{CLARA_ID}"), json!({ "rights": ["delete_messages", "pin_messages"], "rank": "Guide" }))
        .await;
    let members = club.log(&[("kinds", "ban,unban,promote")]).await;
    assert_eq!(actions(&members), ["admin_promoted", "member_unbanned", "member_banned"], "{members}");
    let promoted = &members["items"][0];
    assert_eq!((&promoted["member"]["userId"], &promoted["member"]["rank"]), (&json!(CLARA_ID), &json!("Guide")));
    assert_eq!((&promoted["memberBefore"]["role"], &promoted["member"]["role"]), (&json!("member"), &json!("admin")));
    assert_eq!(members["items"][2]["member"]["role"], "banned");

    let id = club.say(mine, "the watr is warm").await;
    api.patch(&format!("{mine}/messages/{id}"), json!({ "text": "the water is warm" })).await.expect(200);
    api.put(&format!("{mine}/messages/{id}/pin"), json!({})).await.expect(204);
    send(api.request(Method::DELETE, &format!("{mine}/messages/{id}/pin"))).await.expect(204);
    api.post(&format!("{}/messages/delete", club.hers), json!({ "messageIds": [id], "revoke": true })).await.expect(200);
    let messages = club.log(&[("kinds", "edit,pin,delete")]).await;
    assert_eq!(actions(&messages), ["message_deleted", "message_unpinned", "message_pinned", "message_edited"], "{messages}");
    let edited = &messages["items"][3];
    assert_eq!(edited["messageBefore"]["text"], "the watr is warm");
    assert_eq!((&edited["message"]["text"], &edited["message"]["id"]), (&json!("the water is warm"), &id));
    assert_eq!((&messages["items"][0]["userId"], &messages["items"][0]["userName"]), (&json!(CLARA_ID), &json!("Clara")));

    let hers = club.actions(&[("byUserId", &CLARA_ID.to_string())]).await;
    assert_eq!(hers, ["message_deleted"], "what one administrator did");
    assert_eq!(club.actions(&[("query", "watr")]).await, ["message_edited"], "what a text is in");
    let all = club.actions(&[("limit", "100")]).await;
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("limit", "3")];
        if !cursor.is_empty() {
            query.push(("cursor", cursor.as_str()));
        }
        let page = club.log(&query).await;
        paged.extend(actions(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, all);
    club.sandbox.control().advance_clock(49 * 3_600).await;
    assert!(club.actions(&[]).await.is_empty(), "after two days Telegram forgets it");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_topics_and_comings_and_goings_are_told_to_administrators_alone() {
    let club = Club::start().await;
    let (api, mine, control) = (&club.api, &club.mine, club.sandbox.control());
    let ada_id = club.ada_id().await;
    let link = api.post(&format!("{mine}/invites"), json!({ "requestNeeded": true })).await.expect(200);
    let hash = link["hash"].as_str().unwrap();
    send(api.request(Method::DELETE, &club.hers)).await.expect(204);
    api.post(&format!("/accounts/{}/join", club.clara), json!({ "link": link["link"] })).await.expect(200);
    api.post(&format!("{mine}/join-requests/{CLARA_ID}"), json!({ "decision": "approve" })).await.expect(204);
    api.patch(&format!("{mine}/invites/{hash}"), json!({ "title": "Summer" })).await.expect(200);
    api.delete(&format!("{mine}/invites/{hash}")).await.expect(200);
    let told = club.log(&[("kinds", "join,leave,invite_link")]).await;
    let expected = ["invite_link_revoked", "invite_link_edited", "member_joined_by_request", "member_left"];
    assert_eq!(actions(&told), expected, "{told}");
    assert_eq!(told["items"][0]["inviteLink"], link["link"]);
    assert_eq!((&told["items"][2]["approvedByUserId"], &told["items"][2]["userId"]), (&json!(ada_id), &json!(CLARA_ID)));

    api.patch(mine, json!({ "isForum": true })).await.expect(200);
    let topic = api.post(&format!("{mine}/topics"), json!({ "title": "Reefs" })).await.expect(200)["id"].clone();
    let path = format!("{mine}/topics/{topic}");
    api.patch(&path, json!({ "title": "Coral reefs", "isPinned": true })).await.expect(200);
    send(api.request(Method::DELETE, &path)).await.expect(204);
    let told = club.log(&[("kinds", "topic")]).await;
    assert_eq!(actions(&told), ["topic_deleted", "topic_pinned", "topic_edited", "topic_created", "forum_toggled"], "{told}");
    let edited = &told["items"][2];
    assert_eq!((&edited["topicId"], &edited["before"], &edited["after"]), (&topic, &json!("Reefs"), &json!("Coral reefs")));
    let poll = api.post(&format!("{mine}/polls"), json!({ "question": "Where to?", "options": ["a", "b"] })).await.expect(200);
    api.post(&format!("{mine}/messages/{}/close", poll["id"]), json!({})).await.expect(200);
    let told = club.log(&[("kinds", "edit")]).await;
    assert_eq!(
        (actions(&told), &told["items"][0]["message"]["poll"]["question"]),
        (vec!["poll_stopped".to_owned()], &json!("Where to?"))
    );

    let refused = api.get(&format!("{}/admin-log", club.hers)).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    let group = control.create_chat("group", ADA, "Few", &[CLARA]).await;
    let basic = format!("/accounts/{}/chats/{group}/admin-log", club.sandbox.account());
    assert_eq!(api.get(&basic).await.code(), "conflict");
    let person = format!("/accounts/{}/chats/{CLARA_ID}/admin-log", club.sandbox.account());
    assert_eq!(api.get(&person).await.json()["field"], "chatId");
}
