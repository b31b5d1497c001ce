//! HTTP/1.1 (RFC 9112) over a plain socket: as little as a measurement needs, so that the load costs less than what is measured.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::BenchError;

/// What one read may add to the buffer, in bytes.
const READ_BYTES: usize = 4 * 1_024;

/// The longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1_024;

/// A connection that is kept for one request after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    /// Connects to a server, such as `http://127.0.0.1:8787`.
    pub(crate) async fn open(url: &str) -> Result<Self, BenchError> {
        let address = url.trim_start_matches("http://");
        let socket =
            TcpStream::connect(address).await.map_err(|source| BenchError::io(format!("connecting to {address}"), source))?;
        socket.set_nodelay(true).map_err(|source| BenchError::io("setting a socket up", source))?;
        Ok(Self { socket, buffer: BytesMut::new() })
    }

    /// Sends a request and reads its answer, which must tell its length; answers the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16, BenchError> {
        self.send(request).await?;
        let (status, head_bytes, length) = self.head().await?;
        let mut missing = head_bytes + length.unwrap_or(0);
        loop {
            let here = missing.min(self.buffer.len());
            self.buffer.advance(here);
            missing -= here;
            if missing == 0 {
                return Ok(status);
            }
            self.read_more().await?;
        }
    }

    /// Sends a request and reads the head of its answer only; answers the status.
    pub(crate) async fn begin(&mut self, request: &[u8]) -> Result<u16, BenchError> {
        self.send(request).await?;
        let (status, head_bytes, _) = self.head().await?;
        self.buffer.advance(head_bytes);
        Ok(status)
    }

    /// What has come since, or comes next.
    pub(crate) async fn more(&mut self) -> Result<BytesMut, BenchError> {
        if self.buffer.is_empty() {
            self.read_more().await?;
        }
        Ok(self.buffer.split())
    }

    async fn send(&mut self, request: &[u8]) -> Result<(), BenchError> {
        self.socket.write_all(request).await.map_err(|source| BenchError::io("sending a request", source))
    }

    /// The status, how long the head is with its empty line, and the body's length.
    async fn head(&mut self) -> Result<(u16, usize, Option<usize>), BenchError> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(self.buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(malformed)?;
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
                return Ok((status, end + 4, length));
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(malformed());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<(), BenchError> {
        self.buffer.reserve(READ_BYTES);
        let read = self.socket.read_buf(&mut self.buffer).await;
        match read.map_err(|source| BenchError::io("reading an answer", source))? {
            0 => Err(BenchError::io("reading an answer", std::io::ErrorKind::UnexpectedEof.into())),
            _ => Ok(()),
        }
    }
}

/// A request without a body.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, b"")
}

/// A request.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}

fn malformed() -> BenchError {
    BenchError::io("reading an answer", std::io::ErrorKind::InvalidData.into())
}
