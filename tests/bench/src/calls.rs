//! Calls per second, beside what the same framework does with no product in it.
//!
//! Every kind of call is measured in turn, all with the same connections, each of which has one request on its way. The two yardsticks
//! serve the very bytes of the list of accounts: `bare` from a handler, `hop` from an actor on another thread that the handler asks.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::note;
use crate::raw::{Connection, get, request};
use crate::world::{Server, World, await_online};
use crate::yardstick::Yardstick;

/// What to measure with.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many connections.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// How long each kind of call is measured, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    secs: u64,
    /// How many times each kind is measured; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
}

/// What requests of a kind are made of.
#[derive(Clone, Debug)]
struct Kind {
    name: &'static str,
    url: String,
    method: &'static str,
    path: String,
    token: String,
    body: Vec<u8>,
    keyed: bool,
    /// What the figure is compared with, and the least share of it.
    aim: &'static str,
}

/// Calls of one kind in one round.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_sec: f64,
    /// Ninety-nine of a hundred were answered within this.
    slow: Duration,
}

/// Measures, and answers the report.
pub(crate) async fn measure(options: &Options) -> Result<String, BenchError> {
    let world = World::prepare().await?;
    let (network, network_ready) = world.start_network().await?;
    let server = world.start_server(&network_ready).await?;
    let api = world.api(&server, &server.first_token);
    await_online(&api, 1).await?;
    let yardstick = Yardstick::start(api.text("/accounts").await?).await?;
    let key = api.agent_key(&["accounts:read"]).await?;
    let kinds = kinds(&server, &yardstick, &key);
    let mut rates: Vec<Vec<Rate>> = vec![Vec::new(); kinds.len()];
    for round in 0..options.rounds {
        for (kind, rates) in kinds.iter().zip(&mut rates) {
            note(&format!("round {}: {}", round + 1, kind.name));
            rates.push(run(kind, options, round).await?);
        }
    }
    yardstick.stop().await;
    server.process.stop().await?;
    network.stop().await?;
    Ok(report(&kinds, &mut rates))
}

fn kinds(server: &Server, yardstick: &Yardstick, key: &str) -> Vec<Kind> {
    let folder = json!({
        "id": "bench", "account_id": server.first_account, "name": "Bench", "icon": null, "included_chat_types": ["group"],
        "excluded_chat_types": [], "included_chat_ids": [], "excluded_chat_ids": [], "sort_order": 1,
    });
    let read = |name, url: &str, path: &str, token: &str, aim| Kind {
        name,
        url: url.to_owned(),
        method: "GET",
        path: path.to_owned(),
        token: token.to_owned(),
        body: Vec::new(),
        keyed: false,
        aim,
    };
    let write = |name, keyed, aim| Kind {
        name,
        url: server.url.clone(),
        method: "POST",
        path: format!("/api/v1/accounts/{}/folders", server.first_account),
        token: server.first_token.clone(),
        body: folder.to_string().into_bytes(),
        keyed,
        aim,
    };
    vec![
        read("bare", &yardstick.url, "/bare", "", ""),
        read("hop", &yardstick.url, "/hop", "", ""),
        read("health", &server.url, "/api/v1/health", "", "0.95 bare"),
        read("accounts, token", &server.url, "/api/v1/accounts", &server.first_token, "0.85 hop"),
        read("accounts, agent key", &server.url, "/api/v1/accounts", key, "0.85 hop"),
        write("save a folder", false, "25,000"),
        write("the same, with a key", true, "20,000"),
        // After the writes of each round, so the log holds two entries for each of them: a million after a few rounds.
        read("newest 100 in the audit", &server.url, "/api/v1/audit?limit=100", &server.first_token, "10,000"),
    ]
}

/// Calls for as long as a round lasts.
async fn run(kind: &Kind, options: &Options, round: u32) -> Result<Rate, BenchError> {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(options.secs);
    let mut callers = JoinSet::new();
    for caller in 0..options.connections {
        let (kind, mut connection) = (kind.clone(), Connection::open(&kind.url).await?);
        callers.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < end {
                let request = kind.request(&format!("{round}.{caller}.{}", took.len()));
                let started = Instant::now();
                let status = connection.exchange(&request).await?;
                if !(200..300).contains(&status) {
                    let request = format!("{} {}", kind.method, kind.path);
                    return Err(BenchError::Refused { request, status, body: String::new() });
                }
                took.push(started.elapsed());
            }
            Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = callers.join_next().await {
        took.extend(ended.map_err(|error| BenchError::io("calling", error.into()))??);
    }
    let elapsed = begin.elapsed();
    took.sort_unstable();
    let slow = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Rate { per_sec: took.len() as f64 / elapsed.as_secs_f64(), slow })
}

impl Kind {
    /// The request; `unique` differs from one to the next.
    fn request(&self, unique: &str) -> Vec<u8> {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = Vec::new();
        if !self.token.is_empty() {
            headers.push(("authorization", authorization.as_str()));
        }
        if self.keyed {
            headers.push(("idempotency-key", unique));
        }
        match self.method {
            "GET" => get(&self.path, &headers),
            method => request(method, &self.path, &headers, &self.body),
        }
    }
}

fn report(kinds: &[Kind], rates: &mut [Vec<Rate>]) -> String {
    let medians: Vec<Rate> = rates.iter_mut().filter_map(|rates| median(rates)).collect();
    let of = |place: usize| medians.get(place).map_or(f64::NAN, |rate| rate.per_sec);
    let (bare, hop) = (of(0), of(1));
    let mut report = format!("{:<24}{:>10}{:>8}{:>8}{:>12}  aim\n", "", "calls/s", "bare", "hop", "99 %");
    for (kind, rate) in kinds.iter().zip(&medians) {
        let slow = format!("{:.2} ms", rate.slow.as_secs_f64() * 1e3);
        let (to_bare, to_hop) = (rate.per_sec / bare, rate.per_sec / hop);
        report += &format!("{:<24}{:>10.0}{to_bare:>8.2}{to_hop:>8.2}{slow:>12}  {}\n", kind.name, rate.per_sec, kind.aim);
    }
    report
}

fn median(rates: &mut [Rate]) -> Option<Rate> {
    rates.sort_by(|one, other| one.per_sec.total_cmp(&other.per_sec));
    rates.get(rates.len() / 2).copied()
}
