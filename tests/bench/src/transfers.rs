//! Many large files of one account, on their way at once.
//!
//! They are sent all at once, and then fetched all at once, each in several ranges one after the other; every byte is compared. What
//! counts is how far the server's resident memory rises above what it was before.

use std::time::{Duration, Instant};

use clap::Args;
use reqwest::Body;
use tokio::task::JoinSet;

use crate::bytes::{Comparison, File};
use crate::client::{Api, broken};
use crate::error::BenchError;
use crate::note;
use crate::process::Memory;
use crate::world::{World, await_online, mib};

/// The goal that the report compares with, in KiB.
const GOAL_KIB: u64 = 64 * 1_024;

/// The chat that files are sent to: the sandbox's Clara.
const CHAT: u64 = 5_000_000_003;

/// What to measure with.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many files.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(0..=31))]
    files: u32,
    /// How long each of them is, in bytes.
    #[arg(long, default_value_t = 120_000_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000_000))]
    file_bytes: u64,
    /// How long one more file is, in bytes.
    #[arg(long, default_value_t = 2_000_000_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000_000))]
    large_bytes: u64,
    /// In how many ranges each is fetched.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
    ranges: u64,
    /// How long the server is left alone before memory is read, in seconds.
    #[arg(long, default_value_t = 3)]
    settle_secs: u64,
}

/// The figures of one measurement.
#[derive(Debug)]
struct Figures {
    files: usize,
    bytes: u64,
    up: Duration,
    down: Duration,
    before: Memory,
    after_up: Memory,
    after_down: Memory,
    settled: Memory,
}

/// Measures, and answers the report.
pub(crate) async fn measure(options: &Options) -> Result<String, BenchError> {
    let settle = Duration::from_secs(options.settle_secs);
    let world = World::prepare().await?;
    let (network, network_ready) = world.start_network().await?;
    let server = world.start_server(&network_ready).await?;
    let api = world.api(&server, &server.first_token);
    await_online(&api, 1).await?;
    tokio::time::sleep(settle).await;
    server.process.forget_peak()?;
    let before = server.process.memory()?;

    let lengths = (0..options.files).map(|_| options.file_bytes).chain([options.large_bytes]);
    let files: Vec<File> = (0..).zip(lengths).map(|(number, length)| File { number, length }).collect();
    let chat = format!("/accounts/{}/chats/{CHAT}", server.first_account);
    note(&format!("sending {} files at once", files.len()));
    let started = Instant::now();
    let messages = send_all(&api, &chat, &files).await?;
    let (up, after_up) = (started.elapsed(), server.process.memory()?);

    note("fetching them, all at once");
    let started = Instant::now();
    fetch_all(&api, &chat, &messages, options.ranges).await?;
    let (down, after_down) = (started.elapsed(), server.process.memory()?);
    tokio::time::sleep(settle).await;
    let settled = server.process.memory()?;

    server.process.stop().await?;
    network.stop().await?;
    let bytes = files.iter().map(|file| file.length).sum();
    Ok(report(&Figures { files: files.len(), bytes, up, down, before, after_up, after_down, settled }))
}

/// Sends all files at once; answers each with its message.
async fn send_all(api: &Api, chat: &str, files: &[File]) -> Result<Vec<(File, i64)>, BenchError> {
    let mut sending = JoinSet::new();
    for file in files.iter().copied() {
        let (api, chat) = (api.clone(), chat.to_owned());
        sending.spawn(async move {
            let message = api.send_file(&chat, file.length, Body::wrap_stream(file.stream())).await?;
            Ok((file, message))
        });
    }
    let mut sent = Vec::new();
    while let Some(ended) = sending.join_next().await {
        sent.push(ended.map_err(|error| BenchError::io("sending a file", error.into()))??);
    }
    Ok(sent)
}

/// Fetches all files at once and compares them.
async fn fetch_all(api: &Api, chat: &str, messages: &[(File, i64)], ranges: u64) -> Result<(), BenchError> {
    let mut fetching = JoinSet::new();
    for (file, message) in messages.iter().copied() {
        let (api, chat) = (api.clone(), chat.to_owned());
        fetching.spawn(async move {
            let step = file.length.div_ceil(ranges);
            for first in (0..ranges).map(|range| range * step).filter(|first| *first < file.length) {
                let last = (first + step).min(file.length) - 1;
                let mut response = api.range(&chat, message, (first, last)).await?;
                let mut comparison = Comparison::from(file, first);
                let differs = |at| BenchError::Differs { file: file.number, at };
                while let Some(piece) = response.chunk().await.map_err(broken("GET media"))? {
                    comparison.take(&piece).map_err(differs)?;
                }
                if comparison.at() != last + 1 {
                    return Err(differs(comparison.at()));
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = fetching.join_next().await {
        ended.map_err(|error| BenchError::io("fetching a file", error.into()))??;
    }
    Ok(())
}

fn report(figures: &Figures) -> String {
    let speed = |took: Duration| format!("{:.0} MB/s", figures.bytes as f64 / 1e6 / took.as_secs_f64());
    let resident = |memory: Memory| mib(memory.resident_kib);
    let risen = figures.after_down.peak_kib.saturating_sub(figures.before.resident_kib);
    let rows = [
        ("files, bytes", format!("{}, {}", figures.files, figures.bytes), "every byte is the same".to_owned()),
        ("up, all at once", format!("{:.1} s", figures.up.as_secs_f64()), speed(figures.up)),
        ("down, in ranges", format!("{:.1} s", figures.down.as_secs_f64()), speed(figures.down)),
        ("memory before", resident(figures.before), String::new()),
        ("memory after up", resident(figures.after_up), format!("peak {}", mib(figures.after_up.peak_kib))),
        ("memory after down", resident(figures.after_down), format!("peak {}", mib(figures.after_down.peak_kib))),
        ("memory at rest", resident(figures.settled), String::new()),
        ("memory risen by", mib(risen), format!("aim: under {}", mib(GOAL_KIB))),
    ];
    rows.iter().map(|(what, figure, remark)| format!("{what:<22}{figure:>18}  {remark}\n")).collect()
}
