//! What the reference's own client does: its MCP server has 29 tools, and each makes one call. Every call is made here as that client
//! makes it, by an agent whose key has the tool's one scope, and all that it reads of the answer must be there: names, types, values.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, send};

const ADA_ID: i64 = 5_000_000_001;
const BORIS_ID: i64 = 5_000_000_002;
const CLARA_ID: i64 = 5_000_000_003;

/// The fields that the client knows of each type. With `?` it may be null or left out, with `=` it is always this JSON.
const ACCOUNT: &[(&str, &str)] = &[("accountId", "text"), ("phone", "text"), ("connected", "boolean")];
const CHAT: &[(&str, &str)] = &[
    ("id", "integer"),
    ("title", "text"),
    ("username", "text?"),
    ("unreadCount", "integer"),
    ("chatType", "text"),
    ("lastMessage", "text?"),
    ("avatarPath", "=null"),
    ("isForum", "boolean"),
    ("isMuted", "boolean"),
];
const MESSAGE: &[(&str, &str)] = &[
    ("id", "integer"),
    ("chat_id", "integer"),
    ("from_user_id", "integer?"),
    ("sender_name", "text?"),
    ("text", "text?"),
    ("date", "integer"),
    ("is_outgoing", "boolean"),
    ("media", "list?"),
];
const MEDIA: &[(&str, &str)] = &[
    ("media_type", "text"),
    ("file_path", "=null"),
    ("file_name", "text?"),
    ("file_size", "integer?"),
    ("mime_type", "text?"),
    ("webpage_url", "text?"),
    ("webpage_site_name", "text?"),
    ("webpage_title", "text?"),
    ("webpage_description", "text?"),
];
const USER: &[(&str, &str)] =
    &[("id", "integer"), ("first_name", "text"), ("last_name", "text?"), ("username", "text?"), ("phone", "text")];
const FOUND_CHAT: &[(&str, &str)] =
    &[("id", "integer"), ("title", "text"), ("username", "text?"), ("resultType", "text"), ("subscribersCount", "integer?")];
const FOUND_MESSAGE: &[(&str, &str)] = &[
    ("messageId", "integer"),
    ("chatId", "integer"),
    ("chatTitle", "text"),
    ("senderName", "text?"),
    ("text", "text?"),
    ("date", "integer"),
];
const TOPIC: &[(&str, &str)] = &[
    ("id", "integer"),
    ("title", "text"),
    ("iconColor", "integer"),
    ("iconEmojiId", "integer?"),
    ("unreadCount", "integer"),
    ("topMessage", "integer"),
    ("isPinned", "boolean"),
    ("isClosed", "boolean"),
];

/// Fails where an object has not the fields that its type has.
fn is_like(object: &Value, fields: &[(&str, &str)]) {
    for (name, kind) in fields {
        let value = &object[*name];
        let is_there = object.get(*name).is_some();
        let is_of = |kind: &str| match kind {
            "text" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            "list" => value.is_array(),
            exact => is_there && exact.strip_prefix('=') == Some(value.to_string().as_str()),
        };
        let fits = kind.strip_suffix('?').map_or_else(|| is_of(kind), |kind| value.is_null() || is_of(kind));
        assert!(fits, "{name} is to be {kind}: {object}");
    }
}

/// Fails where an object has not these members. Others it may have.
fn holds(object: &Value, members: &Value) {
    for (name, value) in members.as_object().expect("an object") {
        assert_eq!(object.get(name), Some(value), "{name}: {object}");
    }
}

/// The items of a list, each like the type.
fn items(answer: Answer, fields: &[(&str, &str)]) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), "application/json");
    let items = answer.expect(200).as_array().expect("a list").clone();
    items.iter().for_each(|item| is_like(item, fields));
    items
}

/// An answer that is a status and nothing else.
fn is_bare(answer: &Answer, status: u16) {
    assert_eq!((answer.status, answer.text(), answer.header("content-type")), (status, String::new(), ""));
}

/// What a browser does with a file that came from somebody.
fn is_safe(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
}

/// The client: each call with a key of one scope.
struct Client {
    owner: Api,
    account: String,
    made: AtomicU64,
}

