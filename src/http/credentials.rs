//! Where a request carries its token, and when a cookie may stand for it.

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use subtle::ConstantTimeEq;
use vasya_actors::caller::Caller;
use vasya_actors::error::{Code, Error};

use crate::auth::{Authenticator, TokenPlace};

const COOKIE: &str = "vasya_token";
const CSRF_COOKIE: &str = "vasya_csrf";
const CSRF_HEADER: &str = "x-csrf-token";
const SCHEME: &str = "Bearer ";

/// Who sends a request. The `Authorization` header wins over the cookie.
///
/// # Errors
/// [`Code::Unauthorized`], or [`Code::Forbidden`] for a mutation by cookie without its CSRF pair.
pub(super) fn caller(request: &HttpRequest, authenticator: &Authenticator) -> Result<Caller, Error> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return bearer(request, authenticator);
    }
    let cookie = request.cookie(COOKIE).ok_or_else(Error::unauthorized)?;
    let caller = authenticator.authenticate(cookie.value(), TokenPlace::Cookie)?;
    let is_mutation = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_mutation && !has_csrf_pair(request) {
        return Err(Error::new(Code::Forbidden, "Missing or invalid CSRF token"));
    }
    Ok(caller)
}

/// Who sends a request with a token in its `Authorization` header, and no otherwise: for clients that are no browsers.
///
/// # Errors
/// [`Code::Unauthorized`].
pub(crate) fn bearer(request: &HttpRequest, authenticator: &Authenticator) -> Result<Caller, Error> {
    let value = request.headers().get(header::AUTHORIZATION).ok_or_else(Error::unauthorized)?;
    let token = value.to_str().ok().and_then(|text| text.strip_prefix(SCHEME)).ok_or_else(Error::unauthorized)?;
    authenticator.authenticate(token, TokenPlace::Header)
}

/// Another site can make a browser send cookies, but it can neither read nor set ours (OWASP, double submit).
fn has_csrf_pair(request: &HttpRequest) -> bool {
    let (Some(cookie), Some(header)) = (request.cookie(CSRF_COOKIE), request.headers().get(CSRF_HEADER)) else {
        return false;
    };
    !cookie.value().is_empty() && bool::from(cookie.value().as_bytes().ct_eq(header.as_bytes()))
}
