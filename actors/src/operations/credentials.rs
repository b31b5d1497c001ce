//! The api_id and api_hash that identify an application to Telegram: a user's own, or the server's.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::caller::Principal;
use crate::error::Error;
use crate::operation::{Access, Declaration, Effect, Method, Operation, UserOperation};
use crate::settings::ApiCredentials;
use crate::user::UserCall;

const HUMAN_ONLY: Access = Access::Human("Agent keys cannot manage Telegram credentials");

/// Whose credentials a user's logins use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsSource {
    /// The user's own.
    User,
    /// The server's.
    Global,
    /// Nobody's: logins are refused.
    None,
}

/// The state of the caller's credentials. Another's api_id is never shown, and no hash is shown whole.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsState {
    configured: bool,
    source: CredentialsSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_hash_masked: Option<String>,
    is_admin: bool,
}

fn state(call: &UserCall) -> CredentialsState {
    let (source, own) = call.credentials_in_use();
    CredentialsState {
        configured: source != CredentialsSource::None,
        source,
        api_id: own.as_ref().map(|own| own.api_id),
        api_hash_masked: own.as_ref().map(|own| masked(own.api_hash.expose_secret())),
        is_admin: *call.caller().principal() == Principal::Human { admin: true },
    }
}

/// The last four characters, which are ASCII by validation.
fn masked(api_hash: &str) -> String {
    format!("••••{}", api_hash.get(api_hash.len().saturating_sub(4)..).unwrap_or_default())
}

/// Tells whose credentials are in use.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetCredentials {}

impl Operation for GetCredentials {
    const DECLARATION: Declaration = Declaration::new(
        "get_credentials",
        "Tell whose Telegram application credentials are in use.",
        Method::Get,
        "/telegram/credentials",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = CredentialsState;
}

impl UserOperation for GetCredentials {
    async fn run(self, call: UserCall) -> Result<CredentialsState, Error> {
        Ok(state(&call))
    }
}

/// Application credentials as a request gives them.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Given {
    /// The application's number; positive.
    api_id: i32,
    /// The application's secret: 8 to 64 letters and digits.
    #[schemars(with = "String")]
    api_hash: SecretString,
}

impl Given {
    fn credentials(&self) -> ApiCredentials {
        ApiCredentials { api_id: self.api_id, api_hash: self.api_hash.clone() }
    }
}

/// Sets the caller's own credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SetCredentials {
    given: Given,
}

impl Operation for SetCredentials {
    const DECLARATION: Declaration = Declaration::new(
        "set_credentials",
        "Set the own Telegram application credentials.",
        Method::Put,
        "/telegram/credentials",
        HUMAN_ONLY,
        Effect::Write,
    );
    type Output = CredentialsState;

    fn validate(&self) -> Result<(), Error> {
        self.given.credentials().check()
    }
}

impl UserOperation for SetCredentials {
    async fn run(self, call: UserCall) -> Result<CredentialsState, Error> {
        call.set_credentials(Some(self.given.credentials())).await?;
        Ok(state(&call))
    }
}

/// Forgets the caller's own credentials.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteCredentials {}

impl Operation for DeleteCredentials {
    const DECLARATION: Declaration = Declaration::new(
        "delete_credentials",
        "Forget the own Telegram application credentials.",
        Method::Delete,
        "/telegram/credentials",
        HUMAN_ONLY,
        Effect::Write,
    );
    type Output = CredentialsState;
}

impl UserOperation for DeleteCredentials {
    async fn run(self, call: UserCall) -> Result<CredentialsState, Error> {
        call.set_credentials(None).await?;
        Ok(state(&call))
    }
}

/// Sets the server's credentials, for users who have none of their own.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SetServerCredentials {
    given: Given,
}

impl Operation for SetServerCredentials {
    const DECLARATION: Declaration = Declaration::new(
        "set_server_credentials",
        "Set the Telegram application credentials of users who have none of their own.",
        Method::Put,
        "/admin/telegram/credentials",
        Access::Admin("Agent keys cannot access admin routes"),
        Effect::Write,
    );
    type Output = CredentialsState;

    fn validate(&self) -> Result<(), Error> {
        self.given.credentials().check()
    }
}

impl UserOperation for SetServerCredentials {
    async fn run(self, call: UserCall) -> Result<CredentialsState, Error> {
        call.set_server_credentials(self.given.credentials()).await?;
        Ok(state(&call))
    }
}
