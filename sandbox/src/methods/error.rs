//! RPC errors as Telegram names them, see <https://core.telegram.org/api/errors>.

use std::borrow::Cow;

use crate::rpc::RpcOutcome;

/// What a method answers when it cannot do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct RpcError {
    /// The numeric class.
    pub code: i32,
    /// The name.
    pub message: Cow<'static, str>,
}

impl RpcError {
    /// Any error.
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// The request itself is at fault.
    pub fn bad_request(message: &'static str) -> Self {
        Self::new(400, message)
    }

    /// The key is not signed in.
    pub fn unauthorized() -> Self {
        Self::new(401, "AUTH_KEY_UNREGISTERED")
    }

    /// The user may not do this.
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(403, message)
    }

    /// The network itself failed.
    pub fn internal() -> Self {
        Self::new(500, "INTERNAL_SERVER_ERROR")
    }

    /// The account lives in another datacentre.
    pub fn phone_migrate(dc_id: i32) -> Self {
        Self::new(303, format!("PHONE_MIGRATE_{dc_id}"))
    }
}

impl From<RpcError> for RpcOutcome {
    fn from(error: RpcError) -> Self {
        Self::Error { code: error.code, message: error.message.into_owned() }
    }
}
