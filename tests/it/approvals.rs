//! Calls of agents that wait for a person: kept, shown exactly, decided by people only, carried out once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, CLARA, Options, Sandbox, eventually, send};

const CLARA_ID: i64 = 5_000_000_003;

fn roomy() -> Options {
    Options::default().with("VASYA_AGENT_BURST", "1000").with("VASYA_ACCOUNT_BURST", "1000")
}

fn sessions(account: &str) -> String {
    format!("/accounts/{account}/telegram-sessions")
}

/// The approval that an answer names.
fn asked(answer: Answer) -> String {
    assert_eq!((answer.status, answer.code()), (202, "approval_required".into()));
    let problem = answer.json();
    assert!(problem["expiresAt"].is_u64(), "{problem}");
    let id = problem["approvalId"].as_str().expect("an id").to_owned();
    assert!(answer.header("location").ends_with(&format!("/approvals/{id}")));
    id
}

async fn read(api: &Api, id: &str) -> Value {
    api.get(&format!("/approvals/{id}")).await.expect(200)
}

/// A person decides on what they see.
async fn decide(person: &Api, id: &str, verdict: &str) -> Answer {
    let digest = read(person, id).await["digest"].clone();
    person.post(&format!("/approvals/{id}/{verdict}"), json!({ "digest": digest })).await
}

