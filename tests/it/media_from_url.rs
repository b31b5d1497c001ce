//! Files that this server fetches from the web, and places that it does not go to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{ADA, Answer, CLARA, Options, Sandbox, send};

/// A server of files that answers as it is told to, byte for byte, and closes.
#[derive(Clone)]
struct Files {
    address: String,
    answers: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Files {
    async fn start(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let files = Self { address, answers: Arc::default(), requests: Arc::default(), connections: Arc::default() };
        let serving = files.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = serving.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match socket.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let answer = serving.answers.lock().unwrap().get(&path).cloned();
                    serving.requests.lock().unwrap().push(head);
                    let none = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
                    let _gone = socket.write_all(&answer.unwrap_or(none)).await;
                });
            }
        });
        files
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What is answered at a path: head lines, and a body as it travels.
    fn put(&self, path: &str, head: &str, body: &[u8]) -> String {
        let answer = [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat();
        self.answers.lock().unwrap().insert(path.to_ascii_lowercase(), answer);
        self.url(path)
    }

    /// A file with its length.
    fn file(&self, path: &str, kind: &str, body: &[u8]) -> String {
        self.put(path, &format!("200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}", body.len()), body)
    }

    /// A file without a length, in pieces.
    fn pieces(&self, path: &str, body: &[u8]) -> String {
        let mut framed = Vec::new();
        for piece in body.chunks(70_000) {
            framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            framed.extend_from_slice(piece);
            framed.extend_from_slice(b"\r\n");
        }
        framed.extend_from_slice(b"0\r\n\r\n");
        self.put(path, "200 OK\r\ncontent-type: Application/X-Thing; charset=utf-8\r\ntransfer-encoding: chunked", &framed)
    }

    fn redirect(&self, path: &str, status: u16, to: &str) -> String {
        self.put(path, &format!("{status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0"), b"")
    }

    fn requests_of(&self, path: &str) -> usize {
        let line = format!("get {path} ");
        self.requests.lock().unwrap().iter().filter(|head| head.starts_with(&line)).count()
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 17 + at / 253) % 256).unwrap()).collect()
}

/// The largest file that the tests' servers fetch.
const BYTES_MAX: usize = 12_000_000;

async fn start() -> Sandbox {
    let options = Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_FETCH_BYTES_MAX", BYTES_MAX.to_string());
    let options = options.with("VASYA_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.1/32");
    // A proxy of the environment is not asked.
    Sandbox::start_with(options.with("http_proxy", "http://127.0.0.1:9").with("ALL_PROXY", "http://127.0.0.1:9")).await
}

fn chat(sandbox: &Sandbox) -> String {
    format!("/accounts/{}/chats/5000000003", sandbox.account())
}

