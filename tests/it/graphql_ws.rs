//! GraphQL over WebSocket: both protocols, the same road as over HTTP, and how sockets end.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::{ADA, CLARA, LIMIT, Options, Sandbox};

const CLARA_ID: i64 = 5_000_000_003;
const TRANSPORT: &str = "graphql-transport-ws";
const LEGACY: &str = "graphql-ws";

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(sandbox: &Sandbox, protocol: Option<&str>) -> Self {
        let url = format!("{}/api/v1/graphql/ws", sandbox.base_url().replace("http://", "ws://"));
        let mut request = url.into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        }
        let (socket, _) = connect_async(request).await.expect("a socket");
        Self(socket)
    }

    /// A socket that has said who it is.
    async fn known(sandbox: &Sandbox, protocol: &str, token: &str) -> Self {
        let mut socket = Self::open(sandbox, Some(protocol)).await;
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } })).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("a message is sent");
    }

    async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(LIMIT, self.0.next()).await.expect("something comes in time");
            match next.expect("the socket is open").expect("a message") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The next message that is no sign of life.
    async fn hear(&mut self) -> Value {
        loop {
            let message = self.next().await;
            let text = message.into_text().expect("text");
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
            if value["type"] != "ka" {
                return value;
            }
        }
    }

    /// The code with which the server closes the socket.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    async fn run(&mut self, id: &str, query: &str, variables: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query, "variables": variables } })).await;
    }

    /// The payload of the next result of this operation.
    async fn result(&mut self, id: &str) -> Value {
        let mut message = self.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        message["payload"].take()
    }

    async fn ended(&mut self, id: &str) {
        assert_eq!(self.hear().await, json!({ "type": "complete", "id": id }));
    }
}

