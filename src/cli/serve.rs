//! `vasya-server serve`: production.

use actix_web::rt::System;
use secrecy::ExposeSecret;
use vasya_actors::catalogue::Catalogue;

use super::{CommandError, FileArgument, keys, print};
use crate::config::{self, Flag};
use crate::server::Running;
use crate::shutdown::StopSignals;
use crate::telemetry;

/// Flags stand before everything else that configures.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    /// Where to listen (VASYA_BIND).
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// The one folder with state (VASYA_DATA_DIR).
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Who may call: jwt or embedded (AUTH_MODE).
    #[arg(long, value_name = "MODE")]
    auth: Option<String>,
    /// Which Telegram network: production, test, custom or sandbox (VASYA_NETWORK).
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// The file that describes a custom network (VASYA_NETWORK_FILE).
    #[arg(long, value_name = "FILE")]
    network_file: Option<String>,
    /// How to log: text or json (VASYA_LOG_FORMAT).
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Arguments {
    fn flags(&self) -> Vec<Flag> {
        let flags = [
            ("server.bind", "bind", &self.bind),
            ("data.dir", "data-dir", &self.data_dir),
            ("auth.mode", "auth", &self.auth),
            ("telegram.network", "network", &self.network),
            ("telegram.network_file", "network-file", &self.network_file),
            ("log.format", "log-format", &self.log_format),
        ];
        flags.into_iter().filter_map(|(key, name, value)| Some(Flag { key, name, value: value.clone()? })).collect()
    }
}

/// Runs the server until it is stopped.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let (file, mut flags) = (arguments.file.config.as_deref(), arguments.flags());
    flags.extend(keys::of_embedded_mode(file, &flags)?);
    let configuration = config::load(file, &flags)?;
    telemetry::start(&configuration.log);
    if configuration.actors.credentials.is_none() {
        tracing::warn!("no TELEGRAM_API_ID and TELEGRAM_API_HASH: users must set their own before they can log in");
    }
    System::new().block_on(async {
        let mut signals = StopSignals::listen()?;
        let running = tokio::select! {
            started = Running::start(configuration, Catalogue::standard()) => started?,
            // A start is safe to leave at any point, as it is to be killed.
            () = signals.requested() => return Ok(()),
        };
        if let Some(token) = running.generated_token() {
            print(&format!("VASYA_LOCAL_TOKEN={}\n", token.expose_secret()))?;
        }
        Ok(running.run(&mut signals).await?)
    })
}
