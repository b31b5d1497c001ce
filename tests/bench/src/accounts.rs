//! Many accounts in one process.
//!
//! Persons are created in a fresh sandbox network and logged in over REST. Then the server is started anew on its data folder, and
//! what counts is how long it takes from the start of the process until each user's list shows each account as connected, and how
//! much resident memory an account adds to a server that has just the sandbox's own first account.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::{Api, Control};
use crate::error::BenchError;
use crate::note;
use crate::process::{Memory, Running, build_server, first_line};

/// The goals that the report compares with.
const GOAL_KIB_PER_ACCOUNT: f64 = 80.0;
const GOAL_ONLINE_SECS: f64 = 5.0;

/// How long all accounts together may take to come online before the measurement is given up.
const ONLINE_LIMIT: Duration = Duration::from_secs(300);

/// How often a user's list is asked for while accounts are awaited.
const POLL_PERIOD: Duration = Duration::from_millis(20);

/// Phone numbers are this prefix and six digits.
const PHONE_PREFIX: &str = "+15551";

/// Signs the tokens of a measurement's users. The server is on loopback and ends with the measurement.
const JWT_SECRET: &str = "a secret that signs the tokens of one measurement";

/// What to measure with.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many accounts.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// How many accounts each user has.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    accounts_per_user: u32,
    /// How many users log in at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    concurrency: u32,
    /// How long accounts are left online before memory is read, in seconds.
    #[arg(long, default_value_t = 3)]
    settle_secs: u64,
}

/// What the network prints when it is ready.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkReady {
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
}

/// A user of the server: a token, and the phones of the accounts.
#[derive(Clone, Debug)]
struct User {
    token: String,
    phones: Vec<String>,
}

/// A server that runs.
#[derive(Debug)]
struct Server {
    process: Running,
    started: Instant,
    url: String,
    first_token: String,
}

/// What is the same throughout one measurement.
#[derive(Debug)]
struct Bench {
    /// The executable of `vasya-server`, which also runs the network.
    server: PathBuf,
    http: reqwest::Client,
    folder: TempDir,
}

/// The figures of one measurement.
#[derive(Debug)]
struct Figures {
    accounts: u32,
    users: usize,
    log_in: Duration,
    online: Duration,
    empty: Memory,
    full: Memory,
}

/// Measures, and answers the report.
pub(crate) async fn measure(options: &Options) -> Result<String, BenchError> {
    let folder = tempfile::tempdir().map_err(|source| BenchError::io("making a temporary folder", source))?;
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.map_err(|source| BenchError::Http { request: "an HTTP client".into(), source })?;
    let bench = Bench { server: build_server().await?, http, folder };
    let settle = Duration::from_secs(options.settle_secs);
    let users = bench.users(options).await?;
    let (network, network_ready) = bench.start_network().await?;

    note("starting a server on a fresh folder");
    let server = bench.start_server(&network_ready).await?;
    await_online(&bench.api(&server, &server.first_token), 1).await?;
    tokio::time::sleep(settle).await;
    let empty = server.process.memory()?;

    note(&format!("logging {} accounts of {} users in", options.count, users.len()));
    let before = Instant::now();
    let control = Control::new(bench.http.clone(), &network_ready.control_url);
    bench.log_all_in(&server, &control, &users, options.concurrency).await?;
    let log_in = before.elapsed();

    note("starting the server again");
    server.process.stop().await?;
    let server = bench.start_server(&network_ready).await?;
    for user in &users {
        await_online(&bench.api(&server, &user.token), user.phones.len()).await?;
    }
    let online = server.started.elapsed();
    tokio::time::sleep(settle).await;
    let full = server.process.memory()?;

    server.process.stop().await?;
    network.stop().await?;
    Ok(report(&Figures { accounts: options.count, users: users.len(), log_in, online, empty, full }))
}

