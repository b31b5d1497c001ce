//! Servers and networks under test. Each test has its own, and all of it ends with the test.

mod api;
mod club;
mod control;
mod event_stream;
mod mcp_client;
mod policed;
mod sandbox;
mod socks;

pub use api::{Answer, Api, send};
pub use club::Club;
pub use control::Control;
pub use event_stream::{EventStream, Told, texts};
pub use mcp_client::{Era, McpClient, messages};
pub use policed::{Agent, generous};
pub use sandbox::{ADA, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, command, files};
pub use socks::SocksProxy;

use std::future::Future;
use std::time::Duration;

/// How long anything may take that is waited for. Far above what it takes, so that a slow machine fails no test.
pub const LIMIT: Duration = Duration::from_secs(60);

const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Panics
/// When [`LIMIT`] is over.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    };
    tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
