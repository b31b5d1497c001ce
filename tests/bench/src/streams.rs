//! Many event streams at once.
//!
//! They are opened by one person, and what counts is how much resident memory each adds while it is quiet, how much is given back when
//! all are closed, and how fast events reach a smaller number of them from the log.

use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::note;
use crate::process::Memory;
use crate::raw::{Connection, get};
use crate::world::{Server, World, await_online, mib};

/// The goals that the report compares with.
const GOAL_KIB_PER_STREAM: f64 = 20.0;
const GOAL_EVENTS_PER_SEC: f64 = 400_000.0;

/// The sandbox's people, of whom the second writes to the first.
const READER: &str = "+15550000001";
const WRITER: &str = "+15550000002";

/// How long after the streams were closed memory is read again.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(20);

/// How many messages are written at once.
const WRITERS: u32 = 8;

/// How long events may take to be there before the measurement is given up.
const EVENTS_LIMIT: Duration = Duration::from_secs(120);

/// What to measure with.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many streams.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    count: u32,
    /// How many streams read events as fast as they can.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    readers: u32,
    /// How many messages each of them reads.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: u32,
    /// How long the server is left alone before memory is read, in seconds.
    #[arg(long, default_value_t = 3)]
    settle_secs: u64,
}

/// The figures of one measurement.
#[derive(Debug)]
struct Figures {
    count: u32,
    open: Duration,
    before: Memory,
    opened: Memory,
    closed: Memory,
    events: u64,
    fan_out: Duration,
}

/// Measures, and answers the report.
pub(crate) async fn measure(options: &Options) -> Result<String, BenchError> {
    let settle = Duration::from_secs(options.settle_secs);
    let world = World::prepare().await?;
    let (network, network_ready) = world.start_network().await?;
    let server = world.start_server(&network_ready).await?;
    await_online(&world.api(&server, &server.first_token), 1).await?;

    // Once around, so that what is made for the first streams is not counted.
    drop(open_all(&server, 64).await?);
    tokio::time::sleep(settle).await;
    let before = server.process.memory()?;
    note(&format!("opening {} streams", options.count));
    let started = Instant::now();
    let streams = open_all(&server, options.count).await?;
    let open = started.elapsed();
    tokio::time::sleep(settle).await;
    let opened = server.process.memory()?;
    drop(streams);
    tokio::time::sleep(GIVEN_BACK_WITHIN).await;
    let closed = server.process.memory()?;

    note(&format!("writing {} messages", options.messages));
    let control = world.control(&network_ready);
    let mut writing = JoinSet::new();
    for writer in 0..WRITERS {
        let (control, mine) = (control.clone(), options.messages / WRITERS + u32::from(writer < options.messages % WRITERS));
        writing.spawn(async move {
            for number in 0..mine {
                control.write(WRITER, READER, &format!("message {writer}.{number}")).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = writing.join_next().await {
        ended.map_err(|error| BenchError::io("writing messages", error.into()))??;
    }
    read_all(&server, 1, options.messages).await?;
    note(&format!("reading them by {} streams", options.readers));
    let started = Instant::now();
    let events = read_all(&server, options.readers, options.messages).await?;
    let fan_out = started.elapsed();

    server.process.stop().await?;
    network.stop().await?;
    Ok(report(&Figures { count: options.count, open, before, opened, closed, events, fan_out }))
}

/// Opens streams from now on; each has had its first piece.
async fn open_all(server: &Server, count: u32) -> Result<Vec<Connection>, BenchError> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(open(server, "/api/v1/events").await?);
    }
    Ok(streams)
}

async fn open(server: &Server, path: &str) -> Result<Connection, BenchError> {
    let mut stream = Connection::open(&server.url).await?;
    let authorization = format!("Bearer {}", server.first_token);
    match stream.begin(&get(path, &[("authorization", &authorization)])).await? {
        200 => Ok(stream),
        status => Err(BenchError::Refused { request: format!("GET {path}"), status, body: String::new() }),
    }
}

/// Reads all messages by so many streams at once, from the oldest on; answers how many events came in all.
async fn read_all(server: &Server, readers: u32, messages: u32) -> Result<u64, BenchError> {
    let (sender, mut done) = mpsc::unbounded_channel();
    let mut reading = JoinSet::new();
    for _ in 0..readers {
        let mut stream = open(server, "/api/v1/events?cursor=oldest&types=telegram:new-message").await?;
        let sender = sender.clone();
        reading.spawn(async move {
            let (mut seen, mut last) = (0_u64, 0_u8);
            while seen < u64::from(messages) {
                // Of the lines of a stream, only `data: …` begins so, and each event has one.
                for byte in stream.more().await? {
                    seen += u64::from(byte == b'd' && last == b'\n');
                    last = byte;
                }
            }
            let _nobody_waits_any_more = sender.send(seen);
            Ok::<_, BenchError>(())
        });
    }
    drop(sender);
    let all = async {
        let mut events = 0;
        while let Some(seen) = done.recv().await {
            events += seen;
        }
        events
    };
    let too_slow = |_elapsed| BenchError::TooSlow { what: "all events being read".into(), limit: EVENTS_LIMIT };
    let events = tokio::time::timeout(EVENTS_LIMIT, all).await.map_err(too_slow)?;
    while let Some(ended) = reading.join_next().await {
        ended.map_err(|error| BenchError::io("reading events", error.into()))??;
    }
    Ok(events)
}

fn report(figures: &Figures) -> String {
    let added =
        |memory: Memory| memory.resident_kib.saturating_sub(figures.before.resident_kib) as f64 / f64::from(figures.count);
    let per_sec = figures.events as f64 / figures.fan_out.as_secs_f64();
    let rows = [
        ("streams", figures.count.to_string(), format!("opened in {:.2} s", figures.open.as_secs_f64())),
        ("memory before", mib(figures.before.resident_kib), String::new()),
        ("memory, all open", mib(figures.opened.resident_kib), String::new()),
        ("per stream", format!("{:.1} KiB", added(figures.opened)), format!("aim: at most {GOAL_KIB_PER_STREAM:.0} KiB")),
        ("memory, all closed", mib(figures.closed.resident_kib), format!("{:.1} KiB per stream kept", added(figures.closed))),
        ("events read", figures.events.to_string(), format!("in {:.2} s", figures.fan_out.as_secs_f64())),
        ("events per second", format!("{per_sec:.0}"), format!("aim: {GOAL_EVENTS_PER_SEC:.0}")),
    ];
    rows.iter().map(|(what, figure, remark)| format!("{what:<22}{figure:>18}  {remark}\n")).collect()
}
