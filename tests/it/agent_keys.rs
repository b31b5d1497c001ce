//! Agent keys: shown once, narrow, ended at once.

use serde_json::json;

use crate::harness::{Sandbox, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_ends_the_moment_it_is_revoked() {
    let mut sandbox = Sandbox::start().await;
    let owner = sandbox.api();
    let grant = json!({ "name": "reader", "scopes": ["chats:read", "accounts:read", "chats:read"], "ttlSecs": 3600 });
    let key = owner.post("/agent-keys", grant).await.expect(200);
    let (id, secret) = (key["id"].as_str().unwrap().to_owned(), key["secret"].as_str().unwrap().to_owned());
    assert_eq!(secret.len(), 78);
    assert!(secret.starts_with(&format!("vk_{id}_")) && id.starts_with("ak") && id.len() == 10, "{id}");
    assert_eq!(key["scopes"], json!(["accounts:read", "chats:read"]));
    assert_eq!(key["expiresAt"].as_u64().unwrap() - key["createdAt"].as_u64().unwrap(), 3600);

    let listed = owner.get("/agent-keys").await;
    assert!(!listed.text().contains(&secret) && !listed.text().to_lowercase().contains("hash"), "{}", listed.text());
    assert_eq!(listed.expect(200)[0]["revoked"], false);

    sandbox.kill();
    sandbox.start_again().await;
    let (owner, agent) = (sandbox.api(), sandbox.api().with_token(&secret));
    let me = agent.get("/me").await.expect(200);
    assert_eq!((&me["principal"], &me["keyId"], &me["userId"]), (&json!("agent"), &json!(id), &json!("local")));

    owner.delete(&format!("/agent-keys/{id}")).await.expect(204);
    assert_eq!(agent.get("/me").await.code(), "unauthorized");
    owner.delete(&format!("/agent-keys/{id}")).await.expect(204);
    assert_eq!(owner.delete("/agent-keys/ak00000000").await.status, 404);
    sandbox.kill();
    sandbox.start_again().await;
    assert_eq!(sandbox.api().with_token(&secret).get("/me").await.status, 401, "revoked for ever");
    let listed = sandbox.api().get("/agent-keys").await.expect(200);
    assert_eq!(listed[0]["revoked"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_with_its_time() {
    let sandbox = Sandbox::start().await;
    let owner = sandbox.api();
    let key = owner.post("/agent-keys", json!({ "name": "brief", "scopes": ["chats:read"], "ttlSecs": 1 })).await.expect(200);
    let agent = owner.with_token(key["secret"].as_str().unwrap());
    eventually("the key ends", || async { (agent.get("/me").await.status == 401).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destructive_scopes_are_told_apart() {
    let sandbox = Sandbox::start().await;
    let scopes = sandbox.api().get("/agent-keys/scopes").await.expect(200);
    let destructive = |name: &str| {
        let found = scopes.as_array().unwrap().iter().find(|scope| scope["scope"] == name);
        found.unwrap_or_else(|| panic!("{name}"))["destructive"].clone()
    };
    for name in ["accounts:delete", "chats:delete", "messages:forward", "messages:delete", "security:read"] {
        assert_eq!(destructive(name), json!(true), "{name}");
    }
    for name in ["accounts:read", "messages:send", "folders:write"] {
        assert_eq!(destructive(name), json!(false), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_secrets_are_refused_alike() {
    let sandbox = Sandbox::start().await;
    let owner = sandbox.api();
    let (id, secret) = owner.agent_key(&["chats:read"], None).await;
    let other = if secret.ends_with('0') { '1' } else { '0' };
    let flipped = format!("{}{other}", &secret[..secret.len() - 1]);
    let unknown = secret.replace(&id, "ak00000000");
    let mut bodies = Vec::new();
    let spoiled = [flipped.as_str(), &unknown, &secret[..77], "vk_", "vk__", "x", &format!("{secret}0"), &secret.to_uppercase()];
    for wrong in spoiled {
        let answer = owner.with_token(wrong).get("/me").await;
        assert_eq!(answer.status, 401, "{wrong}");
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("requestId");
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}
