//! The audit log as its user reads it, and what proves it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::audit::{AuditPage, AuditQuery, CheckpointDetail, ConsistencyProof, InclusionProof, Phase};
use crate::error::{Code, Error};
use crate::identity::{AccountId, KeyId};
use crate::operation::{Declaration, Effect, Method, Operation, UserOperation};
use crate::operations::agent_keys::HUMAN_ONLY;
use crate::user::UserCall;

/// How many entries are given when no limit is asked for.
const LIMIT_DEFAULT: usize = 100;

/// The most entries that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: usize = 1_000;

/// The longest name of an operation or a code.
const NAME_LENGTH_MAX: usize = 64;

/// Reads the newest entries of the caller's own audit log, oldest of them first.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAuditEntries {
    /// How many entries: 100 if absent, at most 1000. With a filter a page may be shorter; the log goes on while there is a cursor.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `X-Next-Cursor` of the page of newer entries before.
    #[serde(default)]
    cursor: Option<String>,
    /// Only entries from this time on (Unix milliseconds).
    #[serde(default)]
    from: Option<u64>,
    /// Only entries before this time (Unix milliseconds).
    #[serde(default)]
    to: Option<u64>,
    /// Only entries that name this account.
    #[serde(default)]
    on_account: Option<String>,
    /// Only entries of this agent key.
    #[serde(default)]
    key: Option<String>,
    /// Only entries of this operation.
    #[serde(default)]
    operation: Option<String>,
    /// Only entries that ended with this code: `ok`, or an error's.
    #[serde(default)]
    outcome: Option<String>,
    /// Only entries of mutations (`intent`), of refusals (`denied`), of calls that were answered again (`replayed`), or
    /// of calls that a policy was asked about (`weighed`).
    #[serde(default)]
    phase: Option<Phase>,
}

impl ListAuditEntries {
    fn before(&self) -> Result<Option<u64>, Error> {
        let read =
            |cursor: &String| cursor.parse().map_err(|_| Error::invalid("cursor", "must be a cursor that this list has given"));
        self.cursor.as_ref().map(read).transpose()
    }

    fn query(self) -> Result<AuditQuery, Error> {
        let limit = self.limit.map_or(LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(LIMIT_MAX).min(LIMIT_MAX));
        let before = self.before()?;
        // However a UUID is written, it is in the log as this server writes it.
        let account =
            self.on_account.as_ref().and_then(|account| account.parse::<AccountId>().ok()).map(|account| account.to_string());
        let Self { from, to, key, operation, outcome: code, phase, .. } = self;
        Ok(AuditQuery { limit, before, from, to, account, key, operation, code, phase })
    }
}

impl Operation for ListAuditEntries {
    const DECLARATION: Declaration = Declaration::new(
        "list_audit_entries",
        "Read the newest entries of the own audit log.",
        Method::Get,
        "/audit",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = AuditPage;

    fn validate(&self) -> Result<(), Error> {
        self.before()?;
        if self.on_account.as_ref().is_some_and(|account| account.parse::<AccountId>().is_err()) {
            return Err(Error::invalid("onAccount", "must be an account's id"));
        }
        if self.key.as_ref().is_some_and(|key| key.parse::<KeyId>().is_err()) {
            return Err(Error::invalid("key", "must be an agent key's id"));
        }
        for (field, name) in [("operation", &self.operation), ("outcome", &self.outcome)] {
            let is_name = |name: &String| {
                (1..=NAME_LENGTH_MAX).contains(&name.len())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            };
            if name.as_ref().is_some_and(|name| !is_name(name)) {
                return Err(Error::invalid(field, format!("must be 1 to {NAME_LENGTH_MAX} letters, digits and underscores")));
            }
        }
        if matches!(self.phase, Some(Phase::Outcome | Phase::Event)) {
            return Err(Error::invalid("phase", "must be intent, denied, replayed or weighed"));
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(Error::invalid("to", "must be after from")),
            _ => Ok(()),
        }
    }

    fn next_cursor(page: &AuditPage) -> Option<String> {
        page.next.map(|before| before.to_string())
    }
}

impl UserOperation for ListAuditEntries {
    async fn run(self, call: UserCall) -> Result<AuditPage, Error> {
        let query = self.query()?;
        Ok(call.environment.audit.rows(&call.user, query).await?)
    }
}

/// Reads the signed state of the audit log: how many entries it has, of all users together, and the root of the tree over them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetAuditCheckpoint {}

impl Operation for GetAuditCheckpoint {
    const DECLARATION: Declaration = Declaration::new(
        "get_audit_checkpoint",
        "Read the signed state of the audit log.",
        Method::Get,
        "/audit/checkpoint",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = CheckpointDetail;
}

impl UserOperation for GetAuditCheckpoint {
    async fn run(self, call: UserCall) -> Result<CheckpointDetail, Error> {
        Ok(call.environment.audit.checkpoint().await?)
    }
}

/// Proves that an entry of one's own is in the audit log.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetAuditProof {
    /// The entry's number.
    seq: u64,
}

impl Operation for GetAuditProof {
    const DECLARATION: Declaration = Declaration::new(
        "get_audit_proof",
        "Prove that an entry of one's own is in the audit log.",
        Method::Get,
        "/audit/proof/{seq}",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = InclusionProof;
}

impl UserOperation for GetAuditProof {
    async fn run(self, call: UserCall) -> Result<InclusionProof, Error> {
        let proof = call.environment.audit.inclusion(&call.user, self.seq).await?;
        proof.ok_or_else(|| Error::new(Code::NotFound, "No such entry of yours"))
    }
}

/// Proves that the audit log of one checkpoint begins with the log of an older one.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetAuditConsistency {
    /// The size of the older checkpoint.
    from: u64,
    /// The size of the newer one.
    to: u64,
}

impl Operation for GetAuditConsistency {
    const DECLARATION: Declaration = Declaration::new(
        "get_audit_consistency",
        "Prove that the audit log continues an older state of it.",
        Method::Get,
        "/audit/consistency",
        HUMAN_ONLY,
        Effect::Read,
    );
    type Output = ConsistencyProof;

    fn validate(&self) -> Result<(), Error> {
        if self.from > self.to { Err(Error::invalid("from", "must be at most to")) } else { Ok(()) }
    }
}

impl UserOperation for GetAuditConsistency {
    async fn run(self, call: UserCall) -> Result<ConsistencyProof, Error> {
        let proof = call.environment.audit.consistency(self.from, self.to).await?;
        proof.ok_or_else(|| Error::invalid("to", "must be a size that the log has come to"))
    }
}
