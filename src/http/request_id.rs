//! The id of a request: the client's own where it is well formed, and else a new one.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

/// The header that carries it, both ways.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LENGTH_MAX: usize = 64;

/// The id of the request at hand; 1 to 64 characters of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// Gives a request its id.
    pub(super) fn assign(request: &ServiceRequest) -> Self {
        let id = Self::given(request.headers().get(HEADER).and_then(|value| value.to_str().ok()));
        request.extensions_mut().insert(id.clone());
        id
    }

    /// The client's own, where it is well formed, and else a new one.
    pub(super) fn given(text: Option<&str>) -> Self {
        let own = text.filter(|text| is_valid(text));
        Self(own.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned))
    }

    /// The id that a request was given.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self(Uuid::now_v7().simple().to_string()))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of [`HEADER`].
    pub(super) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_valid(text: &str) -> bool {
    (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
