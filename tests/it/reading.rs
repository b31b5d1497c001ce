//! Reading messages from any place in a chat, one with its neighbours, its link, and who read it.

use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, CLARA, Sandbox};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

fn chat(account: &str, chat: i64) -> String {
    format!("/accounts/{account}/chats/{chat}")
}

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap_or_default()).collect()
}

/// The numbers of the messages that have one.
fn numbers(messages: &Value) -> Vec<u32> {
    let numbered = texts(messages).into_iter().filter_map(|text| text.strip_prefix("number "));
    numbered.map(|number| number.parse().unwrap()).collect()
}

fn counting(from: u32, to: u32) -> Vec<u32> {
    if from > to { (to..=from).rev().collect() } else { (from..=to).collect() }
}

/// All pages from one on, in the order in which they come.
async fn pages(api: &Api, path: &str) -> Vec<Vec<u32>> {
    let (mut pages, mut query) = (Vec::new(), path.to_owned());
    for _page in 0..20 {
        let answer: Answer = api.get(&query).await;
        let cursor = answer.header("x-next-cursor").to_owned();
        pages.push(numbers(&answer.expect(200)));
        if cursor.is_empty() {
            break;
        }
        let (base, parameters) = path.split_once('?').unwrap();
        let limit = parameters.split('&').find(|parameter| parameter.starts_with("limit=")).unwrap();
        query = format!("{base}?{limit}&cursor={cursor}");
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_read_before_after_and_around_messages_and_times() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let group = control.create_chat("supergroup", ADA, "Counting", &[CLARA]).await;
    let (mut ids, mut dates) = (Vec::new(), Vec::new());
    for number in 1..=12 {
        let posted = control.post(CLARA, &group.to_string(), &format!("number {number}")).await;
        ids.push(posted["id"].as_i64().unwrap());
        dates.push(control.advance_clock(100).await - 100);
    }
    let (id, date) = (|number: usize| ids[number - 1], |number: usize| dates[number - 1]);
    let messages = format!("{}/messages", chat(account, group));
    let cases = [
        (format!("limit=4&offset_id={}", id(9)), counting(8, 5)),
        (format!("limit=4&offsetId={}", id(9)), counting(8, 5)),
        ("limit=4&offset_id=0".to_owned(), counting(12, 9)),
        (format!("limit=4&afterId={}", id(3)), counting(7, 4)),
        (format!("limit=4&afterId={}", id(10)), counting(12, 11)),
        (format!("limit=4&afterId={}", id(12)), vec![]),
        (format!("limit=5&aroundId={}", id(6)), counting(8, 4)),
        (format!("limit=5&aroundId={}", id(12)), counting(12, 8)),
        (format!("limit=2&beforeDate={}", date(6)), counting(5, 4)),
        (format!("limit=2&afterDate={}", date(6)), counting(7, 6)),
        (format!("limit=4&aroundDate={}", date(6)), counting(7, 4)),
    ];
    for (query, expected) in cases {
        let page = api.get(&format!("{messages}?{query}")).await.expect(200);
        assert_eq!(numbers(&page), expected, "{query}");
    }
    let older = pages(&api, &format!("{messages}?limit=5&offset_id={}", id(12))).await;
    assert_eq!(older, [counting(11, 7), counting(6, 2), vec![1]]);
    let newer = pages(&api, &format!("{messages}?limit=5&afterId={}", id(1))).await;
    assert_eq!(newer, [counting(6, 2), counting(11, 7), vec![12]]);

    for (query, field) in [
        ("aroundId=0", "aroundId"),
        ("afterDate=-1", "afterDate"),
        ("beforeDate=99999999999", "beforeDate"),
        ("afterId=1&beforeDate=5", "beforeDate"),
        ("afterId=1&cursor=before.5", "afterId"),
        ("cursor=beside.5", "cursor"),
        ("topic_id=0", "topic_id"),
    ] {
        let refused = api.get(&format!("{messages}?{query}")).await;
        assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!(field)), "{query}: {}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_of_telegrams_pages_is_read_at_once_and_one_message_with_its_neighbours() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let path = chat(account, CLARA_ID);
    for number in 1..=130 {
        control.post(CLARA, ADA, &format!("number {number}")).await;
    }
    let newest = api.get(&format!("{path}/messages?limit=120")).await.expect(200);
    assert_eq!(numbers(&newest), counting(130, 11));
    let id = |number: usize| newest[130 - number]["id"].as_i64().unwrap();
    let newer = api.get(&format!("{path}/messages?limit=115&afterId={}", id(15))).await.expect(200);
    assert_eq!(numbers(&newer), counting(130, 16));

    let single = api.get(&format!("{path}/messages/{}", id(77))).await.expect(200);
    assert_eq!((&single["text"], &single["chat_id"]), (&json!("number 77"), &json!(CLARA_ID)));
    let context = api.get(&format!("{path}/messages/{}/context?before=3&after=2", id(77))).await.expect(200);
    assert_eq!(context["message"], single);
    assert_eq!((numbers(&context["before"]), numbers(&context["after"])), (counting(74, 76), counting(78, 79)));
    let alone = api.get(&format!("{path}/messages/{}/context?before=0&after=0", id(77))).await.expect(200);
    assert_eq!(alone, json!({ "before": [], "message": single, "after": [] }));
    let clamped = api.get(&format!("{path}/messages/{}/context?before=1000&after=1000", id(70))).await.expect(200);
    assert_eq!((numbers(&clamped["before"]), numbers(&clamped["after"])), (counting(20, 69), counting(71, 120)));
    for missing in ["", "/context", "/readers"] {
        let refused = api.get(&format!("{path}/messages/999999{missing}")).await;
        assert_eq!(refused.code(), "not_found", "{missing}");
        assert_eq!(api.get(&format!("{path}/messages/0{missing}")).await.json()["field"], "messageId");
    }
    let elsewhere = api.get(&format!("{}/messages/{}", chat(account, BORIS_ID), id(77))).await;
    assert_eq!(elsewhere.code(), "not_found", "it is a message of another chat");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_given_for_channels_and_supergroups_and_refused_elsewhere() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let private = control.create_chat("supergroup", CLARA, "Divers", &[ADA]).await;
    let public = json!({ "kind": "channel", "owner": ADA, "title": "Weather", "username": "harbour_weather" });
    let public = control.call(reqwest::Method::POST, "/chats", Some(public)).await["chatId"].as_i64().unwrap();
    let post = async |from: &str, chat: i64| control.post(from, &chat.to_string(), "hello").await["id"].as_i64().unwrap();
    let (in_private, in_public) = (post(CLARA, private).await, post(ADA, public).await);
    let link = async |chat_id: i64, id: i64| api.get(&format!("{}/messages/{id}/link", chat(account, chat_id))).await;
    let bare = -1_000_000_000_000 - private;
    assert_eq!(link(private, in_private).await.expect(200), json!({ "link": format!("https://t.me/c/{bare}/{in_private}") }));
    assert_eq!(link(public, in_public).await.expect(200)["link"], format!("https://t.me/harbour_weather/{in_public}"));
    assert_eq!(link(private, 9_999).await.code(), "not_found");
    let group = control.create_chat("group", ADA, "Small", &[CLARA]).await;
    for chat_id in [CLARA_ID, group] {
        let refused = link(chat_id, 1).await;
        assert_eq!(refused.code(), "conflict");
        assert!(refused.text().contains("have no links"), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_read_a_message_is_told_as_far_as_telegram_tells_it() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let clara = api.log_in(&control, CLARA, None).await;
    let ada_id = control.post(ADA, CLARA, "before").await["fromId"].as_i64().unwrap();
    api.online(&ada).await;
    let send = async |chat_id: i64| {
        let sent = api.post(&format!("{}/messages", chat(&ada, chat_id)), json!({ "text": "read me" })).await.expect(200);
        sent["id"].as_i64().unwrap()
    };
    let readers = async |chat_id: i64, id: i64| api.get(&format!("{}/messages/{id}/readers", chat(&ada, chat_id))).await;
    let read = async |chat_id: i64| {
        api.post(&format!("{}/read", chat(&clara, chat_id)), json!({ "maxId": i32::MAX })).await.expect(204);
        control.advance_clock(60).await - 60
    };
    let (group, supergroup, channel) = (
        control.create_chat("group", ADA, "Small", &[BORIS, CLARA]).await,
        control.create_chat("supergroup", ADA, "Larger", &[BORIS, CLARA]).await,
        control.create_chat("channel", ADA, "Wide", &[BORIS, CLARA]).await,
    );
    for (seen_by_ada, seen_by_clara) in [(CLARA_ID, ada_id), (group, group), (supergroup, supergroup)] {
        let id = send(seen_by_ada).await;
        let nobody = readers(seen_by_ada, id).await.expect(200);
        assert_eq!(nobody, json!({ "items": [], "nextCursor": null }), "{seen_by_ada}");
        let at = read(seen_by_clara).await;
        let readers = readers(seen_by_ada, id).await.expect(200);
        assert_eq!(readers["items"][0]["userId"], CLARA_ID, "{seen_by_ada}: {readers}");
        assert_eq!(readers["items"].as_array().unwrap().len(), 1, "only Clara has read it");
        let read_at = readers["items"][0]["readAt"].as_i64().unwrap();
        assert!((at - 60..=at).contains(&read_at), "{read_at} {at}");
    }
    let in_channel = send(channel).await;
    let refused = readers(channel, in_channel).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("CHAT_TOO_BIG"), "{}", refused.text());
    let old = send(group).await;
    control.advance_clock(8 * 24 * 3_600).await;
    let refused = readers(group, old).await;
    assert!(refused.text().contains("MSG_TOO_OLD"), "{}", refused.text());
}
