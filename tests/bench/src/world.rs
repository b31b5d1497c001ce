//! What is measured: a server, on a network of its own, in a folder of its own. All of it is gone when the measurement ends.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use crate::client::{Api, Control};
use crate::error::BenchError;
use crate::process::{Running, build_server};

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
struct ServerReady {
    /// The server's URL without a path.
    base_url: String,
    /// The token of the user who has the sandbox's own first account.
    token: String,
    /// That account.
    account_id: String,
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
    http: reqwest::Client,
    folder: TempDir,
}

impl World {
    /// Builds the server and makes a folder.
    pub(crate) async fn prepare() -> Result<Self, BenchError> {
        let folder = tempfile::tempdir().map_err(|source| BenchError::io("making a temporary folder", source))?;
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|source| BenchError::Http { request: "an HTTP client".into(), source })?;
        Ok(Self { server: build_server().await?, http, folder })
    }

    /// Starts a network, which has just the sandbox's own people.
    pub(crate) async fn start_network(&self) -> Result<(Running, NetworkReady), BenchError> {
        let mut command = self.command();
        command.args(["telegram-sandbox", "--control", "127.0.0.1:0", "--world"]).arg(self.folder.path().join("world"));
        Running::start("telegram-sandbox", command, self.folder.path()).await
    }

    /// Starts a server on the network and the data folder, which is fresh the first time.
    pub(crate) async fn start_server(&self, network: &NetworkReady) -> Result<Server, BenchError> {
        let mut command = self.command();
        command.args(["sandbox", "--port", "0", "--auth", "jwt", "--print", "json", "--network", &network.control_url]);
        command.arg("--data-dir").arg(self.folder.path().join("data"));
        let started = Instant::now();
        let (process, ready) = Running::start::<ServerReady>("vasya-server", command, self.folder.path()).await?;
        let ServerReady { base_url: url, token: first_token, account_id: first_account } = ready;
        Ok(Server { process, started, url, first_token, first_account })
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
