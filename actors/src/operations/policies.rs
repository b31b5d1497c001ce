//! Policies of agent keys: read, set and taken away by people only.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::identity::KeyId;
use crate::operation::{Access, Declaration, Effect, Method, Operation, UserOperation};
use crate::policy::{Policy, check};
use crate::user::{Rehearsal, UserCall};

/// What an agent is told on these routes.
const HUMAN_ONLY: Access = Access::Human("Agent keys cannot read or change policies");

/// The longest name of an operation, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The operations that calls are explained of.
static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

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

/// What would come of a call of a key, without making it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainPolicy {
    /// The key's id.
    key_id: String,
    /// The operation's name, such as `send_message`.
    operation: String,
    /// What it is called with: an object of all its fields, wherever they travel.
    arguments: Map<String, Value>,
    /// The address that the call would come from, for rules about that. Without it, they speak against the call.
    #[serde(default)]
    address: Option<String>,
}

impl ExplainPolicy {
    fn address(&self) -> Result<Option<IpAddr>, Error> {
        let fault = |_| Error::invalid("address", "must be an IP address");
        self.address.as_deref().map(|text| text.parse().map_err(fault)).transpose()
    }
}

impl Operation for ExplainPolicy {
    const DECLARATION: Declaration = Declaration::new(
        "explain_policy",
        "Tell what would come of a call of an agent key, and why, without making it.",
        Method::Post,
        "/policies/explain",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = Rehearsal;

    fn validate(&self) -> Result<(), Error> {
        if self.operation.len() > NAME_BYTES_MAX {
            return Err(Error::invalid("operation", "is no operation"));
        }
        self.address().map(|_| ())
    }
}

impl UserOperation for ExplainPolicy {
    async fn run(self, call: UserCall) -> Result<Rehearsal, Error> {
        let unknown = |_| Error::invalid("keyId", "must be the id of a key that may be used");
        let (key, _) = call.policy(&self.key_id).map_err(unknown)?;
        let catalogue = CATALOGUE.get_or_init(Catalogue::standard);
        let entry = catalogue.find(&self.operation).ok_or_else(|| Error::invalid("operation", "is no operation"))?;
        let address = self.address()?;
        let invocation = entry.decode(Value::Object(self.arguments))?;
        let (agent, name) = (Caller::agent(call.caller().user().clone(), key, None), invocation.declaration().name);
        let rehearsed = call.rehearse(&agent, invocation, address).await;
        Ok(rehearsed.unwrap_or_else(|error| Rehearsal::refused(name, &error)))
    }
}
