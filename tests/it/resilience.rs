//! What goes wrong in one account stays there.

use actix_web::rt::System;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;
use vasya_actors::account::AccountCall;
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::Error;
use vasya_actors::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Entry, Method, Operation};
use vasya_actors::operations::{accounts, chats, login};
use vasya_server::config::{self, Flag};
use vasya_server::server::Running;

use crate::harness::{ADA, Api, CLARA, Sandbox, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_comes_back_and_health_answers_throughout() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    let chats = format!("/accounts/{account}/chats?source=live");
    for _ in 0..20 {
        let (reading, dropping) = (api.get(&chats), control.drop_connections(Some(ADA)));
        let (answer, ()) = tokio::join!(reading, dropping);
        assert_eq!(answer.status, 200, "a read is repeated: {}", answer.text());
        assert_eq!(api.get("/health").await.status, 200);
    }
    let back = || async { (api.get(&chats).await.status == 200).then_some(()) };
    eventually("the account is back", back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_telegram_ended_waits_for_a_login_and_does_not_loop() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    control.revoke_sessions(ADA).await;
    let chats = format!("/accounts/{ada}/chats?source=live");
    let refused = eventually("the loss is noticed", || async {
        let answer = api.get(&chats).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.code(), "account_not_ready");
    let detail = api.get(&format!("/accounts/{ada}")).await.expect(200);
    assert_eq!((&detail["health"]["state"], &detail["connected"]), (&json!("login_required"), &json!(false)));
    assert!(detail["health"]["reason"].as_str().is_some(), "{detail}");
    let before = control.calls("messages.getDialogs").await;
    for _ in 0..5 {
        assert_eq!(api.get(&chats).await.status, 503);
    }
    assert_eq!(control.calls("messages.getDialogs").await, before, "Telegram is not asked again");
    let clara = api.log_in(&control, CLARA, None).await;
    assert_eq!(api.get(&format!("/accounts/{clara}/chats?source=live")).await.status, 200);
    let detail = api.get(&format!("/accounts/{ada}")).await.expect(200);
    assert_eq!(detail["health"]["state"], "login_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_wait_is_told_and_obeyed() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    control.arm(json!({ "kind": "flood_wait", "method": "messages.sendMessage", "seconds": 300, "count": 1 })).await;
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    let refused = api.post(&path, json!({ "text": "hello" })).await;
    assert_eq!((refused.status, refused.code()), (429, "telegram_flood".into()));
    assert_eq!(refused.header("retry-after"), "300");
    let before = control.calls("messages.sendMessage").await;
    let refused = api.post(&path, json!({ "text": "hello" })).await;
    assert_eq!(refused.code(), "telegram_flood");
    assert!((1..=300).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(control.calls("messages.sendMessage").await, before, "Telegram is not called before the wait is over");
    assert_eq!(api.get(&path).await.status, 200, "the wait is for that method");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_telegram_are_told_by_their_names() {
    let sandbox = Sandbox::start().await;
    let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account());
    api.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    let fault =
        json!({ "kind": "rpc_error", "method": "messages.sendMessage", "code": 400, "message": "PEER_FLOOD", "count": 1 });
    control.arm(fault).await;
    let refused = api.post(&path, json!({ "text": "hello" })).await;
    assert_eq!((refused.status, refused.code()), (403, "peer_flood".into()));
    assert!(refused.text().contains("PEER_FLOOD"));
    control.arm(json!({ "kind": "drop_connection", "method": "messages.sendMessage", "count": 1 })).await;
    api.post(&path, json!({ "text": "did it happen?" })).await.expect(200);
    assert_eq!(control.count(ADA, CLARA, "did it happen?").await, 1, "it is sent again, with the same random_id");
}

/// Fails in the middle of an account's work.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Fail {
    account_id: AccountReference,
    /// Whether it waits first, so that the fault is in a later poll.
    later: bool,
}

impl Operation for Fail {
    const DECLARATION: Declaration = Declaration::new(
        "fail",
        "Fail in the middle of an account's work.",
        Method::Post,
        "/accounts/{accountId}/fail",
        Access::Authenticated,
        Effect::Write,
    );
    type Output = ();

    fn account(&self) -> Option<AccountReference> {
        Some(self.account_id)
    }
}

impl AccountOperation for Fail {
    async fn run(self, _call: AccountCall) -> Result<(), Error> {
        if self.later {
            tokio::task::yield_now().await;
        }
        panic!("an account's work fails");
    }
}

/// A server in this process, with the operation above, on another's network.
async fn serve_failing(sandbox: &Sandbox) -> (Api, oneshot::Sender<()>, std::thread::JoinHandle<()>) {
    let folder = sandbox.folder();
    let value = |name: &str| folder.join(name).display().to_string();
    let token = "a token of sixty-four characters would do, this is enough".replace([' ', ','], "_");
    let flags = [
        ("server.bind", "127.0.0.1:0".to_owned()),
        ("auth.mode", "embedded".to_owned()),
        ("auth.local_token", token.clone()),
        ("data.dir", value("another")),
        ("data.session_master_key", "0123456789abcdef".repeat(4)),
        ("telegram.network", "sandbox".to_owned()),
        ("telegram.network_file", value("data.network.json")),
        ("telegram.api_id", "1".to_owned()),
        ("telegram.api_hash", "0123456789abcdef".to_owned()),
    ];
    let flags: Vec<Flag> = flags.into_iter().map(|(key, value)| Flag { key, name: key, value }).collect();
    let configuration = config::load(None, &flags).unwrap();
    let catalogue = Catalogue::of(vec![
        Entry::user::<login::RequestLoginCode>(),
        Entry::user::<login::VerifyLoginCode>(),
        Entry::user::<accounts::GetAccount>(),
        Entry::account::<chats::ListChats>(),
        Entry::account::<Fail>(),
    ]);
    let (ready, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async {
            let running = Running::start(configuration, catalogue).await.unwrap();
            ready.send(running.address()).unwrap();
            let _ = stopped.await;
            running.stop().await;
        });
    });
    let address = address.await.unwrap();
    (Api::new(&format!("http://{address}"), Some(&token)), stop, thread)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_one_account_harms_no_other_and_the_account_comes_back() {
    let sandbox = Sandbox::start().await;
    let control = sandbox.control();
    let (api, stop, thread) = serve_failing(&sandbox).await;
    let ada = api.log_in(&control, ADA, None).await;
    let clara = api.log_in(&control, CLARA, None).await;
    for later in [false, true, false, true] {
        let failed = api.post(&format!("/accounts/{ada}/fail"), json!({ "later": later })).await;
        assert!(matches!(failed.status, 500 | 504), "{}", failed.text());
        assert!(!failed.text().contains("an account's work fails"), "a fault's text is not told");
        assert_eq!(api.get(&format!("/accounts/{clara}/chats?source=live")).await.status, 200);
        assert_eq!(api.get("/ready").await.status, 200);
        api.online(&ada).await;
        let back = || async { (api.get(&format!("/accounts/{ada}/chats?source=live")).await.status == 200).then_some(()) };
        eventually("the account works again", back).await;
    }
    stop.send(()).unwrap();
    thread.join().unwrap();
}
