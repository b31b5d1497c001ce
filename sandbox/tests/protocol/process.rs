//! The network as a process of its own, and its control API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use telegram_sandbox::command::Ready;

use crate::wire::DEADLINE;

/// A network that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) ready: Ready,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telegram-sandbox"));
    command.arg("--world").arg(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a network that is expected to give up at once; answers what it says.
pub(crate) fn complaint(folder: &Path) -> String {
    let output = command(folder).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

impl Process {
    /// Starts the network with the world in this folder, and waits until it is ready.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = command(folder).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Ready = serde_json::from_str(&line).unwrap();
        assert_eq!(ready.pid, child.id());
        Self { child, ready }
    }

    /// The datacentre where accounts live.
    pub(crate) fn home(&self) -> SocketAddr {
        self.ready.network.datacentres[1].address
    }

    /// Ends the process in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Where the control API is, without the scheme.
    pub(crate) fn control(&self) -> String {
        self.ready.network.control_url.strip_prefix("http://").unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.expect("GET", path, "", 200)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.expect("POST", path, &body.to_string(), 201)
    }

    fn expect(&self, method: &str, path: &str, body: &str, status: u16) -> Value {
        let (met, answer) = request(&self.control(), method, path, body).unwrap();
        assert_eq!(met, status, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _has_ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

/// One HTTP request on a connection of its own: the status and the body, or nothing if the network is gone.
pub(crate) fn request(control: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(control).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let head = format!("{method} /sandbox/v1{path} HTTP/1.1\r\nHost: {control}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
