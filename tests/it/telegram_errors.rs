//! What Telegram's errors come out as.

use serde_json::json;

use crate::harness::{ADA, Api, BORIS, Control, Sandbox};

const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

async fn arm(control: &Control, method: &str, code: i32, message: &str) {
    let fault = json!({ "kind": "rpc_error", "method": method, "code": code, "message": message, "count": 1 });
    control.arm(fault).await;
}

/// What reading a history answers when Telegram has this error: status, code and detail.
async fn met(api: &Api, control: &Control, account: &str, code: i32, message: &str) -> (u16, String, String) {
    arm(control, "messages.getHistory", code, message).await;
    let refused = api.get(&format!("/accounts/{account}/chats/{BORIS_ID}/messages")).await;
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    (refused.status, refused.code(), detail)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_telegrams_errors_has_a_class_a_code_and_a_sentence() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    for (code, message, status, name, sentence) in [
        (400, "MESSAGE_TOO_LONG", 400, "invalid_input", "The text is too long (MESSAGE_TOO_LONG)"),
        (400, "API_ID_INVALID", 400, "credentials_rejected", "Telegram does not know the API credentials that are set"),
        (403, "ALLOW_PAYMENT_REQUIRED_25", 402, "payment_required", "This chat asks for 25 Telegram Stars per message"),
        (403, "CHAT_WRITE_FORBIDDEN", 403, "not_permitted", "The account may not write here (CHAT_WRITE_FORBIDDEN)"),
        (403, "USER_PRIVACY_RESTRICTED", 403, "privacy_restricted", "The user's privacy settings do not allow it"),
        (403, "PREMIUM_ACCOUNT_REQUIRED", 403, "premium_required", "This needs Telegram Premium"),
        (400, "PEER_FLOOD", 403, "peer_flood", "Telegram has limited this account"),
        (420, "FROZEN_PARTICIPANT_MISSING", 403, "account_frozen", "The chat is not open to a frozen account"),
        (400, "CHANNEL_PRIVATE", 404, "chat_not_found", "The chat is not open to this account (CHANNEL_PRIVATE)"),
        (400, "TOPIC_DELETED", 404, "not_found", "The topic was deleted (TOPIC_DELETED)"),
        (400, "TOPIC_CLOSED", 409, "conflict", "The topic is closed (TOPIC_CLOSED)"),
        (500, "INTERDC_2_CALL_ERROR", 502, "telegram_error", "Telegram's datacentre 2 failed: try again"),
        (400, "NEW_IN_THIS_LAYER", 502, "telegram_error", "Telegram refused the request: NEW_IN_THIS_LAYER"),
    ] {
        let (found_status, found_name, detail) = met(&api, &control, account, code, message).await;
        assert_eq!((found_status, found_name.as_str()), (status, name), "{message}");
        assert!(detail.starts_with(sentence), "{message}: {detail}");
    }
    // None of them hinders the next call.
    api.get(&format!("/accounts/{account}/chats/{BORIS_ID}/messages")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mode_is_of_one_chat_and_a_flood_wait_of_the_account() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let send = async |chat: i64, text: &str| {
        api.post(&format!("/accounts/{account}/chats/{chat}/messages"), json!({ "text": text })).await
    };
    arm(&control, "messages.sendMessage", 420, "SLOWMODE_WAIT_45").await;
    let slow = send(BORIS_ID, "too soon").await;
    assert_eq!((slow.status, slow.code(), slow.header("retry-after")), (429, "slow_mode".into(), "45"));
    assert_eq!(slow.json()["retryAfterSecs"], 45);
    send(CLARA_ID, "in another chat").await.expect(200);
    assert_eq!(control.count(BORIS, ADA, "too soon").await, 0);

    arm(&control, "messages.getHistory", 420, "FLOOD_WAIT_45").await;
    let calls = control.calls("messages.getHistory").await;
    for chat in [BORIS_ID, CLARA_ID] {
        let flooded = api.get(&format!("/accounts/{account}/chats/{chat}/messages")).await;
        assert_eq!((flooded.status, flooded.code()), (429, "telegram_flood".into()));
    }
    assert_eq!(control.calls("messages.getHistory").await, calls + 1, "Telegram is not asked again before the wait is over");
}