impl Client {
    fn of(sandbox: &Sandbox) -> Self {
        Self { owner: sandbox.api(), account: sandbox.account().to_owned(), made: AtomicU64::new(0) }
    }

    async fn agent(&self, scope: &str) -> Api {
        let (_, secret) = self.owner.agent_key(&[scope], None).await;
        self.owner.with_token(&secret)
    }

    /// A place of the account.
    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}{rest}", self.account)
    }

    /// A call that reads.
    async fn read(&self, scope: &str, path: &str) -> Answer {
        self.agent(scope).await.get(path).await
    }

    /// A call that changes something, under an idempotency key of its own. Sent again it is answered alike.
    async fn change(&self, scope: &str, method: Method, path: &str, with: impl Fn(RequestBuilder) -> RequestBuilder) -> Answer {
        let agent = self.agent(scope).await;
        let key = format!("7d0f6a52-3c1e-4f7b-9a64-{:012x}", self.made.fetch_add(1, Ordering::Relaxed));
        let request = || with(agent.request(method.clone(), path).header("Idempotency-Key", &key));
        let answer = send(request()).await;
        let again = send(request()).await;
        let told = (again.status, again.text(), again.header("idempotency-replayed"));
        assert_eq!(told, (answer.status, answer.text(), "true"), "{method} {path} again");
        answer
    }

    async fn post(&self, scope: &str, path: &str, body: Value) -> Answer {
        self.change(scope, Method::POST, path, |request| request.json(&body)).await
    }

    async fn delete(&self, scope: &str, path: &str) -> Answer {
        self.change(scope, Method::DELETE, path, |request| request).await
    }

    /// Puts a photo where the account takes one.
    async fn show(&self, place: &str, photo: &[u8]) {
        send(self.owner.request(Method::PUT, &self.path(place)).body(photo.to_vec())).await.expect(204);
    }
}

async fn start() -> Sandbox {
    // The reference's limits are smaller than a whole run.
    Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_LOGIN_BURST", "1000")).await
}