impl Bench {
    /// The users, with tokens that `vasya-server token` mints before any server runs, so that minting is in no figure.
    async fn users(&self, options: &Options) -> Result<Vec<User>, BenchError> {
        let mut users = Vec::new();
        let phones: Vec<String> = (0..options.count).map(|index| format!("{PHONE_PREFIX}{index:06}")).collect();
        for (index, phones) in phones.chunks(options.accounts_per_user as usize).enumerate() {
            let mut command = self.command();
            command.args(["token", "--sub", &format!("bench-{index}"), "--ttl", "24h"]);
            users.push(User { token: first_line("vasya-server token", command).await?, phones: phones.to_owned() });
        }
        Ok(users)
    }

    async fn start_network(&self) -> Result<(Running, NetworkReady), BenchError> {
        let mut command = self.command();
        command.args(["telegram-sandbox", "--control", "127.0.0.1:0", "--world"]).arg(self.folder.path().join("world"));
        Running::start("telegram-sandbox", command, self.folder.path()).await
    }

    async fn start_server(&self, network: &NetworkReady) -> Result<Server, BenchError> {
        let mut command = self.command();
        command.args(["sandbox", "--port", "0", "--auth", "jwt", "--print", "json", "--network", &network.control_url]);
        command.arg("--data-dir").arg(self.folder.path().join("data"));
        let started = Instant::now();
        let (process, ready) = Running::start::<ServerReady>("vasya-server", command, self.folder.path()).await?;
        Ok(Server { process, started, url: ready.base_url, first_token: ready.token })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.server);
        // The limit of logins guards people; here it would only make the measurement wait.
        command
            .env("JWT_SECRET", JWT_SECRET)
            .env("VASYA_LOGIN_BURST", "1000000")
            .env("RUST_LOG", "warn")
            .current_dir(self.folder.path());
        command
    }

    fn api(&self, server: &Server, token: &str) -> Api {
        Api::new(self.http.clone(), &server.url, token.to_owned())
    }

    /// Creates every phone in the network and logs it in; `concurrency` users at once, each with one login after the other.
    async fn log_all_in(&self, server: &Server, control: &Control, users: &[User], concurrency: u32) -> Result<(), BenchError> {
        let permits = Arc::new(Semaphore::new(concurrency as usize));
        let mut logins = JoinSet::new();
        for user in users.iter().cloned() {
            let (api, control, permits) = (self.api(server, &user.token), control.clone(), Arc::clone(&permits));
            logins.spawn(async move {
                let _permit = permits.acquire().await;
                for phone in &user.phones {
                    control.create_user(phone).await?;
                    api.log_in(&control, phone).await?;
                }
                Ok(())
            });
        }
        while let Some(ended) = logins.join_next().await {
            ended.map_err(|error| BenchError::io("logging accounts in", error.into()))??;
        }
        Ok(())
    }
}

/// Waits until a user's list shows this many accounts, all connected.
async fn await_online(api: &Api, count: usize) -> Result<(), BenchError> {
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

fn report(figures: &Figures) -> String {
    let accounts = f64::from(figures.accounts);
    let added_kib = figures.full.resident_kib.saturating_sub(figures.empty.resident_kib) as f64;
    let log_in_secs = figures.log_in.as_secs_f64();
    let rows = [
        ("accounts, users", format!("{}, {}", figures.accounts, figures.users), String::new()),
        ("logged in over REST", format!("{log_in_secs:.1} s"), format!("{:.0} a second", accounts / log_in_secs)),
        ("start to all online", format!("{:.2} s", figures.online.as_secs_f64()), format!("aim: under {GOAL_ONLINE_SECS} s")),
        ("memory, one account", mib(figures.empty.resident_kib), format!("peak {}", mib(figures.empty.peak_kib))),
        ("memory, all online", mib(figures.full.resident_kib), format!("peak {}", mib(figures.full.peak_kib))),
        ("memory per account", format!("{:.1} KiB", added_kib / accounts), format!("aim: under {GOAL_KIB_PER_ACCOUNT} KiB")),
    ];
    rows.iter().map(|(what, figure, remark)| format!("{what:<22}{figure:>12}  {remark}\n")).collect()
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1_024.0)
}
