//! Who asks: what the HTTP request says beside its message.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use vasya_actors::caller::Caller;
use vasya_actors::error::Error;
use vasya_actors::gateway::RequestFacts;
use vasya_actors::idempotency::IdempotencyKey;

use super::PATH;

/// The caller of one HTTP request, and what else the request says.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) caller: Caller,
    pub(super) request_id: String,
    /// Where the request came from.
    pub(super) address: Option<IpAddr>,
    /// The tool sets that the query names; none where it names none.
    pub(super) toolsets: Option<String>,
    /// Where the request was refused for want of a scope: the scope.
    pub(super) missing_scope: Arc<OnceLock<&'static str>>,
    /// Where clients learn how to be let in.
    pub(super) metadata_url: String,
}

impl Asker {
    /// Who sent the request at hand.
    ///
    /// # Errors
    /// When the request did not come by HTTP, which cannot be.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let asker = parts.and_then(|parts| parts.extensions.get::<Self>()).cloned();
        asker.ok_or_else(|| {
            let _logged = Error::internal("a message came without its caller");
            ErrorData::internal_error("Internal server error", None)
        })
    }

    /// What the gateway is told of the request.
    pub(super) fn facts(&self, idempotency_key: Option<IdempotencyKey>) -> RequestFacts {
        let (request_id, address) = (self.request_id.clone(), self.address);
        RequestFacts { request_id, path: PATH.to_owned(), address, idempotency_key, dry_run: false }
    }
}
