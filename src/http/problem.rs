//! Errors as HTTP answers: RFC 9457 problem details.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use serde_json::{Map, Value};
use vasya_actors::error::{Code, Error};
use vasya_actors::operation::BASE_PATH;

/// The media type of problem details.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// An error as an HTTP answer. `docs/status-codes.md` explains its members.
pub(crate) fn response(error: &Error, request_id: &str) -> HttpResponse<BoxBody> {
    let code = error.code();
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
    if let Some(seconds) = error.retry_after() {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(approval) = error.approval() {
        response.insert_header((header::LOCATION, format!("{BASE_PATH}/approvals/{}", approval.id)));
    }
    if code == Code::Unauthorized {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.body(Value::Object(members(error, request_id)).to_string())
}

/// The members of a problem, which every transport tells.
pub(crate) fn members(error: &Error, request_id: &str) -> Map<String, Value> {
    let code = error.code();
    let mut members = Map::new();
    members.insert("type".into(), "about:blank".into());
    members.insert("title".into(), code.title().into());
    members.insert("status".into(), code.status().into());
    members.insert("detail".into(), error.detail().into());
    members.insert("code".into(), code.name().into());
    // The answers for another user's account and for one that does not exist must be the same bytes.
    if code != Code::AccountForbidden {
        members.insert("requestId".into(), request_id.into());
    }
    if let Some(field) = error.field() {
        members.insert("field".into(), field.into());
    }
    if let Some(method) = error.method() {
        members.insert("method".into(), method.into());
    }
    if let Some(approval) = error.approval() {
        members.insert("approvalId".into(), approval.id.to_string().into());
        members.insert("expiresAt".into(), approval.expires_at.into());
    }
    if let Some(seconds) = error.retry_after() {
        members.insert("retryAfterSecs".into(), seconds.into());
    }
    members.insert("error".into(), error.detail().into());
    members
}
