//! Another user's account cannot be reached, nor told from one that does not exist: on every operation, by people and by agents.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::operation::{Access, Entry};

use crate::harness::{Answer, Api, Options, Sandbox, send};

const UNKNOWN: &str = "0199f7c2-0000-7000-8000-000000000000";

/// Limits that a walk over the whole catalogue does not reach.
fn unlimited() -> Options {
    Options::jwt().with("VASYA_AGENT_BURST", "100000").with("VASYA_LOGIN_BURST", "100000").with("VASYA_ACCOUNT_BURST", "100000")
}

/// A value that an input's schema accepts.
fn sample(name: &str, schema: &Value) -> Value {
    let kind = match &schema["type"] {
        Value::Array(several) => several[0].as_str().unwrap_or("string"),
        kind => kind.as_str().unwrap_or("string"),
    };
    match (name, kind) {
        ("scopes", _) => json!(["chats:read"]),
        ("link", _) => json!("https://t.me/+AbCdEfGh"),
        ("q", _) => json!("clara"),
        ("userId", _) => json!(5_000_000_003_i64),
        ("contacts", _) => json!([{ "phone": "+15550000003", "firstName": "C" }]),
        ("userIds", _) => json!([5_000_000_003_i64]),
        ("chatId", _) => json!(5_000_000_003_i64),
        ("apiHash", _) => json!("0123456789abcdef"),
        ("fromChatId" | "toChatId", _) => json!(5_000_000_003_i64),
        ("messageIds", _) => json!([1]),
        ("phone", _) => json!("+15550009999"),
        ("key", _) => json!("bio"),
        ("emoji", _) => json!("👍"),
        ("audience", _) => json!("nobody"),
        (_, "integer") => json!(1),
        (_, "boolean") => json!(true),
        (_, "array") => json!([]),
        (_, "object") => json!({}),
        _ => json!("x"),
    }
}

fn inputs(entry: &Entry) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = entry.input_schema(&mut settings.into_generator()).to_value();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let required = required.iter().filter_map(Value::as_str);
    // Some operations need any one of their fields.
    let wanted = match entry.declaration().name {
        "edit_chat" => Some("title"),
        "update_profile" => Some("bio"),
        "react" => Some("emoji"),
        _ => None,
    };
    required.chain(wanted).map(|name| (name.to_owned(), sample(name, &schema["properties"][name]))).collect()
}

/// Whether an operation names an account.
fn names_account(entry: &Entry) -> bool {
    inputs(entry).contains_key("accountId")
}

