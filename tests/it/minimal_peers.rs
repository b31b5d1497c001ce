//! People of whom Telegram told no more than a minimal form, without an address of their own: whoever was seen can be reached.

use serde_json::{Value, json};

use crate::harness::{ADA, CLARA, Options, Sandbox};

const DORA: &str = "+15550000010";
const EGON: &str = "+15550000011";

#[tokio::test(flavor = "multi_thread")]
async fn who_was_seen_in_a_group_only_can_be_reached_also_after_a_restart() {
    let mut sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    control.create_user(DORA, "Dora").await;
    control.create_user(EGON, "Egon").await;
    let watch = control.create_chat("supergroup", CLARA, "Watch", &[ADA, DORA, EGON]).await;
    control.post(DORA, &watch.to_string(), "who has the lamp oil?").await;
    control.post(EGON, &watch.to_string(), "the store room has").await;
    let seen = api.get(&format!("/accounts/{ada}/chats/{watch}/messages?limit=2")).await.expect(200);
    assert_eq!((&seen[0]["sender_name"], &seen[1]["sender_name"]), (&json!("Egon"), &json!("Dora")));
    let (egon, dora) = (seen[0]["from_user_id"].clone(), seen[1]["from_user_id"].clone());

    let details = api.get(&format!("/accounts/{ada}/chats/{dora}")).await.expect(200);
    assert_eq!((&details["title"], &details["phone"]), (&json!("Dora"), &Value::Null));
    api.post(&format!("/accounts/{ada}/chats/{dora}/messages"), json!({ "text": "in the cellar" })).await.expect(200);
    assert_eq!(control.count(DORA, ADA, "in the cellar").await, 1);

    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&ada).await;
    api.post(&format!("/accounts/{ada}/chats/{egon}/messages"), json!({ "text": "thank you" })).await.expect(200);
    assert_eq!(sandbox.control().count(EGON, ADA, "thank you").await, 1);
    let stranger = api.get(&format!("/accounts/{ada}/chats/5000009999")).await;
    assert_eq!(stranger.code(), "chat_not_found", "an id alone is no address");
}
