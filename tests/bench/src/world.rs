//! What is measured: a server, on a network of its own, in a folder of its own. All of it is gone when the measurement ends.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use crate::client::{Api, Control};
use crate::error::BenchError;
use crate::process::{Profile, Running, build_server, tail};

/// How long all accounts together may take to come online before a measurement is given up.
const ONLINE_LIMIT: Duration = Duration::from_secs(300);

/// How often a user's list is asked for while accounts are awaited.
const POLL_PERIOD: Duration = Duration::from_millis(20);

/// Signs the tokens of a measurement's users. The server is on loopback and ends with the measurement.
const JWT_SECRET: &str = "a secret that signs the tokens of one measurement";

/// What the network prints when it is ready.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkReady {
    /// The control API; ends in `/sandbox/v1`.
    control_url: String,
}

/// What `vasya-server sandbox --print json` prints when it is ready.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerReady {
    /// The server's URL without a path.
    pub(crate) base_url: String,
    /// The token of the user who has the sandbox's own first account.
    pub(crate) token: String,
    /// That account.
    pub(crate) account_id: String,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Running,
    pub(crate) started: Instant,
    /// Where it is, without a path.
    pub(crate) url: String,
    /// The token of the user who has the first account.
    pub(crate) first_token: String,
    /// The account that the sandbox itself has logged in.
    pub(crate) first_account: String,
}

/// What is the same throughout one measurement.
#[derive(Debug)]
pub(crate) struct World {
    /// The executable of `vasya-server`, which also runs the network.
    server: PathBuf,
    pub(crate) http: reqwest::Client,
    folder: TempDir,
    /// What the processes find in their environment, besides what they always do.
    environment: Vec<(&'static str, String)>,
}

impl World {
    /// Builds the server for measuring and makes a folder.
    pub(crate) async fn prepare() -> Result<Self, BenchError> {
        Self::prepare_with(Profile::Release, Vec::new()).await
    }

    /// Builds the server and makes a folder; every process gets these variables.
    pub(crate) async fn prepare_with(profile: Profile, environment: Vec<(&'static str, String)>) -> Result<Self, BenchError> {
        let folder = tempfile::tempdir().map_err(|source| BenchError::io("making a temporary folder", source))?;
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|source| BenchError::Http { request: "an HTTP client".into(), source })?;
        Ok(Self { server: build_server(profile).await?, http, folder, environment })
    }

    /// Starts a network, which has just the sandbox's own people.
    pub(crate) async fn start_network(&self) -> Result<(Running, NetworkReady), BenchError> {
        let mut command = self.command();
        command.args(["telegram-sandbox", "--control", "127.0.0.1:0", "--world"]).arg(self.folder.path().join("world"));
        Running::start("telegram-sandbox", command, self.folder.path()).await
    }

    /// Starts a server on the network and the data folder, which is fresh the first time, and waits until it is ready.
    pub(crate) async fn start_server(&self, network: &NetworkReady) -> Result<Server, BenchError> {
        let started = Instant::now();
        let mut process = self.spawn_server(network, 0)?;
        let ServerReady { base_url: url, token: first_token, account_id: first_account } = process.ready().await?;
        Ok(Server { process, started, url, first_token, first_account })
    }

    /// Starts a server that listens on this port, or on any that is free for 0. It says that it is ready by one [`ServerReady`].
    pub(crate) fn spawn_server(&self, network: &NetworkReady, port: u16) -> Result<Running, BenchError> {
        let (mut command, port) = (self.command(), port.to_string());
        command.args(["sandbox", "--port", &port, "--auth", "jwt", "--print", "json", "--network", &network.control_url]);
        command.arg("--data-dir").arg(self.data_folder());
        Running::spawn("vasya-server", command, self.folder.path())
    }

    /// The server's folder.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The end of what the servers said on standard error.
    pub(crate) fn server_log(&self) -> String {
        tail(&self.folder.path().join("vasya-server.log"))
    }

    /// Keeps the folder when everything ends. Answers where it is.
    pub(crate) fn keep(self) -> String {
        self.folder.keep().display().to_string()
    }

    /// The executable, in a measurement's environment. The limits guard people; here they would only make the measurement wait.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.server);
        command
            .env("JWT_SECRET", JWT_SECRET)
            .env("VASYA_LOGIN_BURST", "1000000")
            .env("VASYA_ACCOUNT_BURST", "1000000")
            .env("VASYA_AGENT_BURST", "1000000")
            .env("VASYA_EVENTS_STREAMS_PER_PRINCIPAL_MAX", "20000")
            .env("RUST_LOG", "warn")
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
        command
    }

    /// The server's API as the user with this token.
    pub(crate) fn api(&self, server: &Server, token: &str) -> Api {
        Api::new(self.http.clone(), &server.url, token.to_owned())
    }

    /// The network's control API.
    pub(crate) fn control(&self, network: &NetworkReady) -> Control {
        Control::new(self.http.clone(), &network.control_url)
    }
}

/// Waits until a user's list shows this many accounts, all connected.
pub(crate) async fn await_online(api: &Api, count: usize) -> Result<(), BenchError> {
    let polled = async {
        loop {
            let accounts = api.accounts().await?;
            if accounts.len() == count && accounts.iter().all(|account| account.connected) {
                return Ok(());
            }
            tokio::time::sleep(POLL_PERIOD).await;
        }
    };
    let too_slow = |_elapsed| BenchError::TooSlow { what: "all accounts being online".into(), limit: ONLINE_LIMIT };
    tokio::time::timeout(ONLINE_LIMIT, polled).await.map_err(too_slow)?
}

/// Memory as people read it.
pub(crate) fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1_024.0)
}
