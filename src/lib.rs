//! The edge of vasya-server: it turns transports into calls on the gateway of `vasya-actors`, and holds no rule of its own.

pub mod allocator;
pub mod auth;
mod backup_socket;
pub mod cli;
pub mod config;
mod graphql;
pub mod hardening;
pub mod http;
pub mod mcp;
pub mod openapi;
pub mod reference;
pub mod server;
pub mod shutdown;
pub mod telemetry;
