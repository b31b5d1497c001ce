//! Files: up and down as streams, identical to the byte.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::json;

use crate::harness::{ADA, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, eventually, send};

/// Bytes in which every place can be told from every other.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251 + at / 65_537) % 256).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_length_arrive_as_they_were_sent() {
    let unlimited = Options::default().with("VASYA_ACCOUNT_BURST", "1000");
    let sandbox = Sandbox::start_with(unlimited).await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let media = format!("/accounts/{account}/chats/5000000002/media");
    // About Telegram's parts, about the length from which files are big, and of a length that is not known before.
    for (length, streamed) in
        [(1, false), (524_288, false), (524_289, false), (3_000_000, false), (11_000_000, false), (700_000, true), (9, true)]
    {
        let sent = bytes(length);
        let body = if streamed { chunked(sent.clone()) } else { sent.clone().into() };
        let request = api.request(Method::POST, &media).header("x-file-name", "chart%20n%C2%BA%201.bin").body(body);
        let message = send(request.header("x-caption", "north%20pier")).await.expect(200);
        assert_eq!((&message["text"], &message["is_outgoing"]), (&json!("north pier"), &json!(true)));
        let info = &message["media"][0];
        assert_eq!((&info["media_type"], &info["file_size"]), (&json!("document"), &json!(length)));
        let file = format!("/accounts/{account}/chats/5000000002/messages/{}/media", message["id"]);
        let got = api.get(&file).await;
        assert_eq!(got.status, 200);
        assert!(got.body == sent, "{length} bytes differ");
        assert_eq!(got.header("content-type"), "application/octet-stream");
        assert_eq!(
            got.header("content-disposition"),
            "attachment; filename=\"chart n_ 1.bin\"; filename*=UTF-8''chart%20n%C2%BA%201%2Ebin"
        );
    }
    let chats = api.get(&format!("/accounts/{boris}/chats")).await.expect(200);
    let ada = chats.as_array().unwrap().iter().find(|chat| chat["title"] == "Ada Lovelace").unwrap()["id"].clone();
    let seen = api.get(&format!("/accounts/{boris}/chats/{ada}/messages?limit=1")).await.expect(200);
    let file = format!("/accounts/{boris}/chats/{ada}/messages/{}/media", seen[0]["id"]);
    assert_eq!(api.get(&file).await.body, bytes(9), "the other side has it too");
}

/// A body whose length is not told.
fn chunked(bytes: Vec<u8>) -> reqwest::Body {
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = bytes.chunks(10_000).map(|piece| Ok(piece.to_vec())).collect();
    reqwest::Body::wrap_stream(futures::stream::iter(pieces))
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_tags_are_honoured() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let sent = bytes(1_500_000);
    let request = api.request(Method::POST, &format!("/accounts/{account}/chats/5000000003/media"));
    let request = request.header("x-file-name", "pier.png").header("x-mime-type", "image/png").body(sent.clone());
    let message = send(request).await.expect(200);
    assert_eq!(message["media"][0]["media_type"], "photo");
    let file = format!("/accounts/{account}/chats/5000000003/messages/{}/media", message["id"]);
    let get = |range: &str| send(api.request(Method::GET, &file).header("range", range.to_owned()));
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=524287-524288", 524_287, 524_288),
        ("bytes=1000000-", 1_000_000, 1_499_999),
        ("bytes=-5", 1_499_995, 1_499_999),
    ] {
        let got = get(range).await;
        assert_eq!(got.status, 206, "{range}");
        assert_eq!(got.header("content-range"), format!("bytes {first}-{last}/1500000"));
        assert!(got.body == sent[first..=last], "{range}");
    }
    assert_eq!(get("bytes=1500000-").await.code(), "range_not_satisfiable");
    let whole = api.get(&file).await;
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("image/jpeg", "bytes"));
    assert!(whole.header("content-disposition").starts_with("inline"));
    assert_eq!(whole.header("content-security-policy"), "default-src 'none'; sandbox");
    let known = send(api.request(Method::GET, &file).header("if-none-match", whole.header("etag"))).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = send(api.request(Method::HEAD, &file)).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "1500000", 0));

    let text =
        api.post(&format!("/accounts/{account}/chats/5000000003/messages"), json!({ "text": "no file" })).await.expect(200);
    let none = format!("/accounts/{account}/chats/5000000003/messages/{}/media", text["id"]);
    assert_eq!(api.get(&none).await.code(), "not_found");
    assert_eq!(api.get(&format!("/accounts/{account}/chats/5000000003/messages/424242/media")).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_cannot_be_are_refused_and_send_nothing() {
    let sandbox =
        Sandbox::start_with(Options::default().with("VASYA_UPLOAD_BYTES_MAX", "2000000").with("VASYA_REQUEST_SECS", "2")).await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let media = format!("/accounts/{account}/chats/5000000003/media");
    let post = || api.request(Method::POST, &media);
    let refusals = [
        (post().body(bytes(10)), 400, "x-file-name"),
        (post().header("x-file-name", "%FF").body(bytes(10)), 400, "x-file-name"),
        (post().header("x-file-name", "..%2Fetc").body(bytes(10)), 400, "x-file-name"),
        (post().header("x-file-name", "a").header("x-mime-type", "text").body(bytes(10)), 400, "x-mime-type"),
        (post().header("x-file-name", "a").header("x-caption", "x".repeat(1_025)).body(bytes(10)), 400, "x-caption"),
        (post().header("x-file-name", "a").body(Vec::new()), 400, ""),
        (post().header("x-file-name", "a").body(bytes(2_000_001)), 413, ""),
        (post().header("x-file-name", "a").body(chunked(bytes(2_000_001))), 413, ""),
    ];
    for (request, status, field) in refusals {
        let answer = send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), field);
    }
    // A client that hangs up in the middle, and one that stops sending.
    let address = sandbox.base_url().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /api/v1{media} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nx-file-name: a\r\ncontent-length: 1900000\r\n\r\n",
        sandbox.token()
    );
    for hangs_up in [true, false] {
        let mut socket = TcpStream::connect(&address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(&bytes(900_000)).unwrap();
        if !hangs_up {
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer);
            assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
        }
    }
    let sent = || async {
        (api.post(&format!("/accounts/{account}/chats/5000000003/messages"), json!({ "text": "after" })).await.status == 200)
            .then_some(())
    };
    eventually("the account works on", sent).await;
    assert_eq!(control.calls("messages.sendMedia").await, 0, "nothing was sent");
}

