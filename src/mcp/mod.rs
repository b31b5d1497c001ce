//! The Model Context Protocol (<https://modelcontextprotocol.io>), in both of its eras: 2026-07-28, in which each request stands for
//! itself, and 2025-11-25 and older, in which a client opens a session.
//!
//! `rmcp` speaks the protocol; here is what it serves. `tools` makes the tools out of the catalogue, `server` answers with them,
//! `bridge` carries HTTP to it for callers who are known, and `sessions` keeps sessions with those who opened them. No rule about
//! who may do what is here: a tool is an operation, and takes the road of all operations.

mod asker;
mod bridge;
mod memory;
mod metadata;
mod progress;
mod server;
mod sessions;
pub mod tools;

use std::fmt;
use std::sync::Arc;

use actix_web::web;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, SessionConfig};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use vasya_actors::gateway::Gateway;

use crate::config::{McpConfiguration, ServerConfiguration};
use crate::http::arguments::BodyLimits;
use crate::http::rest::method_not_allowed;
use memory::Memory;
use server::{Server, Shared};
use sessions::Sessions;
use tools::Tools;

/// Where the protocol is spoken.
pub const PATH: &str = "/mcp";

/// Everything that requests to [`PATH`] share.
pub(crate) struct Mcp {
    service: StreamableHttpService<Server, LocalSessionManager>,
    sessions: Sessions,
    body_limits: BodyLimits,
    memory: Memory,
    /// Where clients reach the server, if that is configured.
    public_url: Option<String>,
}

impl Mcp {
    /// The protocol over a gateway's catalogue.
    pub(crate) fn new(gateway: &Gateway, server: &ServerConfiguration, configuration: &McpConfiguration) -> Self {
        let mut manager = LocalSessionManager::default();
        let mut session = SessionConfig::default();
        session.keep_alive = Some(configuration.session_idle);
        manager.session_config = session;
        let manager = Arc::new(manager);
        let memory = Memory::new(configuration.memory_bytes_max);
        let shared = Arc::new(Shared {
            gateway: gateway.clone(),
            tools: Tools::of(gateway.catalogue()),
            file_bytes_max: configuration.file_bytes_max,
            memory: memory.clone(),
        });
        let factory = move || Ok(Server::new(Arc::clone(&shared)));
        let service = StreamableHttpService::new(factory, Arc::clone(&manager), rules(server, configuration));
        Self {
            service,
            sessions: Sessions::new(manager, configuration.sessions_max, configuration.sessions_per_principal_max),
            body_limits: BodyLimits { bytes_max: configuration.body_bytes_max, within: server.request_limit },
            memory,
            public_url: server.public_url.clone(),
        }
    }
}

impl fmt::Debug for Mcp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mcp({:?})", self.sessions)
    }
}

/// Which hosts and origins may call, and how answers are written.
fn rules(server: &ServerConfiguration, configuration: &McpConfiguration) -> StreamableHttpServerConfig {
    let public_host = server.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, host)| host.to_owned());
    let hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into_iter();
    let bound = (!server.bind.ip().is_unspecified()).then(|| server.bind.ip().to_string());
    let hosts = hosts.chain(bound).chain(public_host).chain(configuration.allowed_hosts.iter().cloned());
    let origins = server.cors_origin.iter().chain(&server.public_url).map(|origin| with_port(origin));
    let mut rules =
        StreamableHttpServerConfig::default().with_allowed_hosts(hosts).with_allowed_origins(origins).enforce_origin_validation();
    rules.json_response = true;
    rules.max_request_body_bytes = configuration.body_bytes_max;
    rules
}

/// An origin that says its port, since one without it would allow any.
fn with_port(origin: &str) -> String {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match origin.starts_with("https://") {
        _ if has_port => origin.to_owned(),
        true => format!("{origin}:443"),
        false => format!("{origin}:80"),
    }
}

/// Mounts the protocol and what describes how to be let in.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource(PATH)
                .route(web::post().to(bridge::serve))
                .route(web::get().to(bridge::serve))
                .route(web::delete().to(bridge::serve))
                .default_service(method_not_allowed(&["POST", "GET", "DELETE"])),
        )
        .service(
            web::resource(metadata::PATHS).route(web::get().to(metadata::serve)).default_service(method_not_allowed(&["GET"])),
        );
}
