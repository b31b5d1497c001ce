//! Logging in by QR code, as a bot, and with a session of another program; and giving a session out.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, BORIS_PASSWORD, CLARA, Control, Options, Sandbox, eventually, send};

async fn start_qr(api: &Api) -> (String, Value) {
    let login = api.post("/telegram/login/qr", json!({})).await.expect(200);
    assert_eq!(login["status"], "waiting");
    (format!("/telegram/login/qr/{}", login["accountId"].as_str().unwrap()), login)
}

/// A person scans the code that is shown now.
async fn scan(api: &Api, control: &Control, path: &str, user: &str) {
    let shown = api.get(path).await.expect(200);
    let scanned = json!({ "user": user, "url": shown["url"] });
    control.call(Method::POST, "/login-tokens/accept", Some(scanned)).await;
}

async fn reaches(api: &Api, path: &str, status: &str) -> Value {
    eventually("the login comes further", || async {
        let login = api.get(path).await.expect(200);
        (login["status"] == status).then_some(login)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_login_stays_fresh_follows_the_account_home_and_asks_for_its_password() {
    let sandbox = Sandbox::start().await;
    let (owner, control) = (sandbox.api(), sandbox.control());
    let (_, secret) = owner.agent_key(&["telegram:login", "accounts:read", "chats:read"], None).await;
    let api = owner.with_token(&secret);
    control.call(Method::PUT, "/settings", Some(json!({ "loginTokenSecs": 3 }))).await;
    let (path, shown) = start_qr(&api).await;
    assert!(shown["url"].as_str().unwrap().starts_with("tg://login?token="));
    assert!(shown["svg"].as_str().unwrap().contains("<svg") && shown["expiresAt"].as_u64().is_some());
    let png = STANDARD.decode(shown["png"].as_str().unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let fresh = || async { Some(api.get(&path).await.expect(200)).filter(|now| now["url"] != shown["url"]) };
    let fresh = eventually("the code is replaced before it expires", fresh).await;
    assert!(fresh["expiresAt"].as_u64() >= shown["expiresAt"].as_u64());
    // A connection that breaks may have missed the word of a scan.
    control.drop_connections(None).await;
    control.call(Method::PUT, "/settings", Some(json!({ "loginTokenSecs": 30 }))).await;
    let stands =
        || async { (api.get(&path).await.expect(200)["expiresAt"].as_u64()? > fresh["expiresAt"].as_u64()? + 10).then_some(()) };
    eventually("a code that stands longer is shown", stands).await;

    scan(&api, &control, &path, BORIS).await;
    let waiting = reaches(&api, &path, "password_required").await;
    assert!(waiting.get("url").is_none() && waiting.get("png").is_none(), "{waiting}");
    let step = |password: &str| json!({ "accountId": shown["accountId"], "password": password });
    assert_eq!(api.post("/telegram/login/password", step("not it")).await.json()["field"], "password");
    let outcome = api.post("/telegram/login/password", step(BORIS_PASSWORD)).await.expect(200);
    assert_eq!((&outcome["status"], &outcome["accountId"]), (&json!("authorized"), &shown["accountId"]));
    let done = api.get(&path).await.expect(200);
    assert_eq!((&done["status"], &done["user"]["first_name"]), (&json!("authorized"), &json!("Boris")));
    let boris = shown["accountId"].as_str().unwrap();
    assert_eq!(api.get(&format!("/accounts/{boris}/chats")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_login_completes_by_itself_and_joins_an_account_that_is_there() {
    let options = Options::jwt().with("VASYA_AGENT_BURST", "1000");
    let sandbox = Sandbox::start_with(options).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let (path, shown) = start_qr(&api).await;
    scan(&api, &control, &path, CLARA).await;
    let listed = || async {
        let accounts = api.get("/accounts").await.expect(200);
        accounts.as_array().unwrap().iter().any(|account| account["accountId"] == shown["accountId"]).then_some(())
    };
    eventually("the account is there without anybody asking for the login", listed).await;
    assert_eq!(reaches(&api, &path, "authorized").await["accountId"], shown["accountId"]);

    control.revoke_sessions(ADA).await;
    let (path, shown) = start_qr(&api).await;
    assert_ne!(shown["accountId"], ada);
    scan(&api, &control, &path, ADA).await;
    let joined = reaches(&api, &path, "authorized").await;
    assert_eq!((&joined["accountId"], &joined["user"]["first_name"]), (&json!(ada), &json!("Ada")));
    api.online(ada).await;
    assert_eq!(api.get("/accounts").await.expect(200).as_array().unwrap().len(), 2);
    let of_login = format!("/accounts/{}/chats", shown["accountId"].as_str().unwrap());
    assert_eq!(api.get(&of_login).await.code(), "conflict");

    let mallory = sandbox.user("mallory");
    let (path, shown) = start_qr(&mallory).await;
    assert_eq!(api.get(&path).await.code(), "account_forbidden", "another user's login cannot be seen");
    scan(&mallory, &control, &path, ADA).await;
    let refused = || async { Some(mallory.get(&path).await).filter(|answer| answer.status != 200) };
    let refused = eventually("the login is refused", refused).await;
    assert_eq!((refused.status, refused.code()), (409, "login_refused".into()));
    let late = json!({ "accountId": shown["accountId"], "password": "x" });
    assert_eq!(mallory.post("/telegram/login/password", late).await.code(), "login_refused");
    assert_eq!(mallory.get("/accounts").await.expect(200), json!([]));
    assert_eq!(api.get(&format!("/accounts/{ada}/chats?source=live")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_logins_of_one_person_at_the_same_moment_one_makes_the_account() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    let (alice, mallory, control) = (sandbox.user("alice"), sandbox.user("mallory"), sandbox.control());
    let logins = [start_qr(&alice).await.0, start_qr(&alice).await.0, start_qr(&mallory).await.0, start_qr(&mallory).await.0];
    let apis = [&alice, &alice, &mallory, &mallory];
    let scanning = logins.iter().zip(apis).map(|(path, api)| scan(api, &control, path, CLARA));
    futures::future::join_all(scanning).await;
    let mut ends = Vec::new();
    for (path, api) in logins.iter().zip(apis) {
        let ended = || async { Some(api.get(path).await).filter(|answer| answer.json()["status"] != "waiting") };
        ends.push(eventually("the login ends", ended).await);
    }
    let winner = if ends[0].status == 200 { 0 } else { 2 };
    for (number, end) in ends.iter().enumerate() {
        if number / 2 * 2 == winner {
            assert_eq!(
                (&end.json()["status"], &end.json()["accountId"]),
                (&json!("authorized"), &ends[winner].json()["accountId"])
            );
        } else {
            assert_eq!(end.code(), "login_refused");
        }
    }
    let counts = [&alice, &mallory].map(|api| async { api.get("/accounts").await.expect(200).as_array().unwrap().len() });
    assert_eq!(futures::future::join_all(counts).await.iter().sum::<usize>(), 1);
    apis[winner].online(ends[winner].json()["accountId"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_logs_in_with_its_token() {
    let sandbox = Sandbox::start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let bot = control.call(Method::POST, "/bots", Some(json!({ "firstName": "Robot", "username": "robot" }))).await;
    let token = bot["token"].as_str().unwrap();
    let outcome = api.post("/telegram/login/bot", json!({ "botToken": token })).await.expect(200);
    assert_eq!((&outcome["user"]["id"], &outcome["user"]["username"]), (&bot["id"], &json!("robot")));
    let account = outcome["accountId"].as_str().unwrap();
    api.online(account).await;
    let refused = api.get(&format!("/accounts/{account}/chats")).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted".into()));
    assert!(refused.text().contains("BOT_METHOD_INVALID"), "{}", refused.text());

    control.post(ADA, "robot", "hello, robot").await;
    let ada_id = api.get(&format!("/accounts/{}", sandbox.account())).await.expect(200)["user"]["id"].clone();
    let messages = format!("/accounts/{account}/chats/{ada_id}/messages");
    let answered = || async { Some(api.post(&messages, json!({ "text": "beep" })).await).filter(|answer| answer.status == 200) };
    eventually("the bot has met Ada and answers her", answered).await;
    assert_eq!(control.count(ADA, "robot", "beep").await, 1);

    for wrong in
        [format!("{}:{}", bot["id"], "0".repeat(35)), "no-token".to_owned(), String::new(), "1:".to_owned() + &"a".repeat(200)]
    {
        let refused = api.post("/telegram/login/bot", json!({ "botToken": wrong })).await;
        assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!("botToken")), "{wrong}: {}", refused.text());
    }
    assert_eq!(api.get("/accounts").await.expect(200).as_array().unwrap().len(), 2);
}

/// A Telethon string's session as Pyrogram writes it: `>BI?256sQ?`, and the older `>B?256sI?`.
fn as_pyrogram(telethon: &str) -> [String; 2] {
    let bytes = URL_SAFE.decode(&telethon[1..]).unwrap();
    let (datacentre, key) = (&bytes[..1], &bytes[bytes.len() - 256..]);
    let new = [datacentre, &17_u32.to_be_bytes(), &[0], key, &7_u64.to_be_bytes(), &[0]].concat();
    let old = [datacentre, &[0], key, &7_u32.to_be_bytes(), &[0]].concat();
    [new, old].map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_come_from_other_programs_and_go_to_them() {
    let options = Options::jwt().with("VASYA_LOGIN_BURST", "1000");
    let sandbox = Sandbox::start_with(options).await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let export = format!("/accounts/{ada}/session/export");
    let (_, secret) = api.agent_key(&["telegram:login", "accounts:delete"], None).await;
    assert_eq!(api.with_token(&secret).post(&export, json!({})).await.code(), "human_only");
    let exported = api.post(&export, json!({})).await;
    assert_eq!(exported.header("cache-control"), "no-store");
    let exported = exported.expect(200);
    assert_eq!(exported["format"], "telethon");
    let session = exported["session"].as_str().unwrap().to_owned();
    assert_eq!((session.len(), &session[..1]), (353, "1"));

    // What is kept for repetitions holds no secret.
    for (path, secrets) in [(export.as_str(), vec!["session"]), ("/telegram/login/qr", vec!["url", "svg", "png"])] {
        let repeated = || send(api.request(Method::POST, path).header("idempotency-key", path).json(&json!({})));
        let (first, again) = (repeated().await.expect(200), repeated().await);
        assert_eq!(again.header("idempotency-replayed"), "true");
        let again = again.expect(200);
        for secret in &secrets {
            assert!(first[secret].as_str().is_some_and(|text| text.len() > 40) && again[secret].is_null(), "{again}");
        }
        assert_eq!((&again["format"], &again["accountId"]), (&first["format"], &first["accountId"]));
    }

    // The same session again, in every form: the account goes on with it, and it is not ended.
    let [pyrogram, old] = as_pyrogram(&session);
    for text in [&session, &pyrogram, &old] {
        let outcome = api.post("/telegram/login/import", json!({ "session": text })).await.expect(200);
        assert_eq!((&outcome["status"], &outcome["accountId"]), (&json!("authorized"), &json!(ada)));
        assert_eq!(api.get(&format!("/accounts/{ada}/chats?source=live")).await.status, 200);
    }
    assert_eq!(control.calls("auth.logOut").await, 0);
    assert_eq!(api.get("/accounts").await.expect(200).as_array().unwrap().len(), 1);

    // Another user's account stays another user's, and its session is not ended either.
    let mallory = sandbox.user("mallory");
    let refused = mallory.post("/telegram/login/import", json!({ "session": session })).await;
    assert_eq!((refused.status, refused.code()), (409, "login_refused".into()));
    assert_eq!(control.calls("auth.logOut").await, 0);
    assert_eq!(api.get(&format!("/accounts/{ada}/chats?source=live")).await.status, 200);

    // What names another place is refused before anything is dialled.
    let bytes = URL_SAFE.decode(&session[1..]).unwrap();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        format!("1{}", URL_SAFE.encode(bytes))
    };
    let elsewhere = [
        with(&|bytes| bytes[0] = 9),
        with(&|bytes| bytes[0] = if bytes[0] == 1 { 2 } else { 1 }),
        with(&|bytes| bytes[1..5].copy_from_slice(&[169, 254, 169, 254])),
        with(&|bytes| bytes[6] ^= 1),
        with(&|bytes| bytes[7..].fill(0)),
        "1abc".to_owned(),
        "no session".to_owned(),
        String::new(),
    ];
    let keys = control.calls("help.getConfig").await;
    for text in elsewhere {
        let refused = api.post("/telegram/login/import", json!({ "session": text })).await;
        assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!("session")), "{}", refused.text());
        assert!(text.len() < 8 || !refused.text().contains(&text), "a refusal does not repeat the session");
    }
    assert_eq!(control.calls("help.getConfig").await, keys, "nothing was dialled");
    // A key that the network never made, and a session that was ended.
    let strange = with(&|bytes| bytes[7..].fill(7));
    let refused = api.post("/telegram/login/import", json!({ "session": strange })).await;
    assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!("session")), "{}", refused.text());
    control.revoke_sessions(ADA).await;
    let refused = api.post("/telegram/login/import", json!({ "session": session })).await;
    assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!("session")), "{}", refused.text());
    assert!(refused.text().contains("AUTH_KEY_UNREGISTERED"), "{}", refused.text());
    assert_eq!(api.get("/accounts").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_s_sessions_are_listed_and_ended_by_people_only() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let path = format!("/accounts/{ada}/telegram-sessions");
    // Another device of Ada's: another server on the same network.
    let other = Sandbox::start_with(Options::default().attached_to(&sandbox)).await;
    let others = other.account();
    let listed = api.get(&path).await.expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["current"], &items[0]["id"]), (2, &json!(true), &json!("0")), "{listed}");
    assert_eq!((&items[1]["current"], &listed["nextCursor"], &listed["ttlDays"]), (&json!(false), &Value::Null, &json!(180)));

    let (_, secret) = api.agent_key(&["security:read"], None).await;
    let agent = api.with_token(&secret);
    let ended = format!("{path}/{}", items[1]["id"].as_str().unwrap());
    assert_eq!(agent.get(&path).await.code(), "approval_required", "even with the scope");
    assert_eq!(agent.delete(&ended).await.code(), "approval_required");
    assert_eq!(api.delete(&ended).await.status, 204);
    assert_eq!(api.delete(&ended).await.code(), "not_found");
    assert_eq!(api.delete(&format!("{path}/0")).await.json()["field"], "sessionId");
    assert_eq!(api.delete(&format!("{path}/x")).await.json()["field"], "sessionId");
    let lost = || async {
        let chats = other.api().get(&format!("/accounts/{others}/chats?source=live")).await;
        (chats.status == 503).then_some(())
    };
    eventually("the other device is logged out", lost).await;
    assert_eq!(api.get(&path).await.expect(200)["items"].as_array().unwrap().len(), 1);
    let young = json!({ "kind": "rpc_error", "method": "account.resetAuthorization", "code": 406,
        "message": "FRESH_RESET_AUTHORISATION_FORBIDDEN", "count": 1 });
    control.arm(young).await;
    assert_eq!(api.delete(&format!("{path}/77")).await.code(), "telegram_flood");
    let entries = std::fs::read_to_string(sandbox.data_dir().join("audit.log")).unwrap();
    assert!(entries.contains("list_telegram_sessions") && entries.contains("end_telegram_session"));
}
