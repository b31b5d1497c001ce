//! The two HTTP interfaces that a measurement uses: the server's REST API and the sandbox's control API.

use std::time::Duration;

use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::BenchError;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a file may take, up or down.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3_600);

/// How often a request that was answered 429 or 503 is sent again, after the wait that the answer asked for.
const RETRIES_MAX: u32 = 30;

/// The wait before a retry when the answer names none.
const RETRY_AFTER_DEFAULT_SECS: u64 = 1;

/// One account in the server's list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// Whether Telegram answered recently.
    pub(crate) connected: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginCodeSent {
    account_id: String,
}

#[derive(Debug, Deserialize)]
struct LoginOutcome {
    status: String,
}

#[derive(Debug, Deserialize)]
struct Sent {
    id: i64,
}

#[derive(Deserialize)]
struct AgentKey {
    secret: String,
}

#[derive(Debug, Deserialize)]
struct LoginCode {
    code: String,
}

/// Sends JSON and reads JSON, at one base URL.
#[derive(Clone, Debug)]
struct JsonClient {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl JsonClient {
    fn new(http: reqwest::Client, base: &str, token: Option<String>) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), token }
    }

    /// Sends a request, and again while it is answered 429 or 503 and retries are left.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response, BenchError> {
        let request = format!("{method} {path}");
        let mut retries = 0;
        loop {
            let mut builder = self.http.request(method.clone(), format!("{}{path}", self.base)).timeout(REQUEST_TIMEOUT);
            if let Some(token) = &self.token {
                builder = builder.bearer_auth(token);
            }
            if let Some(body) = body {
                builder = builder.json(body);
            }
            let response = builder
                .send()
                .await
                .map_err(|source| BenchError::Http { request: request.clone(), source: source.without_url() })?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            if !busy || retries == RETRIES_MAX {
                let body = response.text().await.unwrap_or_default();
                return Err(BenchError::Refused { request, status: status.as_u16(), body });
            }
            retries += 1;
            tokio::time::sleep(retry_after(&response)).await;
        }
    }

    /// Sends a request once: a body that is a stream cannot be sent again.
    async fn transfer(&self, request: RequestBuilder, name: &str) -> Result<Response, BenchError> {
        let request = request.bearer_auth(self.token.as_deref().unwrap_or_default());
        let response = request.send().await.map_err(broken(name))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.text().await.unwrap_or_default();
        Err(BenchError::Refused { request: name.to_owned(), status: status.as_u16(), body })
    }

    async fn answer<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&Value>) -> Result<T, BenchError> {
        let request = format!("{method} {path}");
        let response = self.send(method, path, body).await?;
        response.json().await.map_err(|source| BenchError::Http { request, source: source.without_url() })
    }
}

/// How long an answer asks to wait.
pub(crate) fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    Duration::from_secs(header.and_then(|seconds| seconds.parse().ok()).unwrap_or(RETRY_AFTER_DEFAULT_SECS))
}

/// The sandbox network's control API.
#[derive(Clone, Debug)]
pub(crate) struct Control(JsonClient);

impl Control {
    /// The API at this URL, which ends in `/sandbox/v1`.
    pub(crate) fn new(http: reqwest::Client, url: &str) -> Self {
        Self(JsonClient::new(http, url, None))
    }

    /// Makes any call.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, BenchError> {
        let response = self.0.send(method.clone(), path, body).await?;
        let text = response.text().await;
        let text =
            text.map_err(|source| BenchError::Http { request: format!("{method} {path}"), source: source.without_url() })?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Puts a person into the network.
    pub(crate) async fn create_user(&self, phone: &str) -> Result<(), BenchError> {
        let body = json!({ "phone": phone, "firstName": "Bench" });
        self.0.send(Method::POST, "/users", Some(&body)).await.map(drop)
    }

    /// Writes a message from one person to another.
    pub(crate) async fn write(&self, from: &str, to: &str, text: &str) -> Result<(), BenchError> {
        let body = json!({ "from": from, "to": to, "text": text });
        self.0.send(Method::POST, "/messages", Some(&body)).await.map(drop)
    }

    /// The newest login code that was sent to this phone.
    pub(crate) async fn login_code(&self, phone: &str) -> Result<String, BenchError> {
        let code: LoginCode = self.0.answer(Method::GET, &format!("/users/{phone}/code"), None).await?;
        Ok(code.code)
    }
}

/// The server's REST API, as one user.
#[derive(Clone, Debug)]
pub(crate) struct Api(JsonClient);

impl Api {
    /// The API of the server at this URL, with this bearer token.
    pub(crate) fn new(http: reqwest::Client, url: &str, token: String) -> Self {
        Self(JsonClient::new(http, &format!("{url}/api/v1"), Some(token)))
    }

    /// Makes any call that answers JSON.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, BenchError> {
        self.0.answer(method, path, body).await
    }

    /// Logs a person of the network in, by code. Answers the account's id.
    pub(crate) async fn log_in(&self, control: &Control, phone: &str) -> Result<String, BenchError> {
        let sent: LoginCodeSent = self.0.answer(Method::POST, "/telegram/login/code", Some(&json!({ "phone": phone }))).await?;
        let code = control.login_code(phone).await?;
        let path = "/telegram/login/verify";
        let body = json!({ "accountId": sent.account_id, "code": code });
        let outcome: LoginOutcome = self.0.answer(Method::POST, path, Some(&body)).await?;
        if outcome.status == "authorized" {
            Ok(sent.account_id)
        } else {
            Err(BenchError::Refused { request: format!("POST {path}"), status: 200, body: outcome.status })
        }
    }

    /// The user's accounts.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, BenchError> {
        self.0.answer(Method::GET, "/accounts", None).await
    }

    /// What a path answers, as it is.
    pub(crate) async fn text(&self, path: &str) -> Result<String, BenchError> {
        self.0.send(Method::GET, path, None).await?.text().await.map_err(broken("GET"))
    }

    /// Makes an agent key with these scopes, for every account; answers its secret.
    pub(crate) async fn agent_key(&self, scopes: &[&str]) -> Result<String, BenchError> {
        let body = json!({ "name": "bench", "scopes": scopes });
        let made: AgentKey = self.0.answer(Method::POST, "/agent-keys", Some(&body)).await?;
        Ok(made.secret)
    }

    /// Sends a file of so many bytes; answers its message.
    pub(crate) async fn send_file(&self, chat: &str, length: u64, body: Body) -> Result<i64, BenchError> {
        let request = self.0.http.post(format!("{}{chat}/media", self.0.base)).timeout(TRANSFER_TIMEOUT);
        let request = request.header("x-file-name", "bench.bin").header("content-length", length).body(body);
        let sent: Sent = self.0.transfer(request, "POST media").await?.json().await.map_err(broken("POST media"))?;
        Ok(sent.id)
    }

    /// A part of a message's file: the bytes from `first` to `last`, both with it.
    pub(crate) async fn range(&self, chat: &str, message: i64, (first, last): (u64, u64)) -> Result<Response, BenchError> {
        let request = self.0.http.get(format!("{}{chat}/messages/{message}/media", self.0.base)).timeout(TRANSFER_TIMEOUT);
        self.0.transfer(request.header("range", format!("bytes={first}-{last}")), "GET media").await
    }
}

/// What became of a request whose answer did not come whole.
pub(crate) fn broken(request: &str) -> impl FnOnce(reqwest::Error) -> BenchError {
    let request = request.to_owned();
    move |source| BenchError::Http { request, source: source.without_url() }
}
