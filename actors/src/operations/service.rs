//! The service itself: who the caller is, and where data is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::caller::Principal;
use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Declaration, Effect, Method, Operation, UserOperation};
use crate::scope::Scope;
use crate::user::UserCall;

/// Human or agent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// The user, or their backend in their name.
    Human,
    /// An agent with a key of the user.
    Agent,
}

/// Who the caller is and what they may do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    user_id: String,
    principal: PrincipalKind,
    is_admin: bool,
    /// The agent's key.
    key_id: Option<KeyId>,
    /// What the caller may do; a human has every scope.
    scopes: Vec<Scope>,
    /// The accounts that the caller may touch; `null` means all of the user's.
    account_ids: Option<Vec<AccountId>>,
    /// When the token or key ends (Unix seconds).
    expires_at: Option<u64>,
}

/// Tells who the caller is.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WhoAmI {}

impl Operation for WhoAmI {
    const DECLARATION: Declaration = Declaration::new(
        "whoami",
        "Tell who the caller is and what they may do.",
        Method::Get,
        "/me",
        Access::Authenticated,
        Effect::Read,
    );
    type Output = Identity;
}

impl UserOperation for WhoAmI {
    async fn run(self, call: UserCall) -> Result<Identity, Error> {
        let caller = call.caller();
        let identity = Identity {
            user_id: caller.user().to_string(),
            principal: PrincipalKind::Human,
            is_admin: *caller.principal() == Principal::Human { admin: true },
            key_id: None,
            scopes: Scope::ALL.to_vec(),
            account_ids: None,
            expires_at: caller.expires_at_secs(),
        };
        let Some(key_id) = caller.key_id() else {
            return Ok(identity);
        };
        let keys = call.agent_keys.borrow();
        let key = keys.get(key_id).ok_or_else(|| Error::internal("an authorised key is not in its registry"))?;
        Ok(Identity {
            principal: PrincipalKind::Agent,
            key_id: Some(key_id.clone()),
            scopes: key.scopes.clone(),
            account_ids: key.account_ids.clone(),
            ..identity
        })
    }
}

/// Where sessions and data are kept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StorageMode {
    mode: &'static str,
    configurable: bool,
    reason: &'static str,
}

const STORAGE_REASON: &str = "This server keeps every session sealed on its own disk.";

/// Tells where sessions are kept.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetStorageMode {}

impl Operation for GetStorageMode {
    const DECLARATION: Declaration = Declaration::new(
        "get_storage_mode",
        "Tell where sessions and data are kept.",
        Method::Get,
        "/storage-mode",
        Access::Scope(Scope::AccountsRead),
        Effect::Read,
    );
    type Output = StorageMode;
}

impl UserOperation for GetStorageMode {
    async fn run(self, _call: UserCall) -> Result<StorageMode, Error> {
        Ok(StorageMode { mode: "server", configurable: false, reason: STORAGE_REASON })
    }
}

/// Refused: the storage mode of a server is fixed. The route exists because clients of other builds call it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SetStorageMode {}

impl Operation for SetStorageMode {
    const DECLARATION: Declaration = Declaration::new(
        "set_storage_mode",
        "Refused: the storage mode of a server is fixed.",
        Method::Put,
        "/storage-mode",
        Access::Scope(Scope::AccountsRead),
        Effect::Write,
    );
    type Output = StorageMode;
}

impl UserOperation for SetStorageMode {
    async fn run(self, _call: UserCall) -> Result<StorageMode, Error> {
        Err(Error::new(Code::InvalidInput, format!("The storage mode cannot be changed. {STORAGE_REASON}")))
    }
}
