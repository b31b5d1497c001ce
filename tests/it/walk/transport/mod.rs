//! The ways in which an operation is called.
//!
//! Whatever the transport, an answer is told as REST tells it: the status, the problem of a refusal, the body of a success. So the walk
//! compares what was answered and not how. A new transport is a variant of [`Transport`] and a file beside these.

mod mcp;
mod rest;

use serde_json::{Map, Value};
use vasya_actors::operation::Entry;

use crate::harness::{Answer, Api};

pub(super) use mcp::Mcp;

/// A way in which operations are called.
pub(super) enum Transport {
    /// REST.
    Rest,
    /// Tools of the Model Context Protocol, in one of its eras.
    Mcp(Mcp),
}

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) entry: &'a Entry,
    /// The input fields as the operation spells them, wherever they travel.
    pub(super) inputs: &'a Map<String, Value>,
    /// The body of bytes, for operations that take one.
    pub(super) bytes: &'a [u8],
    pub(super) request_id: &'a str,
}

impl Transport {
    /// Whether an operation can be called in this way.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        match self {
            Self::Rest => true,
            Self::Mcp(_) => !entry.declaration().gives_events,
        }
    }

    /// Whether what was answered is told with the headers of the operation, and not with those of the transport.
    pub(super) fn is_rest(&self) -> bool {
        matches!(self, Self::Rest)
    }

    /// The challenge to a call without a token.
    pub(super) fn challenge(&self) -> &'static str {
        match self {
            Self::Rest => "Bearer",
            Self::Mcp(_) => "Bearer resource_metadata=",
        }
    }

    /// Calls an operation.
    pub(super) async fn call(&self, api: &Api, call: Call<'_>) -> Answer {
        match self {
            Self::Rest => rest::call(api, call).await,
            Self::Mcp(mcp) => mcp.call(api, call).await,
        }
    }
}
