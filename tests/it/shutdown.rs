//! Stopping: in order, within a limit, and with nothing left behind.

use serde_json::json;

use crate::harness::{Sandbox, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_server_and_network_and_keeps_everything() {
    let mut sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let sending: Vec<_> = (0..5)
        .map(|number| {
            let (api, path) = (api.clone(), path.clone());
            tokio::spawn(async move { api.post(&path, json!({ "text": format!("last words {number}") })).await.status })
        })
        .collect();
    for sent in sending {
        assert_eq!(sent.await.unwrap(), 200);
    }
    assert_eq!(sandbox.terminate().code(), Some(0));
    eventually("the network stops too", || async { (!sandbox.network_runs()).then_some(()) }).await;

    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&account).await;
    assert_eq!(sandbox.account(), account);
    let history = api.get(&path).await.expect(200);
    let kept = history.as_array().unwrap().iter().filter(|message| message["text"].as_str().unwrap().starts_with("last words"));
    assert_eq!(kept.count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_the_network_standing_and_finds_it_again() {
    let mut sandbox = Sandbox::start().await;
    let control = sandbox.control();
    sandbox.kill();
    assert!(sandbox.network_runs());
    control.create_user("+15550000077", "Dora").await;
    sandbox.start_again().await;
    assert_eq!(control.calls("auth.sendCode").await, sandbox.control().calls("auth.sendCode").await, "the same network");
    let dora = sandbox.api().log_in(&sandbox.control(), "+15550000077", None).await;
    sandbox.api().online(&dora).await;
}