fn photo() -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 500]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_logins() {
    let sandbox = start().await;
    let (client, control) = (Client::of(&sandbox), sandbox.control());

    // list_accounts
    let accounts = items(client.read("accounts:read", "/accounts").await, ACCOUNT);
    assert_eq!(accounts, [json!({ "accountId": client.account, "phone": ADA, "connected": true })]);

    // request_login_code, verify_login_code, submit_2fa_password
    let started = client.post("telegram:login", "/telegram/login/code", json!({ "phone": BORIS })).await.expect(200);
    let boris = started["accountId"].clone();
    holds(&started, &json!({ "accountId": boris, "phone": BORIS }));
    let step = json!({ "accountId": boris, "code": control.code(BORIS).await });
    let outcome = client.post("telegram:login", "/telegram/login/verify", step).await.expect(200);
    assert_eq!(outcome, json!({ "status": "password_required" }));
    let step = json!({ "accountId": boris, "password": BORIS_PASSWORD });
    let outcome = client.post("telegram:login", "/telegram/login/password", step).await.expect(200);
    assert_eq!(outcome["status"], "authorized");
    is_like(&outcome["user"], USER);
    holds(&outcome["user"], &json!({ "id": BORIS_ID, "first_name": "Boris" }));
    let started = client.post("telegram:login", "/telegram/login/code", json!({ "phone": CLARA })).await.expect(200);
    let step = json!({ "accountId": started["accountId"], "code": control.code(CLARA).await });
    let outcome = client.post("telegram:login", "/telegram/login/verify", step).await.expect(200);
    assert_eq!(outcome["status"], "authorized");
    holds(&outcome["user"], &json!({ "id": CLARA_ID, "first_name": "Clara", "username": "clara" }));

    // get_account_avatar
    let none = client.read("accounts:read", &client.path("/avatar")).await;
    assert_eq!(none.status, 404);
    assert!(none.json()["error"].is_string(), "{}", none.text());
    client.show("/profile/photo", &photo()).await;
    let avatar = client.read("accounts:read", &client.path("/avatar")).await;
    assert_eq!((avatar.status, avatar.header("content-type"), avatar.body.as_slice()), (200, "image/jpeg", photo().as_slice()));
    is_safe(&avatar);

    // delete_account
    let path = format!("/accounts/{}", boris.as_str().expect("an id"));
    is_bare(&client.delete("accounts:delete", &path).await, 204);
    let left = items(client.read("accounts:read", "/accounts").await, ACCOUNT);
    assert!(left.len() == 2 && left.iter().all(|account| account["accountId"] != boris), "{left:?}");

    let refused = client.read("chats:read", "/accounts").await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some("Missing scope: accounts:read")));
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_people() {
    let sandbox = start().await;
    let (client, control) = (Client::of(&sandbox), sandbox.control());

    // list_chats
    let live = items(client.read("chats:read", &client.path("/chats?source=live")).await, CHAT);
    let listed = items(client.read("chats:read", &client.path("/chats")).await, CHAT);
    assert_eq!(listed, live);
    let chat = |id: i64| listed.iter().find(|chat| chat["id"] == id).unwrap_or_else(|| panic!("{id} is listed"));
    let clara = json!({ "title": "Clara", "username": "clara", "unreadCount": 1, "chatType": "user",
        "lastMessage": "Shall I bring the charts?", "isForum": false, "isMuted": false });
    holds(chat(CLARA_ID), &clara);
    holds(chat(BORIS_ID), &json!({ "title": "Boris", "username": null, "chatType": "user" }));
    holds(chat(-1_002_000_000_001), &json!({ "title": "Harbour news", "chatType": "channel", "unreadCount": 2 }));
    holds(chat(-4_000_000_001), &json!({ "title": "Lighthouse keepers", "chatType": "group" }));

    // get_contacts
    client
        .owner
        .post(&client.path("/contacts/import"), json!({ "contacts": [{ "phone": CLARA, "firstName": "Clara" }] }))
        .await
        .expect(200);
    let people = items(client.read("chats:read", &client.path("/contacts")).await, CHAT);
    assert!(people.iter().any(|person| person["id"] == CLARA_ID && person["title"] == "Clara"), "{people:?}");
    people.iter().for_each(|person| holds(person, &json!({ "chatType": "user" })));

    // start_loading_chats, which has no key and no body
    let agent = client.agent("chats:read").await;
    is_bare(&send(agent.request(Method::POST, &client.path("/chats/load"))).await, 202);

    // create_group, create_channel
    let group = json!({ "title": "Watch", "userIds": [CLARA_ID] });
    let made = client.post("chats:write", &client.path("/groups"), group).await.expect(200);
    let group = made["chatId"].as_i64().expect("a chat");
    assert_eq!(made, json!({ "chatId": group }));
    let bare = json!({ "title": "Notices" });
    let channel = client.post("chats:write", &client.path("/channels"), bare).await.expect(200)["chatId"].clone();
    let full = json!({ "title": "Everybody", "about": "All of us", "isMegagroup": true });
    let megagroup = client.post("chats:write", &client.path("/channels"), full).await.expect(200)["chatId"].clone();
    let listed = items(client.read("chats:read", &client.path("/chats?source=live")).await, CHAT);
    for (id, title, kind) in
        [(json!(group), "Watch", "group"), (channel, "Notices", "channel"), (megagroup, "Everybody", "group")]
    {
        let chat = listed.iter().find(|chat| chat["id"] == id).unwrap_or_else(|| panic!("{title} is listed: {listed:?}"));
        holds(chat, &json!({ "title": title, "chatType": kind }));
    }

    // get_chat_photo, get_user_photos
    let place = format!("/chats/{group}/photo");
    assert_eq!(client.read("chats:read", &client.path(&place)).await.status, 404);
    client.show(&place, &photo()).await;
    let shown = client.read("chats:read", &client.path(&place)).await;
    assert_eq!((shown.status, shown.header("content-type"), shown.body.as_slice()), (200, "image/jpeg", photo().as_slice()));
    is_safe(&shown);
    let photos = client.read("chats:read", &client.path(&format!("/chats/{group}/photos"))).await.expect(200);
    let address = format!("/api/v1/accounts/{}/chats/{group}/photos/0", client.account);
    assert_eq!(photos, json!({ "count": 1, "urls": [address] }));

    // global_search
    let found = items(client.read("chats:read", &client.path("/search?q=clara&limit=5")).await, FOUND_CHAT);
    holds(&found[0], &json!({ "id": CLARA_ID, "title": "Clara", "username": "clara", "resultType": "user" }));
    assert_eq!(items(client.read("chats:read", &client.path("/search?q=")).await, FOUND_CHAT), Vec::<Value>::new());

    // get_forum_topics; send_message and get_messages in one of them
    let forum = client.path(&format!("/chats/{}", control.create_chat("supergroup", ADA, "Questions", &[BORIS]).await));
    client.owner.get(&client.path("/chats?source=live")).await.expect(200);
    client.owner.patch(&forum, json!({ "isForum": true })).await.expect(200);
    let made = client.owner.post(&format!("{forum}/topics"), json!({ "title": "Reefs" })).await.expect(200);
    let topics = items(client.read("chats:read", &format!("{forum}/topics")).await, TOPIC);
    let topic =
        |id: &Value| topics.iter().find(|topic| topic["id"] == *id).unwrap_or_else(|| panic!("{id} is listed: {topics:?}"));
    holds(topic(&json!(1)), &json!({ "title": "General", "isClosed": false }));
    holds(topic(&made["id"]), &json!({ "title": "Reefs", "unreadCount": 0, "isPinned": false, "isClosed": false }));
    let text = json!({ "text": "How deep?", "topicId": made["id"] });
    let sent = client.post("messages:send", &format!("{forum}/messages"), text).await.expect(200);
    is_like(&sent, MESSAGE);
    let path = format!("{forum}/messages?limit=50&topic_id={}", made["id"]);
    let within = items(client.read("messages:read", &path).await, MESSAGE);
    holds(&within[0], &json!({ "id": sent["id"], "text": "How deep?", "from_user_id": ADA_ID, "is_outgoing": true }));

    // delete_chat
    is_bare(&client.delete("chats:delete", &client.path(&format!("/chats/{group}"))).await, 204);
    let listed = items(client.read("chats:read", &client.path("/chats?source=live")).await, CHAT);
    assert!(listed.iter().all(|chat| chat["id"] != group), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_files() {
    let sandbox = start().await;
    let (client, control) = (Client::of(&sandbox), sandbox.control());
    let clara = client.path(&format!("/chats/{CLARA_ID}"));
    let messages = format!("{clara}/messages");

    // send_message
    let sent = client.post("messages:send", &messages, json!({ "text": "The anchor holds." })).await.expect(200);
    is_like(&sent, MESSAGE);
    holds(&sent, &json!({ "chat_id": CLARA_ID, "from_user_id": ADA_ID, "text": "The anchor holds.", "is_outgoing": true }));
    assert_eq!(sent.get("media"), None);
    assert_eq!(control.count(ADA, CLARA, "The anchor holds.").await, 1, "twice under one key is once");

    // get_messages
    let newest = items(client.read("messages:read", &format!("{messages}?limit=2")).await, MESSAGE);
    assert_eq!((newest.len(), &newest[0]["id"]), (2, &sent["id"]));
    holds(&newest[1], &json!({ "chat_id": CLARA_ID, "is_outgoing": false, "sender_name": "Clara", "from_user_id": CLARA_ID }));
    let older = items(client.read("messages:read", &format!("{messages}?limit=50&offset_id={}", sent["id"])).await, MESSAGE);
    assert_eq!(older[0], newest[1]);

    // mark_messages_read
    is_bare(&client.post("messages:send", &format!("{clara}/read"), json!({ "maxId": sent["id"] })).await, 204);

    // forward_messages
    let forward = json!({ "fromChatId": CLARA_ID, "toChatId": BORIS_ID, "messageIds": [sent["id"], 2_000_000_000] });
    let forwarded = client.post("messages:forward", &client.path("/messages/forward"), forward).await.expect(200);
    assert!(forwarded[0].is_i64() && forwarded[1].is_null(), "{forwarded}");
    assert_eq!(control.count(ADA, BORIS, "The anchor holds.").await, 1);

    // search_messages, search_all_messages
    let found = items(client.read("messages:read", &format!("{messages}/search?q=anchor&limit=10")).await, MESSAGE);
    assert_eq!((found.len(), &found[0]["id"]), (1, &sent["id"]));
    assert_eq!(items(client.read("messages:read", &format!("{messages}/search?q=%20")).await, MESSAGE), Vec::<Value>::new());
    let path = client.path("/messages/search?q=anchor&limit=10");
    let found = items(client.read("messages:read", &path).await, FOUND_MESSAGE);
    assert_eq!(found.len(), 2);
    let in_clara = found.iter().find(|message| message["messageId"] == sent["id"]).expect("it is found");
    holds(in_clara, &json!({ "chatId": CLARA_ID, "chatTitle": "Clara", "text": "The anchor holds.", "date": sent["date"] }));

    // send_media
    let with = |request: RequestBuilder| {
        let request = request.header("x-file-name", "der%20Anker%20%F0%9F%9A%A2.png").header("x-mime-type", "image/png");
        request.header("x-caption", "Look%20here").header("content-type", "application/octet-stream").body(photo())
    };
    let sent = client.change("messages:send", Method::POST, &format!("{clara}/media"), with).await.expect(200);
    is_like(&sent, MESSAGE);
    holds(&sent, &json!({ "chat_id": CLARA_ID, "text": "Look here", "is_outgoing": true }));
    is_like(&sent["media"][0], MEDIA);
    let with = |request: RequestBuilder| request.header("x-file-name", "tide.txt").body("high at nine");
    let file = client.change("messages:send", Method::POST, &format!("{clara}/media"), with).await.expect(200);
    holds(&file["media"][0], &json!({ "media_type": "document", "file_size": 12, "mime_type": "application/octet-stream" }));
    let nameless = client.agent("messages:send").await.request(Method::POST, &format!("{clara}/media")).body("bytes");
    let nameless = send(nameless).await;
    assert_eq!(nameless.status, 400);
    assert!(nameless.json()["error"].is_string());

    // download_media
    let picture = client.read("messages:read", &format!("{messages}/{}/media", sent["id"])).await;
    assert_eq!((picture.status, picture.body.as_slice()), (200, photo().as_slice()));
    assert!(picture.header("content-type").starts_with("image/") && picture.header("content-disposition").starts_with("inline"));
    is_safe(&picture);
    let tide = client.read("messages:read", &format!("{messages}/{}/media", file["id"])).await;
    assert_eq!((tide.status, tide.body.as_slice()), (200, b"high at nine".as_slice()));
    assert_eq!(tide.header("content-type"), "application/octet-stream");
    assert!(tide.header("content-disposition").starts_with("attachment"));
    is_safe(&tide);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_and_tabs() {
    let sandbox = start().await;
    let client = Client::of(&sandbox);
    let (folders, tabs) = (client.path("/folders"), client.path("/tabs"));

    // save_folder, list_folders, delete_folder
    let folder = json!({
        "id": "work", "account_id": client.account, "name": "Work", "icon": null,
        "included_chat_types": ["group"], "excluded_chat_types": [],
        "included_chat_ids": [CLARA_ID], "excluded_chat_ids": [], "sort_order": 3,
    });
    is_bare(&client.post("folders:write", &folders, folder.clone()).await, 204);
    assert_eq!(client.read("folders:read", &folders).await.expect(200), json!([folder]));
    is_bare(&client.delete("folders:write", &format!("{folders}/work")).await, 204);
    assert_eq!(client.read("folders:read", &folders).await.expect(200), json!([]));

    // save_tabs, get_tabs
    let list = json!([
        { "id": "all", "account_id": client.account, "visible": true, "sort_order": 0 },
        { "id": "calls", "account_id": client.account, "visible": false, "sort_order": 1 },
    ]);
    is_bare(&client.change("folders:write", Method::PUT, &tabs, |request| request.json(&list)).await, 204);
    assert_eq!(client.read("folders:read", &tabs).await.expect(200), list);
    let refused = json!([{ "id": "all", "account_id": client.account, "visible": true, "sort_order": 10_001 }]);
    let refused = client.agent("folders:write").await.put(&tabs, refused).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"].is_string());
}
