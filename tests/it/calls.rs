//! Calls: two people agree on a key through the network, which never has it, and groups talk. Both sides are accounts of this server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, BORIS, BORIS_PASSWORD, CLARA, Control, Options, Sandbox, eventually, send};

const ADA_ID: i64 = 5_000_000_001;
const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

/// One account of this server.
struct Side<'a> {
    api: &'a Api,
    account: String,
}

impl Side<'_> {
    async fn post(&self, path: &str, body: Value) -> Answer {
        self.api.post(&format!("/accounts/{}/{path}", self.account), body).await
    }

    async fn calls(&self) -> Vec<Value> {
        let list = self.api.get(&format!("/accounts/{}/calls", self.account)).await.expect(200);
        assert_eq!(list["nextCursor"], Value::Null);
        list["items"].as_array().unwrap().clone()
    }

    /// Waits until a call is in this state.
    async fn call_in(&self, state: &str) -> Value {
        let look = || async { self.calls().await.into_iter().find(|call| call["state"] == state) };
        eventually(&format!("a call is {state}"), look).await
    }

    async fn no_calls(&self) {
        eventually("the calls are over", || async { self.calls().await.is_empty().then_some(()) }).await;
    }
}

fn unlimited() -> Options {
    Options::default().with("VASYA_ACCOUNT_BURST", "1000")
}

