//! The address book, and whom an account blocks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, BORIS, Options, Sandbox, send};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

fn titles(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_added_imported_found_listed_by_pages_and_deleted() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let contacts = format!("/accounts/{account}/contacts");
    let added = json!({ "userId": CLARA_ID, "firstName": " Clara ", "lastName": "of the ferry" });
    let added = api.post(&contacts, added).await.expect(200);
    assert_eq!((&added["id"], &added["title"]), (&json!(CLARA_ID), &json!("Clara of the ferry")));
    let people = json!({ "contacts": [
        { "phone": "+1 555 000 9999", "firstName": "Nobody" },
        { "phone": BORIS, "firstName": "Boris", "lastName": "Watch" },
    ] });
    let imported = api.post(&format!("{contacts}/import"), people).await.expect(200);
    assert_eq!((titles(&imported["contacts"]), &imported["missing"]), (vec!["Boris Watch"], &json!([0])));

    let first = api.get(&format!("{contacts}?limit=1")).await;
    let cursor = first.header("x-next-cursor").to_owned();
    assert_eq!(titles(&first.json()), ["Boris Watch"]);
    let second = api.get(&format!("{contacts}?limit=1&cursor={cursor}")).await;
    assert_eq!((titles(&second.json()), second.header("x-next-cursor")), (vec!["Clara of the ferry"], ""));
    assert_eq!(second.json()[0]["chatType"], "user");
    for (query, found) in
        [("ferry", vec!["Clara of the ferry"]), ("WATCH", vec!["Boris Watch"]), ("nobody", vec![]), ("", vec![])]
    {
        assert_eq!(titles(&api.get(&format!("{contacts}/search?q={query}")).await.expect(200)), found, "{query}");
    }
    // A number that was imported is known; one of somebody who was added without it is theirs to show.
    for (id, phone) in [(CLARA_ID, Value::Null), (BORIS_ID, json!(BORIS.trim_start_matches('+')))] {
        let person = api.get(&format!("/accounts/{account}/chats/{id}")).await.expect(200);
        assert_eq!((&person["isContact"], &person["phone"]), (&json!(true), &phone));
    }
    for _ in 0..2 {
        api.delete(&format!("{contacts}/{CLARA_ID}")).await.expect(204);
    }
    assert_eq!(titles(&api.get(&contacts).await.expect(200)), ["Boris Watch"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_cannot_be_are_refused_by_field() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let (contacts, import) = (format!("/accounts/{account}/contacts"), format!("/accounts/{account}/contacts/import"));
    let many = vec![json!({ "phone": BORIS, "firstName": "B" }); 101];
    let refused = [
        (&contacts, json!({ "userId": CLARA_ID, "firstName": " " }), "firstName"),
        (&contacts, json!({ "userId": CLARA_ID, "firstName": "C", "lastName": "a".repeat(65) }), "lastName"),
        (&contacts, json!({ "userId": -5, "firstName": "C" }), "userId"),
        (&import, json!({ "contacts": [] }), "contacts"),
        (&import, json!({ "contacts": many }), "contacts"),
        (&import, json!({ "contacts": [{ "phone": "call me", "firstName": "B" }] }), "contacts[0].phone"),
        (&import, json!({ "contacts": [{ "phone": BORIS, "firstName": "" }] }), "contacts[0].firstName"),
    ];
    for (path, body, field) in refused {
        let answer = api.post(path, body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!(field)), "{}", answer.text());
    }
    let stranger = api.post(&contacts, json!({ "userId": 5_000_009_999_i64, "firstName": "S" })).await;
    assert_eq!(stranger.code(), "chat_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_is_listed_and_cannot_write_until_unblocked() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let blocked = format!("/accounts/{account}/blocked");
    assert_eq!(api.get(&blocked).await.expect(200), json!([]));
    for person in [BORIS_ID, CLARA_ID] {
        for _ in 0..2 {
            assert_eq!(send(api.request(Method::PUT, &format!("{blocked}/{person}"))).await.status, 204);
        }
    }
    let mut seen = Vec::new();
    let first = api.get(&format!("{blocked}?limit=1")).await;
    let cursor = first.header("x-next-cursor").to_owned();
    let second = api.get(&format!("{blocked}?limit=1&cursor={cursor}")).await;
    assert_eq!(second.header("x-next-cursor"), "");
    for page in [first.json(), second.json()] {
        assert_eq!(page.as_array().unwrap().len(), 1);
        seen.push(page[0]["chatId"].as_i64().unwrap());
        assert!(page[0]["date"].as_i64().unwrap() > 1_700_000_000);
    }
    seen.sort_unstable();
    assert_eq!(seen, [BORIS_ID, CLARA_ID]);
    let person = api.get(&format!("/accounts/{account}/chats/{BORIS_ID}")).await.expect(200);
    assert_eq!(person["isBlocked"], true);

    control.post(BORIS, ADA, "let me in").await;
    assert_eq!(control.count(ADA, BORIS, "let me in").await, 0);
    for _ in 0..2 {
        api.delete(&format!("{blocked}/{BORIS_ID}")).await.expect(204);
    }
    control.post(BORIS, ADA, "thank you").await;
    assert_eq!(control.count(ADA, BORIS, "thank you").await, 1);
    assert_eq!(api.get(&format!("{blocked}?cursor=elsewhere")).await.json()["field"], "cursor");
    assert_eq!(send(api.request(Method::PUT, &format!("{blocked}/-5"))).await.json()["field"], "userId");
}
