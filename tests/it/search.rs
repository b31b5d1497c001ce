//! Searching for messages: in one chat, and in all of them.

use serde_json::{Value, json};

use crate::harness::{ADA, BORIS, CLARA, Sandbox};

const CLARA_ID: i64 = 5_000_000_003;

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_chat_are_found_by_words_sender_kind_and_time() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let group = control.create_chat("supergroup", ADA, "Harbour", &[BORIS, CLARA]).await;
    let post = async |from: &str, text: &str| {
        control.post(from, &group.to_string(), text).await;
        control.advance_clock(100).await - 100
    };
    post(CLARA, "The lighthouse is dark").await;
    let middle = post(BORIS, "Which LIGHTHOUSE? https://e.org/").await;
    post(CLARA, "the one with the light").await;
    post(BORIS, "@Clara, look").await;
    let chat = format!("/accounts/{account}/chats/{group}");
    let search = async |query: &str| api.get(&format!("{chat}/messages/search?{query}")).await.expect(200);
    let lights = ["the one with the light", "Which LIGHTHOUSE? https://e.org/", "The lighthouse is dark"];
    assert_eq!(texts(&search("q=light").await), lights);
    assert_eq!(texts(&search("q=house").await), Vec::<&str>::new(), "a word is found from its beginning");
    assert_eq!(texts(&search("q=dark%20lighthouse").await), &lights[2..]);
    assert_eq!(texts(&search(&format!("q=light&fromUserId={CLARA_ID}")).await), [lights[0], lights[2]]);
    assert_eq!(texts(&search(&format!("fromUserId={CLARA_ID}")).await), [lights[0], lights[2]]);
    assert_eq!(texts(&search("kind=link").await), [lights[1]]);
    assert_eq!(texts(&search(&format!("q=light&afterDate={middle}")).await), &lights[..2]);
    assert_eq!(texts(&search(&format!("q=light&beforeDate={middle}")).await), &lights[2..]);
    for blank in ["", "q=", "q=%20%20", "limit=7"] {
        assert_eq!(search(blank).await, json!([]), "{blank}");
    }
    let first = api.get(&format!("{chat}/messages/search?q=light&limit=2")).await;
    let cursor = first.header("x-next-cursor").to_owned();
    assert_eq!(texts(&first.expect(200)), &lights[..2]);
    assert_eq!(texts(&search(&format!("q=light&limit=2&cursor={cursor}")).await), &lights[2..]);

    let file = api.request(reqwest::Method::POST, &format!("{chat}/media")).header("x-file-name", "chart.pdf");
    let file = file.header("x-mime-type", "application/pdf").header("x-caption", "light%20chart").body("bytes");
    crate::harness::send(file).await.expect(200);
    assert_eq!(texts(&search("kind=document").await), ["light chart"]);
    assert_eq!(texts(&search("kind=photo").await), Vec::<&str>::new());

    let answered = api.post(&format!("{chat}/messages"), json!({ "text": "who asks?" })).await.expect(200);
    let answer = json!({ "from": CLARA, "to": group, "text": "me", "replyTo": answered["id"] });
    control.call(reqwest::Method::POST, "/messages", Some(answer)).await;
    let mentions = search("kind=mention").await;
    assert_eq!(texts(&mentions), ["me"]);
    assert_eq!((&mentions[0]["mentioned"], &mentions[0]["reply_to"]), (&json!(true), &answered["id"]));

    let clara = api.log_in(&control, CLARA, None).await;
    let of_clara = api.get(&format!("/accounts/{clara}/chats/{group}/messages/search?kind=mention")).await.expect(200);
    assert_eq!(texts(&of_clara), ["@Clara, look"]);

    for (query, field) in [
        (format!("q={}", "a".repeat(257)), "q"),
        ("kind=smell&q=a".to_owned(), "kind"),
        ("q=a&fromUserId=-5".to_owned(), "fromUserId"),
        ("q=a&afterDate=10&beforeDate=10".to_owned(), "beforeDate"),
        ("q=a&cursor=elsewhere".to_owned(), "cursor"),
    ] {
        let refused = api.get(&format!("{chat}/messages/search?{query}")).await;
        assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!(field)), "{query}");
    }
    let stranger = api.get(&format!("{chat}/messages/search?q=a&fromUserId=5000009999")).await;
    assert_eq!(stranger.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_all_chats_are_found_and_paged() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let group = control.create_chat("group", ADA, "Small", &[CLARA]).await;
    let channel = control.create_chat("channel", CLARA, "Wide", &[ADA]).await;
    let long = format!("anchor {}", "x".repeat(300));
    for (from, to, text) in [
        (CLARA, ADA.to_owned(), "anchor one"),
        (CLARA, group.to_string(), "anchor two"),
        (CLARA, channel.to_string(), "anchor three"),
        (ADA, group.to_string(), long.as_str()),
        (BORIS, CLARA.to_owned(), "anchor of others"),
    ] {
        control.post(from, &to, text).await;
        control.advance_clock(10).await;
    }
    let search = async |query: &str| api.get(&format!("/accounts/{account}/messages/search?{query}")).await;
    let found = search("q=anchor").await.expect(200);
    let chats: Vec<_> = found.as_array().unwrap().iter().map(|result| result["markedChatId"].as_i64().unwrap()).collect();
    assert_eq!(chats, [group, channel, group, CLARA_ID]);
    assert_eq!(found[0]["text"].as_str().unwrap().chars().count(), 201, "it is cut, with an ellipsis");
    let result = &found[1];
    for (field, value) in [
        ("chatId", json!(-1_000_000_000_000 - channel)),
        ("chatTitle", json!("Wide")),
        ("chatType", json!("channel")),
        ("text", json!("anchor three")),
        ("isOutgoing", json!(false)),
    ] {
        assert_eq!(result[field], value, "{field}");
    }
    assert_eq!((&found[2]["senderName"], &found[2]["chatId"]), (&json!("Clara"), &json!(-group)));
    assert!(found[3]["messageId"].is_i64() && found[3]["date"].is_i64());

    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for _page in 0..10 {
        let page = search(&format!("q=anchor&limit=1{cursor}")).await;
        let next = page.header("x-next-cursor").to_owned();
        paged.extend(page.expect(200).as_array().unwrap().clone());
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(paged), found);
    let of_channels = search("q=anchor&chatType=channel").await.expect(200);
    assert_eq!(of_channels.as_array().unwrap().len(), 1);
    for blank in ["", "q=%20", "limit=5"] {
        assert_eq!(search(blank).await.expect(200), json!([]), "{blank}");
    }
    assert_eq!(search("q=anchor&limit=100000").await.expect(200), found, "a limit is clamped");
    assert_eq!(search("q=anchor&cursor=elsewhere").await.json()["field"], "cursor");
    assert_eq!(search(&format!("q={}", "a".repeat(257))).await.json()["field"], "q");
}
