//! The network beneath a sandbox: one that is started, one that was left by a server that was killed, or one that runs elsewhere.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use telegram_sandbox::command::{NETWORK_FILE, Ready};

use super::super::CommandError;
use super::control::Control;

/// How long the network may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A network that nobody uses stops after this long: one that a killed server left behind must not run for ever.
const IDLE_SECS: u64 = 600;

/// The network's log, in its folder.
const LOG_FILE: &str = "network.log";

const PRIVATE_FOLDER_MODE: u32 = 0o700;
const PRIVATE_FILE_MODE: u32 = 0o600;

/// A network that the server may use.
#[derive(Debug)]
pub(super) struct Attached {
    control: Control,
    origin: Origin,
}

/// Where a network comes from, which decides who stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It runs elsewhere, and goes on.
    Elsewhere,
    /// It was found running in the world's folder: left by a server that was killed, or used by one that runs.
    Found,
    /// It was started for this server.
    Started,
}

impl Attached {
    /// A network that runs elsewhere.
    pub(super) async fn to(address: &str) -> Result<Self, CommandError> {
        let control = Control::new(address)?;
        control.network().await?;
        Ok(Self { control, origin: Origin::Elsewhere })
    }

    /// The network of a world: the one that runs, or else a new process.
    pub(super) async fn own(world: &Path) -> Result<Self, CommandError> {
        if let Some(control) = running(world).await {
            return Ok(Self { control, origin: Origin::Found });
        }
        fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER_MODE).create(world)?;
        let log = File::options().create(true).append(true).mode(PRIVATE_FILE_MODE).open(world.join(LOG_FILE))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("telegram-sandbox").arg("--world").arg(world).args(["--idle-secs", &IDLE_SECS.to_string()]);
        // In a group of its own, so that Ctrl-C stops the server first and the server stops the network.
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).process_group(0).spawn()?;
        let started = tokio::time::timeout(START_LIMIT, tokio::task::spawn_blocking(move || first_line(child))).await;
        let line = started.map_err(|_| CommandError::refused("the sandbox's network did not start in time"))?;
        let line = line.map_err(CommandError::refused)??;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| {
            CommandError::refused(format!("the sandbox's network did not start: see {}", world.join(LOG_FILE).display()))
        })?;
        Ok(Self { control: Control::new(&ready.network.control_url)?, origin: Origin::Started })
    }

    /// Its control API.
    pub(super) fn control(&self) -> &Control {
        &self.control
    }

    /// Stops it, if it is the server's own. One that was found is another server's, if this one did not get to run (`has_run`): the
    /// data folder may have been in use.
    pub(super) async fn release(self, has_run: bool) {
        let own = match self.origin {
            Origin::Elsewhere => false,
            Origin::Found => has_run,
            Origin::Started => true,
        };
        if own && let Err(error) = self.control.stop().await {
            tracing::warn!("the sandbox's network could not be stopped: {error}");
        }
    }
}

/// The network that a world's folder says is running, if it answers and is the one.
async fn running(world: &Path) -> Option<Control> {
    let bytes = fs::read(world.join(NETWORK_FILE)).ok()?;
    let ready: Ready = serde_json::from_slice(&bytes).ok()?;
    let control = Control::new(&ready.network.control_url).ok()?;
    let answered = serde_json::from_value(control.network().await.ok()?).ok();
    (answered.as_ref() == Some(&ready.network)).then_some(control)
}

/// The line that a child prints when it is ready. The child goes on when its handle is dropped.
fn first_line(mut child: Child) -> Result<String, CommandError> {
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    Ok(line)
}
