//! Many accounts in one process.
//!
//! Persons are created in a fresh sandbox network and logged in over REST. Then the server is started anew on its data folder, and
//! what counts is how long it takes from the start of the process until each user's list shows each account as connected, and how
//! much resident memory an account adds to a server that has just the sandbox's own first account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::Control;
use crate::error::BenchError;
use crate::note;
use crate::process::{Memory, first_line};
use crate::world::{Server, World, await_online, mib};

/// The goals that the report compares with.
const GOAL_KIB_PER_ACCOUNT: f64 = 80.0;
const GOAL_ONLINE_SECS: f64 = 5.0;

/// Phone numbers are this prefix and six digits.
const PHONE_PREFIX: &str = "+15551";

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

/// A user of the server: a token, and the phones of the accounts.
#[derive(Clone, Debug)]
struct User {
    token: String,
    phones: Vec<String>,
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
    let world = World::prepare().await?;
    let settle = Duration::from_secs(options.settle_secs);
    let users = users(&world, options).await?;
    let (network, network_ready) = world.start_network().await?;

    note("starting a server on a fresh folder");
    let server = world.start_server(&network_ready).await?;
    await_online(&world.api(&server, &server.first_token), 1).await?;
    tokio::time::sleep(settle).await;
    let empty = server.process.memory()?;

    note(&format!("logging {} accounts of {} users in", options.count, users.len()));
    let before = Instant::now();
    let control = world.control(&network_ready);
    log_all_in(&world, &server, &control, &users, options.concurrency).await?;
    let log_in = before.elapsed();

    note("starting the server again");
    server.process.stop().await?;
    let server = world.start_server(&network_ready).await?;
    for user in &users {
        await_online(&world.api(&server, &user.token), user.phones.len()).await?;
    }
    let online = server.started.elapsed();
    tokio::time::sleep(settle).await;
    let full = server.process.memory()?;

    server.process.stop().await?;
    network.stop().await?;
    Ok(report(&Figures { accounts: options.count, users: users.len(), log_in, online, empty, full }))
}

/// The users, with tokens that `vasya-server token` mints before any server runs, so that minting is in no figure.
async fn users(world: &World, options: &Options) -> Result<Vec<User>, BenchError> {
    let mut users = Vec::new();
    let phones: Vec<String> = (0..options.count).map(|index| format!("{PHONE_PREFIX}{index:06}")).collect();
    for (index, phones) in phones.chunks(options.accounts_per_user as usize).enumerate() {
        let mut command = world.command();
        command.args(["token", "--sub", &format!("bench-{index}"), "--ttl", "24h"]);
        users.push(User { token: first_line("vasya-server token", command).await?, phones: phones.to_owned() });
    }
    Ok(users)
}

/// Creates every phone in the network and logs it in; `concurrency` users at once, each with one login after the other.
async fn log_all_in(
    world: &World,
    server: &Server,
    control: &Control,
    users: &[User],
    concurrency: u32,
) -> Result<(), BenchError> {
    let permits = Arc::new(Semaphore::new(concurrency as usize));
    let mut logins = JoinSet::new();
    for user in users.iter().cloned() {
        let (api, control, permits) = (world.api(server, &user.token), control.clone(), Arc::clone(&permits));
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
