//! `vasya-bench`: measures a vasya-server from outside, as its users would see it, on the sandbox network.
//!
//! Run it in release: `cargo run --release -p vasya-bench -- accounts`.

#![forbid(unsafe_code)]

mod accounts;
mod bytes;
mod calls;
mod chaos;
mod client;
mod error;
mod process;
mod raw;
mod streams;
mod transfers;
mod world;
mod yardstick;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::BenchError;

#[derive(Debug, Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// Many accounts in one process: time until all are online after a start, and resident memory per account.
    Accounts(accounts::Options),
    /// Many large files of one account, up and down at once: resident memory, speed, and whether every byte is the same.
    Transfers(transfers::Options),
    /// Many event streams at once: resident memory per stream, and how fast events reach them.
    Streams(streams::Options),
    /// Calls per second, beside a server that does nothing else.
    Calls(calls::Options),
    /// What must hold whenever the server is killed: nothing is lost, nothing happens twice.
    Chaos(chaos::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let measured = async {
        match Arguments::parse().measurement {
            Measurement::Accounts(options) => accounts::measure(&options).await,
            Measurement::Transfers(options) => transfers::measure(&options).await,
            Measurement::Streams(options) => streams::measure(&options).await,
            Measurement::Calls(options) => calls::measure(&options).await,
            Measurement::Chaos(options) => chaos::run(&options).await,
        }
    };
    // Whatever ends the measurement ends the processes that it has started.
    let outcome = tokio::select! {
        outcome = measured => outcome,
        () = stop_requested() => Err(BenchError::Stopped),
    };
    match outcome.and_then(|report| print(&report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Resolves when the bench is asked to stop.
async fn stop_requested() {
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        _ => return std::future::pending().await,
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn print(report: &str) -> Result<(), BenchError> {
    std::io::stdout().write_all(report.as_bytes()).map_err(|source| BenchError::io("printing the report", source))
}

/// Tells the person who waits what is going on. Standard output is for the report.
fn note(line: &str) {
    let _nobody_may_be_listening = writeln!(std::io::stderr(), "{line}");
}