async fn in_state(api: &Api, id: &str, state: &str) -> Value {
    let path = format!("/approvals/{id}");
    let look = || async {
        let approval = api.get(&path).await.expect(200);
        (approval["state"] == state).then_some(approval)
    };
    eventually(&format!("the approval is {state}"), look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_the_exact_call_and_it_runs_once_for_the_agent() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (person, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let (key, secret) = person.agent_key(&["security:read", "chats:read"], None).await;
    let agent = person.with_token(&secret);
    let before = control.calls("account.getAuthorizations").await;
    let id = asked(agent.get(&sessions(account)).await);
    assert_eq!(asked(agent.get(&sessions(account)).await), id, "the same call waits once");

    // The person sees everything, the agent that asked how far it is, another agent nothing.
    let seen = read(&person, &id).await;
    assert_eq!(
        (&seen["state"], &seen["operation"], &seen["keyId"]),
        (&json!("pending"), &json!("list_telegram_sessions"), &json!(key))
    );
    assert_eq!((&seen["arguments"]["accountId"], &seen["reasons"][0]["rule"]), (&json!(account), &json!("security:read")));
    let own = read(&agent, &id).await;
    assert_eq!(
        (&own["state"], &own["digest"], &own["arguments"], &own["reasons"]),
        (&json!("pending"), &Value::Null, &Value::Null, &Value::Null)
    );
    let (_, other) = person.agent_key(&["security:read"], None).await;
    let other = person.with_token(&other);
    assert_eq!(other.get(&format!("/approvals/{id}")).await.status, 404);

    // No agent decides: not the one that asked, not with another key of its owner.
    let digest = json!({ "digest": seen["digest"] });
    for api in [&agent, &other] {
        for verdict in ["approve", "deny"] {
            let refused = api.post(&format!("/approvals/{id}/{verdict}"), digest.clone()).await;
            assert_eq!((refused.status, refused.code()), (403, "human_only".into()));
        }
        assert_eq!(api.get("/approvals").await.code(), "human_only");
    }
    let wrong = json!({ "digest": "0".repeat(64) });
    assert_eq!(person.post(&format!("/approvals/{id}/approve"), wrong).await.code(), "conflict");
    assert_eq!(person.post("/approvals/apr_000000000000000000000000/approve", digest.clone()).await.status, 404);
    assert_eq!(control.calls("account.getAuthorizations").await, before, "nothing has happened");

    // Approved, it runs; its answer is shown to its agent, once.
    assert_eq!(decide(&person, &id, "approve").await.expect(200)["state"], "approved");
    let twice = decide(&person, &id, "approve").await;
    assert_eq!((twice.status, twice.code()), (409, "conflict".into()));
    let done = in_state(&person, &id, "done").await;
    assert_eq!((&done["outcome"]["status"], &done["outcome"]["body"]), (&json!(200), &Value::Null));
    let shown = read(&agent, &id).await;
    assert_eq!(shown["outcome"]["body"]["items"][0]["current"], true, "{shown}");
    let again = read(&agent, &id).await;
    assert_eq!((&again["outcome"]["body"], &again["outcome"]["code"]), (&Value::Null, &json!("ok")), "{again}");
    assert_eq!(control.calls("account.getAuthorizations").await, before + 1);

    // The audit log joins question, decision and call.
    let rows = person.get("/audit").await.expect(200);
    let of = |operation: &str| -> Vec<Value> {
        rows.as_array().unwrap().iter().filter(|row| row["operation"] == operation).cloned().collect()
    };
    let calls = of("list_telegram_sessions");
    let codes: Vec<&str> = calls.iter().filter_map(|row| row["code"].as_str()).collect();
    assert_eq!(codes, ["approval_required", "approval_required", "ok"], "{rows}");
    assert!(calls.iter().all(|row| row["approvalId"] == id.as_str() && row["agentKeyId"] == key.as_str()));
    assert!(of("approve_call").iter().any(|row| row["code"] == "ok" && row["agentKeyId"].is_null()));

    // A new call is a new approval, and one that is denied never runs.
    let denied = asked(agent.get(&sessions(account)).await);
    assert_ne!(denied, id);
    assert_eq!(decide(&person, &denied, "deny").await.expect(200)["state"], "denied");
    assert_eq!(decide(&person, &denied, "approve").await.status, 409);
    let listed = person.get("/approvals?limit=1").await;
    assert_eq!(listed.json()["items"][0]["id"], denied.as_str());
    let next =
        person.get(&format!("/approvals?limit=1&cursor={}", listed.json()["nextCursor"].as_str().unwrap())).await.expect(200);
    assert_eq!((&next["items"][0]["id"], &next["nextCursor"]), (&json!(id), &Value::Null));
    assert_eq!(person.get("/approvals?state=denied").await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(control.calls("account.getAuthorizations").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_runs_with_the_rights_of_then_and_in_time() {
    let options = roomy().with("VASYA_APPROVALS_LIFETIME_SECS", "2").with("VASYA_APPROVALS_PENDING_PER_KEY_MAX", "2");
    let mut sandbox = Sandbox::start_with(options).await;
    let (person, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let service = json!({ "id": 777_000, "phone": "+42777", "firstName": "Telegram" });
    control.call(Method::POST, "/users", Some(service)).await;
    control.post("+42777", ADA, "Login code: 40417").await;
    let (_, secret) = person.agent_key(&["security:read", "messages:read", "messages:send"], None).await;
    let agent = person.with_token(&secret);
    let codes = format!("/accounts/{account}/chats/777000/messages");

    // Nobody decides: it expires, and the same call waits anew. Only so many wait.
    let id = asked(agent.get(&codes).await);
    in_state(&agent, &id, "expired").await;
    assert_eq!(decide(&person, &id, "approve").await.code(), "conflict");
    asked(agent.get(&codes).await);
    asked(agent.get(&sessions(&account)).await);
    let full = agent.get(&format!("{codes}?limit=3")).await;
    assert_eq!((full.status, full.code()), (429, "rate_limited".into()));
    sandbox.kill();
    sandbox.set_environment(&[("VASYA_AGENT_BURST", "1000"), ("VASYA_ACCOUNT_BURST", "1000")]);
    sandbox.start_again().await;
    let person = sandbox.api();
    let agent = person.with_token(&secret);

    // The chat with Telegram itself is read by one approved call, and by no other.
    let (_, narrow) = person.agent_key(&["messages:read"], None).await;
    assert_eq!(person.with_token(&narrow).get(&codes).await.code(), "chat_not_allowed");
    let keyed = || async { send(agent.request(Method::GET, &codes).header("idempotency-key", "codes")).await };
    let id = asked(keyed().await);
    decide(&person, &id, "approve").await.expect(200);
    in_state(&person, &id, "done").await;
    let replayed = keyed().await;
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    let told = replayed.expect(200).to_string();
    assert!(told.contains("40417"), "{told}");
    assert_eq!(keyed().await.code(), "answer_not_kept", "it is shown once");
    let other = send(agent.request(Method::GET, &format!("{codes}?limit=2")).header("idempotency-key", "codes")).await;
    assert_eq!(other.code(), "idempotency_key_reused");
    let denied = send(agent.request(Method::GET, &codes).header("idempotency-key", "denied")).await;
    decide(&person, &asked(denied), "deny").await.expect(200);
    let again = send(agent.request(Method::GET, &codes).header("idempotency-key", "denied")).await;
    assert_eq!((again.status, again.code()), (403, "approval_denied".into()));
    let file = format!("/accounts/{account}/chats/777000/messages/1/media");
    assert_eq!(agent.get(&file).await.code(), "chat_not_allowed", "a file cannot wait");
    let listed = agent.get(&format!("/accounts/{account}/messages/search?q=code")).await.expect(200);
    assert!(!listed.to_string().contains("40417"), "lists leave it out all the same");

    // A key that is revoked meanwhile, or an account that is suspended, runs nothing.
    let id = asked(agent.get(&sessions(&account)).await);
    person.post(&format!("/accounts/{account}/suspend"), json!({})).await.expect(200);
    decide(&person, &id, "approve").await.expect(200);
    let failed = in_state(&agent, &id, "failed").await;
    assert_eq!(failed["outcome"]["code"], "account_suspended");
    person.post(&format!("/accounts/{account}/resume"), json!({})).await.expect(200);
    person.online(&account).await;
    let before = control.calls("account.getAuthorizations").await;
    let id = asked(agent.get(&sessions(&account)).await);
    let key = secret.split('_').nth(1).unwrap();
    person.delete(&format!("/agent-keys/{key}")).await.expect(204);
    decide(&person, &id, "approve").await.expect(200);
    assert_eq!(in_state(&person, &id, "failed").await["outcome"]["code"], "unauthorized");
    assert_eq!(control.calls("account.getAuthorizations").await, before);
}

/// A key whose every change needs a person, and what it says.
struct Writer {
    key: String,
    secret: String,
    account: String,
}

impl Writer {
    async fn of(sandbox: &Sandbox) -> Self {
        let person = sandbox.api();
        let (key, secret) = person.agent_key(&["messages:send", "chats:write", "events:read"], None).await;
        person.put(&format!("/policies/{key}"), json!({ "rules": { "readOnly": "ask" } })).await.expect(200);
        Self { key, secret, account: sandbox.account().to_owned() }
    }

    async fn send(&self, sandbox: &Sandbox, text: &str) -> Option<Answer> {
        let path = format!("/accounts/{}/chats/{CLARA_ID}/messages", self.account);
        let agent = sandbox.api().with_token(&self.secret);
        let request = agent.request(Method::POST, &path).header("idempotency-key", text).json(&json!({ "text": text }));
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer { status, headers, body: response.bytes().await.ok()?.to_vec() })
    }
}

const ENVIRONMENT: [(&str, &str); 2] = [("VASYA_AGENT_BURST", "1000"), ("VASYA_ACCOUNT_BURST", "1000")];

/// Starts again such that the server ends itself at this place.
async fn start_to_crash_at(sandbox: &mut Sandbox, place: &str) {
    sandbox.kill();
    sandbox.set_environment(&[ENVIRONMENT[0], ENVIRONMENT[1], ("VASYA_CRASH_AT", place)]);
    sandbox.start_again().await;
    sandbox.api().online(sandbox.account()).await;
}

/// Waits until the server has ended itself, and starts it as usual.
async fn start_after_crash(sandbox: &mut Sandbox) {
    let api = sandbox.api();
    let gone = || async { api.request(Method::GET, "/health").send().await.is_err().then_some(()) };
    eventually("the server ends itself", gone).await;
    sandbox.kill();
    sandbox.set_environment(&ENVIRONMENT);
    sandbox.start_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_survives_a_kill_between_every_two_steps_and_runs_once() {
    let mut sandbox = Sandbox::start_with(roomy()).await;
    let control = sandbox.control();
    let writer = Writer::of(&sandbox).await;

    // Between the question in the audit log and the approval: nothing waits, and the agent asks again. After it, the same waits.
    for (place, kept) in [("approval-audited", 0), ("approval-kept", 1)] {
        start_to_crash_at(&mut sandbox, place).await;
        assert!(writer.send(&sandbox, place).await.is_none(), "the server is gone");
        start_after_crash(&mut sandbox).await;
        let pending = sandbox.api().get("/approvals?state=pending").await.expect(200);
        assert_eq!(pending["items"].as_array().unwrap().len(), kept, "{place}");
        let id = asked(writer.send(&sandbox, place).await.unwrap());
        decide(&sandbox.api(), &id, "approve").await.expect(200);
        in_state(&sandbox.api(), &id, "done").await;
        assert_eq!(control.count(ADA, CLARA, place).await, 1);
    }

    // After the decision: before it begins, after its note, after Telegram has the message, after its end, after that is kept.
    for place in ["approval-decided", "mutation-noted", "mutation-ran", "approval-carried-out", "approval-settled"] {
        let id = asked(writer.send(&sandbox, place).await.unwrap());
        let digest = read(&sandbox.api(), &id).await["digest"].clone();
        let at_work = if place.starts_with("mutation") { format!("send_message:{place}") } else { place.to_owned() };
        start_to_crash_at(&mut sandbox, &at_work).await;
        let approving =
            sandbox.api().request(Method::POST, &format!("/approvals/{id}/approve")).json(&json!({ "digest": digest }));
        let _the_answer_may_be_lost = approving.send().await;
        start_after_crash(&mut sandbox).await;
        let done = in_state(&sandbox.api(), &id, "done").await;
        assert_eq!(done["outcome"]["status"], 200, "{place}: {done}");
        assert_eq!(control.count(ADA, CLARA, place).await, 1, "{place}");
        let replayed = writer.send(&sandbox, place).await.unwrap();
        assert_eq!((replayed.header("idempotency-replayed"), &replayed.json()["text"]), ("true", &json!(place)));
        assert_eq!(decide(&sandbox.api(), &id, "approve").await.status, 409, "{place}");
    }

    // What Telegram would do twice, and was cut off, is unknown, and does not run again.
    let agent = sandbox.api().with_token(&writer.secret);
    let group = json!({ "title": "Once", "userIds": [CLARA_ID] });
    let id = asked(agent.post(&format!("/accounts/{}/groups", writer.account), group).await);
    let digest = read(&sandbox.api(), &id).await["digest"].clone();
    start_to_crash_at(&mut sandbox, "create_group:mutation-ran").await;
    let approving = sandbox.api().request(Method::POST, &format!("/approvals/{id}/approve")).json(&json!({ "digest": digest }));
    let _the_answer_may_be_lost = approving.send().await;
    start_after_crash(&mut sandbox).await;
    in_state(&sandbox.api(), &id, "unknown").await;
    assert_eq!(control.calls("messages.createChat").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_the_agent_that_asked_are_told_and_nobody_else() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (person, writer) = (sandbox.api(), Writer::of(&sandbox).await);
    let agent = person.with_token(&writer.secret);
    let (_, other) = person.agent_key(&["events:read"], None).await;
    let id = asked(writer.send(&sandbox, "word for word").await.unwrap());
    decide(&person, &id, "approve").await.expect(200);
    in_state(&person, &id, "done").await;
    let states = async |api: &Api| -> Vec<Value> {
        let page = api.get("/events/poll?cursor=oldest&types=approval-required,approval-decided").await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.filter(|item| item["event"] != "gap").map(|item| item["payload"].clone()).collect()
    };
    let all = || async {
        let told = states(&person).await;
        (told.len() == 3).then_some(told)
    };
    let told = eventually("people are told", all).await;
    let of = |told: &[Value]| told.iter().map(|event| event["state"].clone()).collect::<Vec<_>>();
    assert_eq!(of(&told), ["pending", "approved", "done"]);
    assert!(told.iter().all(|event| event["approvalId"] == id.as_str() && event["keyId"] == writer.key.as_str()));
    assert!(told.iter().all(|event| !event.to_string().contains("word for word")));
    assert_eq!(of(&states(&agent).await), ["pending", "approved", "done"]);
    assert_eq!(states(&person.with_token(&other)).await, Vec::<Value>::new());
}
