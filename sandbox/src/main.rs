//! The network as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use telegram_sandbox::command::{self, Arguments};
use tracing_subscriber::EnvFilter;

/// A Telegram network on loopback that speaks real MTProto. Prints one line of JSON when it is ready.
#[derive(Parser)]
#[command(version)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    let Command { arguments } = Command::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    command::main(arguments)
}
