//! Who may reach what: administrators, and keys with an allowlist. That every operation tells nobody of another's account is walked
//! in `walk/`.

use serde_json::{Value, json};

use crate::harness::{Options, Sandbox};

const UNKNOWN: &str = "0199f7c2-0000-7000-8000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn administration_is_for_administrators() {
    let sandbox = Sandbox::start_with(Options::jwt().with("VASYA_ADMIN_USERS", "root, operator")).await;
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
