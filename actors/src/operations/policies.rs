//! Policies of agent keys: read, set and taken away by people only.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::identity::KeyId;
use crate::operation::{Access, Declaration, Effect, Method, Operation, UserOperation};
use crate::policy::{Policy, check};
use crate::user::UserCall;

/// What an agent is told on these routes.
const HUMAN_ONLY: Access = Access::Human("Agent keys cannot read or change policies");

/// The policy of a key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyPolicy {
    /// The key.
    key_id: KeyId,
    /// Its rules; `null` where it has none, so that it may do whatever its scopes permit.
    #[schemars(with = "Option<Policy>")]
    rules: Option<Arc<Policy>>,
    /// When they were set (Unix seconds).
    updated_at: Option<u64>,
}

/// Reads the policy of a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPolicy {
    /// The key's id.
    key_id: String,
}

impl Operation for GetPolicy {
    const DECLARATION: Declaration = Declaration::new(
        "get_policy",
        "Read the policy of an agent key.",
        Method::Get,
        "/policies/{keyId}",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = KeyPolicy;
}

impl UserOperation for GetPolicy {
    async fn run(self, call: UserCall) -> Result<KeyPolicy, Error> {
        let (key_id, kept) = call.policy(&self.key_id)?;
        let updated_at = kept.as_ref().map(|kept| kept.updated_at);
        Ok(KeyPolicy { key_id, rules: kept.map(|kept| kept.rules), updated_at })
    }
}

/// Sets the policy of a key, in place of the one that it had.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetPolicy {
    /// The key's id.
    key_id: String,
    /// Its rules. One that is absent permits everything.
    rules: Policy,
}

impl Operation for SetPolicy {
    const DECLARATION: Declaration = Declaration::new(
        "set_policy",
        "Set the policy of an agent key, in place of the one that it had.",
        Method::Put,
        "/policies/{keyId}",
        HUMAN_ONLY,
        Effect::Write,
    );
    type Output = KeyPolicy;

    fn validate(&self) -> Result<(), Error> {
        check("rules", &self.rules)
    }
}

impl UserOperation for SetPolicy {
    async fn run(self, call: UserCall) -> Result<KeyPolicy, Error> {
        let (key_id, kept) = call.set_policy(&self.key_id, self.rules).await?;
        Ok(KeyPolicy { key_id, rules: Some(kept.rules), updated_at: Some(kept.updated_at) })
    }
}

/// Takes the policy of a key away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletePolicy {
    /// The key's id.
    key_id: String,
}

impl Operation for DeletePolicy {
    const DECLARATION: Declaration = Declaration::new(
        "delete_policy",
        "Take the policy of an agent key away: it may do again whatever its scopes permit.",
        Method::Delete,
        "/policies/{keyId}",
        HUMAN_ONLY,
        Effect::Write,
    )
    .success(204);
    type Output = ();
}

impl UserOperation for DeletePolicy {
    async fn run(self, call: UserCall) -> Result<(), Error> {
        call.delete_policy(&self.key_id).await
    }
}
