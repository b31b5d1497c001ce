//! A client of the sandbox's control API.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use super::super::CommandError;

const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long the network may take to stop, and how often it is looked at meanwhile.
const STOP_LIMIT: Duration = Duration::from_secs(10);
const STOP_LOOK_PERIOD: Duration = Duration::from_millis(20);

/// A client of one network's control API.
#[derive(Clone, Debug)]
pub(super) struct Control {
    http: Client,
    url: String,
}

impl Control {
    /// A client of the network at an address (`127.0.0.1:9000`) or a URL.
    pub(super) fn new(address: &str) -> Result<Self, CommandError> {
        let http = client()?;
        let address = address.trim_end_matches('/').trim_end_matches("/sandbox/v1");
        let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        Ok(Self { http, url })
    }

    /// Where the network's control API is, without its base path.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What clients of the network must know.
    pub(super) async fn network(&self) -> Result<Value, CommandError> {
        Ok(self.call(Method::GET, "/network", None).await?.1)
    }

    /// Stops the network's process: when this returns it answers nobody any more, so that the next server does not take it for one
    /// that runs.
    pub(super) async fn stop(&self) -> Result<(), CommandError> {
        self.call(Method::POST, "/network/stop", None).await?;
        let stopped = async {
            while self.network().await.is_ok() {
                tokio::time::sleep(STOP_LOOK_PERIOD).await;
            }
        };
        let late = |_| CommandError::refused("the sandbox's network still answers");
        tokio::time::timeout(STOP_LIMIT, stopped).await.map_err(late)
    }

    /// Creates something. Answers `None` if it exists already.
    pub(super) async fn create(&self, path: &str, body: &Value) -> Result<Option<Value>, CommandError> {
        let (status, created) = self.call(Method::POST, path, Some(body)).await?;
        Ok((status != StatusCode::CONFLICT).then_some(created))
    }

    /// How many messages a user has with a peer.
    pub(super) async fn count_messages(&self, user: &str, peer: &str) -> Result<u64, CommandError> {
        let path = format!("/messages?user={}&peer={}", user.replace('+', "%2B"), peer.replace('+', "%2B"));
        let (_, found) = self.call(Method::GET, &path, None).await?;
        Ok(found.get("count").and_then(Value::as_u64).unwrap_or_default())
    }

    /// The newest login code of a phone number.
    pub(super) async fn login_code(&self, phone: &str) -> Result<String, CommandError> {
        let (_, found) = self.call(Method::GET, &format!("/users/{phone}/code"), None).await?;
        let code = found.get("code").and_then(Value::as_str);
        code.map(str::to_owned).ok_or_else(|| CommandError::refused("the network knows no login code"))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value), CommandError> {
        let failed = |error: reqwest::Error| {
            let cause = error.source().map(|cause| format!(" ({cause})")).unwrap_or_default();
            CommandError::refused(format!("the sandbox's network: {}{cause} at {path}", error.without_url()))
        };
        let mut request = self.http.request(method, format!("{}/sandbox/v1{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(failed)?;
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok((status, answer));
        }
        let reason = answer.get("error").and_then(Value::as_str).unwrap_or("no reason was given");
        Err(CommandError::refused(format!("the sandbox's network answered {status} at {path}: {reason}")))
    }
}

/// An HTTP client for loopback. Each request has a connection of its own: an idle one may be closed by the other side at the very
/// moment at which it is used again.
pub(super) fn client() -> Result<Client, CommandError> {
    Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(REQUEST_LIMIT).build().map_err(CommandError::refused)
}
