//! What an account shows of itself, and to whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, send};

const ADA_ID: i64 = 5_000_000_001;

/// Enough for a test that changes many things.
fn roomy() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000")
}

fn png(seed: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &[seed; 5_000]].concat()
}

async fn seen(api: &Api, account: &str) -> Value {
    api.get(&format!("/accounts/{account}/chats/{ADA_ID}")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn name_bio_and_username_are_changed_and_met_by_others() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let path = format!("/accounts/{ada}/profile");
    let edit = json!({ "firstName": " Augusta ", "lastName": "King", "bio": "Keeps the light", "username": "@lighthouse_ada" });
    let changed = json!({ "status": "changed" });
    let edited = api.patch(&path, edit).await.expect(200);
    assert_eq!(edited, json!({ "name": changed, "bio": changed, "username": changed }));
    let ada_seen = seen(&api, &clara).await;
    assert_eq!((&ada_seen["title"], &ada_seen["about"]), (&json!("Augusta King"), &json!("Keeps the light")));
    assert_eq!(ada_seen["username"], "lighthouse_ada");
    let resolved = api.get(&format!("/accounts/{clara}/resolve?q=@lighthouse_ada")).await.expect(200);
    assert_eq!(resolved["id"], ADA_ID);
    // One part of a name, and nothing else.
    assert_eq!(api.patch(&path, json!({ "lastName": "" })).await.expect(200), json!({ "name": changed }));
    assert_eq!(seen(&api, &clara).await["title"], "Augusta");
    // What fails is told beside what was done; alone it is an error.
    let edited = api.patch(&path, json!({ "bio": "", "username": "clara" })).await.expect(200);
    assert_eq!((&edited["bio"]["status"], &edited["username"]["code"]), (&json!("changed"), &json!("conflict")), "{edited}");
    let taken = api.patch(&path, json!({ "username": "clara" })).await;
    assert_eq!((taken.status, taken.code()), (409, "conflict".into()), "{}", taken.text());
    let same = api.patch(&path, json!({ "username": "lighthouse_ada" })).await.expect(200);
    assert_eq!(same["username"]["status"], "unchanged");
    let odd = api.patch(&path, json!({ "username": "ada__" })).await;
    assert_eq!((odd.status, odd.code()), (400, "invalid_input".into()), "Telegram itself refuses it: {}", odd.text());
    let long = api.patch(&path, json!({ "bio": "a".repeat(71) })).await;
    assert_eq!((long.status, long.code()), (400, "invalid_input".into()), "{}", long.text());
    api.patch(&path, json!({ "username": "" })).await.expect(200);
    assert_eq!(seen(&api, &clara).await["username"], Value::Null);
    assert_eq!(seen(&api, &clara).await["about"], Value::Null);
    for (body, field) in [
        (json!({}), "firstName"),
        (json!({ "firstName": "  " }), "firstName"),
        (json!({ "lastName": "a".repeat(65) }), "lastName"),
        (json!({ "bio": "a".repeat(141) }), "bio"),
        (json!({ "username": "9lives" }), "username"),
        (json!({ "username": "abc" }), "username"),
    ] {
        let refused = api.patch(&path, body).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_come_and_go_and_are_shown_to_whom_the_account_says() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let (own, avatar) = (format!("/accounts/{ada}/profile/photo"), format!("/accounts/{ada}/avatar"));
    let photo = format!("/accounts/{clara}/chats/{ADA_ID}/photo");
    assert_eq!(api.get(&avatar).await.code(), "not_found");
    assert_eq!(api.delete(&own).await.code(), "not_found");
    for seed in [1, 2, 3] {
        let put = send(api.request(Method::PUT, &own).body(png(seed))).await;
        assert_eq!(put.status, 204, "{}", put.text());
    }
    assert_eq!(send(api.request(Method::PUT, &own).body("no image at all")).await.code(), "invalid_input");
    for path in [&avatar, &photo] {
        let got = api.get(path).await;
        assert_eq!((got.status, got.header("content-type")), (200, "image/jpeg"), "{}", got.text());
        assert!(got.body == png(3), "{path}");
        let known = send(api.request(Method::GET, path).header("if-none-match", got.header("etag"))).await;
        assert_eq!(known.status, 304);
    }
    let first = api.get(&format!("{photo}s?limit=2")).await;
    let page = first.json();
    assert_eq!((&page["count"], page["urls"].as_array().unwrap().len()), (&json!(3), 2), "{page}");
    let rest = api.get(&format!("{photo}s?limit=2&cursor={}", first.header("x-next-cursor"))).await;
    assert_eq!(rest.header("x-next-cursor"), "");
    assert_eq!(rest.json()["urls"], json!([format!("/api/v1{photo}s/2")]));
    for (index, seed) in [(0, 3), (1, 2), (2, 1)] {
        assert!(api.get(&format!("{photo}s/{index}")).await.body == png(seed), "{index}");
    }
    assert_eq!(api.get(&format!("{photo}s/3")).await.code(), "not_found");
    assert_eq!(api.delete(&own).await.status, 204);
    assert!(api.get(&photo).await.body == png(2), "the one before it takes its place");

    let hide = json!({ "key": "profile_photo", "audience": "nobody" });
    api.put(&format!("/accounts/{ada}/privacy"), hide).await.expect(200);
    assert_eq!(api.get(&photo).await.code(), "not_found");
    assert_eq!(api.get(&format!("{photo}s")).await.expect(200)["count"], 0);
    assert!(api.get(&avatar).await.body == png(2), "oneself sees it");
    let show = json!({ "key": "profile_photo", "audience": "nobody", "allowUserIds": [5_000_000_003_i64] });
    api.put(&format!("/accounts/{ada}/privacy"), show).await.expect(200);
    assert!(api.get(&photo).await.body == png(2), "but for who is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn privacy_is_told_and_set_for_everything_and_has_its_effect() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let path = format!("/accounts/{ada}/privacy");
    let settings = api.get(&path).await.expect(200)["settings"].clone();
    let settings = settings.as_array().unwrap();
    assert_eq!(settings.len(), 14);
    for setting in settings {
        let audience = if setting["key"] == "phone_number" { "contacts" } else { "everybody" };
        assert_eq!(setting["audience"], audience, "{setting}");
    }
    let crew = control.create_chat("group", ADA, "Crew", &[BORIS]).await;
    let watch = control.create_chat("supergroup", ADA, "Watch", &[BORIS]).await;
    let everything = json!({
        "key": "chat_invites", "audience": "contacts", "allowUserIds": [5_000_000_003_i64], "denyUserIds": [5_000_000_002_i64],
        "allowChatIds": [crew, watch], "denyChatIds": [], "allowPremium": true, "allowBots": false, "denyBots": true,
        "denyContacts": false,
    });
    assert_eq!(api.put(&path, everything.clone()).await.expect(200), everything);
    assert_eq!(api.get(&format!("{path}?key=chat_invites")).await.expect(200)["settings"], json!([everything]));

    // Who is denied cannot add Ada to anything; who is allowed can.
    api.get(&format!("/accounts/{boris}/chats")).await.expect(200);
    let tides = control.create_chat("group", BORIS, "Tides", &[CLARA]).await;
    let refused = api.post(&format!("/accounts/{boris}/chats/{tides}/members"), json!({ "userIds": [ADA_ID] })).await;
    assert_eq!((refused.status, refused.code()), (403, "privacy_restricted".into()), "{}", refused.text());
    assert!(refused.text().contains("USER_PRIVACY_RESTRICTED"), "{}", refused.text());
    let made = json!({ "title": "Pier", "userIds": [ADA_ID, 5_000_000_003_i64] });
    let made = api.post(&format!("/accounts/{boris}/groups"), made).await.expect(200);
    assert_eq!(made["missingUserIds"], json!([ADA_ID]), "{made}");
    let members = api.get(&format!("/accounts/{boris}/chats/{}/members", made["chatId"])).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2, "{members}");
    let added = api.post(&format!("/accounts/{clara}/chats/{tides}/members"), json!({ "userIds": [ADA_ID] })).await.expect(200);
    assert_eq!(added["added"], json!([ADA_ID]));

    // The phone number: for who is in Ada's address book, or knows it already.
    assert_eq!(seen(&api, &clara).await["phone"], Value::Null);
    let set = async |key: &str, audience: &str| {
        api.put(&path, json!({ "key": key, "audience": audience })).await.expect(200);
    };
    set("phone_number", "everybody").await;
    assert_eq!(seen(&api, &clara).await["phone"], ADA.trim_start_matches('+'));
    set("phone_number", "nobody").await;
    assert_eq!(seen(&api, &clara).await["phone"], Value::Null);
    set("find_by_phone", "nobody").await;
    let hidden = api.get(&format!("/accounts/{clara}/resolve?q=%2B15550000001")).await;
    assert_eq!((hidden.status, hidden.code()), (404, "not_found".into()), "{}", hidden.text());
    set("find_by_phone", "everybody").await;
    let contact = json!({ "contacts": [{ "phone": ADA, "firstName": "Ada" }] });
    api.post(&format!("/accounts/{clara}/contacts/import"), contact).await.expect(200);
    assert_eq!(seen(&api, &clara).await["phone"], ADA.trim_start_matches('+'), "who knows a number sees it");
    // The bio.
    api.patch(&format!("/accounts/{ada}/profile"), json!({ "bio": "Keeps the light" })).await.expect(200);
    assert_eq!(seen(&api, &clara).await["about"], "Keeps the light");
    set("bio", "contacts").await;
    assert_eq!(seen(&api, &clara).await["about"], Value::Null);

    let premium = api.put(&path, json!({ "key": "voice_messages", "audience": "nobody" })).await;
    assert_eq!((premium.status, premium.code()), (403, "premium_required".into()), "{}", premium.text());
    for (body, status, field) in [
        (json!({ "key": "shoe_size", "audience": "nobody" }), 422, "key"),
        (json!({ "key": "bio" }), 422, "audience"),
        (json!({ "key": "bio", "audience": "nobody", "allowUserIds": [-5] }), 400, "allowUserIds"),
        (json!({ "key": "bio", "audience": "nobody", "allowUserIds": [5], "denyUserIds": [5] }), 400, "denyUserIds"),
        (json!({ "key": "bio", "audience": "nobody", "denyChatIds": [5] }), 400, "denyChatIds"),
        (json!({ "key": "bio", "audience": "nobody", "allowBots": true, "denyBots": true }), 400, "denyBots"),
    ] {
        let refused = api.put(&path, body).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (status, Some(field)), "{}", refused.text());
    }
    let stranger = json!({ "key": "bio", "audience": "nobody", "allowUserIds": [5_000_009_999_i64] });
    assert_eq!(api.put(&path, stranger).await.code(), "not_found");
}
