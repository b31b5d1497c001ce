//! The first hour of a new user, over REST only.

use serde_json::json;

use crate::harness::{ADA, BORIS, BORIS_PASSWORD, Sandbox};

#[tokio::test(flavor = "multi_thread")]
async fn boris_signs_in_writes_to_ada_and_both_are_there_after_a_kill() {
    let mut sandbox = Sandbox::start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let ada = sandbox.account().to_owned();
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    assert_ne!(ada, boris);

    let chats = api.get(&format!("/accounts/{boris}/chats")).await.expect(200);
    let with_ada = chats.as_array().unwrap().iter().find(|chat| chat["title"] == "Ada Lovelace").expect("a chat with Ada");
    assert_eq!(with_ada["chatType"], "user");
    let path = format!("/accounts/{boris}/chats/{}/messages", with_ada["id"]);
    let text = "The lens is polished.";
    let sent = api.post(&path, json!({ "text": text })).await.expect(200);
    assert_eq!((&sent["text"], &sent["is_outgoing"]), (&json!(text), &json!(true)));
    assert_eq!(control.count(ADA, BORIS, text).await, 1);

    let chats = api.get(&format!("/accounts/{ada}/chats?source=live")).await.expect(200);
    let with_boris = chats.as_array().unwrap().iter().find(|chat| chat["title"] == "Boris").expect("a chat with Boris");
    assert_eq!(with_boris["lastMessage"], text);
    let history = format!("/accounts/{ada}/chats/{}/messages?limit=1", with_boris["id"]);
    let seen = api.get(&history).await.expect(200);
    assert_eq!((&seen[0]["text"], &seen[0]["is_outgoing"]), (&json!(text), &json!(false)));
    assert_eq!(seen[0]["sender_name"], "Boris");

    let codes_before = control.calls("auth.sendCode").await;
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    for account in [&ada, &boris] {
        api.online(account).await;
    }
    assert_eq!(control.calls("auth.sendCode").await, codes_before, "nobody logged in again");
    assert_eq!(api.get(&history).await.expect(200)[0]["text"], text);
    let accounts = api.get("/accounts").await.expect(200);
    let phones: Vec<_> = accounts.as_array().unwrap().iter().map(|account| account["phone"].as_str().unwrap()).collect();
    assert_eq!(phones, [ADA, BORIS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_paged_loaded_and_marked_read() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let chats = format!("/accounts/{account}/chats");
    let all = api.get(&chats).await.expect(200);
    let all: Vec<_> = all.as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()).collect();
    assert_eq!(all.len(), 4, "a group, a channel and two people");

    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{chats}?source=live&limit=3{cursor}")).await;
        let next = page.header("x-next-cursor").to_owned();
        assert_eq!(next.is_empty(), page.header("link").is_empty());
        paged.extend(page.expect(200).as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()));
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);

    assert_eq!(api.post(&format!("{chats}/load"), json!({})).await.status, 202);
    for chat in all {
        let messages = api.get(&format!("{chats}/{chat}/messages")).await.expect(200);
        let newest = messages[0]["id"].as_i64().expect("each chat has a message");
        assert_eq!(api.post(&format!("{chats}/{chat}/read"), json!({ "maxId": newest })).await.status, 204);
    }
    let read = api.get(&format!("{chats}?source=live")).await.expect(200);
    assert!(read.as_array().unwrap().iter().all(|chat| chat["unreadCount"] == 0), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_are_paged_by_offset_and_limit() {
    let sandbox = Sandbox::start().await;
    let (api, account, control) = (sandbox.api(), sandbox.account(), sandbox.control());
    for number in 0..7 {
        control.post(BORIS, ADA, &format!("message {number}")).await;
    }
    let chats = api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let boris = chats.as_array().unwrap().iter().find(|chat| chat["title"] == "Boris").unwrap()["id"].clone();
    let path = format!("/accounts/{account}/chats/{boris}/messages");
    let newest = api.get(&format!("{path}?limit=3")).await.expect(200);
    let texts = |page: &serde_json::Value| -> Vec<String> {
        page.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&newest), ["message 6", "message 5", "message 4"]);
    let older = api.get(&format!("{path}?limit=3&offset_id={}", newest[2]["id"])).await.expect(200);
    assert_eq!(texts(&older), ["message 3", "message 2", "message 1"]);
    assert_eq!(api.get(&format!("/accounts/{account}/chats/4242/messages")).await.code(), "chat_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_or_password_can_be_tried_again_and_a_deleted_account_is_gone() {
    let sandbox = Sandbox::start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let started = api.post("/telegram/login/code", json!({ "phone": BORIS })).await.expect(200);
    let account = started["accountId"].as_str().unwrap().to_owned();
    let right = control.code(BORIS).await;
    let wrong = if right == "12345" { "54321" } else { "12345" };
    let refused = api.post("/telegram/login/verify", json!({ "accountId": account, "code": wrong })).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let step = api.post("/telegram/login/verify", json!({ "accountId": account, "code": right })).await.expect(200);
    assert_eq!(step["status"], "password_required");
    let refused = api.post("/telegram/login/password", json!({ "accountId": account, "password": "guess" })).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let password = json!({ "accountId": account, "password": BORIS_PASSWORD });
    assert_eq!(api.post("/telegram/login/password", password.clone()).await.expect(200)["status"], "authorized");
    assert_eq!(api.post("/telegram/login/password", password).await.code(), "login_expired");

    api.delete(&format!("/accounts/{account}")).await.expect(204);
    assert_eq!(api.get(&format!("/accounts/{account}")).await.code(), "account_forbidden");
    assert_eq!(api.get("/accounts").await.expect(200).as_array().unwrap().len(), 1);
}
