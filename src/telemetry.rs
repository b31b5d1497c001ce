//! The log: to standard error, so that standard output holds nothing but what a command is asked to print.

use tracing_subscriber::EnvFilter;

use crate::config::LogConfiguration;

/// Libraries that write whole messages into the log, which must hold none of them, whatever the configuration says.
const WITH_CONTENT: &[&str] = &["rmcp=off"];

/// Starts the log. A second call changes nothing.
pub fn start(configuration: &LogConfiguration) {
    let filter = EnvFilter::try_new(&configuration.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = WITH_CONTENT.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The log may have been started before, by a program that this library is part of.
    let _ = if configuration.json { log.json().try_init() } else { log.try_init() };
}
