//! The audit log as its user reads it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::audit::AuditRow;
use crate::error::Error;
use crate::operation::{Declaration, Effect, Method, Operation, UserOperation};
use crate::operations::agent_keys::HUMAN_ONLY;
use crate::user::UserCall;

/// How many entries are given when no limit is asked for.
const LIMIT_DEFAULT: usize = 100;

/// The most entries that one call gives; a larger limit is taken for this one.
const LIMIT_MAX: usize = 1_000;

/// Reads the newest entries of the caller's own audit log, oldest of them first.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListAuditEntries {
    /// How many entries: 100 if absent, at most 1000.
    #[serde(default)]
    limit: Option<u32>,
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
    type Output = Vec<AuditRow>;
}

impl UserOperation for ListAuditEntries {
    async fn run(self, call: UserCall) -> Result<Vec<AuditRow>, Error> {
        let limit = self.limit.map_or(LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(LIMIT_MAX).min(LIMIT_MAX));
        call.audit_rows(limit).await
    }
}
