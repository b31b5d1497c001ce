//! What is more than a text or one file: albums, cards, places, pictures of files.

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, send};

async fn start() -> Sandbox {
    Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await
}

/// A photo of a kind that can be looked into.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]));
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&picture).unwrap();
    bytes
}

fn file(name: &str, kind: &str, bytes: &[u8]) -> Part {
    Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(kind).unwrap()
}

async fn album(api: &Api, chat: &str, about: Option<Value>, files: Vec<Part>) -> Answer {
    let form = about.map_or_else(Form::new, |about| Form::new().text("album", about.to_string()));
    let form = files.into_iter().fold(form, |form, file| form.part("file", file));
    send(api.request(Method::POST, &format!("{chat}/album")).multipart(form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_arrives_whole_and_is_forwarded_whole() {
    let sandbox = start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let chat = format!("/accounts/{account}/chats/5000000002");
    let first = api.post(&format!("{chat}/messages"), json!({ "text": "the pier" })).await.expect(200);
    let photos = [jpeg(1_000, 600), jpeg(400, 300)];
    let about = json!({
        "caption": "**Day** one", "format": "markdown", "replyTo": first["id"], "silent": true,
        "items": [{}, { "caption": "the second", "spoiler": true }, { "kind": "video", "width": 320, "height": 200, "duration": 4 }],
    });
    let video = vec![7_u8; 600_000];
    let files = vec![
        file("1.jpg", "image/jpeg", &photos[0]),
        file("2.jpg", "image/jpeg", &photos[1]),
        file("3.mp4", "video/mp4", &video),
    ];
    let sent = album(&api, &chat, Some(about), files).await.expect(200);
    let sent = sent.as_array().unwrap();
    assert_eq!(sent.len(), 3);
    let words: Vec<_> = sent.iter().map(|message| message["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(words, ["Day one", "the second", ""]);
    assert_eq!(sent[0]["entities"][0]["type"], "bold");
    assert_eq!((&sent[0]["reply_to"], &sent[0]["silent"]), (&first["id"], &json!(true)));
    assert_eq!((&sent[1]["media"][0]["spoiler"], &sent[2]["media"][0]["duration"]), (&json!(true), &json!(4.0)));
    assert_eq!((&sent[0]["media"][0]["width"], &sent[0]["media"][0]["height"]), (&json!(1_000), &json!(600)));
    let grouped: Vec<_> = sent.iter().map(|message| &message["grouped_id"]).collect();
    assert!(grouped[0].is_string() && grouped.iter().all(|id| *id == grouped[0]), "{grouped:?}");

    let chats = api.get(&format!("/accounts/{boris}/chats")).await.expect(200);
    let ada = chats.as_array().unwrap().iter().find(|chat| chat["title"] == "Ada Lovelace").unwrap()["id"].clone();
    let seen = api.get(&format!("/accounts/{boris}/chats/{ada}/messages?limit=3")).await.expect(200);
    for (message, bytes) in seen.as_array().unwrap().iter().rev().zip([&photos[0], &photos[1], &video]) {
        assert_eq!(message["grouped_id"], *grouped[0], "the other side has the same album");
        let got = api.get(&format!("/accounts/{boris}/chats/{ada}/messages/{}/media", message["id"])).await;
        assert!(got.body == *bytes);
    }
    let ids: Vec<_> = sent.iter().map(|message| message["id"].clone()).collect();
    let forward = json!({ "fromChatId": 5_000_000_002_i64, "toChatId": 5_000_000_003_i64, "messageIds": ids });
    api.post(&format!("/accounts/{account}/messages/forward"), forward).await.expect(200);
    let stored = control.messages(CLARA, ADA).await;
    let forwarded = &stored[stored.len() - 3..];
    assert!(forwarded[0]["album"].is_i64() && forwarded.iter().all(|message| message["album"] == forwarded[0]["album"]));
    assert_ne!(forwarded[0]["album"].to_string(), grouped[0].as_str().unwrap(), "it is an album of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_album_is_refused_and_nothing_is_sent() {
    let sandbox = start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chat = format!("/accounts/{account}/chats/5000000003");
    let text = |name: &str| file(name, "text/plain", b"words");
    let photo = || file("a.jpg", "image/jpeg", &jpeg(30, 20));
    let cases = [
        (None, vec![text("a")], 400, "file"),
        (None, (0..11).map(|place| text(&place.to_string())).collect(), 400, "file"),
        (None, vec![photo(), text("a")], 400, "items[1].kind"),
        (None, vec![file("a.ogg", "audio/ogg", b"sound"), text("a")], 400, "items[0].kind"),
        (None, vec![file("a/b", "text/plain", b"x"), text("a")], 400, "items[0].fileName"),
        (None, vec![file("a", "text/plain", b""), text("a")], 400, ""),
        (Some(json!({ "items": [{}, {}, {}] })), vec![text("a"), text("b")], 400, "items"),
        (Some(json!({ "caption": "x".repeat(1_025) })), vec![text("a"), text("b")], 400, "caption"),
        (Some(json!({ "caption": "one", "items": [{ "caption": "two" }] })), vec![text("a"), text("b")], 400, "caption"),
        (Some(json!({ "silent": "yes" })), vec![text("a"), text("b")], 422, "album"),
        (Some(json!({ "quote": "words" })), vec![text("a"), text("b")], 400, "quote"),
        (None, vec![Part::text("no file"), text("a")], 400, "file"),
    ];
    for (about, files, status, field) in cases {
        let answer = album(&api, &chat, about, files).await;
        assert_eq!((answer.status, answer.json()["field"].as_str().unwrap_or_default()), (status, field), "{}", answer.text());
    }
    let path = format!("{chat}/album");
    let no_form = send(api.request(Method::POST, &path).body("words")).await;
    assert_eq!(no_form.code(), "unsupported_media_type");
    let post = || api.request(Method::POST, &path).header("content-type", "multipart/form-data; boundary=edge");
    assert_eq!(send(post().body("--edge\r\nno form at all")).await.status, 400);
    let torn = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf of it";
    assert_eq!(send(post().body(torn)).await.status, 400);
    assert_eq!(control.calls("messages.sendMultiMedia").await, 0, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_places_read_as_they_were_sent() {
    let sandbox = start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chat = format!("/accounts/{account}/chats/5000000003");
    let card = json!({ "phoneNumber": BORIS, "firstName": "Boris", "lastName": "K", "vcard": "BEGIN:VCARD" });
    let sent = api.post(&format!("{chat}/contact"), card).await.expect(200);
    let expected = json!({
        "phone_number": BORIS, "first_name": "Boris", "last_name": "K", "user_id": 5_000_000_002_i64, "vcard": "BEGIN:VCARD",
    });
    assert_eq!((&sent["media"][0]["media_type"], &sent["media"][0]["contact"]), (&json!("other"), &expected));

    let place = |more: Value| {
        let mut place = json!({ "latitude": 59.5, "longitude": 24.75 });
        place.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (api, path) = (api.clone(), format!("{chat}/location"));
        async move { api.post(&path, place).await }
    };
    let point = place(json!({ "accuracy": 30, "silent": true })).await.expect(200);
    assert_eq!(point["media"][0]["location"], json!({ "latitude": 59.5, "longitude": 24.75, "accuracy": 30 }));
    let live = place(json!({ "livePeriod": 600, "heading": 90, "replyTo": point["id"] })).await.expect(200);
    let told = &live["media"][0]["location"];
    assert_eq!((&told["live_period"], &told["heading"], &live["reply_to"]), (&json!(600), &json!(90), &point["id"]));
    let venue = json!({ "title": "North pier", "address": "Harbour 1", "provider": "foursquare", "id": "x1" });
    let venue = place(json!({ "venue": venue.clone() })).await.expect(200)["media"][0]["location"]["venue"].clone();
    assert_eq!(venue, json!({ "title": "North pier", "address": "Harbour 1", "provider": "foursquare", "id": "x1" }));
    let stored = control.messages(CLARA, ADA).await;
    let kinds: Vec<_> = stored.iter().filter_map(|message| message["media"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["messageMediaContact", "messageMediaGeo", "messageMediaGeoLive", "messageMediaVenue"]);

    let refused = [
        (json!({ "latitude": 91.0 }), 400, "latitude"),
        (json!({ "longitude": -181.0 }), 400, "longitude"),
        (json!({ "latitude": "north" }), 422, "latitude"),
        (json!({ "accuracy": 2_000 }), 400, "accuracy"),
        (json!({ "heading": 90 }), 400, "heading"),
        (json!({ "livePeriod": 59 }), 400, "livePeriod"),
        (json!({ "livePeriod": 60, "heading": 361 }), 400, "heading"),
        (json!({ "livePeriod": 60, "venue": { "title": "a", "address": "b" } }), 400, "venue"),
        (json!({ "venue": { "title": " ", "address": "b" } }), 400, "venue.title"),
        (json!({ "silent": 7 }), 422, "silent"),
    ];
    for (more, status, field) in refused {
        let answer = place(more).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (status, Some(field)), "{}", answer.text());
    }
    for (card, field) in [
        (json!({ "phoneNumber": "call me", "firstName": "B" }), "phoneNumber"),
        (json!({ "phoneNumber": BORIS, "firstName": "" }), "firstName"),
        (json!({ "phoneNumber": BORIS, "firstName": "B", "vcard": "x".repeat(2_049) }), "vcard"),
    ] {
        assert_eq!(api.post(&format!("{chat}/contact"), card).await.json()["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_files_come_in_the_size_that_is_asked_for() {
    let sandbox = start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let chat = format!("/accounts/{account}/chats/5000000003");
    let photo = jpeg(1_200, 900);
    let request = api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "pier.jpg");
    let sent = send(request.header("x-mime-type", "image/jpeg").body(photo.clone())).await.expect(200);
    let path = format!("{chat}/messages/{}/thumbnail", sent["id"]);
    let size = |picture: &[u8]| {
        let picture = image::load_from_memory(picture).unwrap();
        (picture.width(), picture.height())
    };
    let largest = api.get(&path).await;
    assert_eq!((largest.status, size(&largest.body)), (200, (800, 600)));
    assert_eq!(
        (largest.header("content-type"), largest.header("content-security-policy")),
        ("image/jpeg", "default-src 'none'; sandbox")
    );
    assert_eq!(largest.header("content-length"), largest.body.len().to_string());
    assert_eq!(size(&api.get(&format!("{path}?size=m")).await.body), (320, 240));
    assert!(api.get(&format!("{path}?size=y")).await.body == photo, "the largest size is the photo");
    let known = send(api.request(Method::GET, &path).header("if-none-match", largest.header("etag"))).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(api.get(&format!("{path}?size=w")).await.code(), "not_found");
    assert_eq!(api.get(&format!("{path}?size=large")).await.json()["field"], "size");
    let request = api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "words.txt");
    let words = send(request.body("words")).await.expect(200);
    assert_eq!(api.get(&format!("{chat}/messages/{}/thumbnail", words["id"])).await.code(), "not_found");
    let text = api.post(&format!("{chat}/messages"), json!({ "text": "words" })).await.expect(200);
    assert_eq!(api.get(&format!("{chat}/messages/{}/thumbnail", text["id"])).await.code(), "not_found");
}
