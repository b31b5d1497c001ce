//! Forums: their topics, and what is written in them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Club, send};

impl Club {
    /// The same as a forum.
    async fn forum() -> Self {
        let club = Self::start().await;
        let edited = club.api.patch(&club.mine, json!({ "isForum": true })).await.expect(200);
        assert_eq!(edited["isForum"]["status"], "changed", "{edited}");
        club
    }

    async fn create(&self, topic: Value) -> Value {
        self.api.post(&format!("{}/topics", self.mine), topic).await.expect(200)
    }

    async fn edit(&self, chat: &str, topic: &Value, change: Value) -> Answer {
        self.api.patch(&format!("{chat}/topics/{topic}"), change).await
    }

    async fn topics(&self, chat: &str, query: &str) -> Value {
        self.api.get(&format!("{chat}/topics{query}")).await.expect(200)
    }

    async fn write(&self, chat: &str, message: Value) -> Answer {
        self.api.post(&format!("{chat}/messages"), message).await
    }
}

fn titles(topics: &Value) -> Vec<&str> {
    topics.as_array().unwrap().iter().map(|topic| topic["title"].as_str().unwrap()).collect()
}

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().filter_map(|message| message["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_becomes_a_forum_whose_topics_are_made_edited_pinned_and_deleted() {
    let club = Club::start().await;
    let refused = club.api.get(&format!("{}/topics", club.mine)).await;
    assert_eq!((refused.status, refused.code()), (409, "conflict".into()), "{}", refused.text());
    assert_eq!(club.api.patch(&club.hers, json!({ "isForum": true })).await.code(), "not_permitted");
    for status in ["changed", "unchanged"] {
        let edited = club.api.patch(&club.mine, json!({ "isForum": true })).await.expect(200);
        assert_eq!(edited["isForum"]["status"], status);
    }
    assert_eq!(titles(&club.topics(&club.mine, "").await), ["General"]);
    let chats = club.api.get(&format!("/accounts/{}/chats?source=live", club.sandbox.account())).await.expect(200);
    let listed = chats.as_array().unwrap().iter().find(|chat| chat["id"] == club.id).unwrap();
    assert_eq!(listed["isForum"], true);

    let reefs = club.create(json!({ "title": " Reefs ", "iconColor": 9_367_192 })).await;
    assert_eq!((&reefs["title"], &reefs["iconColor"]), (&json!("Reefs"), &json!(9_367_192)));
    assert_eq!((&reefs["iconEmojiId"], &reefs["isClosed"], &reefs["isPinned"]), (&Value::Null, &json!(false), &json!(false)));
    let wrecks = club.create(json!({ "title": "Wrecks", "iconEmojiId": 5_312_536_423_851_630_001_i64 })).await;
    assert_eq!((&wrecks["iconEmojiId"], &wrecks["iconColor"]), (&json!(5_312_536_423_851_630_001_i64), &json!(7_322_096)));
    assert_eq!(titles(&club.topics(&club.hers, "").await), ["Wrecks", "Reefs", "General"]);
    assert_eq!(titles(&club.topics(&club.hers, "?query=ree").await), ["Reefs"]);

    let (first, second) = (&reefs["id"], &wrecks["id"]);
    let edited = club.edit(&club.mine, first, json!({ "title": "Coral reefs", "isClosed": true, "isPinned": true })).await;
    let edited = edited.expect(200);
    assert_eq!((&edited["title"], &edited["isClosed"], &edited["isPinned"]), (&json!("Coral reefs"), &json!(true), &json!(true)));
    let again = club.edit(&club.mine, first, json!({ "title": "Coral reefs", "isClosed": true, "isPinned": true })).await;
    assert_eq!(again.expect(200)["title"], "Coral reefs", "twice the same is once");
    let hidden = club.edit(&club.mine, &json!(1), json!({ "isHidden": true })).await.expect(200);
    assert_eq!(hidden["isHidden"], true);
    assert_eq!(titles(&club.topics(&club.hers, "").await)[0], "Coral reefs", "what is pinned comes first");

    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = club.api.get(&format!("{}/topics?limit=1{cursor}", club.mine)).await;
        let next = page.header("x-next-cursor").to_owned();
        paged.extend(titles(&page.expect(200)).into_iter().map(str::to_owned));
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, titles(&club.topics(&club.mine, "").await));

    for number in 0..3 {
        club.write(&club.hers, json!({ "text": format!("wreck {number}"), "topicId": second })).await.expect(200);
    }
    let topic = format!("{}/topics/{second}", club.mine);
    assert_eq!(club.api.delete(&format!("{}/topics/{second}", club.hers)).await.code(), "not_permitted");
    club.api.delete(&topic).await.expect(204);
    assert_eq!(titles(&club.topics(&club.hers, "").await), ["Coral reefs", "General"]);
    assert_eq!(club.api.delete(&topic).await.code(), "not_found", "it is gone");
    let left = club.api.get(&format!("{}/messages", club.hers)).await.expect(200);
    assert!(!texts(&left).iter().any(|text| text.starts_with("wreck")), "{left}");
    let edited = club.api.patch(&club.mine, json!({ "isForum": false })).await.expect(200);
    assert_eq!(edited["isForum"]["status"], "changed");
    assert_eq!(club.api.get(&format!("{}/topics", club.mine)).await.code(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_written_read_searched_and_unpinned_in_their_topics() {
    let club = Club::forum().await;
    let reefs = club.create(json!({ "title": "Reefs" })).await["id"].clone();
    let wrecks = club.create(json!({ "title": "Wrecks" })).await["id"].clone();
    let sent = club.write(&club.mine, json!({ "text": "look at this coral", "topicId": reefs })).await.expect(200);
    assert_eq!((&sent["topic_id"], &sent["reply_to"]), (&reefs, &Value::Null));
    let answer = json!({ "text": "what a coral", "topicId": reefs, "replyTo": sent["id"] });
    let answer = club.write(&club.hers, answer).await.expect(200);
    assert_eq!((&answer["topic_id"], &answer["reply_to"]), (&reefs, &sent["id"]));
    club.write(&club.hers, json!({ "text": "an old coral on deck", "topicId": wrecks })).await.expect(200);
    club.write(&club.hers, json!({ "text": "coral for all" })).await.expect(200);

    let of = |topic: &Value| format!("{}/messages?topic_id={topic}", club.mine);
    assert_eq!(texts(&club.api.get(&of(&reefs)).await.expect(200)), ["what a coral", "look at this coral"]);
    assert_eq!(texts(&club.api.get(&of(&wrecks)).await.expect(200)), ["an old coral on deck"]);
    assert_eq!(texts(&club.api.get(&of(&json!(1))).await.expect(200))[0], "coral for all");
    let first = club.api.get(&format!("{}&limit=1", of(&reefs))).await;
    let cursor = first.header("x-next-cursor").to_owned();
    assert_eq!(texts(&first.expect(200)), ["what a coral"]);
    assert_eq!(
        texts(&club.api.get(&format!("{}&limit=1&cursor={cursor}", of(&reefs))).await.expect(200)),
        ["look at this coral"]
    );
    let unknown = club.api.get(&of(&json!(999_999))).await;
    assert_eq!(unknown.code(), "not_found", "{}", unknown.text());

    let search = club.api.request(Method::GET, &format!("{}/messages/search", club.mine));
    let found = send(search.query(&[("q", "coral"), ("topicId", &reefs.to_string())])).await.expect(200);
    assert_eq!(texts(&found), ["what a coral", "look at this coral"]);
    for message in [&sent, &answer] {
        club.api.put(&format!("{}/messages/{}/pin", club.mine, message["id"]), json!({})).await.expect(204);
    }
    let news = club.write(&club.mine, json!({ "text": "news" })).await.expect(200);
    club.api.put(&format!("{}/messages/{}/pin", club.mine, news["id"]), json!({})).await.expect(204);
    club.api.delete(&format!("{}/pins?topicId={reefs}", club.mine)).await.expect(204);
    let left = club.api.get(&format!("{}/pins", club.mine)).await.expect(200);
    assert_eq!(texts(&left["items"]), ["news"]);

    let unread = |topics: &Value, id: &Value| {
        topics.as_array().unwrap().iter().find(|topic| topic["id"] == *id).unwrap()["unreadCount"].clone()
    };
    club.write(&club.hers, json!({ "text": "a ray", "topicId": reefs })).await.expect(200);
    club.write(&club.hers, json!({ "text": "an anchor", "topicId": wrecks })).await.expect(200);
    let before = club.topics(&club.mine, "").await;
    assert_eq!((unread(&before, &reefs), unread(&before, &wrecks)), (json!(1), json!(1)), "{before}");
    let read = json!({ "maxId": i32::MAX, "topicId": reefs });
    club.api.post(&format!("{}/read", club.mine), read).await.expect(204);
    let after = club.topics(&club.mine, "").await;
    assert_eq!((unread(&after, &reefs), unread(&after, &wrecks)), (json!(0), json!(1)), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_need_rights_and_closed_ones_take_no_messages() {
    let club = Club::forum().await;
    let topics = format!("{}/topics", club.mine);
    for (topic, field) in [
        (json!({ "title": " " }), "title"),
        (json!({ "title": "x".repeat(129) }), "title"),
        (json!({ "title": "x", "iconColor": 7 }), "iconColor"),
        (json!({ "title": "x", "iconEmojiId": 0 }), "iconEmojiId"),
    ] {
        let refused = club.api.post(&topics, topic).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)));
    }
    let custom = club.api.post(&topics, json!({ "title": "x", "iconEmojiId": 7 })).await;
    assert_eq!(custom.code(), "invalid_input", "{}", custom.text());
    let topic = club.create(json!({ "title": "Reefs" })).await["id"].clone();
    for (id, change, field) in [
        (&topic, json!({}), "title"),
        (&topic, json!({ "isHidden": true }), "isHidden"),
        (&json!(1), json!({ "iconEmojiId": 5_312_536_423_851_630_001_i64 }), "iconEmojiId"),
        (&json!(0), json!({ "isClosed": true }), "topicId"),
    ] {
        assert_eq!(club.edit(&club.mine, id, change).await.json()["field"], field);
    }
    assert_eq!(club.api.delete(&format!("{topics}/1")).await.json()["field"], "topicId");
    assert_eq!(club.edit(&club.mine, &json!(999_999), json!({ "title": "x" })).await.code(), "not_found");
    assert_eq!(club.edit(&club.hers, &topic, json!({ "title": "Mine" })).await.code(), "not_permitted");
    let hers = club.api.post(&format!("{}/topics", club.hers), json!({ "title": "Caves" })).await.expect(200)["id"].clone();
    club.edit(&club.hers, &hers, json!({ "isClosed": true })).await.expect(200);
    assert_eq!(club.edit(&club.hers, &hers, json!({ "isPinned": true })).await.code(), "not_permitted");
    club.edit(&club.mine, &topic, json!({ "isClosed": true })).await.expect(200);
    let refused = club.write(&club.hers, json!({ "text": "hello", "topicId": topic })).await;
    assert_eq!((refused.status, refused.code()), (409, "conflict".into()), "{}", refused.text());
    club.write(&club.mine, json!({ "text": "the owner writes on", "topicId": topic })).await.expect(200);
    for number in 0..4 {
        let more = club.create(json!({ "title": format!("Topic {number}") })).await;
        club.edit(&club.mine, &more["id"], json!({ "isPinned": true })).await.expect(200);
    }
    club.edit(&club.mine, &hers, json!({ "isPinned": true })).await.expect(200);
    let sixth = club.edit(&club.mine, &topic, json!({ "isPinned": true })).await;
    assert_eq!(sixth.code(), "conflict", "{}", sixth.text());
    club.api.patch(&club.mine, json!({ "permissions": { "manageTopics": false } })).await.expect(200);
    assert_eq!(club.api.post(&format!("{}/topics", club.hers), json!({ "title": "Lakes" })).await.code(), "not_permitted");
    let key = |key: &'static str| club.api.request(Method::POST, &topics).header("idempotency-key", key);
    let made = send(key("once").json(&json!({ "title": "Once" }))).await.expect(200);
    let replayed = send(key("once").json(&json!({ "title": "Once" }))).await.expect(200);
    assert_eq!(made["id"], replayed["id"]);
}
