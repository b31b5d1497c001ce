//! REST: the catalogue's routes. A route holds no rule; it turns a request into a call and the reply into a response.

use actix_web::body::{BoxBody, SizedStream};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures::Stream;
use matchit::Params;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::{Reply, RequestFacts};
use vasya_actors::idempotency::{self, IdempotencyKey};
use vasya_actors::operation::{Answer, Body};
use vasya_actors::stream::{ByteStream, byte_stream};
use vasya_actors::user::LimitState;

use super::credentials;
use super::events;
use super::problem;
use super::request_id::RequestId;
use super::routes::{Endpoint, MatchedPath, Routes};
use super::upload;
use super::{Edge, not_found};

/// Asks what would come of a mutation, without making it.
const DRY_RUN: &str = "dry-run";

const NEXT_CURSOR: &str = "x-next-cursor";

/// Says that an answer is the one that the same request was given before.
const REPLAYED: header::HeaderName = header::HeaderName::from_static("idempotency-replayed");

/// The answer to a method that a path does not have.
pub(crate) fn method_not_allowed(allowed: &[&str]) -> actix_web::Route {
    let allowed = allowed.join(", ");
    web::to(move |request: HttpRequest| {
        let response = refuse_method(&request, &allowed);
        async move { response }
    })
}

fn refuse_method(request: &HttpRequest, allowed: &str) -> HttpResponse<BoxBody> {
    let error = Error::new(Code::MethodNotAllowed, format!("This path has {allowed}"));
    let mut response = problem::response(&error, RequestId::of(request).as_str());
    if let Ok(value) = header::HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Answers what is below the base path and is none of the routes that need no token.
pub(super) async fn serve(
    edge: web::Data<Edge>,
    routes: web::Data<Routes>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse<BoxBody> {
    let Some(found) = routes.find(request.match_info().unprocessed()) else { return not_found(request).await };
    request.extensions_mut().insert(MatchedPath(found.path));
    let Some(endpoint) = found.endpoint(&request) else {
        return refuse_method(&request, &found.methods().join(", "));
    };
    let request_id = RequestId::of(&request);
    let call = Calling { edge: &edge, routes: &routes, endpoint, parameters: &found.parameters };
    let Reply { result, limits, replayed } = match call.make(&request, payload, &request_id).await {
        Ok(reply) => reply,
        Err(error) => Reply::from(error),
    };
    let mut response = match result {
        Ok(answer) => success(answer, &request),
        Err(error) => problem::response(&error, request_id.as_str()),
    };
    add_limits(&mut response, &limits);
    if replayed {
        response.headers_mut().insert(REPLAYED, header::HeaderValue::from_static("true"));
    }
    response
}

/// A request on its way to its operation.
struct Calling<'a> {
    edge: &'a Edge,
    routes: &'a Routes,
    endpoint: &'a Endpoint,
    parameters: &'a Params<'a, 'a>,
}

impl Calling<'_> {
    async fn make(&self, request: &HttpRequest, payload: web::Payload, request_id: &RequestId) -> Result<Reply, Error> {
        let Self { edge, parameters, .. } = self;
        let caller = credentials::caller(request, &edge.authenticator)?;
        let entry = self.routes.entry(self.endpoint)?;
        let facts = RequestFacts {
            request_id: request_id.as_str().to_owned(),
            path: request.path().to_owned(),
            idempotency_key: idempotency_key(request)?,
            address: request.peer_addr().map(|address| address.ip()),
            dry_run: is_dry_run(request)?,
        };
        let fields = &self.endpoint.fields;
        if !fields.are_bytes(request) {
            let arguments = fields.read(request, parameters, Some(payload), edge.body_limits).await?;
            return Ok(edge.gateway.call(&caller, entry.decode(arguments)?, facts).await);
        }
        let arguments = fields.read(request, parameters, None, edge.body_limits).await?;
        let (sender, stream) = byte_stream();
        let calling = edge.gateway.call(&caller, entry.decode(arguments)?.with_body(stream), facts);
        let limits = edge.upload_limits.at_most(entry.declaration().bytes_max);
        Ok(upload::call_while_reading(calling, request, payload, sender, limits).await)
    }
}

/// Whether a request only asks what would come of it.
fn is_dry_run(request: &HttpRequest) -> Result<bool, Error> {
    let fault = || Error::new(Code::BadRequest, "Dry-Run: must be true or false").in_field("Dry-Run");
    let Some(value) = request.headers().get(DRY_RUN) else { return Ok(false) };
    value.to_str().ok().and_then(|text| text.to_ascii_lowercase().parse().ok()).ok_or_else(fault)
}

/// The idempotency key that a request names.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Error> {
    let Some(value) = request.headers().get(idempotency::HEADER) else { return Ok(None) };
    // What is no text is no key either, and is told the same.
    IdempotencyKey::parse(value.to_str().unwrap_or_default()).map(Some)
}

/// The bytes as the server sends them. A fault in the middle can only be told by ending the connection: the length was promised.
fn pieces(bytes: ByteStream) -> impl Stream<Item = Result<web::Bytes, Error>> {
    futures::stream::try_unfold(bytes, async |mut bytes| Ok(bytes.next().await?.map(|piece| (piece, bytes))))
}

fn success(answer: Answer, request: &HttpRequest) -> HttpResponse<BoxBody> {
    let mut response = HttpResponseBuilder::new(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    if let Some(cursor) = &answer.next_cursor {
        response.insert_header((NEXT_CURSOR, cursor.as_str()));
        response.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(request, cursor))));
    }
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    match answer.body {
        Body::Json(body) => response.content_type("application/json").body(body),
        Body::Empty => response.finish(),
        Body::Events(stream) => events::response(stream),
        Body::Bytes(length, bytes) => response.no_chunking(length).body(SizedStream::new(length, pieces(bytes))),
    }
}

/// The same request with the next page's cursor, as a reference relative to the host (RFC 8288).
fn next_page(request: &HttpRequest, cursor: &str) -> String {
    let others = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let mut query: Vec<&str> = others.collect();
    let cursor = format!("cursor={cursor}");
    query.push(&cursor);
    format!("{}?{}", request.path(), query.join("&"))
}

/// The RateLimit header fields (draft-ietf-httpapi-ratelimit-headers): the quota, its window, what is left, and when more comes.
pub(super) fn add_limits(response: &mut HttpResponse<BoxBody>, limits: &[LimitState]) {
    if limits.is_empty() {
        return;
    }
    let policies: Vec<String> =
        limits.iter().map(|limit| format!("\"{}\";q={};w={}", limit.policy, limit.quota, limit.window_secs)).collect();
    let left: Vec<String> =
        limits.iter().map(|limit| format!("\"{}\";r={};t={}", limit.policy, limit.remaining, limit.reset_secs)).collect();
    for (name, values) in [("ratelimit-policy", policies), ("ratelimit", left)] {
        if let Ok(value) = header::HeaderValue::from_str(&values.join(", ")) {
            response.headers_mut().insert(header::HeaderName::from_static(name), value);
        }
    }
}
