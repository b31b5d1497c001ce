//! What is set for an account: its label, the name of its device, and the proxy of its connections.

use serde_json::{Value, json};

use crate::harness::{ADA, CLARA, Options, Sandbox, SocksProxy, eventually};

/// The datacentres of a sandbox.
fn datacentres(sandbox: &Sandbox) -> Vec<String> {
    let network = std::fs::read(sandbox.data_dir().with_extension("world").join("network.json")).unwrap();
    let network: Value = serde_json::from_slice(&network).unwrap();
    let listed = network["description"]["datacentres"].as_array().or(network["datacentres"].as_array());
    listed.expect("datacentres").iter().map(|datacentre| datacentre["address"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_through_its_own_proxy_and_nowhere_else() {
    let mut sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let (username, password) = ("ada-through", "brass-lantern~4410");
    let proxy = SocksProxy::start(Some((username, password))).await;
    let path = format!("/accounts/{ada}");
    let before = api.get(&path).await.expect(200);
    assert!(before.get("proxy").is_none() && before.get("label").is_none(), "{before}");

    let with = |password: &str| {
        let port = proxy.address().port();
        json!({ "proxy": { "host": "127.0.0.1", "port": port, "username": username, "password": password } })
    };
    let set = api.patch(&path, with(password)).await.expect(200);
    let shown = json!({ "host": "127.0.0.1", "port": proxy.address().port(), "usernameMasked": "ad••••", "hasPassword": true });
    assert_eq!(set["proxy"], shown);
    let chats = format!("{path}/chats?source=live");
    eventually("the account is connected through the proxy", || async {
        let connected = api.get(&path).await.expect(200)["connected"] == true;
        (connected && !proxy.targets().is_empty()).then_some(())
    })
    .await;
    let bytes = proxy.bytes();
    api.get(&chats).await.expect(200);
    assert!(proxy.bytes() > bytes, "the call went through the proxy");
    let listed = datacentres(&sandbox);
    for target in proxy.targets() {
        assert!(listed.contains(&target.to_string()), "{target} is no datacentre");
    }

    sandbox.kill();
    let before = proxy.targets().len();
    sandbox.start_again().await;
    let api = sandbox.api();
    api.online(&ada).await;
    assert!(proxy.targets().len() > before, "the setting is kept");

    // A proxy that refuses keeps the account offline, never around it.
    let refused = proxy.refused();
    api.patch(&path, with("a-wrong-one")).await.expect(200);
    eventually("the proxy refuses", || async { (proxy.refused() > refused).then_some(()) }).await;
    let told = || async {
        let account = api.get(&path).await.expect(200);
        assert_eq!(account["connected"], false);
        let reason = account["health"]["reason"].as_str().unwrap_or_default().to_owned();
        reason.contains("the proxy does not accept the username and password").then_some(())
    };
    eventually("the account says what is wrong with its proxy", told).await;
    let gone = api.patch(&path, json!({ "proxy": null })).await.expect(200);
    assert!(gone.get("proxy").is_none(), "{gone}");
    api.online(&ada).await;
    let targets = proxy.targets().len();
    api.get(&chats).await.expect(200);
    control.drop_connections(Some(ADA)).await;
    eventually("the account is back", || async { (api.get(&chats).await.status == 200).then_some(()) }).await;
    assert_eq!(proxy.targets().len(), targets, "nothing goes through the proxy any more");

    for (what, content) in sandbox.everything_written() {
        let text = String::from_utf8_lossy(&content).into_owned();
        assert!(!text.contains(password) && !text.contains(username), "{what} holds the proxy's credentials");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_s_proxy_carries_everything_of_accounts_without_their_own() {
    let proxy = SocksProxy::start(None).await;
    let options = Options::default().with("TELEGRAM_PROXY_URL", format!("socks5://{}", proxy.address()));
    let sandbox = Sandbox::start_with(options).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let listed = datacentres(&sandbox);
    let after_ada = proxy.targets().len();
    assert!(after_ada >= 2, "key exchanges go through it too");
    let clara = api.log_in(&control, CLARA, None).await;
    assert!(proxy.targets().len() > after_ada);
    assert!(proxy.targets().iter().all(|target| listed.contains(&target.to_string())));
    let shown = api.get(&format!("/accounts/{clara}")).await.expect(200);
    assert!(shown.get("proxy").is_none(), "the operator's proxy is not the account's to show");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_shown_and_checked() {
    let mut sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let path = format!("/accounts/{ada}");
    let set = api.patch(&path, json!({ "label": " The countess ", "deviceName": "Analytical Engine" })).await.expect(200);
    assert_eq!((&set["label"], &set["deviceName"]), (&json!("The countess"), &json!("Analytical Engine")));
    let named = || async {
        let sessions = api.get(&format!("{path}/telegram-sessions")).await;
        let first = (sessions.status == 200).then(|| sessions.json()["items"][0].clone())?;
        (first["deviceModel"] == "Analytical Engine").then_some(first)
    };
    let session = eventually("Telegram is told the device's name", named).await;
    assert_eq!((&session["current"], &session["official"]), (&json!(true), &json!(false)));
    let kept = api.patch(&path, json!({ "label": null })).await.expect(200);
    assert!(kept.get("label").is_none() && kept["deviceName"] == "Analytical Engine", "{kept}");

    control.arm(json!({ "kind": "flood_wait", "method": "messages.getDialogs", "seconds": 300, "count": 1 })).await;
    assert_eq!(api.get(&format!("{path}/chats?source=live")).await.code(), "telegram_flood");
    let detail = api.get(&path).await.expect(200);
    assert_eq!(detail["floodWaits"][0]["method"], "messages.getDialogs");
    assert!(detail["floodWaits"][0]["until"].as_u64() > detail["health"]["since"].as_u64(), "{detail}");
    control.post(CLARA, ADA, "good morning").await;
    let updated = || async { api.get(&path).await.expect(200)["health"]["lastUpdateAt"].as_u64() };
    eventually("an update is noted", updated).await;
    sandbox.kill();
    sandbox.start_again().await;
    let api = sandbox.api();
    let detail = api.get(&path).await.expect(200);
    assert_eq!((&detail["deviceName"], &detail["user"]["first_name"]), (&json!("Analytical Engine"), &json!("Ada")));

    let proxy = |proxy: Value| json!({ "proxy": proxy });
    for (body, status, field) in [
        (json!({ "label": "" }), 400, "label"),
        (json!({ "label": "a".repeat(65) }), 400, "label"),
        (json!({ "deviceName": "a\nb" }), 400, "deviceName"),
        (json!({ "label": 7 }), 422, "label"),
        (proxy(json!({ "host": "not a host", "port": 1 })), 400, "proxy.host"),
        (proxy(json!({ "host": "proxy.example", "port": 0 })), 400, "proxy.port"),
        (proxy(json!({ "host": "127.0.0.1", "port": 1, "username": "ada" })), 400, "proxy.password"),
        (proxy(json!({ "host": "127.0.0.1", "port": 1, "username": "ada", "password": "a@b" })), 400, "proxy.password"),
        (proxy(json!({ "host": "192.0.2.1", "port": 1 })), 400, "proxy.host"),
        (proxy(json!({ "host": "127.0.0.1" })), 422, "proxy.port"),
    ] {
        let refused = api.patch(&path, body).await;
        assert_eq!((refused.status, refused.json()["field"].clone()), (status, json!(field)), "{}", refused.text());
    }
    let (_, secret) = api.agent_key(&["accounts:read", "security:read"], None).await;
    let agent = api.with_token(&secret);
    assert_eq!(agent.patch(&path, json!({ "label": "mine" })).await.code(), "human_only");
    assert_eq!(agent.get(&path).await.expect(200)["accountId"], ada);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_off_this_machine_is_not_dialled_as_a_proxy() {
    let sandbox = Sandbox::start().await;
    let (api, ada) = (sandbox.api(), sandbox.account());
    let path = format!("/accounts/{ada}");
    // A name is looked at when it is resolved: this one resolves to nothing or to another machine.
    api.patch(&path, json!({ "proxy": { "host": "proxy.example", "port": 1080 } })).await.expect(200);
    let reason = || async {
        let health = api.get(&path).await.expect(200)["health"].clone();
        let reason = health["reason"].as_str().unwrap_or_default().to_owned();
        reason.contains("the proxy").then_some(health)
    };
    let health = eventually("the proxy is named as the reason", reason).await;
    assert_eq!(health["state"], "reconnecting");
    let wrong = Options::default().with("TELEGRAM_PROXY_URL", "socks5://192.0.2.1:1080");
    let refused = crate::harness::command(sandbox.arguments()).envs(wrong.environment).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("TELEGRAM_PROXY_URL"), "{told}");
}
