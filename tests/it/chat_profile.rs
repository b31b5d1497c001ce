//! What groups and channels show of themselves, and what their members may do: changed by one account, met by others.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, eventually, send};

/// Enough for a test that changes many things.
fn roomy() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000")
}

async fn details(api: &Api, account: &str, chat: i64) -> Value {
    api.get(&format!("/accounts/{account}/chats/{chat}")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supergroup_is_edited_field_by_field_and_its_members_feel_it() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    let watch = control.create_chat("supergroup", ADA, "Watch", &[CLARA]).await;
    let path = format!("/accounts/{ada}/chats/{watch}");
    let edit = json!({
        "title": " Night watch ", "about": "From dusk on", "slowModeSecs": 900,
        "permissions": { "sendMedia": false, "sendVoices": true, "changeInfo": false },
    });
    let changed = json!({ "status": "changed" });
    let edited = api.patch(&path, edit.clone()).await.expect(200);
    for field in ["title", "about", "slowModeSecs", "permissions"] {
        assert_eq!(edited[field], changed, "{field}: {edited}");
    }
    let seen = details(&api, &clara, watch).await;
    assert_eq!(
        (&seen["title"], &seen["about"], &seen["slowModeSecs"]),
        (&json!("Night watch"), &json!("From dusk on"), &json!(900))
    );
    let permissions = &seen["permissions"];
    let may = |what: &str| permissions[what].as_bool().unwrap();
    assert!(may("sendMessages") && may("sendMedia") && may("sendVoices") && may("inviteUsers"), "{permissions}");
    assert!(!may("sendPhotos") && !may("sendDocs") && !may("sendStickers") && !may("changeInfo"), "{permissions}");
    let again = api.patch(&path, edit).await.expect(200);
    for field in ["title", "about", "slowModeSecs", "permissions"] {
        assert_eq!(again[field]["status"], "unchanged", "{field}: {again}");
    }

    // A member feels it: no files, one message in fifteen minutes, and no other title.
    let claras = format!("/accounts/{clara}/chats/{watch}");
    let file = api.request(Method::POST, &format!("{claras}/media")).header("x-file-name", "chart.pdf").body("bytes");
    let refused = send(file).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    assert!(refused.text().contains("CHAT_SEND_DOCS_FORBIDDEN"), "{}", refused.text());
    api.post(&format!("{claras}/messages"), json!({ "text": "first" })).await.expect(200);
    let slowed = api.post(&format!("{claras}/messages"), json!({ "text": "second" })).await;
    assert_eq!((slowed.status, slowed.code()), (429, "slow_mode".into()), "{}", slowed.text());
    assert!((1..=900).contains(&slowed.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(control.count(CLARA, &watch.to_string(), "second").await, 0);
    api.post(&format!("/accounts/{clara}/chats/5000000001/messages"), json!({ "text": "elsewhere" })).await.expect(200);
    let refused = api.patch(&claras, json!({ "title": "Mine" })).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    for text in ["an administrator", "waits for nobody"] {
        api.post(&format!("{path}/messages"), json!({ "text": text })).await.expect(200);
    }
    // Without slow mode the member writes on, as soon as the update has come that says so.
    api.patch(&path, json!({ "slowModeSecs": 0 })).await.expect(200);
    eventually("slow mode is over", || async {
        let answer = api.post(&format!("{claras}/messages"), json!({ "text": "second" })).await;
        assert!(matches!(answer.status, 200 | 429), "{}", answer.text());
        (answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(control.count(CLARA, &watch.to_string(), "second").await, 1);
    api.patch(&path, json!({ "permissions": { "sendMessages": false } })).await.expect(200);
    let refused = api.post(&format!("{claras}/messages"), json!({ "text": "third" })).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    assert_eq!(details(&api, &clara, watch).await["permissions"]["sendVoices"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chat_does_not_have_is_told_beside_what_was_done() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let group = control.create_chat("group", ADA, "Crew", &[CLARA]).await;
    let channel = control.create_chat("channel", ADA, "Tides", &[CLARA]).await;
    let edit = json!({ "title": "Deck crew", "about": "Hands", "slowModeSecs": 30, "permissions": { "inviteUsers": false } });
    let edited = api.patch(&format!("/accounts/{ada}/chats/{group}"), edit).await.expect(200);
    assert_eq!(edited["slowModeSecs"]["status"], "failed", "{edited}");
    assert_eq!(edited["slowModeSecs"]["code"], "conflict", "{edited}");
    assert!(edited["slowModeSecs"]["error"].as_str().unwrap().contains("supergroup"), "{edited}");
    let group_seen = details(&api, ada, group).await;
    assert_eq!((&group_seen["title"], &group_seen["about"]), (&json!("Deck crew"), &json!("Hands")));
    assert_eq!(group_seen["permissions"]["inviteUsers"], false);
    let alone = api.patch(&format!("/accounts/{ada}/chats/{channel}"), json!({ "slowModeSecs": 30 })).await;
    assert_eq!((alone.status, alone.code()), (409, "conflict".into()), "a field that fails alone is an error: {}", alone.text());
    let edited = api.patch(&format!("/accounts/{ada}/chats/{channel}"), json!({ "title": "Tide tables", "about": "" })).await;
    let edited = edited.expect(200);
    assert_eq!((&edited["title"]["status"], &edited["about"]["status"]), (&json!("changed"), &json!("unchanged")));

    let path = format!("/accounts/{ada}/chats/{group}");
    for (body, status, field) in [
        (json!({}), 400, "title"),
        (json!({ "title": " " }), 400, "title"),
        (json!({ "title": "a".repeat(129) }), 400, "title"),
        (json!({ "about": "a".repeat(256) }), 400, "about"),
        (json!({ "slowModeSecs": 7 }), 400, "slowModeSecs"),
        (json!({ "permissions": {} }), 400, "permissions"),
        (json!({ "permissions": { "sendEverything": true } }), 422, "permissions.sendEverything"),
    ] {
        let refused = api.patch(&path, body).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (status, Some(field)), "{}", refused.text());
    }
    let person = api.patch(&format!("/accounts/{ada}/chats/5000000003"), json!({ "title": "Clara" })).await;
    assert_eq!((person.status, person.json()["field"].as_str()), (400, Some("chatId")), "{}", person.text());
    let stranger = api.patch(&format!("/accounts/{ada}/chats/-1001999999999"), json!({ "title": "Nobody's" })).await;
    assert_eq!((stranger.status, stranger.code()), (404, "chat_not_found".into()));
}

/// Something that begins like a JPEG and in which every place can be told from every other.
fn jpeg(length: usize, seed: usize) -> Vec<u8> {
    let rest = (3..length).map(|at| u8::try_from((at * 31 + at / 251 + seed) % 256).unwrap());
    [0xff, 0xd8, 0xff].into_iter().chain(rest).collect()
}

async fn put_image(api: &Api, path: &str, image: Vec<u8>) -> crate::harness::Answer {
    send(api.request(Method::PUT, path).header("content-type", "image/jpeg").body(image)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_s_photo_is_seen_by_its_members_and_fetched_once() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = api.log_in(&control, CLARA, None).await;
    for kind in ["group", "supergroup", "channel"] {
        let chat = control.create_chat(kind, ADA, "Pier", &[CLARA]).await;
        let (path, seen) = (format!("/accounts/{ada}/chats/{chat}/photo"), format!("/accounts/{clara}/chats/{chat}/photo"));
        assert_eq!(api.get(&seen).await.code(), "not_found", "{kind}");
        // One that is a single piece on its way, and one that is several.
        for (length, seed) in [(60_000, 1), (1_300_000, 2)] {
            assert_eq!(put_image(&api, &path, jpeg(length, seed)).await.status, 204, "{kind}");
            let got = api.get(&seen).await;
            assert_eq!((got.status, got.header("content-type")), (200, "image/jpeg"), "{kind}: {}", got.text());
            assert!(got.body == jpeg(length, seed), "{kind}: {length} bytes differ");
            assert_eq!(got.header("content-security-policy"), "default-src 'none'; sandbox");
            let before = control.calls("upload.getFile").await;
            let known = send(api.request(Method::GET, &seen).header("if-none-match", got.header("etag"))).await;
            assert_eq!((known.status, known.body.len()), (304, 0));
            assert_eq!(control.calls("upload.getFile").await, before, "nothing is fetched for who has it");
            let head = send(api.request(Method::HEAD, &seen)).await;
            assert_eq!((head.status, head.header("content-length").parse::<usize>().unwrap()), (200, length));
        }
        let photos = api.get(&format!("{seen}s")).await.expect(200);
        assert_eq!(photos["count"], 1, "{photos}");
        let url = photos["urls"][0].as_str().unwrap().trim_start_matches("/api/v1");
        assert!(api.get(url).await.body == jpeg(1_300_000, 2), "{url}");
        assert_eq!(api.delete(&path).await.status, 204);
        assert_eq!(api.get(&seen).await.code(), "not_found", "{kind}");
        assert_eq!(api.delete(&path).await.code(), "not_found", "{kind}");
        assert_eq!(api.get(&format!("{seen}s")).await.expect(200), json!({ "count": 0, "urls": [] }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let channel = control.create_chat("channel", ADA, "Tides", &[BORIS]).await;
    let path = format!("/accounts/{ada}/chats/{channel}/photo");
    for (image, status, code) in [
        (b"GIF89a, which is no photo".to_vec(), 400, "invalid_input"),
        (vec![0xff, 0xd8], 400, "invalid_input"),
        (Vec::new(), 400, "invalid_input"),
        (jpeg(10 * 1024 * 1024 + 1, 0), 413, "payload_too_large"),
    ] {
        let refused = put_image(&api, &path, image).await;
        assert_eq!((refused.status, refused.code()), (status, code.into()), "{}", refused.text());
    }
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        jpeg(10 * 1024 * 1024 + 1, 0).chunks(1_000_000).map(|piece| Ok(piece.to_vec())).collect();
    let chunked = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    assert_eq!(send(api.request(Method::PUT, &path).body(chunked)).await.code(), "payload_too_large");
    let refused = put_image(&api, &format!("/accounts/{boris}/chats/{channel}/photo"), jpeg(100, 0)).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()), "{}", refused.text());
    assert_eq!(put_image(&api, &format!("/accounts/{ada}/chats/5000000002/photo"), jpeg(100, 0)).await.code(), "invalid_input");
    assert_eq!(control.calls("messages.editChatPhoto").await, 0);
    assert_eq!(api.get(&path).await.code(), "not_found");
    assert_eq!(api.get(&format!("{path}s/0")).await.code(), "not_found");
    assert_eq!(api.get(&format!("{path}s/-1")).await.status, 400);
    assert_eq!(api.get(&format!("{path}s?cursor=elsewhere")).await.json()["field"], "cursor");
    // A small body whose length is not told arrives whole.
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = jpeg(700_000, 3).chunks(9_999).map(|piece| Ok(piece.to_vec())).collect();
    let chunked = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    assert_eq!(send(api.request(Method::PUT, &path).body(chunked)).await.status, 204);
    assert!(api.get(&path).await.body == jpeg(700_000, 3));
}