fn audited(sandbox: &Sandbox, request_id: &str) -> Vec<Value> {
    let log = std::fs::read_to_string(sandbox.data_dir().join("audit.log")).expect("an audit log");
    let entries = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries.filter(|entry| entry["requestId"].as_str().is_some_and(|id| id.starts_with(request_id))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_take_the_same_road_in_both_protocols() {
    let sandbox =
        Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_AGENT_PERIOD_MS", "3600000"))
            .await;
    let account = sandbox.account().to_owned();
    let (key, secret) = sandbox.api().agent_key(&["messages:send", "messages:read", "events:read"], None).await;
    let mut socket = Socket::known(&sandbox, TRANSPORT, &secret).await;
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong", "payload": { "a": 1 } }));
    socket.run("q", "{ whoami { keyId } }", json!({})).await;
    assert_eq!(socket.result("q").await, json!({ "data": { "whoami": { "keyId": key } } }));
    socket.ended("q").await;

    // The sixth mutation is one too many for the key, whichever transport the five came by.
    let send = "mutation($a: String!, $c: Int!, $t: String!) { sendMessage(accountId: $a, chatId: $c, text: $t) { text } }";
    for n in 0..6 {
        let variables = json!({ "a": account, "c": CLARA_ID, "t": n.to_string() });
        let payload = json!({ "query": send, "variables": variables, "extensions": { "requestId": format!("ws-{n}") } });
        socket.say(json!({ "type": "subscribe", "id": "m", "payload": payload })).await;
        let result = socket.result("m").await;
        match n {
            5 => assert_eq!(result["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{result}"),
            n => assert_eq!(result["data"]["sendMessage"]["text"], n.to_string(), "{result}"),
        }
        socket.ended("m").await;
    }
    let entries = audited(&sandbox, "ws-");
    let intents: Vec<_> = entries.iter().filter(|entry| entry["phase"] == "intent").collect();
    assert_eq!(intents.len(), 5);
    assert!(intents.iter().all(|entry| entry["path"] == "/api/v1/graphql/ws" && entry["agentKeyId"] == key.as_str()));
    assert_eq!(entries.iter().filter(|entry| entry["phase"] == "denied").count(), 1);

    socket.run("wrong", "{ nothing }", json!({})).await;
    let refused = socket.hear().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("next"), &json!("wrong")), "{refused}");
    socket.ended("wrong").await;
    socket.run("broken", "{", json!({})).await;
    let refused = socket.hear().await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");

    let mut older = Socket::known(&sandbox, LEGACY, &secret).await;
    older.say(json!({ "type": "start", "id": "1", "payload": { "query": "{ whoami { keyId } }" } })).await;
    assert_eq!(older.hear().await, json!({ "type": "data", "id": "1", "payload": { "data": { "whoami": { "keyId": key } } } }));
    older.ended("1").await;
    let follow = "subscription($a: String!) { messageReceived(accountId: $a, after: \"oldest\") { event payload } }";
    older.say(json!({ "type": "start", "id": "2", "payload": { "query": follow, "variables": { "a": account } } })).await;
    let told = older.hear().await;
    assert_eq!(told["type"], "data", "{told}");
    older.say(json!({ "type": "stop", "id": "2" })).await;
    older.say(json!({ "type": "connection_terminate" })).await;
    assert_eq!(older.closed().await.0, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_goes_on_where_it_was() {
    let sandbox = Sandbox::start().await;
    let (account, control) = (sandbox.account().to_owned(), sandbox.control());
    let mut socket = Socket::known(&sandbox, TRANSPORT, sandbox.token()).await;
    let follow = "subscription($a: String!, $c: Int, $at: String) {
        messageReceived(accountId: $a, chatId: $c, after: $at) { event payload cursor accountId }
    }";
    socket.run("1", follow, json!({ "a": account, "c": CLARA_ID, "at": "oldest" })).await;
    control.post(CLARA, ADA, "one").await;
    let text = |told: &Value| told["data"]["messageReceived"]["payload"]["text"].clone();
    let one = loop {
        let told = socket.result("1").await;
        if text(&told) == "one" {
            break told;
        }
    };
    let event = &one["data"]["messageReceived"];
    assert_eq!((&event["event"], &event["accountId"]), (&json!("telegram:new-message"), &json!(account)));
    assert_eq!(event["payload"]["cursor"], event["cursor"]);
    socket.say(json!({ "type": "complete", "id": "1" })).await;
    control.post(CLARA, ADA, "two").await;
    control.post(CLARA, ADA, "three").await;
    // Another socket, as after a lost connection.
    let mut again = Socket::known(&sandbox, TRANSPORT, sandbox.token()).await;
    again.run("1", follow, json!({ "a": account, "c": CLARA_ID, "at": event["cursor"] })).await;
    assert_eq!([text(&again.result("1").await), text(&again.result("1").await)], [json!("two"), json!("three")]);
    let all = "subscription($t: [String!]) { events(types: $t, after: \"oldest\") { event } }";
    again.run("2", all, json!({ "t": ["telegram:new-message"] })).await;
    // Gaps are told whatever is asked for, and an account's events may begin with one.
    let first = loop {
        let told = again.result("2").await["data"]["events"]["event"].take();
        if told != "gap" {
            break told;
        }
    };
    assert_eq!(first, "telegram:new-message");
    again.say(json!({ "type": "complete", "id": "2" })).await;
    for (query, field) in [
        (format!("subscription {{ events(accountId: \"{account}\", after: \"nowhere\") {{ event }} }}"), "after"),
        (format!("subscription {{ events(accountId: \"{account}\", types: [\"nothing\"]) {{ event }} }}"), "types"),
    ] {
        let mut other = Socket::known(&sandbox, TRANSPORT, sandbox.token()).await;
        other.run("3", &query, json!({})).await;
        let refused = other.result("3").await;
        assert_eq!(refused["errors"][0]["extensions"]["field"], field, "{refused}");
        other.ended("3").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_closed_with_the_code_that_says_why() {
    let options = Options::default().with("VASYA_GRAPHQL_INIT_SECS", "3").with("VASYA_GRAPHQL_MESSAGE_BYTES_MAX", "2000");
    let sandbox = Sandbox::start_with(options.with("VASYA_GRAPHQL_OPERATIONS_PER_SOCKET_MAX", "2")).await;
    let token = sandbox.token().to_owned();
    assert_eq!(Socket::open(&sandbox, None).await.closed().await.0, 4406);
    assert_eq!(Socket::open(&sandbox, Some(TRANSPORT)).await.closed().await.0, 4408);
    let init = |payload: Value| json!({ "type": "connection_init", "payload": payload });
    for (first, code) in [
        (init(json!({ "Authorization": "Bearer wrong" })), 1002),
        (init(json!({})), 4401),
        (json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ whoami { userId } }" } }), 1011),
        (json!({ "type": "start", "id": "1", "payload": {} }), 4400),
    ] {
        let mut socket = Socket::open(&sandbox, Some(TRANSPORT)).await;
        socket.say(first.clone()).await;
        assert_eq!(socket.closed().await.0, code, "{first}");
    }
    let follow = json!({ "query": "subscription { events { event } }" });
    let subscribe = |id: &str| json!({ "type": "subscribe", "id": id, "payload": follow });
    let mut crowded = Socket::known(&sandbox, TRANSPORT, &token).await;
    for id in ["1", "2", "3"] {
        crowded.say(subscribe(id)).await;
    }
    let refused = crowded.hear().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("3")), "{refused}");
    crowded.say(subscribe("1")).await;
    assert_eq!(crowded.closed().await, (4409, "Subscriber for 1 already exists".to_owned()));
    let mut again = Socket::known(&sandbox, TRANSPORT, &token).await;
    again.say(init(json!({ "Authorization": token }))).await;
    assert_eq!(again.closed().await.0, 4429);
    let mut large = Socket::known(&sandbox, TRANSPORT, &token).await;
    large.say(json!({ "type": "ping", "payload": { "a": "a".repeat(2_000) } })).await;
    assert_eq!(large.closed().await.0, 1009);
    let mut binary = Socket::known(&sandbox, TRANSPORT, &token).await;
    binary.0.send(Message::binary(vec![1, 2, 3])).await.expect("it is sent");
    assert_eq!(binary.closed().await.0, 4400);
    let plain = sandbox.api().get("/graphql/ws").await;
    assert_eq!(plain.status, 400, "what asks for no upgrade gets none: {}", plain.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_to_read_is_told_and_closed() {
    let mut sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    let follow = "subscription($a: String!) { messageReceived(accountId: $a) { event } }";
    let (key, secret) = api.agent_key(&["events:read"], None).await;
    let mut revoked = Socket::known(&sandbox, TRANSPORT, &secret).await;
    revoked.run("1", follow, json!({ "a": account })).await;
    revoked.run("2", "{ whoami { keyId } }", json!({})).await;
    revoked.result("2").await;
    revoked.ended("2").await;
    api.delete(&format!("/agent-keys/{key}")).await.expect(204);
    let told = revoked.result("1").await;
    assert_eq!(told["errors"][0]["extensions"]["reason"], "key_revoked", "{told}");
    revoked.ended("1").await;
    assert_eq!(revoked.closed().await, (4401, "The agent key was revoked".to_owned()));

    let grant = json!({ "name": "brief", "scopes": ["events:read"], "ttlSecs": 2 });
    let brief = api.post("/agent-keys", grant).await.expect(200);
    let mut idle = Socket::known(&sandbox, TRANSPORT, brief["secret"].as_str().expect("a secret")).await;
    assert_eq!(idle.closed().await.0, 4401, "a socket ends with its token, also without a subscription");

    let mut owner = Socket::known(&sandbox, TRANSPORT, sandbox.token()).await;
    owner.run("1", follow, json!({ "a": account })).await;
    owner.run("2", "{ whoami { userId } }", json!({})).await;
    owner.result("2").await;
    owner.ended("2").await;
    api.post(&format!("/accounts/{account}/suspend"), json!({})).await.expect(200);
    let told = owner.result("1").await;
    assert_eq!(told["errors"][0]["extensions"]["reason"], "account_suspended", "{told}");
    owner.ended("1").await;
    let before = std::time::Instant::now();
    assert!(sandbox.terminate().success());
    assert_eq!(owner.closed().await.0, 1001, "after {:?}", before.elapsed());
}
