//! Invite links, and the people who ask to come in by them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, CLARA, Sandbox, send};

const CLARA_ID: i64 = 5_000_000_003;
const SOON: i64 = 2_000_000_000;

/// Ada's supergroup, and Ada's and Clara's accounts on one server.
struct Club {
    sandbox: Sandbox,
    api: Api,
    clara: String,
    chat: String,
    id: i64,
}

impl Club {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await;
        let (api, control) = (sandbox.api(), sandbox.control());
        let id = control.create_chat("supergroup", ADA, "Divers", &[BORIS]).await;
        let clara = api.log_in(&control, CLARA, None).await;
        api.online(&clara).await;
        let account = sandbox.account().to_owned();
        api.get(&format!("/accounts/{account}/chats?source=live")).await.expect(200);
        Self { chat: format!("/accounts/{account}/chats/{id}"), sandbox, api, clara, id }
    }

    async fn make(&self, terms: Value) -> Value {
        self.api.post(&format!("{}/invites", self.chat), terms).await.expect(200)
    }

    async fn clara_joins(&self, link: &Value) -> Answer {
        self.api.post(&format!("/accounts/{}/join", self.clara), json!({ "link": link })).await
    }

    async fn listed(&self, query: &str) -> Value {
        self.api.get(&format!("{}/invites{query}", self.chat)).await.expect(200)
    }

    async fn requests(&self, query: &str) -> Value {
        self.api.get(&format!("{}/join-requests{query}", self.chat)).await.expect(200)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_listed_edited_used_and_revoked() {
    let club = Club::start().await;
    let made = club.make(json!({ "title": "Summer", "expireDate": SOON, "usageLimit": 1 })).await;
    for (field, value) in [
        ("title", json!("Summer")),
        ("expireDate", json!(SOON)),
        ("usageLimit", json!(1)),
        ("usageCount", json!(0)),
        ("isPermanent", json!(false)),
        ("isRevoked", json!(false)),
        ("requestNeeded", json!(false)),
    ] {
        assert_eq!(made[field], value, "{field} of {made}");
    }
    let hash = made["hash"].as_str().unwrap().to_owned();
    assert_eq!(made["link"], format!("https://t.me/+{hash}"));

    let one = format!("{}/invites/{hash}", club.chat);
    let edited = club.api.patch(&one, json!({ "title": "Autumn", "expireDate": 0 })).await.expect(200);
    let expected = (&json!("Autumn"), &Value::Null, &json!(1));
    assert_eq!((&edited["title"], &edited["expireDate"], &edited["usageLimit"]), expected, "what is left out stays");

    assert_eq!(club.clara_joins(&made["link"]).await.expect(200)["chatId"], club.id);
    let listed = club.listed("").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!((&listed["items"][0]["isPermanent"], &listed["items"][1]["usageCount"]), (&json!(true), &json!(1)));
    let first = club.listed("?limit=1").await;
    let rest = club.listed(&format!("?limit=1&cursor={}", first["nextCursor"].as_str().unwrap())).await;
    assert_eq!((&first["items"][0], &rest["items"][0]), (&listed["items"][0], &listed["items"][1]));

    let revoked = club.api.delete(&one).await.expect(200);
    assert_eq!((&revoked["revoked"]["isRevoked"], &revoked["replacedBy"]), (&json!(true), &Value::Null));
    assert_eq!(club.listed("?revoked=true").await["items"][0]["hash"], hash);
    assert_eq!(club.api.delete(&one).await.code(), "not_found", "it is revoked already");
    let account = club.sandbox.account();
    let look = club
        .api
        .request(Method::GET, &format!("/accounts/{account}/invites/preview"))
        .query(&[("link", made["link"].as_str().unwrap())]);
    assert_eq!(send(look).await.code(), "not_found");

    let permanent = listed["items"][0]["hash"].as_str().unwrap();
    let path = format!("{}/invites/{permanent}", club.chat);
    assert_eq!(club.api.patch(&path, json!({ "title": "Main" })).await.code(), "conflict");
    let replaced = club.api.delete(&path).await.expect(200);
    assert_eq!(replaced["replacedBy"]["isPermanent"], true);
    assert_ne!(replaced["replacedBy"]["hash"], permanent);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_to_come_in_is_let_in_or_declined() {
    let club = Club::start().await;
    let control = club.sandbox.control();
    let made = club.make(json!({ "title": "By request", "requestNeeded": true })).await;
    let waiting = json!({ "status": "requested", "chatId": null });
    assert_eq!(club.clara_joins(&made["link"]).await.expect(200), waiting);
    let asked = club.requests("").await;
    assert_eq!((&asked["totalCount"], &asked["items"][0]["userId"]), (&json!(1), &json!(CLARA_ID)));
    assert_eq!((&asked["items"][0]["name"], &asked["items"][0]["username"]), (&json!("Clara"), &json!("clara")));
    assert_eq!(club.listed("").await["items"][1]["pendingCount"], 1);
    assert_eq!(club.requests("?query=bor").await["items"], json!([]));
    let hash = made["hash"].as_str().unwrap();
    assert_eq!(club.requests(&format!("?link={hash}&query=cla")).await["items"].as_array().unwrap().len(), 1);

    let decide = format!("{}/join-requests/{CLARA_ID}", club.chat);
    club.api.post(&decide, json!({ "decision": "decline" })).await.expect(204);
    assert_eq!(club.api.post(&decide, json!({ "decision": "approve" })).await.code(), "not_found", "nobody asks any more");
    let members = format!("{}/members", club.chat);
    let is_member = |page: &Value| page["items"].as_array().unwrap().iter().any(|member| member["userId"] == CLARA_ID);
    assert!(!is_member(&club.api.get(&members).await.expect(200)));

    assert_eq!(club.clara_joins(&made["link"]).await.expect(200), waiting);
    club.api.post(&decide, json!({ "decision": "approve" })).await.expect(204);
    assert!(is_member(&club.api.get(&members).await.expect(200)));
    assert_eq!(club.requests("").await["totalCount"], 0);
    assert_eq!(club.api.post(&decide, json!({ "decision": "approve" })).await.code(), "conflict", "she is in");
    let posted = control.post(CLARA, &club.id.to_string(), "I am in").await;
    assert_eq!(posted["chatId"], club.id);

    let all = format!("{}/join-requests", club.chat);
    assert_eq!(club.api.post(&all, json!({ "decision": "approve" })).await.code(), "not_found", "nobody asks");
    club.api.delete(&format!("/accounts/{}/chats/{}", club.clara, club.id)).await.expect(204);
    assert_eq!(club.clara_joins(&made["link"]).await.expect(200), waiting);
    club.api.post(&all, json!({ "decision": "approve", "link": hash })).await.expect(204);
    assert!(is_member(&club.api.get(&members).await.expect(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_need_the_right_and_acceptable_terms() {
    let club = Club::start().await;
    let invites = format!("{}/invites", club.chat);
    for (terms, field) in [
        (json!({ "title": "x".repeat(33) }), "title"),
        (json!({ "expireDate": -1 }), "expireDate"),
        (json!({ "usageLimit": 100_000 }), "usageLimit"),
        (json!({ "usageLimit": 5, "requestNeeded": true }), "usageLimit"),
    ] {
        let refused = club.api.post(&invites, terms).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)));
    }
    assert_eq!(club.api.post(&invites, json!({ "expireDate": 1 })).await.code(), "invalid_input", "that time is over");
    assert_eq!(club.api.get(&format!("{invites}?cursor=x")).await.json()["field"], "cursor");
    assert_eq!(club.api.patch(&format!("{invites}/no"), json!({ "title": "x" })).await.json()["field"], "hash");
    assert_eq!(club.api.delete(&format!("{invites}/NoSuchLink")).await.code(), "not_found");
    let person = format!("/accounts/{}/chats/{CLARA_ID}/invites", club.sandbox.account());
    assert_eq!(club.api.get(&person).await.json()["field"], "chatId");

    let link = club.make(json!({})).await["link"].clone();
    club.clara_joins(&link).await.expect(200);
    let hers = format!("/accounts/{}/chats/{}", club.clara, club.id);
    assert_eq!(club.api.get(&format!("{hers}/invites")).await.code(), "not_permitted");
    assert_eq!(club.api.post(&format!("{hers}/invites"), json!({})).await.code(), "not_permitted");
    assert_eq!(club.api.get(&format!("{hers}/join-requests")).await.code(), "not_permitted");
}