async fn boris<'a>(api: &'a Api, control: &Control) -> Side<'a> {
    let account = api.log_in(control, BORIS, Some(BORIS_PASSWORD)).await;
    api.online(&account).await;
    Side { api, account }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_call_each_other_and_have_the_same_key() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let ada = Side { api: &api, account: sandbox.account().to_owned() };
    let boris = boris(&api, &control).await;

    let made = ada.post("calls/request", json!({ "userId": BORIS_ID, "isVideo": true })).await.expect(200);
    let id = made["callId"].clone();
    for (field, value) in
        [("peerUserId", json!(BORIS_ID)), ("isOutgoing", json!(true)), ("isVideo", json!(true)), ("keyFingerprint", Value::Null)]
    {
        assert_eq!(made[field], value, "{field} of {made}");
    }
    let comes = boris.call_in("ringing").await;
    assert_eq!((&comes["callId"], &comes["peerUserId"]), (&id, &json!(ADA_ID)));
    assert_eq!((&comes["isOutgoing"], &comes["isVideo"]), (&json!(false), &json!(true)));
    assert_ne!(comes["accessHash"], made["accessHash"], "each side names the call in its own way");
    ada.call_in("ringing").await;

    let early = ada.post("calls/confirm", json!({ "callId": id })).await;
    assert_eq!(early.code(), "conflict", "nobody has accepted yet");
    assert_eq!(ada.post("calls/accept", json!({ "callId": id })).await.code(), "conflict", "it is not Ada who is called");
    let accepted = boris.post("calls/accept", json!({ "callId": id })).await.expect(200);
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(boris.post("calls/accept", json!({ "callId": id })).await.expect(200)["state"], "accepted");
    assert_eq!(boris.post("calls/confirm", json!({ "callId": id })).await.code(), "conflict");
    let half = ada.call_in("accepted").await["gB"].clone();
    assert_eq!(half.as_array().unwrap().len(), 256);
    let mut other = half.clone();
    other[255] = json!((other[255].as_u64().unwrap() + 1) % 256);
    let wrong = ada.post("calls/confirm", json!({ "callId": id, "gB": other })).await;
    assert_eq!((wrong.status, wrong.json()["field"].as_str()), (400, Some("gB")));
    let confirmed = ada.post("calls/confirm", json!({ "callId": id, "gB": half })).await.expect(200);
    assert_eq!(confirmed["state"], "active");
    let active = boris.call_in("active").await;
    assert_eq!(active["keyFingerprint"], confirmed["keyFingerprint"]);
    assert_eq!(active["keyFingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(ada.post("calls/confirm", json!({ "callId": id })).await.expect(200), confirmed);

    // A second call comes while the first one goes on: it rings, and cannot be accepted.
    let clara = Side { api: &api, account: api.log_in(&control, CLARA, None).await };
    api.online(&clara.account).await;
    let contact = json!({ "contacts": [{ "phone": BORIS, "firstName": "Boris" }] });
    clara.post("contacts/import", contact).await.expect(200);
    let second = clara.post("calls/request", json!({ "userId": BORIS_ID })).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    assert_eq!(boris.post("calls/accept", json!({ "callId": second })).await.code(), "conflict");
    assert_eq!(boris.post("calls/discard", json!({ "callId": second, "reason": "busy" })).await.status, 204);
    clara.no_calls().await;
    assert_eq!(boris.calls().await.len(), 1, "the first call goes on");

    assert_eq!(boris.post("calls/discard", json!({ "callId": id, "reason": "whatever" })).await.status, 204);
    ada.no_calls().await;
    assert_eq!(boris.calls().await, Vec::<Value>::new());
    for side in [&ada, &boris] {
        for action in ["accept", "confirm", "discard"] {
            let gone = side.post(&format!("calls/{action}"), json!({ "callId": id })).await;
            assert_eq!((gone.status, gone.code()), (404, "not_found".into()), "{action}");
        }
        for audio in ["volume", "mute"] {
            let refused = side.post(&format!("calls/{audio}"), json!({ "callId": id, "volume": 3 })).await;
            assert_eq!((refused.status, refused.code()), (501, "not_implemented".into()), "{audio}");
        }
    }
    let log = sandbox.log();
    assert!(!log.contains(confirmed["keyFingerprint"].as_str().unwrap()), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_come_to_nothing_are_forgotten_on_both_sides() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let ada = Side { api: &api, account: sandbox.account().to_owned() };
    let boris = boris(&api, &control).await;
    let request = json!({ "userId": BORIS_ID });

    let declined = ada.post("calls/request", request.clone()).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    assert_eq!(boris.post("calls/discard", json!({ "callId": declined, "reason": "busy" })).await.status, 204);
    ada.no_calls().await;
    let missed = ada.post("calls/request", request.clone()).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    assert_eq!(ada.post("calls/discard", json!({ "callId": missed, "reason": "missed" })).await.status, 204);
    boris.no_calls().await;

    // Another device of Boris's takes the call: this one need not ring any more. And what the network knows nothing of is over.
    let lost = ada.post("calls/request", request.clone()).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    control.arm(json!({ "kind": "lose_updates", "user": BORIS, "count": 1 })).await;
    assert_eq!(ada.post("calls/discard", json!({ "callId": lost })).await.status, 204);
    assert_eq!(boris.calls().await.len(), 1, "Boris was not told");
    assert_eq!(boris.post("calls/accept", json!({ "callId": lost })).await.code(), "not_found");
    assert_eq!(boris.calls().await.len(), 0);

    // An answer that is lost may be given again.
    let again = ada.post("calls/request", request.clone()).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    control
        .arm(json!({ "kind": "rpc_error", "method": "phone.acceptCall", "code": 500, "message": "RPC_CALL_FAIL", "count": 1 }))
        .await;
    assert!(boris.post("calls/accept", json!({ "callId": again })).await.status >= 500);
    assert_eq!(boris.post("calls/accept", json!({ "callId": again })).await.expect(200)["state"], "accepted");
    ada.call_in("accepted").await;
    assert_eq!(ada.post("calls/discard", json!({ "callId": again })).await.status, 204);
    boris.no_calls().await;

    // An account has so many calls and no more, and gets them back.
    let mut waiting = Vec::new();
    for number in 0..8 {
        let phone = format!("+1555000{:04}", 200 + number);
        control.create_user(&phone, "Listener").await;
        let contacts = json!({ "contacts": [{ "phone": phone, "firstName": "Listener" }] });
        let added = ada.post("contacts/import", contacts).await.expect(200);
        let user = added["contacts"][0]["id"].as_i64().unwrap_or_else(|| panic!("{added}"));
        waiting.push(ada.post("calls/request", json!({ "userId": user })).await.expect(200)["callId"].clone());
    }
    assert_eq!(ada.post("calls/request", request.clone()).await.code(), "conflict");
    for id in waiting {
        assert_eq!(ada.post("calls/discard", json!({ "callId": id })).await.status, 204);
    }
    assert_eq!(ada.calls().await.len(), 0);

    for (body, status, field) in [
        (json!({}), 422, "userId"),
        (json!({ "userId": -7 }), 400, "userId"),
        (json!({ "userId": "Boris" }), 422, "userId"),
        (json!({ "userId": BORIS_ID, "isVideo": 1 }), 422, "isVideo"),
    ] {
        let refused = ada.post("calls/request", body).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (status, Some(field)), "{}", refused.text());
    }
    let short = ada.post("calls/confirm", json!({ "callId": 1, "gB": [1, 2, 3] })).await;
    assert_eq!((short.status, short.json()["field"].as_str()), (400, Some("gB")));
    assert_eq!(ada.post("calls/request", json!({ "userId": 5_000_009_999_i64 })).await.status, 404);
    let privacy = format!("/accounts/{}/privacy", boris.account);
    for (audience, status) in [("nobody", 403), ("everybody", 200)] {
        api.put(&privacy, json!({ "key": "calls", "audience": audience })).await.expect(200);
        let made = ada.post("calls/request", request.clone()).await;
        assert_eq!(made.status, status, "{audience}: {}", made.text());
        if status == 200 {
            ada.post("calls/discard", json!({ "callId": made.json()["callId"] })).await.expect(204);
        } else {
            assert_eq!(made.code(), "privacy_restricted");
        }
    }
    assert_eq!(send(api.request(Method::PUT, &format!("/accounts/{}/blocked/{ADA_ID}", boris.account))).await.status, 204);
    let blocked = ada.post("calls/request", request).await;
    assert_eq!((blocked.status, blocked.code()), (403, "privacy_restricted".into()), "{}", blocked.text());
    // Each call to Boris left its line in the conversation of both.
    for (side, peer) in [(&ada, BORIS_ID), (&boris, ADA_ID)] {
        let history = api.get(&format!("/accounts/{}/chats/{peer}/messages", side.account)).await.expect(200);
        let calls = history.as_array().unwrap().iter().filter(|message| message["service"]["kind"] == "call").count();
        assert_eq!(calls, 5, "{history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_ended_as_telegrams_configuration_says() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let timeouts = async |receive: i32, ring: i32, connect: i32| {
        let timeouts = json!({ "receiveMs": receive, "ringMs": ring, "connectMs": connect });
        control.call(Method::PUT, "/settings", Some(json!({ "callTimeouts": timeouts }))).await;
    };
    let ended = async |times: u64| {
        let look = || async { (control.calls("phone.discardCall").await == times).then_some(()) };
        eventually("Telegram is told that the call is over", look).await;
    };
    let ada = Side { api: &api, account: sandbox.account().to_owned() };
    // No device of Clara's receives the call. Each account asks for the limits before its first call, and keeps them.
    timeouts(100, 300_000, 300_000).await;
    ada.post("calls/request", json!({ "userId": CLARA_ID })).await.expect(200);
    ended(1).await;
    ada.no_calls().await;

    // Ada's device rings, and she does not answer.
    timeouts(300_000, 100, 300_000).await;
    let boris = boris(&api, &control).await;
    api.get(&format!("/accounts/{}/chats", boris.account)).await.expect(200);
    boris.post("calls/request", json!({ "userId": ADA_ID })).await.expect(200);
    ended(2).await;
    boris.no_calls().await;
    ada.no_calls().await;

    // Boris accepts, and Clara does not confirm.
    timeouts(300_000, 300_000, 100).await;
    let clara = Side { api: &api, account: api.log_in(&control, CLARA, None).await };
    api.online(&clara.account).await;
    clara.post("contacts/import", json!({ "contacts": [{ "phone": BORIS, "firstName": "Boris" }] })).await.expect(200);
    let id = clara.post("calls/request", json!({ "userId": BORIS_ID })).await.expect(200)["callId"].clone();
    boris.call_in("ringing").await;
    boris.post("calls/accept", json!({ "callId": id })).await.expect(200);
    ended(3).await;
    clara.no_calls().await;
    boris.no_calls().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_talks_and_only_who_may_begins() {
    let sandbox = Sandbox::start_with(unlimited()).await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let ada = Side { api: &api, account: sandbox.account().to_owned() };
    let boris = boris(&api, &control).await;
    let group = control.create_chat("supergroup", crate::harness::ADA, "Watch room", &[BORIS, CLARA]).await;
    let create = json!({ "chatId": group, "title": "Night watch" });
    api.get(&format!("/accounts/{}/chats?source=live", boris.account)).await.expect(200);
    assert_eq!(boris.post("group-calls", create.clone()).await.code(), "not_permitted");
    let made = ada.post("group-calls", create.clone()).await.expect(200);
    let expected = json!({
        "callId": made["callId"], "accessHash": made["accessHash"], "chatId": group, "state": "active", "title": "Night watch",
        "participantsCount": 0, "canStartVideo": false,
    });
    assert_eq!(made, expected);
    assert_eq!(ada.post("group-calls", create).await.code(), "conflict", "it goes on already");

    let join = |made: &Value, muted: bool| json!({ "callId": made["callId"], "accessHash": made["accessHash"], "chatId": group, "muted": muted });
    assert_eq!(ada.post("group-calls/join", join(&made, false)).await.expect(200)["participantsCount"], 1);
    let list = async |side: &Side<'_>, hash: &Value, more: &str| {
        let path =
            format!("/accounts/{}/group-calls/participants?callId={}&accessHash={hash}{more}", side.account, made["callId"]);
        side.api.get(&path).await
    };
    // Ada's hash is of no use to Boris.
    assert_eq!(boris.post("group-calls/join", join(&made, true)).await.code(), "not_found");
    let not_in = boris.post("group-calls/leave", json!({ "callId": made["callId"] })).await;
    assert_eq!(not_in.code(), "conflict", "Boris was told of it, and is not in it");
    let seen = list(&ada, &made["accessHash"], "").await.expect(200);
    assert_eq!(seen.as_array().unwrap().len(), 1);
    let own = &seen[0];
    for (field, value) in [
        ("userId", json!(ADA_ID)),
        ("name", json!("Ada Lovelace")),
        ("isMuted", json!(false)),
        ("isSelf", json!(true)),
        ("isSpeaking", json!(false)),
        ("volume", Value::Null),
        ("canSelfUnmute", json!(true)),
        ("videoJoined", json!(false)),
        ("about", Value::Null),
        ("raiseHandRating", Value::Null),
    ] {
        assert_eq!(own[field], value, "{field} of {own}");
    }
    assert_ne!(own["source"], 0);

    // Boris finds the call in the group's details, and comes in muted.
    let details = api.get(&format!("/accounts/{}/chats/{group}", boris.account)).await.expect(200)["activeCall"].clone();
    assert_eq!(details["callId"], made["callId"]);
    assert_eq!(boris.post("group-calls/join", join(&details, true)).await.expect(200)["participantsCount"], 2);
    let page = list(&boris, &details["accessHash"], "&limit=1").await;
    let cursor = page.header("x-next-cursor").to_owned();
    assert_eq!(page.expect(200)[0]["userId"], ADA_ID);
    let last = list(&boris, &details["accessHash"], &format!("&limit=1&cursor={cursor}")).await;
    assert_eq!(last.header("x-next-cursor"), "");
    let last = last.expect(200);
    assert_eq!((&last[0]["userId"], &last[0]["isSelf"], &last[0]["isMuted"]), (&json!(BORIS_ID), &json!(true), &json!(true)));
    assert_eq!(boris.post("group-calls/leave", json!({ "callId": made["callId"] })).await.status, 204);

    let mute = |muted: bool| json!({ "callId": made["callId"], "muted": muted });
    for muted in [true, true, false] {
        assert_eq!(ada.post("group-calls/mute", mute(muted)).await.status, 204);
        assert_eq!(list(&ada, &made["accessHash"], "").await.expect(200)[0]["isMuted"], muted);
    }
    assert_eq!(ada.post("group-calls/leave", json!({ "callId": made["callId"] })).await.status, 204);
    assert_eq!(list(&ada, &made["accessHash"], "").await.expect(200), json!([]));
    for refused in
        [ada.post("group-calls/leave", json!({ "callId": made["callId"] })).await, ada.post("group-calls/mute", mute(true)).await]
    {
        assert_eq!(refused.code(), "conflict", "{}", refused.text());
    }
    assert_eq!(ada.post("group-calls/leave", json!({ "callId": 5 })).await.code(), "not_found");
    assert_eq!(list(&ada, &json!(5), "").await.code(), "not_found");
    let refusals = [
        (ada.post("group-calls", json!({ "chatId": CLARA_ID })).await, 400, "chatId"),
        (ada.post("group-calls", json!({ "chatId": group, "title": " " })).await, 400, "title"),
        (ada.post("group-calls/join", json!({ "callId": 1, "accessHash": 1 })).await, 422, "chatId"),
        (ada.post("group-calls/mute", json!({ "callId": 1 })).await, 422, "muted"),
        (list(&ada, &made["accessHash"], "&cursor=elsewhere").await, 400, "cursor"),
    ];
    for (answer, status, field) in refusals {
        assert_eq!((answer.status, answer.json()["field"].as_str()), (status, Some(field)), "{}", answer.text());
    }
}
