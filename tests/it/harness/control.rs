//! A client of the sandbox network's control API.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::LIMIT;

#[derive(Clone, Debug)]
pub struct Control {
    http: Client,
    url: String,
}

impl Control {
    pub fn new(url: &str) -> Self {
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(LIMIT).build().expect("an HTTP client");
        Self { http, url: format!("{url}/sandbox/v1") }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.expect("the network answers");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The newest login code of a phone number.
    pub async fn code(&self, phone: &str) -> String {
        let found = self.call(Method::GET, &format!("/users/{phone}/code"), None).await;
        found["code"].as_str().expect("a code").to_owned()
    }

    pub async fn create_user(&self, phone: &str, first_name: &str) {
        self.call(Method::POST, "/users", Some(json!({ "phone": phone, "firstName": first_name }))).await;
    }

    pub async fn post(&self, from: &str, to: &str, text: &str) -> Value {
        self.call(Method::POST, "/messages", Some(json!({ "from": from, "to": to, "text": text }))).await
    }

    /// Makes a bot. Answers its id, its username and its token.
    pub async fn create_bot(&self, first_name: &str, username: &str) -> Value {
        self.call(Method::POST, "/bots", Some(json!({ "firstName": first_name, "username": username }))).await
    }

    /// Prepares what a bot that was made answers to its buttons.
    pub async fn prepare_bot(&self, bot: &Value, answer: Value) {
        self.call(Method::PUT, &format!("/bots/{}/answer", bot["id"]), Some(answer)).await;
    }

    /// Posts a bot's message with rows of buttons.
    pub async fn post_as_bot(&self, username: &str, to: &str, text: &str, buttons: Value) -> Value {
        let message = json!({ "from": format!("@{username}"), "to": to, "text": text, "buttons": buttons });
        self.call(Method::POST, "/messages", Some(message)).await
    }

    /// How many of a user's messages with a peer have this text.
    pub async fn count(&self, user: &str, peer: &str, text: &str) -> usize {
        let request = self.http.get(format!("{}/messages", self.url)).query(&[("user", user), ("peer", peer)]);
        let found: Value = request.send().await.expect("the network answers").json().await.expect("JSON");
        let messages = found["messages"].as_array().expect("messages");
        messages.iter().filter(|message| message["text"] == text).count()
    }

    /// A user's messages with a peer, oldest first.
    pub async fn messages(&self, user: &str, peer: &str) -> Vec<Value> {
        let request = self.http.get(format!("{}/messages", self.url)).query(&[("user", user), ("peer", peer)]);
        let found: Value = request.send().await.expect("the network answers").json().await.expect("JSON");
        found["messages"].as_array().expect("messages").clone()
    }

    /// Makes a chat. Answers its id.
    pub async fn create_chat(&self, kind: &str, owner: &str, title: &str, members: &[&str]) -> i64 {
        let chat = json!({ "kind": kind, "owner": owner, "title": title, "members": members });
        self.call(Method::POST, "/chats", Some(chat)).await["chatId"].as_i64().expect("a chat id")
    }

    /// Puts the network's clock ahead. Answers what it shows then.
    pub async fn advance_clock(&self, seconds: i32) -> i64 {
        let advanced = self.call(Method::POST, "/clock/advance", Some(json!({ "seconds": seconds }))).await;
        advanced["now"].as_i64().expect("a time")
    }

    /// Gives a person Telegram Premium, or takes it away.
    pub async fn set_premium(&self, phone: &str, premium: bool) {
        self.call(Method::PUT, &format!("/users/{phone}/premium"), Some(json!({ "premium": premium }))).await;
    }

    /// Lets every reference to a file expire.
    pub async fn expire_file_references(&self) {
        self.call(Method::POST, "/files/expire-references", None).await;
    }

    pub async fn arm(&self, fault: Value) {
        self.call(Method::POST, "/faults", Some(fault)).await;
    }

    pub async fn revoke_sessions(&self, phone: &str) {
        self.call(Method::POST, &format!("/users/{phone}/revoke-sessions"), None).await;
    }

    pub async fn drop_connections(&self, user: Option<&str>) {
        self.call(Method::POST, "/network/drop", Some(json!({ "user": user }))).await;
    }

    pub async fn clear_faults(&self) {
        self.call(Method::DELETE, "/faults", None).await;
    }

    /// Makes a user's connections half-open: they stay, and nothing is heard or said on them.
    pub async fn silence_connections(&self, user: &str) {
        let silenced = self.call(Method::POST, "/network/silence", Some(json!({ "user": user }))).await;
        assert_ne!(silenced["silenced"], 0, "the user has connections");
    }

    /// What is told of each method that was called since the network started.
    pub async fn all_calls(&self) -> Vec<Value> {
        self.call(Method::GET, "/requests", None).await["requests"].as_array().expect("methods").clone()
    }

    /// How often a user has called a method since the network started.
    pub async fn calls_of(&self, user: &str, method: &str) -> u64 {
        let user = user.trim_start_matches('+');
        let found = self.call(Method::GET, &format!("/requests?method={method}&user={user}"), None).await;
        found["requests"][0]["count"].as_u64().unwrap_or(0)
    }

    /// How often a method was called since the network started.
    pub async fn calls(&self, method: &str) -> u64 {
        let found = self.call(Method::GET, &format!("/requests?method={method}"), None).await;
        found["requests"][0]["count"].as_u64().unwrap_or(0)
    }
}
