//! What clients of the Model Context Protocol may do.

use std::time::Duration;

use super::sources::Sources;
use super::{is_origin, size};

/// What clients of the Model Context Protocol may do.
#[derive(Clone, Debug)]
pub struct McpConfiguration {
    /// Hosts that requests may name besides loopback's and the public one.
    pub allowed_hosts: Vec<String>,
    /// Sessions in all.
    pub sessions_max: usize,
    /// Sessions of one principal.
    pub sessions_per_principal_max: usize,
    /// How long a session may be idle.
    pub session_idle: Duration,
    /// The largest request, in bytes.
    pub body_bytes_max: usize,
    /// The largest file in an answer, in bytes.
    pub file_bytes_max: usize,
    /// What everything at work may take together, in bytes.
    pub memory_bytes_max: usize,
}

/// Reads it, and finds its faults.
pub(super) fn read(sources: &mut Sources) -> McpConfiguration {
    let allowed_hosts: Vec<String> = sources.get("mcp.allowed_hosts");
    let is_host = |host: &String| is_origin(&format!("https://{host}"));
    if !allowed_hosts.iter().all(is_host) {
        sources.fault("mcp.allowed_hosts", "must be hosts, each with or without a port, such as vasya.example.com:8443");
    }
    McpConfiguration {
        allowed_hosts,
        sessions_max: size(sources, "mcp.sessions_max", 1..=1_000_000),
        sessions_per_principal_max: size(sources, "mcp.sessions_per_principal_max", 1..=100_000),
        session_idle: Duration::from_secs(sources.number("mcp.session_idle_secs", 10..=604_800)),
        body_bytes_max: size(sources, "mcp.body_bytes_max", 65_536..=268_435_456),
        file_bytes_max: size(sources, "mcp.file_bytes_max", 1_024..=134_217_728),
        memory_bytes_max: size(sources, "mcp.memory_bytes_max", 67_108_864..=68_719_476_736),
    }
}
