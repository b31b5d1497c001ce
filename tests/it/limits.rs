//! Limits: what happens when one is reached.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Options, Sandbox, send};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_s_bucket_is_told_in_headers_and_ends_in_429() {
    let slow = Options::default().with("VASYA_ACCOUNT_BURST", "3").with("VASYA_ACCOUNT_PERIOD_MS", "600000");
    let sandbox = Sandbox::start_with(slow).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    for left in [2, 1, 0] {
        let sent = api.post(&path, json!({ "text": "hello" })).await;
        assert_eq!(sent.header("ratelimit-policy"), "\"account\";q=3;w=1800");
        assert!(sent.header("ratelimit").starts_with(&format!("\"account\";r={left};")), "{}", sent.header("ratelimit"));
        sent.expect(200);
    }
    let before = sandbox.control().calls("messages.sendMessage").await;
    let refused = api.post(&path, json!({ "text": "hello" })).await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited".into()));
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert_eq!(refused.json()["retryAfterSecs"], wait);
    assert_eq!(refused.json()["error"], "Rate limit exceeded");
    assert_eq!(sandbox.control().calls("messages.sendMessage").await, before, "Telegram was not called");
    assert_eq!(api.get(&path).await.status, 200, "reads draw from no bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_agent_key_has_a_bucket_of_its_own() {
    let slow = Options::default().with("VASYA_AGENT_BURST", "2").with("VASYA_AGENT_PERIOD_MS", "600000");
    let sandbox = Sandbox::start_with(slow).await;
    let (owner, account) = (sandbox.api(), sandbox.account());
    let load = format!("/accounts/{account}/chats/load");
    let (_, one) = owner.agent_key(&["chats:read"], None).await;
    let (_, other) = owner.agent_key(&["chats:read"], None).await;
    for secret in [&one, &other] {
        let agent = owner.with_token(secret);
        for _ in 0..2 {
            assert_eq!(agent.post(&load, json!({})).await.status, 202);
        }
        let refused = agent.post(&load, json!({})).await;
        assert_eq!(refused.code(), "rate_limited");
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(agent.get(&format!("/accounts/{account}/chats")).await.status, 200);
    }
    assert_eq!(owner.post(&load, json!({})).await.status, 202, "a person has no such bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_limited_for_each_user() {
    let slow = Options::jwt().with("VASYA_LOGIN_BURST", "2").with("VASYA_LOGIN_PERIOD_MS", "600000");
    let sandbox = Sandbox::start_with(slow).await;
    let mallory = sandbox.user("mallory");
    let phone = json!({ "phone": "+15550000001" });
    for _ in 0..2 {
        assert_eq!(mallory.post("/telegram/login/code", phone.clone()).await.status, 200);
    }
    assert_eq!(mallory.post("/telegram/login/code", phone.clone()).await.code(), "rate_limited");
    assert_eq!(sandbox.user("alice").post("/telegram/login/code", phone).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_limited_in_size_kind_and_time() {
    // What is refused early leaves a connection that is idle: the server closes it, and each answer is read to its end.
    let quick = Options::default().with("VASYA_REQUEST_SECS", "1").with("VASYA_KEEP_ALIVE_SECS", "1");
    let sandbox = Sandbox::start_with(quick).await;
    let api = sandbox.api();
    let large = "x".repeat(2_097_153);
    let post = || api.request(Method::POST, "/agent-keys").header("content-type", "application/json");
    assert_eq!(send(post().body(large)).await.code(), "payload_too_large");
    let streamed = format!("{{\"name\": \"{}\"}}", "x".repeat(3_000_000));
    let address = sandbox.base_url().trim_start_matches("http://").to_owned();
    let token = sandbox.token().to_owned();
    let head = |rest: &str| {
        format!(
            "POST /api/v1/agent-keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n{rest}\r\n\r\n"
        )
    };
    let mut socket = TcpStream::connect(&address).unwrap();
    socket.write_all(head("transfer-encoding: chunked").as_bytes()).unwrap();
    let _refused_early = socket.write_all(format!("{:x}\r\n{streamed}\r\n0\r\n\r\n", streamed.len()).as_bytes());
    assert_eq!(status(&mut socket), 413);
    let mut socket = TcpStream::connect(&address).unwrap();
    socket.write_all(head("content-length: 100").as_bytes()).unwrap();
    socket.write_all(b"{\"name\"").unwrap();
    assert_eq!(status(&mut socket), 408);
    let mut socket = TcpStream::connect(&address).unwrap();
    socket.write_all(b"GET /api/v1/health HTTP/1.1\r\nhost").unwrap();
    assert_eq!(status(&mut socket), 408, "a head that does not end");

    let text = api.request(Method::POST, "/agent-keys").header("content-type", "text/plain").body("{}");
    assert_eq!(send(text).await.code(), "unsupported_media_type");
    for (body, code) in [("{", "bad_request"), ("[]", "unprocessable_input"), ("{\"name\": }", "bad_request")] {
        assert_eq!(send(post().body(body)).await.code(), code, "{body}");
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(send(post().body(deep)).await.code(), "bad_request", "nesting is limited");
}

fn status(socket: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {text:?}"))
}