async fn from_url(sandbox: &Sandbox, url: &str, more: Value) -> Answer {
    let mut body = json!({ "url": url });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sandbox.api().post(&format!("{}/media/url", chat(sandbox)), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_web_arrives_as_it_lies_there() {
    let sandbox = start().await;
    let (api, control, files) = (sandbox.api(), sandbox.control(), Files::start("127.0.0.1").await);
    let download = async |message: &Value| api.get(&format!("{}/messages/{}/media", chat(&sandbox), message["id"])).await;

    // By its length, its name and its media type.
    let text = files.file("/docs/the%20plan.txt?token=secret", "text/plain; charset=utf-8", b"the plan");
    let said = json!({ "caption": "**see**", "format": "markdown", "silent": true });
    let sent = from_url(&sandbox, &format!("{text}#part"), said).await.expect(200);
    let media = &sent["media"][0];
    assert_eq!((&sent["text"], &sent["silent"]), (&json!("see"), &json!(true)));
    assert_eq!((&media["mime_type"], &media["file_size"]), (&json!("text/plain"), &json!(8)));
    let got = download(&sent).await;
    assert!(got.header("content-disposition").contains("\"the plan.txt\""), "{}", got.header("content-disposition"));
    assert_eq!(got.body, b"the plan");
    assert_eq!(control.messages(CLARA, ADA).await.last().unwrap()["text"], "see");

    // Without a length, and large.
    let large = bytes(11_000_000);
    let sent = from_url(&sandbox, &files.pieces("/thing", &large), json!({})).await.expect(200);
    assert_eq!(
        (&sent["media"][0]["mime_type"], &sent["media"][0]["file_size"]),
        (&json!("application/x-thing"), &json!(large.len()))
    );
    assert!(download(&sent).await.body == large);

    // What the caller says stands before what is told.
    let sound = files.file("/sound", "application/octet-stream", &bytes(3_000));
    let said = json!({ "fileName": "a song.mp3", "mimeType": "audio/mpeg", "title": "A song", "duration": 7 });
    let sent = from_url(&sandbox, &sound, said).await.expect(200);
    assert_eq!((&sent["media"][0]["media_type"], &sent["media"][0]["duration"]), (&json!("audio"), &json!(7.0)));

    // Through redirects, relative and absolute.
    let aim = files.file("/aim.bin", "application/octet-stream", b"found");
    files.redirect("/4", 308, &aim);
    files.redirect("/3", 307, "4");
    files.redirect("/2", 303, "/3");
    files.redirect("/1", 302, &files.url("/2"));
    let first = files.redirect("/0", 301, "/1");
    assert_eq!(download(&from_url(&sandbox, &first, json!({})).await.expect(200)).await.body, b"found");
    let one_more = files.redirect("/more", 302, "/0");
    let refused = from_url(&sandbox, &one_more, json!({})).await;
    assert_eq!((refused.status, refused.code()), (502, "fetch_failed".into()));

    // Nothing of the caller is told there.
    let heads = files.requests.lock().unwrap().clone();
    assert!(heads.iter().all(|head| head.contains("user-agent: vasya-server/") && head.contains("accept-encoding: identity")));
    assert!(!heads.iter().any(|head| head.contains("authorization") || head.contains("referer") || head.contains("#part")));
    assert!(!sandbox.log().contains("token=secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_inside_are_never_connected_to() {
    let sandbox = start().await;
    let (files, inside) = (Files::start("127.0.0.1").await, Files::start("127.0.0.2").await);
    let secret = inside.file("/latest/meta-data", "text/plain", b"a secret");
    let port = inside.address.rsplit(':').next().unwrap();
    let decimal = format!("http://2130706434:{port}/latest/meta-data");
    let mapped = format!("http://[::ffff:127.0.0.2]:{port}/latest/meta-data");
    let elsewhere = [
        secret.as_str(),
        &decimal,
        &mapped,
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[fd00:ec2::254]/",
        "http://[64:ff9b::7f00:2]/",
        // In a sandbox, nothing of the world outside is reached either.
        "http://1.1.1.1/",
    ];
    for (place, url) in elsewhere.into_iter().enumerate() {
        let answer = from_url(&sandbox, url, json!({})).await;
        assert_eq!((answer.status, answer.code()), (400, "invalid_input".into()), "{url}");
        assert_eq!(answer.json()["field"], "url", "{url}");
        // The same on the way.
        let redirect = files.redirect(&format!("/to/{place}"), 302, url);
        let answer = from_url(&sandbox, &redirect, json!({})).await;
        assert_eq!((answer.status, answer.code()), (400, "invalid_input".into()), "a redirect to {url}");
        assert_eq!(files.requests_of(&format!("/to/{place}")), 1, "{url}");
    }
    // Whether a name leads inside or nowhere is not told.
    let answer = from_url(&sandbox, "http://nowhere.invalid/", json!({})).await;
    assert_eq!((answer.status, answer.code()), (502, "fetch_failed".into()));
    assert!(answer.json()["detail"].as_str().unwrap().contains("leads nowhere, or to an address"), "{}", answer.text());
    assert_eq!(inside.connections.load(Ordering::SeqCst), 0);
    let unfit = [
        ("ftp://example.org/a", 400),
        ("file:///etc/passwd", 400),
        ("http://user:word@127.0.0.1/", 400),
        ("//127.0.0.1/a", 400),
        ("", 400),
    ];
    for (url, status) in unfit {
        let answer = from_url(&sandbox, url, json!({})).await;
        assert_eq!((answer.status, &answer.json()["field"]), (status, &json!("url")), "{url}");
    }
    let long = files.url(&format!("/{}", "a".repeat(2_048)));
    assert_eq!(from_url(&sandbox, &long, json!({})).await.json()["field"], "url");
    let file = files.file("/a.txt", "text/plain", b"words");
    let cases = [
        (json!({ "kind": "document", "width": 7 }), "width"),
        (json!({ "caption": "x".repeat(1_025) }), "caption"),
        (json!({ "width": 7 }), "width"),
    ];
    for (more, field) in cases {
        let answer = from_url(&sandbox, &file, more).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some(field)), "{}", answer.text());
    }
    assert_eq!(sandbox.control().calls("messages.sendMedia").await, 0, "nothing was sent");
    assert!(!sandbox.log().contains("a secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_whole_is_not_sent_and_may_be_asked_for_again() {
    let sandbox = start().await;
    let (control, files) = (sandbox.control(), Files::start("127.0.0.1").await);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endless = [b"fffffff\r\n".as_slice(), &bytes(BYTES_MAX + 100_000)].concat();
    let ok = "200 OK\r\ncontent-type: text/plain";
    let cases = [
        (files.url("/nothing"), "fetch_failed"),
        (files.put("/broken", "500 Internal Server Error\r\ncontent-length: 4", b"oops"), "fetch_failed"),
        (files.put("/part", "206 Partial Content\r\ncontent-length: 4", b"part"), "fetch_failed"),
        (files.put("/short", &format!("{ok}\r\ncontent-length: 900000"), &bytes(700_000)), "fetch_failed"),
        (files.put("/torn", &format!("{ok}\r\ntransfer-encoding: chunked"), b"5\r\nwor"), "fetch_failed"),
        (files.put("/unframed", ok, b"who knows whether this is all"), "fetch_failed"),
        (
            files.put("/zipped", &format!("{ok}\r\ncontent-encoding: gzip\r\ncontent-length: 4"), b"\x1f\x8b\x08\x00"),
            "fetch_failed",
        ),
        (files.put("/empty", &format!("{ok}\r\ncontent-length: 0"), b""), "fetch_failed"),
        (files.put("/empty-pieces", &format!("{ok}\r\ntransfer-encoding: chunked"), b"0\r\n\r\n"), "fetch_failed"),
        (files.put("/large", &format!("{ok}\r\ncontent-length: {}", BYTES_MAX + 1), b""), "payload_too_large"),
        (files.put("/endless", &format!("{ok}\r\ntransfer-encoding: chunked"), &endless), "payload_too_large"),
        (
            files.put("/photo", &format!("200 OK\r\ncontent-type: image/png\r\ncontent-length: {}", 11_000_000), b""),
            "payload_too_large",
        ),
        (files.put("/ssh", "nonsense", b""), "fetch_failed"),
        (format!("http://{nobody}/"), "fetch_failed"),
    ];
    for (url, code) in cases {
        let answer = from_url(&sandbox, &url, json!({})).await;
        assert_eq!(answer.code(), code, "{url}: {}", answer.text());
        if code == "fetch_failed" {
            assert_eq!((answer.status, &answer.json()["field"]), (502, &json!("url")), "{url}");
        }
    }
    assert_eq!(control.calls("messages.sendMedia").await, 0, "nothing was sent");

    // Under a key, what failed is tried again, and what was sent is sent once.
    let keyed = async |url: &str| {
        let request = sandbox.api().request(Method::POST, &format!("{}/media/url", chat(&sandbox)));
        send(request.header("idempotency-key", "the file").json(&json!({ "url": url }))).await
    };
    let url = files.url("/late.txt");
    assert_eq!(keyed(&url).await.code(), "fetch_failed");
    files.file("/late.txt", "text/plain", b"here it is");
    let first = keyed(&url).await.expect(200);
    let again = keyed(&url).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json()["id"]), ("true", &first["id"]));
    assert_eq!((files.requests_of("/late.txt"), control.calls("messages.sendMedia").await), (2, 1));
}
