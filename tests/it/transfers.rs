//! Files on their way while things go wrong: they arrive all the same, identical to the byte, or their callers are told.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, CLARA, Options, Sandbox, eventually, send};

/// Bytes in which every place can be told from every other.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251 + at / 65_537) % 256).unwrap()).collect()
}

async fn upload(api: &Api, chat: &str, bytes: &[u8]) -> Answer {
    send(api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "a.bin").body(bytes.to_vec())).await
}

async fn start() -> Sandbox {
    Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await
}

fn file_of(chat: &str, message: &Value) -> String {
    format!("{chat}/messages/{}/media", message["id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_on_where_its_connection_broke() {
    let sandbox = start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let chat = format!("/accounts/{}/chats/5000000003", sandbox.account());
    let sent = bytes(6_000_000);
    for method in ["upload.saveFilePart", "upload.saveBigFilePart"] {
        control.arm(json!({ "kind": "drop_connection", "method": method, "count": 3 })).await;
    }
    let small = upload(&api, &chat, &sent).await.expect(200);
    let large = bytes(11_000_000);
    let big = upload(&api, &chat, &large).await.expect(200);
    assert!(control.calls("upload.saveFilePart").await > 12, "parts were sent again");
    control.arm(json!({ "kind": "drop_connection", "method": "upload.getFile", "count": 5 })).await;
    assert!(api.get(&file_of(&chat, &small)).await.body == sent);
    control.arm(json!({ "kind": "server_error", "method": "messages.getMessages", "count": 1 })).await;
    assert_eq!(api.get(&file_of(&chat, &big)).await.status, 502);
    assert!(api.get(&file_of(&chat, &big)).await.body == large);
    // Every connection of the account at once, again and again in the middle of it.
    let mut response = api.request(Method::GET, &file_of(&chat, &big)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut got, mut next_drop) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        got.extend_from_slice(&chunk);
        if got.len() > next_drop {
            control.drop_connections(Some(ADA)).await;
            next_drop += 2_000_000;
        }
    }
    assert!(got == large, "{} of {} bytes came", got.len(), large.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_that_telegram_asks_for_are_obeyed_inside_a_transfer() {
    let sandbox = start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let chat = format!("/accounts/{}/chats/5000000003", sandbox.account());
    let sent = bytes(3_000_000);
    // A short wait is waited out, by all parts.
    control.arm(json!({ "kind": "flood_wait", "method": "upload.saveFilePart", "seconds": 1, "count": 1 })).await;
    let message = upload(&api, &chat, &sent).await.expect(200);
    control.arm(json!({ "kind": "flood_wait", "method": "upload.getFile", "seconds": 1, "count": 2 })).await;
    assert!(api.get(&file_of(&chat, &message)).await.body == sent);
    // A long one ends the transfer, is told, and is obeyed by the next.
    control.arm(json!({ "kind": "flood_wait", "method": "upload.saveFilePart", "seconds": 3_000, "count": 1 })).await;
    let before = control.calls("upload.saveFilePart").await;
    let refused = upload(&api, &chat, &bytes(1_000)).await;
    assert_eq!((refused.status, refused.code()), (429, "telegram_flood".into()));
    assert!(refused.json()["retryAfterSecs"].as_u64().unwrap() > 2_900);
    assert_eq!(upload(&api, &chat, &bytes(1_000)).await.code(), "telegram_flood");
    assert_eq!(control.calls("upload.saveFilePart").await, before + 1, "Telegram is not called before the wait is over");
    let text = api.post(&format!("{chat}/messages"), json!({ "text": "messages go on" })).await;
    assert_eq!(text.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_from_the_datacentre_that_has_them() {
    let sandbox = start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let chat = format!("/accounts/{}/chats/5000000003", sandbox.account());
    let mut seen = Vec::new();
    for length in 100_000..100_003 {
        let message = upload(&api, &chat, &bytes(length)).await.expect(200);
        assert!(api.get(&file_of(&chat, &message)).await.body == bytes(length));
        let stored = control.messages(CLARA, ADA).await;
        seen.push(stored.last().unwrap()["media"]["dc"].clone());
    }
    seen.sort_by_key(|dc| dc.as_i64());
    assert_eq!(seen, [1, 2, 3], "the network spreads files");
    assert!(control.calls("auth.importAuthorization").await >= 2, "the account was let into the others");
    // Telegram may know better where a file is than the message says.
    let migrate = |dc: i32| json!({ "kind": "rpc_error", "method": "upload.getFile", "code": 303, "count": 1, "message": format!("FILE_MIGRATE_{dc}") });
    control.arm(migrate(1)).await;
    let message = upload(&api, &chat, &bytes(4_000)).await.expect(200);
    let answer = api.get(&file_of(&chat, &message)).await;
    assert!(answer.body == bytes(4_000), "{}", answer.text());
    // Telegram's content delivery network is not used, and that is said.
    control.arm(json!({ "kind": "cdn_redirect", "method": "upload.getFile", "count": 1 })).await;
    let refused = send(api.request(Method::GET, &file_of(&chat, &message))).await;
    assert_eq!(refused.code(), "telegram_error");
    assert!(refused.text().contains("content delivery network"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_expires_in_the_middle_is_made_fresh_from_the_message() {
    let sandbox = start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let chat = format!("/accounts/{}/chats/5000000003", sandbox.account());
    let sent = bytes(8_000_000);
    let message = upload(&api, &chat, &sent).await.expect(200);
    // The reader stops after its first bytes, so that the rest is asked for later.
    let mut response = api.request(Method::GET, &file_of(&chat, &message)).send().await.unwrap();
    let mut got = response.chunk().await.unwrap().unwrap().to_vec();
    let before = control.calls("messages.getMessages").await;
    control.expire_file_references().await;
    while let Some(chunk) = response.chunk().await.unwrap() {
        got.extend_from_slice(&chunk);
    }
    assert!(got == sent);
    assert!(control.calls("messages.getMessages").await > before, "the message was read again");
    // Where the message is gone meanwhile, the transfer ends; nothing wrong is handed on.
    let mut response = api.request(Method::GET, &file_of(&chat, &message)).send().await.unwrap();
    let mut got = response.chunk().await.unwrap().unwrap().to_vec();
    let gone = json!({ "messageIds": [message["id"]], "revoke": true });
    api.post(&format!("{chat}/messages/delete"), gone).await.expect(200);
    control.expire_file_references().await;
    let ended = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got.extend_from_slice(&chunk),
            ended => break ended,
        }
    };
    assert!(ended.is_err() && got.len() < sent.len() && sent.starts_with(&got));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_and_writers_hold_nobody_up() {
    let sandbox = start().await;
    let api = sandbox.api();
    let chat = format!("/accounts/{}/chats/5000000003", sandbox.account());
    let message = upload(&api, &chat, &bytes(9_000_000)).await.expect(200);
    let mut stalled = Vec::new();
    for _ in 0..10 {
        let mut response = api.request(Method::GET, &file_of(&chat, &message)).send().await.unwrap();
        response.chunk().await.unwrap();
        stalled.push(response);
    }
    let endless = futures::stream::once(async { Ok::<_, std::io::Error>(bytes(300_000)) });
    let endless = futures::StreamExt::chain(endless, futures::stream::pending());
    let writing = api.request(Method::POST, &format!("{chat}/media")).header("x-file-name", "never");
    let writing = tokio::spawn(writing.body(reqwest::Body::wrap_stream(endless)).send());
    for length in [5, 700_000] {
        let message = upload(&api, &chat, &bytes(length)).await.expect(200);
        assert!(api.get(&file_of(&chat, &message)).await.body == bytes(length));
    }
    drop(stalled);
    writing.abort();
    // As many as may be on their way at once, and one more.
    let mut open = Vec::new();
    let refused = loop {
        let response = api.request(Method::GET, &file_of(&chat, &message)).send().await.unwrap();
        if response.status() != 200 {
            break response;
        }
        open.push(response);
        assert!(open.len() <= 40, "there is no limit");
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    drop(open);
    let free = || async { (api.get(&file_of(&chat, &message)).await.status == 200).then_some(()) };
    eventually("there is room again", free).await;
}
