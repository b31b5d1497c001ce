//! From actix's HTTP to that of the protocol's library and back, for callers who are known.

use std::sync::{Arc, OnceLock};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use http_body_util::{BodyDataStream, BodyExt, Full};
use serde::Deserialize;
use vasya_actors::caller::Caller;
use vasya_actors::error::{Code, Error};

use super::asker::Asker;
use super::sessions::Opening;
use super::{Mcp, metadata};
use crate::http::arguments::read_bytes;
use crate::http::request_id::RequestId;
use crate::http::{Edge, credentials, problem};

/// The header that names a session.
const SESSION: &str = "mcp-session-id";

/// What a JSON document takes while it is read, in times of its length.
const READING_FACTOR: usize = 3;

type Answer = http::Response<http_body_util::combinators::BoxBody<web::Bytes, std::convert::Infallible>>;

/// As much of a message as must be known before it is handed on.
#[derive(Deserialize)]
struct Peek {
    method: Option<String>,
}

/// Serves one request.
pub(super) async fn serve(
    edge: web::Data<Edge>,
    mcp: web::Data<Mcp>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse<BoxBody> {
    match handle(&edge, &mcp, &request, payload).await {
        Ok(response) => response,
        Err(error) => refusal(&error, &request, &mcp),
    }
}

/// An error before there is a message to answer. Only a missing token has a challenge here.
fn refusal(error: &Error, request: &HttpRequest, mcp: &Mcp) -> HttpResponse<BoxBody> {
    let mut response = problem::response(error, RequestId::of(request).as_str());
    if error.code() == Code::Unauthorized {
        challenge(&mut response, &metadata::challenge(&metadata::url(request, mcp)));
    }
    response
}

fn challenge(response: &mut HttpResponse<BoxBody>, challenge: &str) {
    if let Ok(value) = header::HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
}

async fn handle(edge: &Edge, mcp: &Mcp, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse<BoxBody>, Error> {
    let caller = credentials::bearer(request, &edge.authenticator)?;
    let session = request.headers().get(SESSION).map(|id| id.to_str().unwrap_or_default());
    if session.is_some_and(|id| !mcp.sessions.is_of(id, &caller)) {
        return Err(Error::new(Code::NotFound, "There is no such session: begin another with initialize"));
    }
    let mut _memory = None;
    let mut body = web::Bytes::new();
    let mut opening = None;
    if request.method() == Method::POST {
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let bytes_max = mcp.body_limits.bytes_max;
        _memory = Some(mcp.memory.take(length.unwrap_or(bytes_max).min(bytes_max).saturating_mul(READING_FACTOR))?);
        body = read_bytes(request, payload, mcp.body_limits).await?;
        if session.is_none() && is_initialize(&body) {
            opening = Some(mcp.sessions.begin(&caller, edge.gateway.hold(&caller)?).await?);
        }
    }
    let missing_scope = Arc::new(OnceLock::new());
    let asker = Asker {
        caller: Caller::clone(&caller),
        request_id: RequestId::of(request).as_str().to_owned(),
        address: request.peer_addr().map(|address| address.ip()),
        toolsets: toolsets(request)?,
        missing_scope: Arc::clone(&missing_scope),
        metadata_url: metadata::url(request, mcp),
    };
    let answer = mcp.service.handle(translated(request, body, asker)?).await;
    let mut response = response(answer, opening).await;
    let is_whole = response.status() == StatusCode::OK && !matches!(response.body().size(), BodySize::Stream);
    if let Some(scope) = missing_scope.get().filter(|_| is_whole) {
        // The answer is whole, so its status can still say what it is about (MCP authorization, "Scope Challenge Handling").
        *response.status_mut() = StatusCode::FORBIDDEN;
        challenge(&mut response, &metadata::insufficient_scope(&metadata::url(request, mcp), scope));
    }
    Ok(response)
}

fn is_initialize(body: &[u8]) -> bool {
    serde_json::from_slice::<Peek>(body).is_ok_and(|peek| peek.method.as_deref() == Some("initialize"))
}

/// The tool sets that the query names.
fn toolsets(request: &HttpRequest) -> Result<Option<String>, Error> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|_| Error::new(Code::BadRequest, "The query cannot be read"))?.into_inner();
    Ok(pairs.into_iter().find(|(name, _)| name == "toolsets").map(|(_, sets)| sets))
}

/// The request in the words of the library, without its token.
fn translated(request: &HttpRequest, body: web::Bytes, asker: Asker) -> Result<http::Request<Full<web::Bytes>>, Error> {
    let mut translated = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        if *name != header::AUTHORIZATION && *name != header::COOKIE {
            translated = translated.header(name.as_str(), value.as_bytes());
        }
    }
    let unreadable = |_| Error::new(Code::BadRequest, "A header or the path cannot be read");
    translated.extension(asker).body(Full::new(body)).map_err(unreadable)
}

async fn response(answer: Answer, opening: Option<Opening>) -> HttpResponse<BoxBody> {
    let (parts, body) = answer.into_parts();
    if let (Some(opening), Some(id)) = (opening, parts.headers.get(SESSION).and_then(|id| id.to_str().ok())) {
        opening.done(id);
    }
    let mut response = HttpResponse::build(StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::OK));
    for (name, value) in &parts.headers {
        // How long the body is follows from the body.
        if name != http::header::CONTENT_LENGTH {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let is_stream = parts.headers.get(http::header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == b"text/event-stream");
    if is_stream {
        // Tells nginx and its kind not to hold pieces back.
        response.insert_header(("x-accel-buffering", "no"));
        return response.streaming(BodyDataStream::new(body));
    }
    let Ok(whole) = body.collect().await;
    response.body(whole.to_bytes())
}
