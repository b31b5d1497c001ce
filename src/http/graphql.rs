//! GraphQL over HTTP: one request, or a batch, in a POST; and what describes the schema. Over WebSocket it is in `socket`.

mod protocol;
mod socket;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use async_graphql::Response;
use serde_json::Value;
use vasya_actors::caller::Caller;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::RequestFacts;
use vasya_actors::idempotency::{HEADER, IdempotencyKey};

use super::arguments::read_body;
use super::request_id::RequestId;
use super::rest::{add_limits, idempotency_key, method_not_allowed};
use super::{Edge, credentials, problem};
use crate::graphql::{Asked, Exchange, Prepared, RequestIds};

/// What the audit log has as the path of a call by GraphQL.
const PATH: &str = "/api/v1/graphql";

/// The routes of GraphQL.
pub(super) fn mount(config: &mut web::ServiceConfig) {
    let reads = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    config
        .service(web::resource("/graphql").route(web::post().to(post)).default_service(method_not_allowed(&["POST"])))
        .service(web::resource("/graphql/sdl").route(reads().to(sdl)).default_service(method_not_allowed(&["GET"])))
        .service(web::resource("/graphql/ws").route(web::get().to(socket::open)).default_service(method_not_allowed(&["GET"])))
        .service(web::resource("/graphql/playground").route(reads().to(page)).default_service(method_not_allowed(&["GET"])))
        .service(
            web::resource("/graphql/playground/{file}")
                .route(reads().to(file_of_page))
                .default_service(method_not_allowed(&["GET"])),
        );
}

/// The page runs its own script and talks to this server only, and no other page may frame it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
form-action 'none'; frame-ancestors 'none'";

/// The page to try queries on.
async fn page(edge: web::Data<Edge>, request: HttpRequest) -> HttpResponse {
    part_of_page(&edge, &request, "text/html; charset=utf-8", include_str!("playground/page.html"))
}

async fn file_of_page(edge: web::Data<Edge>, request: HttpRequest) -> HttpResponse {
    match request.match_info().query("file") {
        "style.css" => part_of_page(&edge, &request, "text/css; charset=utf-8", include_str!("playground/style.css")),
        "script.js" => part_of_page(&edge, &request, "text/javascript; charset=utf-8", include_str!("playground/script.js")),
        _ => not_there(&request),
    }
}

fn part_of_page(edge: &Edge, request: &HttpRequest, media_type: &str, text: &'static str) -> HttpResponse {
    if !edge.graphql.limits().playground {
        return not_there(request);
    }
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    let mut response = HttpResponse::Ok();
    headers.into_iter().for_each(|header| _ = response.insert_header(header));
    response.body(text)
}

/// The schema as text.
async fn sdl(edge: web::Data<Edge>, request: HttpRequest) -> HttpResponse {
    match edge.graphql.sdl() {
        Some(sdl) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(sdl.to_owned()),
        None => not_there(&request),
    }
}

fn not_there(request: &HttpRequest) -> HttpResponse {
    problem::response(&Error::new(Code::NotFound, "There is nothing at this path"), RequestId::of(request).as_str())
}

async fn post(edge: web::Data<Edge>, request: HttpRequest, payload: web::Payload) -> HttpResponse<BoxBody> {
    let request_id = RequestId::of(&request);
    match answer(&edge, &request, payload, request_id.as_str()).await {
        Ok(response) => response,
        Err(Refused::Error(error)) => problem::response(&error, request_id.as_str()),
        Err(Refused::Unreadable(reason)) => {
            HttpResponse::BadRequest().insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(reason)
        }
    }
}

/// Why nothing of a request was run.
enum Refused {
    Error(Error),
    /// It is no GraphQL request: 400, as text.
    Unreadable(String),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error.code() {
            Code::BadRequest => Self::Unreadable(error.detail().to_owned()),
            _ => Self::Error(error),
        }
    }
}

async fn answer(
    edge: &Edge,
    request: &HttpRequest,
    payload: web::Payload,
    request_id: &str,
) -> Result<HttpResponse<BoxBody>, Refused> {
    let caller = caller(edge, request)?;
    let body = read_body(request, payload, edge.body_limits).await?;
    let (requests, is_batch) = requests(body.unwrap_or_default(), edge.graphql.limits().batch_max)?;
    let prepared: Vec<Result<Prepared, Box<Response>>> =
        requests.into_iter().map(|asked| edge.graphql.prepare(asked, request_id)).collect();
    let calls = prepared.iter().flatten().map(Prepared::calls).sum();
    let key = key_of_one_mutation(request, &prepared)?;
    let ids = RequestIds::new(request_id, calls);
    let facts = RequestFacts {
        path: PATH.to_owned(),
        idempotency_key: key,
        address: request.peer_addr().map(|address| address.ip()),
        ..RequestFacts::default()
    };
    let mut limits = Vec::new();
    let mut responses = Vec::with_capacity(prepared.len());
    for prepared in prepared {
        responses.push(match prepared {
            Ok(prepared) => {
                let exchange = Exchange::new(caller.clone(), facts.clone(), ids.clone());
                let response = edge.graphql.execute(prepared, &exchange).await;
                limits = exchange.limits();
                response
            }
            Err(refused) => *refused,
        });
    }
    let body = match (is_batch, responses.as_slice()) {
        (false, [response]) => serde_json::to_vec(response),
        _ => serde_json::to_vec(&responses),
    };
    let body = body.map_err(Error::internal)?;
    let mut response = HttpResponse::Ok().content_type("application/json").body(body);
    if calls == 1 {
        add_limits(&mut response, &limits);
    }
    Ok(response)
}

/// Who asks. Whoever shows no token that is good asks as nobody, and is told so by each field; a cookie without its CSRF pair is refused
/// outright.
fn caller(edge: &Edge, request: &HttpRequest) -> Result<Option<Caller>, Error> {
    match credentials::caller(request, &edge.authenticator) {
        Ok(caller) => Ok(Some(caller)),
        Err(error) if error.code() == Code::Unauthorized => Ok(None),
        Err(error) => Err(error),
    }
}

fn requests(body: Value, batch_max: usize) -> Result<(Vec<Asked>, bool), Refused> {
    let (requests, is_batch) = match body {
        Value::Array(requests) => (requests, true),
        one => (vec![one], false),
    };
    if !(1..=batch_max).contains(&requests.len()) {
        return Err(Refused::Unreadable(format!("A batch must have 1 to {batch_max} requests")));
    }
    let requests: Result<_, String> = requests.into_iter().map(Asked::read).collect();
    let requests = requests.map_err(|reason| Refused::Unreadable(format!("This is no GraphQL request: {reason}")))?;
    Ok((requests, is_batch))
}

/// The key of the header, which is for one mutation: where there are more, each says its own as an argument.
fn key_of_one_mutation(
    request: &HttpRequest,
    prepared: &[Result<Prepared, Box<Response>>],
) -> Result<Option<IdempotencyKey>, Error> {
    let key = idempotency_key(request)?;
    let mutations: usize = prepared.iter().flatten().map(Prepared::mutations).sum();
    if key.is_some() && mutations > 1 {
        return Err(Error::invalid(HEADER, "is for one mutation: give each of several the argument idempotencyKey"));
    }
    Ok(key)
}
