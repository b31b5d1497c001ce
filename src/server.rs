//! A server from its start to its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use vasya_actors::StartError;
use vasya_actors::catalogue::Catalogue;
use vasya_actors::gateway::Gateway;

use crate::allocator;
use crate::auth::{Authenticator, NoRandomness};
use crate::backup_socket;
use crate::config::Configuration;
use crate::http;
use crate::shutdown::StopSignals;

/// The least time that actors get to stop, whatever the connections took.
const ACTORS_STOP_MIN: Duration = Duration::from_secs(2);

/// Why a server could not be started, or ended by a fault: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The data folder could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No token could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What the server cannot go on without has failed.
    #[error("the server ends: {0}")]
    Failed(String),
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    generated_token: Option<SecretString>,
    gateway: Gateway,
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
    backups: Option<JoinHandle<()>>,
    stopping: watch::Sender<bool>,
    shutdown_limit: Duration,
}

impl Running {
    /// Starts a server: binds its port, opens its data folder, and listens. Accounts come online behind it. Must be called inside an
    /// actix system.
    ///
    /// # Errors
    /// See [`ServerError`]. Nothing in the data folder is changed by a start that is refused.
    pub async fn start(configuration: Configuration, catalogue: Catalogue) -> Result<Self, ServerError> {
        let Configuration { server, graphql, mcp, authentication, log: _, actors } = configuration;
        let listener = http::bind(server.bind).map_err(|source| ServerError::Bind { address: server.bind, source })?;
        let address = listener.local_addr()?;
        let data_dir = actors.data_dir.clone();
        let started = Gateway::start(actors, catalogue).await?;
        for note in &started.notes {
            tracing::warn!("{note}");
        }
        let gateway = started.gateway;
        let (authenticator, generated_token) = Authenticator::new(gateway.clone(), started.issuer, &authentication)?;
        let (stopping, stopped) = watch::channel(false);
        let http_server = http::serve(&server, (&graphql, &mcp), listener, &gateway, authenticator, stopped)?;
        let handle = http_server.handle();
        let served = tokio::spawn(http_server);
        let backups = backup_socket::serve(&data_dir, gateway.clone());
        let backups = backups.map_err(|error| tracing::warn!(%error, "backups can be made of a stopped server only")).ok();
        tracing::info!(%address, "listening");
        let shutdown_limit = server.shutdown_limit;
        Ok(Self { address, generated_token, gateway, handle, served, backups, stopping, shutdown_limit })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token of embedded mode, if it was generated at this start.
    pub fn generated_token(&self) -> Option<&SecretString> {
        self.generated_token.as_ref()
    }

    /// Runs until a signal asks for a stop, then stops in order.
    ///
    /// # Errors
    /// [`ServerError::Failed`] when the server cannot go on.
    pub async fn run(mut self, signals: &mut StopSignals) -> Result<(), ServerError> {
        let ended = tokio::select! {
            () = signals.requested() => Ok(()),
            () = allocator::give_back() => Ok(()),
            reason = self.gateway.failed() => Err(ServerError::Failed(reason)),
            served = &mut self.served => Err(ServerError::Failed(match served {
                Ok(Ok(())) => "the HTTP server stopped by itself".into(),
                Ok(Err(error)) => format!("the HTTP server failed: {error}"),
                Err(error) => format!("the HTTP server failed: {error}"),
            })),
        };
        self.stop().await;
        ended
    }

    /// Accepts no more, lets what is at work finish, stops the actors, seals the audit log and flushes the store.
    pub async fn stop(self) {
        tracing::info!("stopping");
        if let Some(backups) = &self.backups {
            backups.abort();
        }
        let deadline = Instant::now() + self.shutdown_limit;
        self.gateway.end_streams();
        self.stopping.send_replace(true);
        if tokio::time::timeout(self.shutdown_limit / 2, self.handle.stop(true)).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        let left = deadline.saturating_duration_since(Instant::now()).max(ACTORS_STOP_MIN);
        self.gateway.shutdown(left).await;
        tracing::info!("stopped");
    }
}
