//! Webhooks: signed, in order, tried again, dead and replayed, ended, and not lost by kills.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::harness::{ADA, Api, BORIS, CLARA, EventStream, Options, Sandbox, eventually};

const CLARA_ID: i64 = 5_000_000_003;

/// Addresses of this machine may be called, and attempts follow each other quickly.
fn options() -> Options {
    Options::jwt().with("VASYA_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8").with("VASYA_WEBHOOKS_WAIT_SECS", "1,1")
}

/// What webhooks call: it answers with a status that can be changed, and keeps what came.
struct Receiver {
    server: MockServer,
    status: Arc<AtomicU16>,
}

impl Receiver {
    async fn start() -> Self {
        let (server, status) = (MockServer::start().await, Arc::new(AtomicU16::new(204)));
        let answer = Arc::clone(&status);
        let answer = move |request: &Request| {
            // Whatever happens, a message that says `poison` is not taken.
            let poisoned = String::from_utf8_lossy(&request.body).contains("poison");
            let status = answer.load(Ordering::SeqCst);
            let template = ResponseTemplate::new(if poisoned && status == 204 { 500 } else { status });
            if status == 302 { template.insert_header("location", "/elsewhere") } else { template }
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self { server, status }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("what came is kept")
    }

    /// The texts of the messages that were told, as they came.
    async fn texts(&self) -> Vec<String> {
        let bodies: Vec<Value> = self.requests().await.iter().map(body).collect();
        bodies.iter().filter_map(|body| body["data"]["text"].as_str().map(str::to_owned)).collect()
    }
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers[name].to_str().expect("text")
}

fn is_signed_with(request: &Request, secret: &Value) -> bool {
    let webhook = Webhook::new(secret.as_str().expect("a secret")).expect("a secret of the standard's form");
    webhook.verify(&request.body, &request.headers).is_ok()
}

async fn create(api: &Api, receiver: &Receiver, more: Value) -> Value {
    let mut webhook = json!({ "url": format!("{}/hook", receiver.server.uri()), "events": ["telegram:new-message"] });
    webhook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.post("/webhooks", webhook).await.expect(201)
}

async fn detail(api: &Api, webhook: &Value) -> Value {
    api.get(&format!("/webhooks/{}", webhook["id"].as_str().unwrap())).await.expect(200)
}

async fn deliveries(api: &Api, webhook: &Value, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/webhooks/{}/deliveries{query}", webhook["id"].as_str().unwrap())).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_posted_in_order_and_signed_as_the_standard_says() {
    let sandbox = Sandbox::start_with(options()).await;
    let (api, control, receiver) = (sandbox.api(), sandbox.control(), Receiver::start().await);
    let webhook = create(&api, &receiver, json!({ "accountIds": [sandbox.account()], "chatIds": [CLARA_ID] })).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let listed = api.get("/webhooks").await.expect(200);
    assert_eq!(listed["items"][0]["id"], webhook["id"]);
    assert!(listed["items"][0].get("secret").is_none(), "a secret is shown once");

    control.post(BORIS, ADA, "of another chat").await;
    for number in 0..10 {
        control.post(CLARA, ADA, &format!("message {number}")).await;
    }
    let all = || async { Some(receiver.texts().await).filter(|texts| texts.len() >= 10) };
    let texts = eventually("all messages are told", all).await;
    assert_eq!(texts, (0..10).map(|number| format!("message {number}")).collect::<Vec<_>>());
    for request in receiver.requests().await {
        assert!(is_signed_with(&request, &webhook["secret"]));
        let body = body(&request);
        assert_eq!((&body["type"], &body["data"]["accountId"]), (&json!("telegram:new-message"), &json!(sandbox.account())));
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'), "{body}");
        let cursor = body["data"]["cursor"].as_str().unwrap();
        assert_eq!(header(&request, "webhook-id"), format!("evt_{cursor}"));
    }

    let rotated = api.post(&format!("{path}/secret/rotate"), json!({})).await.expect(200);
    let tried = api.post(&format!("{path}/test"), json!({})).await.expect(200);
    assert_eq!((&tried["delivered"], &tried["responseStatus"]), (&json!(true), &json!(204)));
    let test = receiver.requests().await.pop().unwrap();
    assert_eq!(body(&test)["type"], "test");
    assert!(is_signed_with(&test, &webhook["secret"]) && is_signed_with(&test, &rotated["secret"]), "both sign for a while");
    let last = api.post(&format!("{path}/secret/rotate"), json!({ "keepPreviousSecs": 0 })).await.expect(200);
    api.post(&format!("{path}/test"), json!({})).await.expect(200);
    let test = receiver.requests().await.pop().unwrap();
    assert!(is_signed_with(&test, &last["secret"]) && !is_signed_with(&test, &rotated["secret"]));

    let arrived = deliveries(&api, &webhook, "?status=delivered&limit=3").await;
    assert_eq!(arrived.len(), 3);
    assert_eq!(
        (&arrived[0]["attempts"], &arrived[0]["responseStatus"], &arrived[0]["failure"]),
        (&json!(1), &json!(204), &Value::Null)
    );
    let next = format!("?cursor={}", arrived[2]["id"].as_str().unwrap());
    assert_eq!(deliveries(&api, &webhook, &next).await.len(), 7);
    api.delete(&path).await.expect(204);
    assert_eq!(api.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_tried_again_holds_up_its_chat_alone_and_can_be_replayed_when_dead() {
    let sandbox = Sandbox::start_with(options()).await;
    let (api, control, receiver) = (sandbox.api(), sandbox.control(), Receiver::start().await);
    let webhook = create(&api, &receiver, json!({})).await;
    control.post(CLARA, ADA, "poison").await;
    control.post(CLARA, ADA, "behind it").await;
    control.post(BORIS, ADA, "in another chat").await;
    let told = |text: &'static str| {
        let receiver = &receiver;
        move || async move { receiver.texts().await.iter().any(|told| told == text).then_some(()) }
    };
    eventually("another chat is not held up", told("in another chat")).await;
    eventually("the chat goes on behind what is dead", told("behind it")).await;
    let texts = receiver.texts().await;
    let poison = texts.iter().filter(|text| *text == "poison").count();
    assert_eq!(poison, 3, "one attempt and two more: {texts:?}");
    let last_poison = texts.iter().rposition(|text| text == "poison");
    assert!(last_poison < texts.iter().position(|text| text == "behind it"), "nothing overtakes in a chat: {texts:?}");
    let dead = deliveries(&api, &webhook, "?status=dead").await;
    assert_eq!((dead.len(), &dead[0]["attempts"], &dead[0]["responseStatus"]), (1, &json!(3), &json!(500)));
    assert!(dead[0]["failure"].as_str().unwrap().contains("500") && dead[0]["nextAttemptAt"].is_null());
    let ids: BTreeSet<String> = receiver
        .requests()
        .await
        .iter()
        .filter(|request| body(request)["data"]["text"] == "poison")
        .map(|request| header(request, "webhook-id").to_owned())
        .collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [dead[0]["id"].as_str().unwrap()], "the same id each time");

    receiver.answer(200);
    let path = format!("/webhooks/{}/deliveries", webhook["id"].as_str().unwrap());
    let replayed = api.post(&format!("{path}/{}/replay", dead[0]["id"].as_str().unwrap()), json!({})).await.expect(202);
    assert_eq!(replayed["status"], "pending");
    let settled = || async { deliveries(&api, &webhook, "?status=dead").await.is_empty().then_some(()) };
    eventually("it is taken up", settled).await;
    let arrived = || async { (deliveries(&api, &webhook, "?status=delivered").await.len() == 3).then_some(()) };
    eventually("it arrives", arrived).await;
    let again = api.post(&format!("{path}/{}/replay", dead[0]["id"].as_str().unwrap()), json!({})).await;
    assert_eq!(again.code(), "conflict");

    // By range, and redirects are not followed.
    receiver.answer(302);
    control.post(CLARA, ADA, "redirected").await;
    let dead = || async { deliveries(&api, &webhook, "?status=dead").await.pop() };
    let dead = eventually("a redirect is no delivery", dead).await;
    assert_eq!(dead["responseStatus"], 302);
    assert!(receiver.requests().await.iter().all(|request| request.url.path() == "/hook"));
    receiver.answer(200);
    let none = api.post(&format!("{path}/replay"), json!({ "upTo": "evt_0000000000000001" })).await.expect(202);
    assert_eq!(none["replayed"], 0);
    let one = api.post(&format!("{path}/replay"), json!({ "since": dead["id"] })).await.expect(202);
    assert_eq!(one["replayed"], 1);
    let arrived = || async { (deliveries(&api, &webhook, "?status=delivered").await.len() == 4).then_some(()) };
    eventually("it arrives as well", arrived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_ends_when_it_is_not_wanted_fails_for_long_or_loses_its_right() {
    let sandbox = Sandbox::start_with(options().with("VASYA_WEBHOOKS_FAILING_SECS_MAX", "1")).await;
    let (api, control, receiver) = (sandbox.api(), sandbox.control(), Receiver::start().await);
    for url in ["https://10.0.0.1/", "ftp://example.com/", "https://[::1]/", "https://a:b@example.com/", "nothing"] {
        let refused = api.post("/webhooks", json!({ "url": url })).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("url")), "{url}");
    }
    let webhook = create(&api, &receiver, json!({})).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let mut stream = EventStream::open(&api, "?types=webhook-ended", None).await.begun().await;
    let has_status = |status: &'static str| {
        let (api, webhook) = (&api, &webhook);
        move || async move { (detail(api, webhook).await["status"] == status).then_some(()) }
    };
    receiver.answer(410);
    control.post(CLARA, ADA, "not wanted").await;
    eventually("410 ends it", has_status("gone")).await;
    let ended = stream.next_named("webhook-ended").await.data;
    assert_eq!((&ended["webhookId"], &ended["status"]), (&webhook["id"], &json!("gone")));
    let calls = receiver.requests().await.len();
    receiver.answer(200);
    control.post(CLARA, ADA, "meanwhile").await;
    // What came meanwhile is told when it goes on, behind what was refused.
    api.patch(&path, json!({ "enabled": true })).await.expect(200);
    let all = || async { Some(receiver.texts().await).filter(|texts| texts.len() >= calls + 2) };
    let texts = eventually("it goes on where it stopped", all).await;
    assert_eq!(texts[calls..], ["not wanted", "meanwhile"]);

