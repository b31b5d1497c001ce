//! Speech to text: a stand-in for Deepgram hears what comes, and says what it is told to say.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{Answer, Api, CLARA, Options, Sandbox, eventually, send};

const KEY: &str = "0123456789abcdef-deepgram-4a7e";
const UNKNOWN: &str = "0199f7c2-0000-7000-8000-000000000000";

/// A server that finds Deepgram at this address.
async fn sandbox(address: &str) -> Sandbox {
    Sandbox::start_with(Options::jwt().with("VASYA_DEEPGRAM_URL", address)).await
}

fn heard(text: &str) -> ResponseTemplate {
    let channel = json!({ "alternatives": [{ "transcript": text, "confidence": 0.98 }] });
    ResponseTemplate::new(200).set_body_json(json!({ "results": { "channels": [channel] } }))
}

async fn transcribe(api: &Api, audio: impl Into<reqwest::Body>) -> Answer {
    send(api.request(Method::POST, "/stt/transcribe").header("x-language", "en").body(audio)).await
}

async fn set_key(api: &Api) {
    api.put("/stt/settings", json!({ "deepgramApiKey": KEY })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_are_the_users_own_and_the_key_is_shown_by_its_end_only() {
    let deepgram = MockServer::start().await;
    let mut sandbox = sandbox(&deepgram.uri()).await;
    let (api, other) = (sandbox.api(), sandbox.user("mallory"));
    let unset = json!({ "provider": "deepgram", "deepgramApiKeySet": false, "whisperModel": "small", "language": "ru" });
    assert_eq!(api.get("/stt/settings").await.expect(200), unset);
    let set = json!({
        "provider": "deepgram", "deepgramApiKeySet": true, "deepgramApiKeyMasked": "••••4a7e", "whisperModel": "tiny",
        "language": "pt-BR",
    });
    let change = json!({ "deepgramApiKey": KEY, "whisperModel": "tiny", "language": "pt-BR" });
    assert_eq!(api.put("/stt/settings", change).await.expect(200), set);
    assert_eq!(other.get("/stt/settings").await.expect(200), unset);
    assert_eq!(api.put("/stt/settings", json!({})).await.expect(200), set, "what is left out stays");
    for (change, field) in [
        (json!({ "provider": "oracle" }), "provider"),
        (json!({ "whisperModel": "huge" }), "whisperModel"),
        (json!({ "language": "" }), "language"),
        (json!({ "language": "portuguese-of-brazil" }), "language"),
        (json!({ "language": "pt_BR" }), "language"),
        (json!({ "deepgramApiKey": "short" }), "deepgramApiKey"),
        (json!({ "deepgramApiKey": "with a blank in it" }), "deepgramApiKey"),
    ] {
        let refused = api.put("/stt/settings", change).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{}", refused.text());
    }
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    assert_eq!(api.get("/stt/settings").await.expect(200), set, "it is durable");
    for file in ["data/audit.log", "server.log"] {
        let text = std::fs::read_to_string(sandbox.folder().join(file)).unwrap();
        assert!(!text.contains(KEY) && !text.contains(&KEY[..16]), "{file}");
    }
    let cleared = api.put("/stt/settings", json!({ "deepgramApiKey": "", "provider": "local_whisper" })).await.expect(200);
    assert_eq!((&cleared["deepgramApiKeySet"], &cleared["deepgramApiKeyMasked"]), (&json!(false), &Value::Null));

    let models = api.get("/stt/models").await.expect(200);
    assert_eq!(models["available"], false);
    let names = ["tiny", "base", "small"].map(|name| json!({ "name": name, "downloaded": false }));
    assert_eq!(models["models"], json!(names));
    assert_eq!(api.post("/stt/models/download", json!({})).await.expect(200), models);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_and_a_voice_message_are_heard() {
    let deepgram = MockServer::start().await;
    let sandbox = sandbox(&deepgram.uri()).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let audio: Vec<u8> = (0..900_000_u32).map(|at| u8::try_from(at / 7 % 251).unwrap()).collect();
    let listen = || {
        let listen = Mock::given(method("POST")).and(path("/v1/listen")).and(header("authorization", format!("Token {KEY}")));
        listen.and(query_param("model", "nova-2")).and(query_param("smart_format", "true"))
    };
    listen().and(query_param("language", "en")).respond_with(heard("the lamp is lit")).mount(&deepgram).await;
    listen().and(query_param("language", "ru")).respond_with(heard("маяк горит")).mount(&deepgram).await;
    let found =
        json!({ "results": { "channels": [{ "detected_language": "pt", "alternatives": [{ "transcript": "farol" }] }] } });
    let found = ResponseTemplate::new(200).set_body_json(found);
    listen().and(query_param("detect_language", "true")).respond_with(found).mount(&deepgram).await;

    let without_key = transcribe(&api, audio.clone()).await;
    assert_eq!((without_key.status, without_key.code()), (400, "speech_not_configured".into()));
    set_key(&api).await;
    assert_eq!(transcribe(&api, audio.clone()).await.expect(200), json!({ "text": "the lamp is lit", "language": "en" }));
    let plain = send(api.request(Method::POST, "/stt/transcribe").header("content-type", "audio/ogg").body(audio.clone())).await;
    assert_eq!(plain.expect(200), json!({ "text": "маяк горит", "language": "ru" }), "in the language that is set");

    let upload = api.request(Method::POST, &format!("/accounts/{account}/chats/5000000003/media"));
    let upload = upload.header("x-file-name", "voice.ogg").header("x-mime-type", "audio/ogg").body(audio.clone());
    let voice = send(upload).await.expect(200)["id"].clone();
    let message = json!({ "accountId": account, "chatId": 5_000_000_003_i64, "messageId": voice, "language": "auto" });
    assert_eq!(api.post("/stt/transcribe", message.clone()).await.expect(200), json!({ "text": "farol", "language": "pt" }));
    for request in deepgram.received_requests().await.unwrap() {
        assert!(request.body == audio, "the bytes are the recording's: {}", request.url);
    }

    let (_, secret) = api.agent_key(&["stt:use"], None).await;
    assert_eq!(api.with_token(&secret).post("/stt/transcribe", message.clone()).await.expect(200)["text"], "farol");
    let clara = api.log_in(&sandbox.control(), CLARA, None).await;
    let (_, secret) = api.agent_key(&["stt:use"], Some(&[&clara])).await;
    assert_eq!(api.with_token(&secret).post("/stt/transcribe", message.clone()).await.code(), "account_not_allowed");
    let mallory = sandbox.user("mallory");
    set_key(&mallory).await;
    let foreign = mallory.post("/stt/transcribe", message.clone()).await;
    let mut absent = message.clone();
    absent["accountId"] = json!(UNKNOWN);
    let absent = mallory.post("/stt/transcribe", absent).await;
    assert_eq!((foreign.status, foreign.code()), (403, "account_forbidden".into()));
    assert_eq!(foreign.body, absent.body);

    let text = format!("/accounts/{account}/chats/5000000003/messages");
    let text = api.post(&text, json!({ "text": "no sound" })).await.expect(200)["id"].clone();
    let of = |message_id: &Value| json!({ "accountId": account, "chatId": 5_000_000_003_i64, "messageId": message_id });
    assert_eq!(api.post("/stt/transcribe", of(&text)).await.code(), "not_found");
    assert_eq!(api.post("/stt/transcribe", of(&json!(4_242))).await.code(), "not_found");
    let upload = api.request(Method::POST, &format!("/accounts/{account}/chats/5000000003/media"));
    let chart = send(upload.header("x-file-name", "chart.bin").body("chart")).await.expect(200)["id"].clone();
    assert_eq!(api.post("/stt/transcribe", of(&chart)).await.json()["field"], "messageId");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_heard_says_why() {
    let deepgram = MockServer::start().await;
    let sandbox = sandbox(&deepgram.uri()).await;
    let api = sandbox.api();
    set_key(&api).await;
    let refusal = |status: u16, name: &str| {
        let body = json!({ "err_code": name, "err_msg": format!("no, not with {KEY}"), "request_id": "x" });
        ResponseTemplate::new(status).set_body_json(body)
    };
    let moved = ResponseTemplate::new(302).insert_header("location", format!("{}/elsewhere", deepgram.uri()));
    for (answer, status, code) in [
        (refusal(401, "INVALID_AUTH"), 400, "speech_key_refused"),
        (refusal(403, "INSUFFICIENT_PERMISSIONS"), 400, "speech_key_refused"),
        (refusal(402, "ASR_PAYMENT_REQUIRED"), 502, "speech_failed"),
        (refusal(429, "TOO_MANY_REQUESTS").insert_header("retry-after", "17"), 429, "speech_rate_limited"),
        (refusal(400, "Bad Request"), 400, "invalid_input"),
        (refusal(500, "INTERNAL"), 502, "speech_failed"),
        (ResponseTemplate::new(503), 502, "speech_failed"),
        (ResponseTemplate::new(200).set_body_string("no JSON"), 502, "speech_failed"),
        (moved, 502, "speech_failed"),
    ] {
        deepgram.reset().await;
        Mock::given(method("POST")).and(path("/v1/listen")).respond_with(answer).mount(&deepgram).await;
        let refused = transcribe(&api, "audio").await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{}", refused.text());
        assert!(!refused.text().contains(KEY), "{}", refused.text());
        if status == 429 {
            assert_eq!(refused.header("retry-after"), "17");
        }
    }
    // A refusal that can be mended is no end for an idempotency key; a transcription is.
    let once = || {
        let request = api.request(Method::POST, "/stt/transcribe").header("idempotency-key", "one-recording");
        send(request.header("x-language", "en").body("audio"))
    };
    deepgram.reset().await;
    Mock::given(method("POST")).respond_with(refusal(401, "INVALID_AUTH")).mount(&deepgram).await;
    assert_eq!(once().await.code(), "speech_key_refused");
    deepgram.reset().await;
    Mock::given(method("POST")).respond_with(heard("the lamp is lit")).expect(1).mount(&deepgram).await;
    for replayed in ["", "true"] {
        let answer = once().await;
        assert_eq!(answer.header("idempotency-replayed"), replayed);
        assert_eq!(answer.expect(200)["text"], "the lamp is lit");
    }
    deepgram.verify().await;
    deepgram.reset().await;
    let refused = [
        (transcribe(&api, Vec::new()).await, 400, "invalid_input"),
        (api.post("/stt/transcribe", json!({})).await, 400, "bad_request"),
        (api.post("/stt/transcribe", json!({ "messageId": 7 })).await, 400, "invalid_input"),
        (api.post("/stt/transcribe", json!({ "language": "*" })).await, 400, "invalid_input"),
        (transcribe(&api, vec![7; 32 * 1_024 * 1_024 + 1]).await, 413, "payload_too_large"),
    ];
    for (answer, status, code) in refused {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text());
    }
    assert_eq!(deepgram.received_requests().await.unwrap().len(), 0, "nothing of it was sent on");
    api.put("/stt/settings", json!({ "provider": "local_whisper" })).await.expect(200);
    assert_eq!(transcribe(&api, "audio").await.code(), "speech_not_configured");
    api.put("/stt/settings", json!({ "provider": "deepgram" })).await.expect(200);
    drop(deepgram);
    let log = sandbox.log();
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_reaches_no_provider_beyond_this_machine() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    set_key(&api).await;
    let refused = transcribe(&api, "audio").await;
    assert_eq!(
        (refused.code().as_str(), refused.json()["detail"].as_str().unwrap().contains("VASYA_DEEPGRAM_URL")),
        ("speech_not_configured", true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_stops_the_recording_and_only_so_many_are_heard_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sandbox = sandbox(&format!("http://{}", listener.local_addr().unwrap())).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    set_key(&api).await;
    let upload = api.request(Method::POST, &format!("/accounts/{account}/chats/5000000003/media"));
    let upload = upload.header("x-file-name", "voice.ogg").header("x-mime-type", "audio/ogg").body("abc");
    let voice = send(upload).await.expect(200)["id"].clone();
    let message = json!({ "accountId": account, "chatId": 5_000_000_003_i64, "messageId": voice });
    let mut heard = Vec::new();
    for by_message in [true, false, true, false] {
        let request = api.request(Method::POST, "/stt/transcribe");
        let request = if by_message { request.json(&message) } else { request.body("abc") };
        let calling = tokio::spawn(request.send());
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        // The last chunk of a body whose length is not told.
        while !got.ends_with(b"\r\n0\r\n\r\n") {
            assert_ne!(socket.read_buf(&mut got).await.unwrap(), 0);
        }
        heard.push((calling, socket));
    }
    let refused = transcribe(&api, "abc").await;
    assert_eq!((refused.status, refused.code()), (503, "overloaded".into()));
    assert!(!refused.header("retry-after").is_empty());
    let (calling, mut last) = heard.pop().unwrap();
    for (calling, mut socket) in heard {
        calling.abort();
        let left = tokio::time::timeout(Duration::from_secs(60), socket.read(&mut [0; 16])).await;
        assert!(matches!(left.expect("the connection ends"), Ok(0) | Err(_)), "nobody waits for an answer any more");
    }
    let body = json!({ "results": { "channels": [{ "alternatives": [{ "transcript": "heard" }] }] } }).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    last.write_all(answer.as_bytes()).await.unwrap();
    assert_eq!(calling.await.unwrap().unwrap().json::<Value>().await.unwrap()["text"], "heard");
    let abandoned = || async {
        let rows = api.get("/audit").await.expect(200);
        let of = rows.as_array().unwrap().iter().filter(|row| row["operation"] == "transcribe");
        let codes: Vec<Value> = of.map(|row| row["code"].clone()).collect();
        (codes.iter().filter(|code| **code == "abandoned").count() == 3 && codes.contains(&json!("ok"))).then_some(())
    };
    eventually("the audit log says that three were given up", abandoned).await;
}
