//! Running the network as a process: `telegram-sandbox`, also a hidden command of the server.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::control::{self, Stop};
use crate::network::{Connections, Listeners, Network, NetworkDescription};
use crate::world::{Datacentres, OpenError, World};

/// The file in a world's folder that says where its network runs.
pub const NETWORK_FILE: &str = "network.json";

/// How often an idle network looks whether it still is.
const IDLE_CHECK_PERIOD: Duration = Duration::from_secs(1);
/// How long the control API may take to finish what it is doing when the network stops.
const CONTROL_STOP_LIMIT: Duration = Duration::from_secs(5);

/// What the network is run with.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// The first of the datacentres' ports; 0 takes any that are free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where the control API listens; on loopback.
    #[arg(long, default_value = "127.0.0.1:0", value_parser = loopback)]
    control: SocketAddr,
    /// The folder that keeps the world; without it the world is in memory only.
    #[arg(long)]
    world: Option<PathBuf>,
    /// Stop after this long without a connection or a control call, in seconds; 0 never does.
    #[arg(long, default_value_t = 0)]
    idle_secs: u64,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "must be an address such as 127.0.0.1:0".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("must be on loopback".into()) }
}

/// What is printed when the network is ready, and kept in [`NETWORK_FILE`] while it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// What clients must know.
    #[serde(flatten)]
    pub network: NetworkDescription,
    /// The network's process.
    pub pid: u32,
}

/// Why the network cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The world cannot be opened.
    #[error(transparent)]
    World(#[from] OpenError),
    /// A socket, a file or a signal is at fault.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

fn doing<T>(what: impl Into<String>) -> impl FnOnce(io::Error) -> Result<T, RunError> {
    let what = what.into();
    move |source| Err(RunError::Io { what, source })
}

/// Runs the network until SIGTERM, SIGINT, `POST /network/stop`, or until it was idle for long. Answers the process's exit code.
pub fn main(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.or_else(doing("starting the runtime")).and_then(|runtime| runtime.block_on(run(arguments)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            let _ = writeln!(io::stderr(), "telegram-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), RunError> {
    let listeners = Listeners::bind(arguments.port).await.or_else(doing("binding the datacentres' ports"))?;
    let addresses = listeners.datacentres().into_iter().map(|datacentre| (datacentre.id, datacentre.address));
    let datacentres = Datacentres::new(addresses);
    let world = match &arguments.world {
        Some(folder) => World::open(folder, datacentres)?,
        None => World::in_memory(datacentres)?,
    };
    let world = Arc::new(world);
    let control_listener = TcpListener::bind(arguments.control).or_else(doing(format!("binding {}", arguments.control)))?;
    let control_address = control_listener.local_addr().or_else(doing("reading the control API's address"))?;
    let ready = Ready { network: listeners.describe(control_address), pid: std::process::id() };
    let connections = Connections::default();
    let stop = Stop::default();
    let (server, handle) =
        control::serve(control_listener, world.clone(), connections.clone(), ready.network.clone(), stop.clone())
            .or_else(doing("starting the control API"))?;
    let server = tokio::spawn(server);
    let network = Network::start(listeners, world.clone(), connections.clone());
    let mut terminate = signal(SignalKind::terminate()).or_else(doing("listening for signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).or_else(doing("listening for signals"))?;
    announce(&ready, arguments.world.as_deref())?;

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stop.requested() => {}
        () = world.keep_time() => {}
        () = idle(&connections, &stop, arguments.idle_secs) => tracing::info!("nobody uses the network; it stops"),
    }

    if let Some(folder) = &arguments.world {
        let _ = std::fs::remove_file(folder.join(NETWORK_FILE));
    }
    network.stop();
    if tokio::time::timeout(CONTROL_STOP_LIMIT, handle.stop(true)).await.is_err() {
        server.abort();
    }
    Ok(())
}

/// Tells where the network is: in the world's folder, so that a server that starts again finds it, and on standard output.
fn announce(ready: &Ready, folder: Option<&Path>) -> Result<(), RunError> {
    let line = serde_json::to_string(ready).map_err(io::Error::from).or_else(doing("describing the network"))?;
    if let Some(folder) = folder {
        let (draft, path) = (folder.join(format!("{NETWORK_FILE}.new")), folder.join(NETWORK_FILE));
        let written = std::fs::write(&draft, &line).and_then(|()| std::fs::rename(&draft, &path));
        written.or_else(doing(path.display().to_string()))?;
    }
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).or_else(doing("writing to standard output"))
}

/// Resolves once nobody has been connected and no control call has come for this long; never, for 0.
async fn idle(connections: &Connections, stop: &Stop, seconds: u64) {
    if seconds == 0 {
        return std::future::pending().await;
    }
    let (limit, mut calls, mut since) = (Duration::from_secs(seconds), 0, Instant::now());
    loop {
        tokio::time::sleep(IDLE_CHECK_PERIOD).await;
        let seen = stop.calls();
        if connections.count() > 0 || seen != calls {
            (calls, since) = (seen, Instant::now());
        } else if since.elapsed() >= limit {
            return;
        }
    }
}
