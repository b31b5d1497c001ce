//! Tokens: what is accepted, and what is not.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Api, Options, Sandbox, command, send};

#[tokio::test(flavor = "multi_thread")]
async fn the_local_token_is_one_user() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let me = api.get("/me").await.expect(200);
    assert_eq!((&me["userId"], &me["principal"], &me["isAdmin"]), (&json!("local"), &json!("human"), &json!(true)));
    assert_eq!((sandbox.token().len(), hex_digits(sandbox.token())), (64, true));
    let token = sandbox.token();
    let flipped = if token.starts_with('0') { token.replacen('0', "1", 1) } else { format!("0{}", &token[1..]) };
    for wrong in ["", "x", &token[1..], &flipped, &format!("{token}0")] {
        assert_eq!(api.with_token(wrong).get("/me").await.code(), "unauthorized", "{wrong}");
    }
    for header in [format!("bearer {token}"), format!("Bearer  {token}"), token.to_owned(), format!("Basic {token}")] {
        let request = api.without_token().request(Method::GET, "/me").header("authorization", &header);
        assert_eq!(send(request).await.status, 401, "{header}");
    }
}

fn hex_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_needs_its_csrf_pair_to_change_anything() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api().without_token();
    let cookie = format!("vasya_token={}; vasya_csrf=pair", sandbox.token());
    let get = |path: &str| api.request(Method::GET, path).header("cookie", &cookie);
    assert_eq!(send(get("/me")).await.status, 200);
    let grant = json!({ "name": "k", "scopes": ["chats:read"] });
    let post = || api.request(Method::POST, "/agent-keys").header("cookie", &cookie).json(&grant);
    let refused = send(post()).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some("Missing or invalid CSRF token")));
    assert_eq!(send(post().header("x-csrf-token", "other")).await.status, 403);
    let made = send(post().header("x-csrf-token", "pair")).await.expect(200);
    let agent = format!("vasya_token={}", made["secret"].as_str().unwrap());
    assert_eq!(send(api.request(Method::GET, "/me").header("cookie", agent)).await.status, 401, "an agent is no browser");
    let both = api.request(Method::GET, "/me").header("cookie", &cookie).bearer_auth("wrong");
    assert_eq!(send(both).await.status, 401, "the header wins");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_the_backend_are_users() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    for user in ["alice", "0", &"a".repeat(128), "A-z_9"] {
        let me = sandbox.user(user).get("/me").await.expect(200);
        assert_eq!((me["userId"].as_str(), &me["isAdmin"]), (Some(user), &json!(false)));
        assert!(me["expiresAt"].as_u64().is_some());
    }
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6NDAwMDAwMDAwMH0.";
    assert_eq!(Api::new(sandbox.base_url(), Some(none)).get("/me").await.status, 401);
    for sub in ["", "../../etc", "a b", &"a".repeat(129)] {
        let refused = command(["token", "--sub", sub]).env("JWT_SECRET", "x".repeat(32)).output().unwrap();
        assert!(!refused.status.success(), "{sub:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_accepted_until_it_is_taken_away() {
    let (old, new) = ("the old secret, long enough for HS256", "the new secret, long enough for HS256");
    let mut sandbox = Sandbox::start_with(Options::jwt().with("JWT_SECRET", old)).await;
    let alice = sandbox.user("alice");
    assert_eq!(alice.get("/me").await.status, 200);
    drop(alice);
    let token_of_old = mint(old);
    sandbox.terminate();
    sandbox.set_environment(&[("JWT_SECRET", new), ("JWT_SECRET_PREVIOUS", old)]);
    sandbox.start_again().await;
    assert_eq!(sandbox.api().with_token(&token_of_old).get("/me").await.status, 200);
    assert_eq!(sandbox.api().with_token(&mint(new)).get("/me").await.status, 200);
    sandbox.terminate();
    sandbox.set_environment(&[("JWT_SECRET", new)]);
    sandbox.start_again().await;
    assert_eq!(sandbox.api().with_token(&token_of_old).get("/me").await.status, 401);
    assert_eq!(sandbox.api().with_token(&mint(new)).get("/me").await.status, 200);
}

fn mint(secret: &str) -> String {
    let minted = command(["token", "--sub", "alice"]).env("JWT_SECRET", secret).output().unwrap();
    String::from_utf8(minted.stdout).unwrap().trim().to_owned()
}
