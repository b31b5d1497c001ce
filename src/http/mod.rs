//! The HTTP server.

pub(crate) mod arguments;
pub(crate) mod credentials;
mod events;
mod graphql;
pub(crate) mod problem;
pub(crate) mod request_id;
pub(crate) mod rest;
mod routes;
mod service;
mod upload;

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_cors::Cors;
use actix_web::dev::{Server, Service, ServiceResponse};
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::{Condition, DefaultHeaders};
use actix_web::{App, HttpMessage, HttpRequest, HttpServer, web};
use tokio::sync::watch;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::Gateway;

use crate::auth::Authenticator;
use crate::config::{GraphQlConfiguration, McpConfiguration, ServerConfiguration};
use crate::graphql::GraphQl;
use crate::mcp::Mcp;
use crate::{mcp, openapi, reference};
use arguments::BodyLimits;
use request_id::RequestId;
use routes::{MatchedPath, Routes};

pub use vasya_actors::operation::BASE_PATH;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// How long a browser may remember what cross-origin requests are allowed, in seconds.
const CORS_MAX_AGE_SECS: usize = 600;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) gateway: Gateway,
    pub(crate) authenticator: Authenticator,
    body_limits: BodyLimits,
    /// For bodies of bytes: in all, and for each piece.
    upload_limits: BodyLimits,
    openapi: web::Bytes,
    reference: web::Bytes,
    graphql: GraphQl,
    /// Becomes true when the server stops: sockets are closed then.
    stopping: watch::Receiver<bool>,
}

/// Binds the listening socket, so that a port that is taken is found before anything is started.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

/// Serves the gateway's catalogue on a listener. The server runs when it is polled; sockets end when `stopping` becomes true.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(
    configuration: &ServerConfiguration,
    (graphql, mcp_configuration): (&GraphQlConfiguration, &McpConfiguration),
    listener: TcpListener,
    gateway: &Gateway,
    authenticator: Authenticator,
    stopping: watch::Receiver<bool>,
) -> io::Result<Server> {
    let document = serde_json::to_vec(&openapi::document(gateway.catalogue())).map_err(io::Error::from)?;
    let body_limits = BodyLimits { bytes_max: configuration.body_bytes_max, within: configuration.request_limit };
    let upload_limits = BodyLimits { bytes_max: configuration.upload_bytes_max, within: configuration.request_limit };
    let edge = Edge {
        gateway: gateway.clone(),
        authenticator,
        body_limits,
        upload_limits,
        openapi: document.into(),
        reference: reference::page(gateway.catalogue()).into(),
        graphql: GraphQl::new(gateway, graphql).map_err(io::Error::other)?,
        stopping,
    };
    let edge = web::Data::new(edge);
    let routes = web::Data::new(Routes::of(gateway.catalogue()).map_err(io::Error::other)?);
    let mcp_server = web::Data::new(Mcp::new(gateway, configuration, mcp_configuration));
    let origin = configuration.cors_origin.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(edge.clone())
            .app_data(routes.clone())
            .app_data(mcp_server.clone())
            .configure(mcp::mount)
            .service(
                web::scope(BASE_PATH).configure(service::mount).configure(graphql::mount).default_service(web::to(rest::serve)),
            )
            .default_service(web::to(not_found))
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")).add((header::CACHE_CONTROL, "no-store")))
            .wrap(Condition::new(origin.is_some(), cors(origin.as_deref().unwrap_or_default())))
            .wrap_fn(|request, service| {
                let request_id = RequestId::assign(&request);
                let served = service.call(request);
                async move { Ok(noted(served.await?, &request_id)) }
            })
    });
    let server = server
        .workers(configuration.threads)
        .backlog(BACKLOG)
        .max_connections(configuration.connections_max)
        .client_request_timeout(configuration.request_limit)
        .keep_alive(configuration.keep_alive)
        // A client that closes its side has gone: what works for it alone is given up.
        .h1_allow_half_closed(false)
        .shutdown_timeout(configuration.shutdown_limit.as_secs())
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// Writes a request down, without its query and without anything of its content, and tells the client its id.
fn noted<B>(mut response: ServiceResponse<B>, request_id: &RequestId) -> ServiceResponse<B> {
    if let Some(value) = request_id.header_value() {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    let (request, status) = (response.request(), response.status().as_u16());
    let declared = request.extensions().get::<MatchedPath>().map(|matched| matched.0.to_owned());
    let route = declared.or_else(|| request.match_pattern()).unwrap_or_default();
    tracing::debug!(request_id = request_id.as_str(), method = %request.method(), route, status, "served");
    response
}

async fn not_found(request: HttpRequest) -> actix_web::HttpResponse {
    problem::response(&Error::new(Code::NotFound, "There is nothing at this path"), RequestId::of(&request).as_str())
}

/// The one origin may call, with any method and header.
fn cors(origin: &str) -> Cors {
    let exposed = ["mcp-session-id", "x-next-cursor", "x-request-id", "ratelimit", "ratelimit-policy", "idempotency-replayed"];
    let exposed = exposed.into_iter().map(HeaderName::from_static);
    Cors::default()
        .allowed_origin(origin)
        .allow_any_method()
        .allow_any_header()
        .expose_headers(exposed.chain([header::LINK, header::RETRY_AFTER]))
        .supports_credentials()
        .max_age(CORS_MAX_AGE_SECS)
}
