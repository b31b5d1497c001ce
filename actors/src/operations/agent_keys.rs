//! Agent keys: made, listed and revoked by humans only.

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Declaration, Effect, Method, Operation, UserOperation};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::user::UserCall;
use crate::user::agent_keys::{AgentKey, KeyGrant};

/// What an agent is told on these routes.
pub(crate) const HUMAN_ONLY: Access = Access::Human("Agent keys cannot manage keys or read the audit log");

/// The longest name of a key, in characters.
const NAME_CHARACTERS_MAX: usize = 100;

/// The longest life of a key: ten years, in seconds.
const TTL_SECS_MAX: u64 = 10 * 366 * 86_400;

/// The most accounts that an allowlist may name.
const ALLOWLIST_LENGTH_MAX: usize = 1_000;

/// A key as lists show it: everything but its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentKeySummary {
    id: KeyId,
    name: String,
    scopes: Vec<Scope>,
    account_ids: Option<Vec<AccountId>>,
    created_at: u64,
    expires_at: Option<u64>,
    revoked: bool,
}

impl From<&AgentKey> for AgentKeySummary {
    fn from(key: &AgentKey) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            account_ids: key.account_ids.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked: key.revoked,
        }
    }
}

/// A key that was just made, with its secret: shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedAgentKey {
    id: KeyId,
    name: String,
    scopes: Vec<Scope>,
    account_ids: Option<Vec<AccountId>>,
    created_at: u64,
    expires_at: Option<u64>,
    secret: String,
}

/// Makes a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAgentKey {
    /// What the owner calls it: 1 to 100 characters.
    name: String,
    /// What it may do: at least one scope, and no more than there are.
    scopes: Vec<String>,
    /// The accounts that it may touch; all of the user's if absent.
    #[serde(default)]
    account_ids: Option<Vec<String>>,
    /// How long it lives, in seconds; for ever if absent.
    #[serde(default)]
    ttl_secs: Option<u64>,
}

impl CreateAgentKey {
    fn scopes(&self) -> Result<Vec<Scope>, Error> {
        if self.scopes.len() > Scope::ALL.len() {
            return Err(Error::invalid("scopes", format!("may have at most {} items", Scope::ALL.len())));
        }
        let unknown = |name: &String| Error::new(Code::InvalidInput, format!("Unknown scope: {name}")).in_field("scopes");
        let mut scopes: Vec<Scope> =
            self.scopes.iter().map(|name| Scope::from_name(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(Error::new(Code::InvalidInput, "At least one scope is required").in_field("scopes"));
        }
        Ok(scopes)
    }
}

impl Operation for CreateAgentKey {
    const DECLARATION: Declaration = Declaration::new(
        "create_agent_key",
        "Make an agent key. Its secret is shown once.",
        Method::Post,
        "/agent-keys",
        HUMAN_ONLY,
        Effect::Write,
    )
    .secret_members(&["secret"]);
    type Output = CreatedAgentKey;

    fn validate(&self) -> Result<(), Error> {
        if !(1..=NAME_CHARACTERS_MAX).contains(&self.name.trim().chars().count()) {
            return Err(Error::invalid("name", format!("must have 1 to {NAME_CHARACTERS_MAX} characters")));
        }
        if self.ttl_secs.is_some_and(|ttl| !(1..=TTL_SECS_MAX).contains(&ttl)) {
            return Err(Error::invalid("ttlSecs", format!("must be from 1 to {TTL_SECS_MAX}")));
        }
        if self.account_ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > ALLOWLIST_LENGTH_MAX) {
            return Err(Error::invalid(
                "accountIds",
                format!("must name 1 to {ALLOWLIST_LENGTH_MAX} accounts, or be absent for all"),
            ));
        }
        self.scopes().map(|_| ())
    }
}

impl UserOperation for CreateAgentKey {
    async fn run(self, call: UserCall) -> Result<CreatedAgentKey, Error> {
        let scopes = self.scopes()?;
        let account_ids = match &self.account_ids {
            None => None,
            Some(ids) => Some(call.own_accounts("accountIds", ids)?),
        };
        let expires_at = self.ttl_secs.map(|ttl| now_secs().saturating_add(ttl));
        let grant = KeyGrant { name: self.name.trim().to_owned(), scopes, account_ids, expires_at };
        let (key, secret) = call.create_agent_key(grant).await?;
        let AgentKeySummary { id, name, scopes, account_ids, created_at, expires_at, .. } = AgentKeySummary::from(&key);
        let secret = secret.expose_secret().to_owned();
        Ok(CreatedAgentKey { id, name, scopes, account_ids, created_at, expires_at, secret })
    }
}

/// Lists the caller's keys, oldest first, revoked ones included.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListAgentKeys {}

impl Operation for ListAgentKeys {
    const DECLARATION: Declaration =
        Declaration::new("list_agent_keys", "List the agent keys.", Method::Get, "/agent-keys", HUMAN_ONLY, Effect::Read);
    type Output = Vec<AgentKeySummary>;
}

impl UserOperation for ListAgentKeys {
    async fn run(self, call: UserCall) -> Result<Vec<AgentKeySummary>, Error> {
        let keys = call.agent_keys.borrow();
        let mut summaries: Vec<AgentKeySummary> = keys.values().map(AgentKeySummary::from).collect();
        summaries.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(summaries)
    }
}

/// A scope and what it grants.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScopeDescription {
    scope: Scope,
    description: &'static str,
    /// Whether it can destroy data or act against others; such scopes are in no bundle.
    destructive: bool,
}

/// Lists every scope.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListScopes {}

impl Operation for ListScopes {
    const DECLARATION: Declaration = Declaration::new(
        "list_scopes",
        "List the scopes that a key may have.",
        Method::Get,
        "/agent-keys/scopes",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = Vec<ScopeDescription>;
}

impl UserOperation for ListScopes {
    async fn run(self, _call: UserCall) -> Result<Vec<ScopeDescription>, Error> {
        let describe = |scope: &Scope| ScopeDescription {
            scope: *scope,
            description: scope.description(),
            destructive: scope.is_destructive(),
        };
        Ok(Scope::ALL.iter().map(describe).collect())
    }
}

/// Revokes a key at once. Revoking it again changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeAgentKey {
    /// The key's id.
    key_id: String,
}

impl Operation for RevokeAgentKey {
    const DECLARATION: Declaration = Declaration::new(
        "revoke_agent_key",
        "Revoke an agent key, at once and for ever.",
        Method::Delete,
        "/agent-keys/{keyId}",
        HUMAN_ONLY,
        Effect::Destructive,
    )
    .success(204);
    type Output = ();
}

impl UserOperation for RevokeAgentKey {
    async fn run(self, call: UserCall) -> Result<(), Error> {
        call.revoke_agent_key(&self.key_id).await
    }
}
