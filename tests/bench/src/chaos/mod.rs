//! Chaos: the server is killed at random moments while it is used, and in the end nothing may be lost and nothing may have happened twice.
//!
//! Writers send under idempotency keys and ask again until they are answered, posters write to the accounts from outside, readers
//! follow the events by stream and by poll, and a webhook is delivered to. Meanwhile the server is killed with SIGKILL and started
//! again on the same folder, and its connections to the network are dropped. The network is a process of its own and survives: in
//! the end, its own truth is compared with what everybody was told.

mod cast;
mod events;
mod killer;
mod posters;
mod readers;
mod receiver;
mod report;
mod rough;
mod verdict;
mod writers;

use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::note;
use crate::process::Profile;
use crate::world::{ServerReady, World};
use cast::Scene;
use killer::Killings;
use posters::Poster;
use readers::{Reader, Way};
use receiver::Receiver;
use writers::Writer;

/// How long the whole run may take: so long for each kill, and for the rest.
const LIMIT_PER_KILL: Duration = Duration::from_secs(15);
const LIMIT_OF_REST: Duration = Duration::from_secs(600);

/// How many writers each account has, and how many persons write to them.
const WRITERS_PER_ACCOUNT: usize = 3;
const POSTERS: usize = 2;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the server is killed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    kills: u32,
    /// What the random choices follow from; any, if absent. The same seed kills after the same times.
    #[arg(long)]
    seed: Option<u64>,
    /// On a rough network: late answers, connections that end in the middle of a message, and flood waits.
    #[arg(long)]
    rough: bool,
}

/// How far the run is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    /// Everybody is at work.
    Writing,
    /// Writers and posters have stopped; the others take in what is still under way.
    Settling,
    /// Readers stop once they have come to this place.
    Over { last: String },
}

/// Runs it, and answers the report; broken promises are an error.
pub(crate) async fn run(options: &Options) -> Result<String, BenchError> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    note(&format!("chaos: {} kills, seed {seed}{}", options.kills, if options.rough { ", rough" } else { "" }));
    let world = World::prepare_with(Profile::OfBench, environment()).await?;
    let limit = LIMIT_PER_KILL * options.kills + LIMIT_OF_REST;
    let outcome = match tokio::time::timeout(limit, play(&world, options, seed)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(BenchError::TooSlow { what: "the end of the run".into(), limit }),
    };
    match outcome {
        Ok(ended) if ended.violations == 0 => Ok(ended.report),
        Ok(ended) => {
            note(&ended.report);
            Err(BenchError::Broken { violations: ended.violations, folder: world.keep() })
        }
        Err(error) => {
            note(&format!("everything is kept in {}", world.keep()));
            Err(error)
        }
    }
}

/// What is waited for comes soon.
fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("VASYA_QUIET_SECS", "2".into()),
        ("VASYA_ANSWER_SECS", "2".into()),
        ("VASYA_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
        ("VASYA_WEBHOOKS_WAIT_SECS", "1,1,1,1,1,1,1,1,1,1,1,1".into()),
    ]
}

/// How a run has ended.
struct Ended {
    report: String,
    violations: usize,
}

async fn play(world: &World, options: &Options, seed: u64) -> Result<Ended, BenchError> {
    let began = Instant::now();
    let mut chance = fastrand::Rng::with_seed(seed);
    let receiver = Receiver::start(&mut chance.fork()).await;
    let (network, network_ready) = world.start_network().await?;
    let port = killer::free_port(&mut chance)?;
    let mut server = world.spawn_server(&network_ready, port)?;
    let ready: ServerReady = server.ready().await?;
    let scene = Scene::set(world, &network_ready, ready, &receiver).await?;

    let (acts, act) = watch::channel(Act::Writing);
    let mut writers = JoinSet::new();
    for (number, account) in (0..scene.accounts.len()).cycle().take(WRITERS_PER_ACCOUNT * scene.accounts.len()).enumerate() {
        writers.spawn(Writer::new(number, account, scene.clone(), act.clone(), chance.fork()).write());
    }
    let mut posters = JoinSet::new();
    for number in 0..POSTERS {
        posters.spawn(Poster::new(number, scene.clone(), act.clone(), chance.fork()).post());
    }
    let mut readers = JoinSet::new();
    for way in Way::all(&scene) {
        readers.spawn(Reader::new(way, scene.clone(), act.clone(), chance.fork()).read());
    }
    if options.rough {
        rough::arm(&scene.control, &mut chance).await?;
    }
    let dropping = tokio::spawn(killer::drop_connections(scene.clone(), act.clone(), chance.fork()));
    note("everybody is at work");
    let mut killings = Killings::new(world, &network_ready, port, chance.fork());
    let server = killings.kill(server, options.kills).await?;

    acts.send_replace(Act::Settling);
    if options.rough {
        scene.control.call(reqwest::Method::DELETE, "/faults", None).await?;
    }
    note("the last kill is over: everybody finishes what was begun");
    let written = gathered(&mut writers).await?.concat();
    let posted = gathered(&mut posters).await?.iter().sum();
    joined(dropping.await)??;
    let settled = verdict::settle(&scene, &receiver).await?;
    acts.send_replace(Act::Over { last: settled.last() });
    let read = gathered(&mut readers).await?;
    let told = verdict::Told::gather(&scene, settled, &read).await?;
    let waits = rough::flood_waits(&scene.control).await?;
    server.stop().await?;
    network.stop().await?;
    let deliveries = receiver.delivered();
    let audit = world.data_folder().join("audit.log");
    let seen = verdict::Seen {
        scene: &scene,
        written: &written,
        read: &read,
        told: &told,
        deliveries: &deliveries,
        waits: &waits,
        audit: &audit,
    };
    let rules = verdict::judge(&seen)?;
    let figures = report::Figures {
        seed,
        rough: options.rough,
        written: &written,
        posted,
        read: &read,
        told: &told,
        deliveries: (deliveries.taken.len(), deliveries.attempts),
        waits: &waits,
        took: began.elapsed(),
        server_log: world.server_log(),
    };
    Ok(figures.report(&killings, &rules))
}

/// What tasks have come to.
async fn gathered<T: 'static>(tasks: &mut JoinSet<Result<T, BenchError>>) -> Result<Vec<T>, BenchError> {
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.push(joined(ended)??);
    }
    Ok(all)
}

fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> Result<T, BenchError> {
    ended.map_err(|error| BenchError::io("a task of the run", error.into()))
}
