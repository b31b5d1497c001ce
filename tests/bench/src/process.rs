//! The processes that are measured: built, started, looked at and stopped. None outlives the measurement.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::error::BenchError;

/// How long a process may take from its start to its first line.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long a process may take to stop when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How much of a log an error shows, in bytes.
const LOG_SHOWN_BYTES_MAX: usize = 4_096;

/// How the server is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Always optimised: for figures.
    Release,
    /// As the bench itself is built: for checks.
    OfBench,
}

/// Where the build of `vasya-server` is: in the folder of that profile, beside this executable. Run by cargo, it is brought up to date first.
pub(crate) async fn build_server(profile: Profile) -> Result<PathBuf, BenchError> {
    let optimised = profile == Profile::Release || !cfg!(debug_assertions);
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut command = Command::new(cargo);
        command.args(["build", "--locked", "--package", "vasya-server", "--bin", "vasya-server"]);
        if optimised {
            command.arg("--release");
        }
        let status = command.stdin(Stdio::null()).status().await;
        let status = status.map_err(|source| BenchError::io("running cargo build", source))?;
        if !status.success() {
            return Err(BenchError::Process { process: "cargo build", problem: status.to_string(), log: String::new() });
        }
    }
    let this = std::env::current_exe().map_err(|source| BenchError::io("finding this executable", source))?;
    let folder = if optimised { "release" } else { "debug" };
    let beside = this.with_file_name("vasya-server");
    Ok(match this.parent().and_then(|own| own.parent()) {
        Some(target) if target.join(folder).is_dir() => target.join(folder).join("vasya-server"),
        _ => beside,
    })
}

/// Resident memory of a process, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Now (`VmRSS`).
    pub(crate) resident_kib: u64,
    /// At its highest (`VmHWM`).
    pub(crate) peak_kib: u64,
}

/// A process that runs. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Held open, so that the process never writes to a closed pipe.
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a process that says it is ready by one line of JSON on standard output, and waits for that.
    pub(crate) async fn start<T: DeserializeOwned>(
        name: &'static str,
        command: Command,
        logs: &Path,
    ) -> Result<(Self, T), BenchError> {
        let mut running = Self::spawn(name, command, logs)?;
        let ready = running.ready().await?;
        Ok((running, ready))
    }

    /// Starts a process. Its standard error goes to a file in `logs`.
    pub(crate) fn spawn(name: &'static str, mut command: Command, logs: &Path) -> Result<Self, BenchError> {
        let log = logs.join(format!("{name}.log"));
        let log_file = File::options().create(true).append(true).open(&log);
        let log_file = log_file.map_err(|source| BenchError::io(format!("opening {}", log.display()), source))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file).kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| BenchError::io(format!("starting {name}"), source))?;
        let problem = |problem: String| BenchError::Process { process: name, problem, log: tail(&log) };
        let output = child.stdout.take().ok_or_else(|| problem("has no standard output".into()))?;
        Ok(Self { name, child, log, output: BufReader::new(output) })
    }

    /// Waits for the line that says that it is ready. Dropping the future makes the line unreadable.
    pub(crate) async fn ready<T: DeserializeOwned>(&mut self) -> Result<T, BenchError> {
        let name = self.name;
        let mut line = String::new();
        let what = || BenchError::TooSlow { what: format!("the start of {name}"), limit: START_LIMIT };
        let read = tokio::time::timeout(START_LIMIT, self.output.read_line(&mut line)).await.map_err(|_elapsed| what())?;
        read.map_err(|source| BenchError::io(format!("reading from {name}"), source))?;
        serde_json::from_str(&line).map_err(|error| self.problem(format!("its first line {line:?} is not understood: {error}")))
    }

    /// Its resident memory.
    pub(crate) fn memory(&self) -> Result<Memory, BenchError> {
        let pid = self.child.id().ok_or_else(|| self.problem("has ended".into()))?;
        let path = format!("/proc/{pid}/status");
        let status = std::fs::read_to_string(&path).map_err(|source| BenchError::io(format!("reading {path}"), source))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kib = line.and_then(|value| value.split_whitespace().next()?.parse().ok());
            kib.ok_or_else(|| self.problem(format!("{path} has no {name}")))
        };
        Ok(Memory { resident_kib: field("VmRSS")?, peak_kib: field("VmHWM")? })
    }

    /// Lets its peak be counted from now on.
    pub(crate) fn forget_peak(&self) -> Result<(), BenchError> {
        let pid = self.child.id().ok_or_else(|| self.problem("has ended".into()))?;
        let path = format!("/proc/{pid}/clear_refs");
        // See proc(5).
        std::fs::write(&path, "5").map_err(|source| BenchError::io(format!("writing {path}"), source))
    }

    /// Kills it with SIGKILL, in the middle of whatever it does, and waits until it has ended.
    pub(crate) async fn kill(mut self) -> Result<(), BenchError> {
        self.child.kill().await.map_err(|source| BenchError::io(format!("killing {}", self.name), source))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), BenchError> {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
            kill_process(pid, Signal::TERM).map_err(|error| BenchError::io(format!("stopping {}", self.name), error.into()))?;
        }
        let ended = tokio::time::timeout(STOP_LIMIT, self.child.wait()).await;
        let too_slow = |_elapsed| BenchError::TooSlow { what: format!("the stop of {}", self.name), limit: STOP_LIMIT };
        let status = ended.map_err(too_slow)?.map_err(|source| BenchError::io(format!("waiting for {}", self.name), source))?;
        if status.success() { Ok(()) } else { Err(self.problem(format!("ended with {status}"))) }
    }

    fn problem(&self, problem: String) -> BenchError {
        BenchError::Process { process: self.name, problem, log: tail(&self.log) }
    }
}

/// Runs a command to its end and answers the first line that it prints.
pub(crate) async fn first_line(name: &'static str, mut command: Command) -> Result<String, BenchError> {
    let output =
        command.stdin(Stdio::null()).output().await.map_err(|source| BenchError::io(format!("running {name}"), source))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next() {
        Some(line) if output.status.success() => Ok(line.trim().to_owned()),
        _ => {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(BenchError::Process { process: name, problem: output.status.to_string(), log })
        }
    }
}

/// The end of a log, for an error.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let shown = bytes.len().saturating_sub(LOG_SHOWN_BYTES_MAX);
    String::from_utf8_lossy(bytes.get(shown..).unwrap_or_default()).into_owned()
}
