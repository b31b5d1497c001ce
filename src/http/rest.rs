//! REST: the catalogue's routes. A route holds no rule; it turns a request into a call and the reply into a response.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::body::{BoxBody, SizedStream};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, guard, web};
use futures::Stream;
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::{Reply, RequestFacts};
use vasya_actors::idempotency::{self, IdempotencyKey};
use vasya_actors::operation::{Answer, Body, Entry, Method};
use vasya_actors::stream::{ByteStream, byte_stream};
use vasya_actors::user::LimitState;

use super::Edge;
use super::arguments::Fields;
use super::credentials;
use super::events;
use super::problem;
use super::request_id::RequestId;
use super::upload;

const NEXT_CURSOR: &str = "x-next-cursor";

/// Says that an answer is the one that the same request was given before.
const REPLAYED: header::HeaderName = header::HeaderName::from_static("idempotency-replayed");

/// The routes of a catalogue, made once and shared by all threads.
#[derive(Debug)]
pub(super) struct Routes(BTreeMap<&'static str, Vec<Arc<Endpoint>>>);

/// One operation behind its route.
#[derive(Debug)]
struct Endpoint {
    catalogue: Catalogue,
    name: &'static str,
    method: Method,
    fields: Fields,
}

impl Endpoint {
    fn entry(&self) -> Result<&Entry, Error> {
        self.catalogue.find(self.name).ok_or_else(|| Error::internal("a route without an operation"))
    }
}

impl Routes {
    /// The routes of every operation, by path.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut routes: BTreeMap<&'static str, Vec<Arc<Endpoint>>> = BTreeMap::new();
        for entry in catalogue.entries() {
            let declaration = entry.declaration();
            let endpoint = Endpoint {
                catalogue: catalogue.clone(),
                name: declaration.name,
                method: declaration.method,
                fields: Fields::of(entry),
            };
            routes.entry(declaration.path).or_default().push(Arc::new(endpoint));
        }
        Self(routes)
    }

    /// Mounts them. In the order of the paths a fixed segment comes before a parameter, so it is tried first.
    pub(super) fn mount(&self, config: &mut web::ServiceConfig) {
        for (path, endpoints) in &self.0 {
            let mut resource = web::resource(*path);
            let mut allowed = Vec::new();
            for endpoint in endpoints {
                allowed.push(endpoint.method.name());
                let endpoint = Arc::clone(endpoint);
                let route = match endpoint.method {
                    // HEAD is GET without the body, which the server leaves out by itself (RFC 9110, section 9.3.2).
                    Method::Get => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
                    Method::Post => web::post(),
                    Method::Put => web::put(),
                    Method::Patch => web::patch(),
                    Method::Delete => web::delete(),
                };
                let handler = move |edge: web::Data<Edge>, request: HttpRequest, payload: web::Payload| {
                    let endpoint = Arc::clone(&endpoint);
                    async move { serve(&edge, &endpoint, &request, payload).await }
                };
                resource = resource.route(route.to(handler));
            }
            config.service(resource.default_service(method_not_allowed(&allowed)));
        }
    }
}

/// The answer to a method that a path does not have.
pub(super) fn method_not_allowed(allowed: &[&str]) -> actix_web::Route {
    let allowed = allowed.join(", ");
    web::to(move |request: HttpRequest| {
        let allowed = allowed.clone();
        async move {
            let error = Error::new(Code::MethodNotAllowed, format!("This path has {allowed}"));
            let mut response = problem::response(&error, RequestId::of(&request).as_str());
            if let Ok(value) = header::HeaderValue::from_str(&allowed) {
                response.headers_mut().insert(header::ALLOW, value);
            }
            response
        }
    })
}

async fn serve(edge: &Edge, endpoint: &Endpoint, request: &HttpRequest, payload: web::Payload) -> HttpResponse<BoxBody> {
    let request_id = RequestId::of(request);
    let Reply { result, limits, replayed } = match call(edge, endpoint, request, payload, &request_id).await {
        Ok(reply) => reply,
        Err(error) => Reply::from(error),
    };
    let mut response = match result {
        Ok(answer) => success(answer, request),
        Err(error) => problem::response(&error, request_id.as_str()),
    };
    add_limits(&mut response, &limits);
    if replayed {
        response.headers_mut().insert(REPLAYED, header::HeaderValue::from_static("true"));
    }
    response
}

async fn call(
    edge: &Edge,
    endpoint: &Endpoint,
    request: &HttpRequest,
    payload: web::Payload,
    request_id: &RequestId,
) -> Result<Reply, Error> {
    let caller = credentials::caller(request, &edge.authenticator)?;
    let entry = endpoint.entry()?;
    let facts = RequestFacts {
        request_id: request_id.as_str().to_owned(),
        path: request.path().to_owned(),
        idempotency_key: idempotency_key(request)?,
        address: request.peer_addr().map(|address| address.ip()),
    };
    if !endpoint.fields.are_bytes(request) {
        let arguments = endpoint.fields.read(request, Some(payload), edge.body_limits).await?;
        return Ok(edge.gateway.call(&caller, entry.decode(arguments)?, facts).await);
    }
    let arguments = endpoint.fields.read(request, None, edge.body_limits).await?;
    let (sender, stream) = byte_stream();
    let calling = edge.gateway.call(&caller, entry.decode(arguments)?.with_body(stream), facts);
    let limits = edge.upload_limits.at_most(entry.declaration().bytes_max);
    Ok(upload::call_while_reading(calling, request, payload, sender, limits).await)
}

/// The idempotency key that a request names.
fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Error> {
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
fn add_limits(response: &mut HttpResponse<BoxBody>, limits: &[LimitState]) {
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