    receiver.answer(503);
    control.post(CLARA, ADA, "one").await;
    eventually("a webhook that only fails is suspended", has_status("suspended")).await;
    assert_eq!(stream.next_named("webhook-ended").await.data["status"], "suspended");
    receiver.answer(200);

    // An agent has its own webhooks, and only while it may read events.
    let (_, secret) = api.agent_key(&["webhooks:write"], None).await;
    let blind = api.with_token(&secret);
    let refused = blind.post("/webhooks", json!({ "url": receiver.server.uri() })).await;
    assert_eq!((refused.status, refused.code()), (403, "missing_scope".to_owned()));
    let (key, secret) = api.agent_key(&["webhooks:write", "events:read"], None).await;
    let agent = api.with_token(&secret);
    assert_eq!(agent.get(&path).await.status, 404, "a person's webhook is not the agent's");
    let own = create(&agent, &receiver, json!({})).await;
    assert_eq!(api.get("/webhooks").await.expect(200)["items"].as_array().unwrap().len(), 2);
    assert_eq!(agent.get("/webhooks").await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(detail(&api, &own).await["agentKeyId"], json!(key));
    api.delete(&format!("/agent-keys/{key}")).await.expect(204);
    let over = || async { (detail(&api, &own).await["status"] == "key_ended").then_some(()) };
    eventually("a revoked key's webhooks end", over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_no_delivery_and_change_no_id() {
    let mut sandbox = Sandbox::start_with(options()).await;
    let (control, receiver) = (sandbox.control(), Receiver::start().await);
    create(&sandbox.api(), &receiver, json!({})).await;
    let mut sent = 0;
    for round in 0..3 {
        if round == 1 {
            // What waits is kept as well.
            receiver.answer(500);
        }
        for _ in 0..15 {
            control.post(CLARA, ADA, &format!("message {sent}")).await;
            sent += 1;
        }
        sandbox.kill();
        receiver.answer(200);
        sandbox.start_again().await;
    }
    let told = || async {
        let told: BTreeSet<String> = receiver.texts().await.into_iter().collect();
        (0..sent).all(|number| told.contains(&format!("message {number}"))).then_some(())
    };
    eventually("every message is told", told).await;
    let mut ids = BTreeSet::new();
    let mut first_seen: Vec<String> = Vec::new();
    for request in receiver.requests().await {
        let text = body(&request)["data"]["text"].as_str().unwrap().to_owned();
        ids.insert((text.clone(), header(&request, "webhook-id").to_owned()));
        if !first_seen.contains(&text) {
            first_seen.push(text);
        }
    }
    assert_eq!(ids.len(), sent, "each message has one id");
    assert_eq!(first_seen, (0..sent).map(|number| format!("message {number}")).collect::<Vec<_>>());
}
