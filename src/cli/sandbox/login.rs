//! Logging the first account in, over the REST interface that everybody uses.

use std::time::Duration;

use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::CommandError;
use super::control::{self, Control};
use super::world::ADA;
use crate::http::BASE_PATH;

/// How long an account that is logged in may take to come online before it is shown all the same.
const ONLINE_LIMIT: Duration = Duration::from_secs(10);

/// What an account does that does not come online by itself, or not soon.
const STAY_OFFLINE: [&str; 5] = ["login_required", "flood_wait", "banned", "failed", "stopped"];

/// How often the account is looked at meanwhile.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// The id of Ada's account, which is logged in if it is not.
pub(super) async fn first_account(base_url: &str, token: &SecretString, control: &Control) -> Result<String, CommandError> {
    let api = Api { http: control::client()?, url: format!("{base_url}{BASE_PATH}"), token: token.clone() };
    let accounts = api.call(Method::GET, "/accounts", None).await?;
    let of_ada = accounts.as_array().into_iter().flatten().find(|account| account.get("phone") == Some(&json!(ADA)));
    let account_id = match of_ada {
        Some(account) => text(account, "accountId")?,
        None => log_in(&api, control).await?,
    };
    let deadline = Instant::now() + ONLINE_LIMIT;
    loop {
        let account = api.call(Method::GET, &format!("/accounts/{account_id}"), None).await?;
        if account.get("connected") == Some(&Value::Bool(true)) {
            return Ok(account_id);
        }
        let state = account.pointer("/health/state").and_then(Value::as_str).unwrap_or_default();
        if STAY_OFFLINE.contains(&state) || Instant::now() >= deadline {
            let health = account.get("health").map(ToString::to_string).unwrap_or_default();
            tracing::warn!("the first account is not online yet: {health}");
            return Ok(account_id);
        }
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}

async fn log_in(api: &Api, control: &Control) -> Result<String, CommandError> {
    let started = api.call(Method::POST, "/telegram/login/code", Some(json!({ "phone": ADA }))).await?;
    let account_id = text(&started, "accountId")?;
    let code = control.login_code(ADA).await?;
    let step = json!({ "accountId": account_id, "code": code });
    let outcome = api.call(Method::POST, "/telegram/login/verify", Some(step)).await?;
    match outcome.get("status").and_then(Value::as_str) {
        Some("authorized") => Ok(account_id),
        other => Err(CommandError::refused(format!("the first account was not logged in: {other:?}"))),
    }
}

fn text(object: &Value, name: &str) -> Result<String, CommandError> {
    let found = object.get(name).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| CommandError::refused(format!("the server's answer has no {name}")))
}

struct Api {
    http: Client,
    url: String,
    token: SecretString,
}

impl Api {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, CommandError> {
        let failed = |error: reqwest::Error| CommandError::refused(format!("the server: {}", error.without_url()));
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(self.token.expose_secret());
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let answer: Value = response.json().await.map_err(failed)?;
        if status.is_success() {
            return Ok(answer);
        }
        let reason = answer.get("detail").and_then(Value::as_str).unwrap_or("no reason was given");
        Err(CommandError::refused(format!("the server answered {status} at {path}: {reason}")))
    }
}
