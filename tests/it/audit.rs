//! The audit log: written before anything happens, and proof against changes.

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::{Value, json};

use crate::harness::{Options, Sandbox, command};

fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.data_dir().join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_written_down_before_and_after_and_says_who_and_what() {
    let sandbox = Sandbox::start().await;
    let (owner, account) = (sandbox.api(), sandbox.account());
    owner.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let (key_id, secret) = owner.agent_key(&["messages:send"], None).await;
    let agent = owner.with_token(&secret);
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    let sent = agent.post(&path, json!({ "text": "amber-lantern" })).await;
    let request_id = sent.header("x-request-id").to_owned();
    sent.expect(200);
    assert_eq!(agent.get(&format!("/accounts/{account}/chats")).await.code(), "missing_scope");
    assert_eq!(agent.post("/agent-keys", json!({ "name": "k", "scopes": ["chats:read"] })).await.code(), "human_only");

    let entries = lines(&sandbox);
    let intent = entries.iter().find(|entry| entry["requestId"] == request_id.as_str()).expect("an intent");
    assert_eq!((&intent["phase"], &intent["operation"]), (&json!("intent"), &json!("send_message")));
    assert_eq!((&intent["userId"], &intent["agentKeyId"]), (&json!("local"), &json!(key_id)));
    assert_eq!((&intent["accountId"], &intent["chatId"]), (&json!(account), &json!(5_000_000_003_i64)));
    assert_eq!((&intent["method"], &intent["path"]), (&json!("POST"), &json!(format!("/api/v1{path}"))));
    let outcome = entries.iter().find(|entry| entry["intent"] == intent["seq"]).expect("an outcome");
    assert_eq!((&outcome["phase"], &outcome["code"], &outcome["status"]), (&json!("outcome"), &json!("ok"), &json!(200)));
    let denied: Vec<&str> =
        entries.iter().filter(|entry| entry["phase"] == "denied").filter_map(|entry| entry["code"].as_str()).collect();
    assert_eq!(denied, ["missing_scope", "human_only"]);
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("amber-lantern") && !text.contains(&secret));

    let seen = owner.get("/audit?limit=2").await.expect(200);
    assert_eq!(seen.as_array().unwrap().len(), 2);
    assert_eq!(seen[1]["operation"], "create_agent_key");
    assert_eq!(seen[1]["status"], 403);
    assert!(seen[0]["seq"].as_u64() < seen[1]["seq"].as_u64(), "oldest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_their_own_entries_only() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    let (alice, mallory) = (sandbox.user("alice"), sandbox.user("mallory"));
    alice.agent_key(&["chats:read"], None).await;
    assert_eq!(alice.get("/audit").await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(mallory.get("/audit").await.expect(200), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_last_line_is_cut_and_a_changed_one_stops_the_start() {
    let mut sandbox = Sandbox::start().await;
    sandbox.api().agent_key(&["chats:read"], None).await;
    sandbox.kill();
    let path = sandbox.data_dir().join("audit.log");
    let whole = std::fs::read(&path).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"seq":99,"phase":"int"#).unwrap();
    sandbox.start_again().await;
    let mended = std::fs::read(&path).unwrap();
    assert!(mended.starts_with(&whole), "cut to the last whole line");
    assert_eq!(lines(&sandbox).last().unwrap()["code"], "torn_line_cut");
    assert!(sandbox.log().contains("torn last line"), "{}", sandbox.log());
    sandbox.kill();
    let whole = std::fs::read(&path).unwrap();

    let text = String::from_utf8(whole.clone()).unwrap();
    let edited = text.replacen("create_agent_key", "list_agent_keys_", 1);
    let shortened: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    let without_one: String = text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| format!("{line}\n")).collect();
    for spoiled in [edited, shortened, without_one, String::new()] {
        std::fs::write(&path, &spoiled).unwrap();
        let refused = command(sandbox.arguments()).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("audit"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), spoiled, "the evidence is left as it is");
    }
    std::fs::write(&path, &whole).unwrap();
    sandbox.start_again().await;
}
