//! A client of the REST interface.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Control, LIMIT, eventually};

/// A caller: a base URL and a token.
#[derive(Clone, Debug)]
pub struct Api {
    http: Client,
    server: String,
    url: String,
    token: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of a problem.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        self.json()["code"].as_str().expect("a problem has a code").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The body of a success, if it is one and holds anything.
    pub fn expect_or_none(self, status: u16) -> Option<Value> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        (self.status == status && body != json!([])).then_some(body)
    }

    /// The body of a success.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
}

impl Api {
    pub fn new(base_url: &str, token: Option<&str>) -> Self {
        let http = Client::builder().no_proxy().timeout(LIMIT).build().expect("an HTTP client");
        Self { http, server: base_url.to_owned(), url: format!("{base_url}/api/v1"), token: token.map(str::to_owned) }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The token, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.authorized(self.http.request(method, format!("{}{path}", self.url)))
    }

    /// A request to a path of the server, outside of the REST interface.
    pub fn request_at(&self, method: Method, path: &str) -> RequestBuilder {
        self.authorized(self.http.request(method, format!("{}{path}", self.server)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    /// Logs a phone number in, the code read from the network. Answers the account's id.
    pub async fn log_in(&self, control: &Control, phone: &str, password: Option<&str>) -> String {
        let started = self.post("/telegram/login/code", json!({ "phone": phone })).await.expect(200);
        let account = started["accountId"].as_str().expect("an account id").to_owned();
        let code = control.code(phone).await;
        let step = json!({ "accountId": account, "code": code });
        let mut outcome = self.post("/telegram/login/verify", step).await.expect(200);
        if let Some(password) = password {
            assert_eq!(outcome, json!({ "status": "password_required" }));
            let step = json!({ "accountId": account, "password": password });
            outcome = self.post("/telegram/login/password", step).await.expect(200);
        }
        assert_eq!(outcome["status"], "authorized", "{outcome}");
        account
    }

    /// Waits until an account is connected.
    pub async fn online(&self, account: &str) {
        let path = format!("/accounts/{account}");
        let look = || async { (self.get(&path).await.expect(200)["connected"] == true).then_some(()) };
        eventually("an account comes online", look).await;
    }

    /// An agent's key with these scopes: its id and its secret.
    pub async fn agent_key(&self, scopes: &[&str], accounts: Option<&[&str]>) -> (String, String) {
        let mut grant = json!({ "name": "an agent", "scopes": scopes });
        if let Some(accounts) = accounts {
            grant["accountIds"] = json!(accounts);
        }
        let key = self.post("/agent-keys", grant).await.expect(200);
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        (text("id"), text("secret"))
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.expect("a body").to_vec() }
}