/// What Telegram's constructor, and what a message's own words say of each kind of file.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_file_has_its_attributes() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    let chat = format!("/accounts/{account}/chats/5000000003");
    let first = api.post(&format!("{chat}/messages"), json!({ "text": "listen" })).await.expect(200);
    let kinds = [
        ("photo", "photo", json!({ "x-spoiler": "true" }), json!({ "spoiler": true })),
        (
            "video",
            "video",
            json!({ "x-width": "640", "x-height": "360", "x-duration": "7" }),
            json!({ "width": 640, "height": 360, "duration": 7.0, "supports_streaming": true }),
        ),
        ("video", "video", json!({ "x-supports-streaming": "false" }), json!({ "supports_streaming": null })),
        ("video_note", "video", json!({ "x-width": "240", "x-height": "240" }), json!({ "width": 240, "height": 240 })),
        ("gif", "video", json!({ "x-duration": "2" }), json!({ "duration": 2.0 })),
        (
            "audio",
            "audio",
            json!({ "x-title": "%C3%89tude", "x-performer": "Chopin", "x-duration": "180" }),
            json!({ "title": "Étude", "performer": "Chopin", "duration": 180.0 }),
        ),
        ("voice", "voice", json!({ "x-duration": "3" }), json!({ "duration": 3.0 })),
        ("sticker", "document", json!({ "x-emoji": "%F0%9F%90%99" }), json!({ "emoji": "🐙" })),
        ("document", "document", json!({}), json!({ "file_name": "a.bin" })),
    ];
    for (kind, media_type, headers, told) in kinds {
        let mut request = api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "a.bin");
        request = request.header("x-kind", kind).header("x-reply-to", first["id"].to_string()).header("x-silent", "true");
        request = request.header("x-caption", "*loud*").header("x-format", "markdown").body(bytes(5_000));
        for (header, value) in headers.as_object().unwrap() {
            request = request.header(header, value.as_str().unwrap());
        }
        let sent = send(request).await.expect(200);
        let info = &sent["media"][0];
        assert_eq!((&info["kind"], &info["media_type"]), (&json!(kind), &json!(media_type)), "{sent}");
        for (field, value) in told.as_object().unwrap() {
            assert_eq!(&info[field], value, "{kind}: {field} of {sent}");
        }
        assert_eq!((&sent["text"], &sent["entities"][0]["type"]), (&json!("loud"), &json!("italic")));
        assert_eq!((&sent["reply_to"], &sent["silent"]), (&first["id"], &json!(true)));
    }
    let stored = control.messages(CLARA, ADA).await;
    let told: Vec<_> = stored.iter().filter_map(|message| message["media"]["kind"].as_str()).collect();
    assert_eq!((told.len(), told[0], told[1]), (9, "messageMediaPhoto", "messageMediaDocument"));

    let refused = [
        ("x-kind", "film", "x-kind"),
        ("x-width", "wide", "width"),
        ("x-width", "640", "x-width"),
        ("x-title", "%FF", "x-title"),
        ("x-duration", "-1", "x-duration"),
        ("x-silent", "perhaps", "silent"),
        ("x-quote", "without%20an%20answer", "quote"),
        ("x-schedule-at", "1", "scheduleAt"),
    ];
    for (header, value, field) in refused {
        let kind = if header == "x-duration" { "video" } else { "audio" };
        let request = api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "a");
        let request = if header == "x-kind" { request } else { request.header("x-kind", kind) };
        let answer = send(request.header(header, value).body(bytes(10))).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some(field)), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_file_depends_on_the_account() {
    let sandbox = Sandbox::start().await;
    let (account, control) = (sandbox.account(), sandbox.control());
    let address = sandbox.base_url().trim_start_matches("http://").to_owned();
    // The head alone: what is too large is refused before a byte of it was sent.
    let upload = |kind: &str, length: u64| {
        let mut socket = TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST /api/v1/accounts/{account}/chats/5000000003/media HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             x-file-name: a\r\nx-kind: {kind}\r\ncontent-length: {length}\r\n\r\n",
            sandbox.token()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket
    };
    let answer = |mut socket: TcpStream| {
        let mut answer = [0; 2_048];
        let read = socket.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let mebibytes = |count: u64| count * 1_024 * 1_024;
    let refused = answer(upload("document", mebibytes(2_000) + 1));
    assert!(refused.starts_with("HTTP/1.1 413") && refused.contains("2000 MiB"), "{refused}");
    let refused = answer(upload("photo", mebibytes(10) + 1));
    assert!(refused.starts_with("HTTP/1.1 413") && refused.contains("as a document"), "{refused}");
    control.set_premium(ADA, true).await;
    let refused = answer(upload("document", mebibytes(4_000) + 1));
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    let mut taken = upload("document", mebibytes(2_000) + 1);
    taken.write_all(&bytes(600_000)).unwrap();
    let begun = || async { (control.calls("upload.saveBigFilePart").await > 0).then_some(()) };
    eventually("the upload of a premium account has begun", begun).await;
}
