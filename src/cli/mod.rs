//! The commands.

mod audit;
mod configuration;
mod keys;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod store;
mod token;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::allocator;
use crate::auth::NoRandomness;
use crate::config::InvalidConfiguration;
use crate::hardening;
use crate::server::ServerError;

/// Runs Telegram user clients behind REST, for people and agents.
#[derive(Debug, Parser)]
#[command(name = "vasya-server", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Arguments),
    /// Try everything without a phone number: a server on a Telegram network that runs on this machine.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Arguments),
    /// Mint a JWT, for trying things.
    Token(token::Arguments),
    /// Print the settings that are in force and where each comes from, without the secrets.
    Config(configuration::Arguments),
    /// Back the data folder up, restore it, check it, and replace its keys.
    Store(store::Arguments),
    /// Check, export or set aside the audit log.
    #[command(subcommand)]
    Audit(audit::Arguments),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the reference of the API in Markdown.
    Reference,
    /// Run the sandbox's network alone.
    #[cfg(feature = "sandbox")]
    #[command(hide = true)]
    TelegramSandbox(telegram_sandbox::command::Arguments),
}

/// Which configuration file, for the commands that read the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
struct FileArgument {
    /// The configuration file; VASYA_CONFIG names it otherwise.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Anything else, in a sentence for the person at the keyboard.
    #[error("{0}")]
    Refused(String),
}

impl CommandError {
    fn refused(reason: impl fmt::Display) -> Self {
        Self::Refused(reason.to_string())
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Serve(arguments) => {
            settle();
            serve::run(&arguments)
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => {
            settle();
            sandbox::run(&arguments)
        }
        Command::Token(arguments) => token::run(&arguments),
        Command::Config(arguments) => configuration::run(&arguments),
        Command::Store(arguments) => {
            settle();
            store::run(&arguments)
        }
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Openapi => configuration::print_openapi(),
        Command::Reference => configuration::print_reference(),
        #[cfg(feature = "sandbox")]
        Command::TelegramSandbox(arguments) => {
            crate::telemetry::start(&crate::config::LogConfiguration {
                filter: std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into()),
                json: false,
            });
            return telegram_sandbox::command::main(arguments);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "vasya-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Asks of the system what a server needs, before it holds a secret.
fn settle() {
    allocator::settle();
    if let Err(error) = hardening::apply() {
        let _ =
            writeln!(io::stderr(), "vasya-server: core dumps cannot be turned off ({error}); a crash may write keys to the disk");
    }
}

/// Prints to standard output. A reader that has gone away is no fault of ours.
fn print(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}