/// Calls an operation with valid input, on this account where it names one.
async fn call(api: &Api, entry: &Entry, account: &str) -> Answer {
    let declaration = entry.declaration();
    let mut inputs = inputs(entry);
    if inputs.contains_key("accountId") {
        inputs.insert("accountId".into(), json!(account));
    }
    let mut path = declaration.path.to_owned();
    for (name, value) in inputs.clone() {
        let placeholder = format!("{{{name}}}");
        if path.contains(&placeholder) {
            path = path.replace(&placeholder, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            inputs.remove(&name);
        }
    }
    let method = declaration.method.name().parse().unwrap();
    let mut request = api.request(method, &path);
    if declaration.takes_bytes {
        request = request.header("x-file-name", "a").body("bytes");
    } else if declaration.method.has_body() {
        request = match declaration.body_field {
            Some(field) => request.json(&inputs[field]),
            None => request.json(&inputs),
        };
    } else {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        request = request.query(&inputs.iter().map(|(name, value)| (name, text(value))).collect::<Vec<_>>());
    }
    send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_account_and_an_unknown_one_are_answered_alike_on_every_operation() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let foreign = sandbox.account();
    let mallory = sandbox.user("mallory");
    let catalogue = Catalogue::standard();
    let scopes: BTreeSet<&str> = catalogue
        .entries()
        .iter()
        .filter_map(|entry| match entry.declaration().access {
            Access::Scope(scope) => Some(scope.name()),
            _ => None,
        })
        .collect();
    let (_, secret) = mallory.agent_key(&scopes.into_iter().collect::<Vec<_>>(), None).await;
    let agent = mallory.with_token(&secret);
    let mut walked = 0;
    for entry in catalogue.entries().iter().filter(|entry| names_account(entry)) {
        let name = entry.declaration().name;
        for api in [&mallory, &agent] {
            let of_foreign = call(api, entry, foreign).await;
            assert_eq!((of_foreign.status, of_foreign.code()), (403, "account_forbidden".into()), "{name}");
            for absent in [UNKNOWN, "no-id-at-all", "..%2F..%2Fetc"] {
                let of_absent = call(api, entry, absent).await;
                assert_eq!(of_absent.status, 403, "{name}: {}", of_absent.text());
                assert_eq!(of_absent.body, of_foreign.body, "{name}");
                // Whether the connection stays open depends on how much of the body had come when the answer was ready.
                let told = |name: &String| name != "connection";
                let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).filter(told).collect::<Vec<_>>();
                let (mut one, mut other) = (names(&of_absent), names(&of_foreign));
                one.sort();
                other.sort();
                assert_eq!(one, other, "{name}");
            }
            walked += 1;
        }
    }
    assert!(walked >= 2 * 8, "only {walked} calls were walked");
    assert_eq!(mallory.get("/accounts").await.expect(200), json!([]), "naming an account does not make it one's own");
    assert_eq!(sandbox.api().get("/accounts").await.expect(200)[0]["connected"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_needs_a_token_and_its_scope() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let (owner, account) = (sandbox.api(), sandbox.account());
    let catalogue = Catalogue::standard();
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        let name = declaration.name;
        let anonymous = call(&owner.without_token(), entry, account).await;
        assert_eq!((anonymous.status, anonymous.code()), (401, "unauthorized".into()), "{name}");
        assert_eq!(anonymous.header("www-authenticate"), "Bearer", "{name}");
        // A key with another scope than the one that is needed.
        let other = match declaration.access {
            Access::Scope(scope) if scope.name() == "stt:use" => "calls:use",
            _ => "stt:use",
        };
        let (_, secret) = owner.agent_key(&[other], None).await;
        let refused = call(&owner.with_token(&secret), entry, account).await;
        match declaration.access {
            Access::Scope(scope) => {
                assert_eq!(refused.code(), "missing_scope", "{name}");
                assert_eq!(refused.json()["error"], format!("Missing scope: {}", scope.name()), "{name}");
            }
            Access::Human(reason) | Access::Admin(reason) => {
                assert_eq!(refused.code(), "human_only", "{name}");
                assert_eq!(refused.json()["error"], reason, "{name}");
            }
            Access::Authenticated => assert_eq!(refused.status, 200, "{name}: {}", refused.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_is_for_administrators() {
    let sandbox = Sandbox::start_with(unlimited().with("VASYA_ADMIN_USERS", "root, operator")).await;
    let credentials = json!({ "apiId": 7, "apiHash": "0123456789abcdef" });
    for (user, status) in [("root", 200), ("operator", 200), ("mallory", 403)] {
        let answer = sandbox.user(user).put("/admin/telegram/credentials", credentials.clone()).await;
        assert_eq!(answer.status, status, "{user}: {}", answer.text());
        if status == 403 {
            assert_eq!(answer.code(), "admin_only");
        }
    }
    let global = sandbox.user("mallory").get("/telegram/credentials").await.expect(200);
    assert_eq!((&global["source"], &global["apiId"]), (&json!("global"), &Value::Null), "another's api_id is not shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_an_allowlist_sees_and_touches_those_accounts_only() {
    let sandbox = Sandbox::start().await;
    let (owner, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let clara = owner.log_in(&control, crate::harness::CLARA, None).await;
    let scopes = ["accounts:read", "chats:read", "telegram:login"];
    let (_, secret) = owner.agent_key(&scopes, Some(&[&clara])).await;
    let agent = owner.with_token(&secret);
    let seen = agent.get("/accounts").await.expect(200);
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["accountId"], clara);
    assert_eq!(agent.get(&format!("/accounts/{clara}/chats")).await.status, 200);
    let refused = agent.get(&format!("/accounts/{ada}/chats")).await;
    assert_eq!(refused.code(), "account_not_allowed");
    assert_eq!(refused.json()["error"], "account not in key allowlist");
    let absent = agent.get(&format!("/accounts/{UNKNOWN}/chats")).await;
    assert_eq!(absent.code(), "account_not_allowed");
    let foreign = json!({ "name": "k", "scopes": ["chats:read"], "accountIds": [UNKNOWN] });
    assert_eq!(owner.post("/agent-keys", foreign).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_and_names_the_field() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let messages = format!("/accounts/{account}/chats/5000000003/messages");
    let cases = [
        (api.post(&messages, json!({})).await, 422, "text"),
        (api.post(&messages, json!({ "text": 7 })).await, 422, "text"),
        (api.post(&messages, json!({ "text": "  " })).await, 400, "text"),
        (api.post(&messages, json!({ "text": "a".repeat(4_097) })).await, 400, "text"),
        (api.get(&format!("{messages}?limit=many")).await, 400, "limit"),
        (api.get(&format!("{messages}?limit=1&limit=2")).await, 400, "limit"),
        (api.get(&format!("/accounts/{account}/chats/none/messages")).await, 400, "chatId"),
        (api.get(&format!("/accounts/{account}/chats?source=elsewhere")).await, 400, "source"),
        (api.get(&format!("/accounts/{account}/chats?cursor=elsewhere")).await, 400, "cursor"),
        (api.post("/telegram/login/code", json!({ "phone": "call me" })).await, 400, "phone"),
        (api.post("/agent-keys", json!({ "name": "", "scopes": ["chats:read"] })).await, 400, "name"),
        (api.post("/agent-keys", json!({ "name": "k", "scopes": ["chats:eat"] })).await, 400, "scopes"),
        (api.post("/agent-keys", json!({ "name": "k", "scopes": [] })).await, 400, "scopes"),
        (api.post("/agent-keys", json!({ "name": "k", "scopes": ["chats:read"], "ttlSecs": u64::MAX })).await, 400, "ttlSecs"),
        (api.put("/telegram/credentials", json!({ "apiId": 0, "apiHash": "0123456789abcdef" })).await, 400, "apiId"),
    ];
    for (answer, status, field) in cases {
        assert_eq!(answer.status, status, "{field}: {}", answer.text());
        let problem = answer.json();
        assert_eq!((&problem["field"], &problem["status"]), (&json!(field), &json!(status)), "{problem}");
        assert_eq!(problem["error"], problem["detail"]);
        assert_eq!(problem["requestId"], answer.header("x-request-id"));
    }
}
