//! Logging in by code: again, given up, of an account that is there, and of one that another user has.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, BORIS_PASSWORD, CLARA, Control, Options, Sandbox, eventually};

const UNKNOWN: &str = "0199f7c2-0000-7000-8000-000000000000";

async fn start(api: &Api, phone: &str) -> Value {
    api.post("/telegram/login/code", json!({ "phone": phone })).await.expect(200)
}

async fn verify(api: &Api, control: &Control, login: &Value, phone: &str) -> crate::harness::Answer {
    let step = json!({ "accountId": login["accountId"], "code": control.code(phone).await });
    api.post("/telegram/login/verify", step).await
}

async fn accounts(api: &Api) -> Vec<Value> {
    api.get("/accounts").await.expect(200).as_array().unwrap().clone()
}

/// How many sessions Telegram lists for an account.
async fn sessions(api: &Api, account: &str) -> usize {
    let listed = api.get(&format!("/accounts/{account}/telegram-sessions")).await;
    if listed.status == 200 { listed.json()["items"].as_array().unwrap().len() } else { 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_comes_again_in_another_way_and_a_login_can_be_given_up() {
    let sandbox = Sandbox::start_with(Options::default().with("VASYA_LOGIN_BURST", "1000")).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let login = start(&api, CLARA).await;
    assert_eq!((&login["phone"], &login["delivery"], &login["codeLength"]), (&json!(CLARA), &json!("sms"), &json!(5)));
    assert_eq!((&login["nextDelivery"], &login["resendAfterSecs"]), (&json!("call"), &json!(60)));
    let id = json!({ "accountId": login["accountId"] });
    assert_eq!(api.get(&format!("/accounts/{}", login["accountId"].as_str().unwrap())).await.code(), "conflict");
    let chats = api.get(&format!("/accounts/{}/chats", login["accountId"].as_str().unwrap())).await;
    assert_eq!(chats.code(), "conflict", "an unfinished login is no account");
    let again = api.post("/telegram/login/resend", id.clone()).await.expect(200);
    assert_eq!((&again["accountId"], &again["delivery"]), (&login["accountId"], &json!("call")));
    assert!(again.get("nextDelivery").is_none(), "{again}");
    let last = api.post("/telegram/login/resend", id.clone()).await;
    assert_eq!(last.code(), "conflict");
    assert!(last.text().contains("SEND_CODE_UNAVAILABLE"), "{}", last.text());
    assert_eq!(verify(&api, &control, &login, CLARA).await.expect(200)["status"], "authorized");
    let late = api.post("/telegram/login/resend", id.clone()).await;
    assert_eq!(late.code(), "login_expired");

    let login = start(&api, BORIS).await;
    let id = json!({ "accountId": login["accountId"] });
    let code = control.code(BORIS).await;
    assert_eq!(api.post("/telegram/login/cancel", id.clone()).await.status, 204);
    assert_eq!(control.calls("auth.cancelCode").await, 1);
    let step = json!({ "accountId": login["accountId"], "code": code });
    assert_eq!(api.post("/telegram/login/verify", step).await.code(), "account_forbidden", "nothing is left of it");
    assert_eq!(api.post("/telegram/login/cancel", id).await.code(), "account_forbidden");
    assert_eq!(accounts(&api).await.len(), 2);

    // Between code and password, too.
    let login = start(&api, BORIS).await;
    assert_eq!(verify(&api, &control, &login, BORIS).await.expect(200)["status"], "password_required");
    let wrong = json!({ "accountId": login["accountId"], "password": "not it" });
    let refused = api.post("/telegram/login/password", wrong).await;
    assert_eq!((refused.code(), refused.json()["field"].clone()), ("invalid_input".into(), json!("password")));
    assert_eq!(api.post("/telegram/login/cancel", json!({ "accountId": login["accountId"] })).await.status, 204);
    for path in ["/telegram/login/resend", "/telegram/login/cancel"] {
        assert_eq!(api.post(path, json!({ "accountId": UNKNOWN })).await.code(), "account_forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_there_goes_on_with_the_fresh_session() {
    let mut sandbox = Sandbox::start_with(Options::default().with("VASYA_LOGIN_BURST", "1000")).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let path = format!("/accounts/{ada}");
    api.patch(&path, json!({ "label": "The countess" })).await.expect(200);
    assert_eq!(sessions(&api, &ada).await, 1);

    // While it works.
    let login = start(&api, "+1 (555) 000-0001").await;
    assert_eq!(login["accountId"], ada, "a login of a number that is known goes by its account");
    assert_eq!(api.get(&format!("{path}/chats")).await.status, 200, "the account works meanwhile");
    let outcome = verify(&api, &control, &login, ADA).await.expect(200);
    assert_eq!((&outcome["status"], &outcome["accountId"]), (&json!("authorized"), &json!(ada)));
    api.online(&ada).await;
    eventually("the former session is ended", || async { (sessions(&api, &ada).await == 1).then_some(()) }).await;

    // After Telegram has ended its session, for whatever reason.
    let duplicated = json!({ "kind": "rpc_error", "code": 406, "message": "AUTH_KEY_DUPLICATED", "user": ADA, "count": 1 });
    control.arm(duplicated).await;
    eventually("the loss is noticed", || async {
        (api.get(&format!("{path}/chats?source=live")).await.status == 503).then_some(())
    })
    .await;
    let health = api.get(&path).await.expect(200)["health"].clone();
    assert_eq!((&health["state"], &health["reason"]), (&json!("login_required"), &json!("AUTH_KEY_DUPLICATED")));
    control.post(CLARA, ADA, "are you there?").await;
    let login = start(&api, ADA).await;
    let restarted = start(&api, ADA).await;
    assert_eq!(login["accountId"], restarted["accountId"], "a second login of the account takes the place of the first");
    verify(&api, &control, &restarted, ADA).await.expect(200);
    api.online(&ada).await;
    let chats = api.get(&format!("{path}/chats?source=live")).await.expect(200);
    assert!(chats.as_array().unwrap().iter().any(|chat| chat["lastMessage"] == "are you there?"), "{chats}");
    eventually("the former session is ended", || async { (sessions(&api, &ada).await == 1).then_some(()) }).await;

    // Whoever has suspended it resumes it, and nobody else by logging in.
    api.post(&format!("{path}/suspend"), json!({})).await.expect(200);
    let login = start(&api, ADA).await;
    assert_eq!(verify(&api, &control, &login, ADA).await.expect(200)["accountId"], ada);
    assert_eq!(api.get(&path).await.expect(200)["health"]["state"], "stopped");
    assert_eq!(api.get(&format!("{path}/chats?source=live")).await.code(), "account_suspended");
    api.post(&format!("{path}/resume"), json!({})).await.expect(200);
    api.online(&ada).await;
    eventually("the former session is ended", || async { (sessions(&api, &ada).await == 1).then_some(()) }).await;

    // Two logins at once, and a third under another id: one account all the same.
    let clara = [start(&api, CLARA).await, start(&api, CLARA).await];
    assert_ne!(clara[0]["accountId"], clara[1]["accountId"]);
    let first = verify(&api, &control, &clara[1], CLARA).await.expect(200);
    assert_eq!(first["accountId"], clara[1]["accountId"]);
    control.call(Method::POST, "/users/+15550000003/revoke-sessions", None).await;
    let all = accounts(&api).await;
    assert_eq!(all.len(), 2, "{all:?}");
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&ada).await;
    assert_eq!(api.get(&path).await.expect(200)["label"], "The countess");
    assert_eq!(accounts(&api).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_user_is_refused_and_nothing_is_told_of_it() {
    let options = Options::jwt().with("VASYA_LOGIN_BURST", "1000").with("VASYA_ADMIN_USERS", "root");
    let sandbox = Sandbox::start_with(options).await;
    let (owner, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let mallory = sandbox.user("mallory");
    let login = start(&mallory, ADA).await;
    assert_ne!(login["accountId"], ada);
    let refused = verify(&mallory, &control, &login, ADA).await;
    assert_eq!((refused.status, refused.code()), (409, "login_refused".into()));
    let told = refused.json();
    assert_eq!(told["detail"], "This login cannot be completed here");
    assert!(!refused.text().contains(ada) && told.as_object().unwrap().len() == 7, "{told}");
    assert_eq!(accounts(&mallory).await, Vec::<Value>::new());
    let again = json!({ "accountId": login["accountId"], "code": "12345" });
    assert_eq!(mallory.post("/telegram/login/verify", again).await.code(), "login_refused");
    assert_eq!(owner.get(&format!("/accounts/{ada}/chats?source=live")).await.status, 200);
    assert_eq!(sessions(&owner, ada).await, 1, "the fresh session is ended at Telegram");

    // Of two users who log the same person in at once, one has the account.
    let alice = sandbox.user("alice");
    let (one, other) = (start(&alice, CLARA).await, start(&mallory, CLARA).await);
    // The newest code is the one that stands: each login asks for its own in turn.
    verify(&mallory, &control, &other, CLARA).await.expect(200);
    let late = json!({ "accountId": one["accountId"], "code": "12345" });
    assert_eq!(alice.post("/telegram/login/verify", late).await.status, 400);
    let one = start(&alice, CLARA).await;
    assert_eq!(verify(&alice, &control, &one, CLARA).await.code(), "login_refused");
    let clara = other["accountId"].as_str().unwrap();
    mallory.online(clara).await;

    // Whoever gives it up leaves it to others.
    assert_eq!(mallory.delete(&format!("/accounts/{clara}")).await.status, 204);
    let login = start(&alice, CLARA).await;
    assert_eq!(verify(&alice, &control, &login, CLARA).await.expect(200)["accountId"], login["accountId"]);
    assert_eq!(accounts(&alice).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_login_is_cleaned_up_and_no_secret_of_a_login_is_written_down() {
    let mut sandbox = Sandbox::start_with(Options::default().with("RUST_LOG", "debug")).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let mut secrets = Vec::new();
    let bot = control.call(Method::POST, "/bots", Some(json!({ "firstName": "Robot", "username": "robot" }))).await;
    let token = bot["token"].as_str().unwrap();
    api.post("/telegram/login/bot", json!({ "botToken": token })).await.expect(200);
    secrets.push(token.rsplit(':').next().unwrap().to_owned());
    let login = start(&api, BORIS).await;
    secrets.push(control.code(BORIS).await);
    verify(&api, &control, &login, BORIS).await.expect(200);
    let step = |password: &str| json!({ "accountId": login["accountId"], "password": password });
    let wrong = "velvet-anchor-5512";
    assert_eq!(api.post("/telegram/login/password", step(wrong)).await.status, 400);
    secrets.push(wrong.to_owned());
    let account = api.post("/telegram/login/password", step(BORIS_PASSWORD)).await.expect(200)["accountId"].clone();
    let exported = api.post(&format!("/accounts/{}/session/export", account.as_str().unwrap()), json!({})).await.expect(200);
    let session = exported["session"].as_str().unwrap();
    api.post("/telegram/login/import", json!({ "session": session })).await.expect(200);
    secrets.push(session[100..140].to_owned());

    // What a kill interrupts is cleaned up by the next start; what is not finished, when its time is over.
    let interrupted = start(&api, CLARA).await;
    sandbox.kill();
    sandbox.set_environment(&[("VASYA_LOGIN_SECS", "3"), ("RUST_LOG", "debug")]);
    sandbox.start_again().await;
    let api = sandbox.api();
    assert!(sandbox.log().contains("an unfinished login is cleaned up"));
    assert_eq!(verify(&api, &control, &interrupted, CLARA).await.code(), "account_forbidden");
    let late = start(&api, CLARA).await;
    let qr = api.post("/telegram/login/qr", json!({})).await.expect(200);
    secrets.push(qr["url"].as_str().unwrap().rsplit('=').next().unwrap().to_owned());
    for login in [&late, &qr] {
        let path = format!("/accounts/{}", login["accountId"].as_str().unwrap());
        let gone = || async { (api.get(&path).await.code() == "account_forbidden").then_some(()) };
        eventually("the login is cleaned up", gone).await;
    }
    assert!(sandbox.log().contains("a login was not finished in time and is cleaned up"));
    assert_eq!(verify(&api, &control, &late, CLARA).await.code(), "account_forbidden");
    assert_eq!(accounts(&api).await.len(), 3);

    let written = sandbox.everything_written();
    assert!(written.iter().any(|(what, _)| what.ends_with("audit.log")));
    for (what, content) in written {
        let text = String::from_utf8_lossy(&content);
        // A code is five digits, which may be a part of any number: it is looked for as a word.
        let words = || text.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '-' && symbol != '_');
        for secret in &secrets {
            let found = if secret.len() > 5 { text.contains(secret.as_str()) } else { words().any(|word| word == secret) };
            assert!(!found, "{secret} is in {what}");
        }
    }
}
