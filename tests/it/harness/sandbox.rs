//! `vasya-server sandbox` as a process, with its network as another.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Api, Control, LIMIT};

pub const ADA: &str = "+15550000001";
pub const BORIS: &str = "+15550000002";
pub const BORIS_PASSWORD: &str = "sandbox";
pub const CLARA: &str = "+15550000003";

/// A command of the server, in an environment that holds nothing of the machine's own configuration.
pub fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vasya-server"));
    command.args(arguments).env_clear().env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub jwt: bool,
    pub environment: Vec<(&'static str, String)>,
    /// The control API of a network that runs already, instead of one of the server's own.
    pub network: Option<String>,
}

impl Options {
    pub fn jwt() -> Self {
        Self { jwt: true, ..Self::default() }
    }

    /// On the network of another server, which must outlive this one.
    pub fn attached_to(self, other: &Sandbox) -> Self {
        Self { network: Some(other.text("controlUrl").trim_start_matches("http://").to_owned()), ..self }
    }

    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }
}

/// A server that runs on a network of its own.
pub struct Sandbox {
    folder: TempDir,
    options: Options,
    server: Running,
    /// The network's process, unless it is another server's.
    network_pid: Option<u32>,
}

struct Running {
    child: Child,
    ready: Value,
    _output: BufReader<ChildStdout>,
}

impl Sandbox {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = spawn(&folder, &options).await;
        let network_pid = options.network.is_none().then(|| network_pid(&folder));
        Self { folder, options, server, network_pid }
    }

    fn text(&self, name: &str) -> &str {
        self.server.ready[name].as_str().unwrap_or_else(|| panic!("{name} is missing"))
    }

    pub fn base_url(&self) -> &str {
        self.text("baseUrl")
    }

    pub fn token(&self) -> &str {
        self.text("token")
    }

    /// Ada's account.
    pub fn account(&self) -> &str {
        self.text("accountId")
    }

    pub fn api(&self) -> Api {
        Api::new(self.base_url(), Some(self.token()))
    }

    pub fn control(&self) -> Control {
        Control::new(self.text("controlUrl"))
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What the server wrote to its log, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).expect("a log")
    }

    /// Every file of the data folder and the log, with what is in it.
    pub fn everything_written(&self) -> Vec<(String, Vec<u8>)> {
        let stored = files(&self.data_dir()).into_iter().map(|(path, content)| (path.display().to_string(), content));
        stored.chain([("the log".to_owned(), self.log().into_bytes())]).collect()
    }

    /// A caller with a token of this user, in jwt mode.
    pub fn user(&self, user: &str) -> Api {
        Api::new(self.base_url(), Some(&self.token_of(user, "1h")))
    }

    /// A token of this user, in jwt mode, that ends after so long.
    pub fn token_of(&self, user: &str, lifetime: &str) -> String {
        let minted = command(["token", "--sub", user, "--ttl", lifetime]).env("JWT_SECRET", self.text("jwtSecret")).output();
        let minted = minted.expect("the command runs");
        assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
        String::from_utf8_lossy(&minted.stdout).trim().to_owned()
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.server.child.id()
    }

    /// `kill -9`: the server is gone in the middle of whatever it did. The network goes on.
    pub fn kill(&mut self) {
        self.server.child.kill().expect("the server is killed");
        self.server.child.wait().expect("the server ends");
    }

    /// `kill -9` of the network and the server: nothing of Telegram is left but its journal.
    pub fn kill_network(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.network_pid.expect("a network of its own")).expect("a pid")).expect("a pid");
        kill_process(pid, Signal::KILL).expect("the network is killed");
        self.kill();
    }

    /// SIGTERM.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.server.child.id()).expect("a pid")).expect("a pid");
        kill_process(pid, Signal::TERM).expect("the server is told");
        wait(&mut self.server.child)
    }

    /// Starts again on the same folders.
    pub async fn start_again(&mut self) {
        self.server = spawn(&self.folder, &self.options).await;
        self.network_pid = self.options.network.is_none().then(|| network_pid(&self.folder));
    }

    /// What the environment is from the next start on.
    pub fn set_environment(&mut self, environment: &[(&'static str, &str)]) {
        self.options.environment = environment.iter().map(|(variable, value)| (*variable, (*value).to_owned())).collect();
    }

    /// Whether the network's process runs.
    pub fn network_runs(&self) -> bool {
        let pid = self.network_pid.expect("a network of its own");
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A process that ended but was not waited for yet is a zombie.
        !state.is_empty() && !state.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
    }

    /// The arguments that the server was started with.
    pub fn arguments(&self) -> Vec<String> {
        arguments(&self.folder, &self.options)
    }
}

/// The process of the network that a world's folder says is running.
fn network_pid(folder: &TempDir) -> u32 {
    let network = std::fs::read(folder.path().join("data.world/network.json")).expect("the network says where it is");
    let network: Value = serde_json::from_slice(&network).expect("JSON");
    network["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid")
}

/// Every file beneath a folder, with its content.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                found.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn arguments(folder: &TempDir, options: &Options) -> Vec<String> {
    let auth = if options.jwt { "jwt" } else { "embedded" };
    let data = folder.path().join("data").display().to_string();
    let mut arguments = vec!["sandbox", "--port", "0", "--print", "json", "--auth", auth, "--data-dir", &data];
    if let Some(network) = &options.network {
        arguments.extend(["--network", network]);
    }
    arguments.into_iter().map(str::to_owned).collect()
}

async fn spawn(folder: &TempDir, options: &Options) -> Running {
    let log_path = folder.path().join("server.log");
    let log = File::options().create(true).append(true).open(&log_path).expect("a log");
    let mut command = command(arguments(folder, options));
    command.envs(options.environment.clone()).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().expect("the server starts");
    let output = child.stdout.take().expect("standard output");
    let read = tokio::task::spawn_blocking(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        (line, output)
    });
    let (line, output) = tokio::time::timeout(LIMIT, read).await.expect("the server is ready in time").expect("a line");
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
        panic!("not ready: {line} {} {}", log_of(&log_path), log_of(&folder.path().join("data.world/network.log")))
    });
    Running { child, ready, _output: output }
}

fn log_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Waits for a process to end.
fn wait(child: &mut Child) -> ExitStatus {
    let deadline = std::time::Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            return status;
        }
        assert!(std::time::Instant::now() < deadline, "the process does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.server.child.kill();
        let _ = self.server.child.wait();
        if self.network_pid.is_none() {
            return;
        }
        let address = self.text("controlUrl").trim_start_matches("http://").to_owned();
        if let Ok(mut socket) = TcpStream::connect(&address) {
            let _ = write!(socket, "POST /sandbox/v1/network/stop HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
            let _ = socket.read(&mut [0; 64]);
        }
    }
}
