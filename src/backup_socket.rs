//! Where a running server gives its operator a backup: a socket in the data folder, which nobody else can enter.
//!
//! Whoever connects is given the backup in parts: the length of each (4 bytes, big-endian) and its bytes, and a part of no length at the
//! end. A connection that ends without it gave no backup.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use vasya_actors::gateway::Gateway;

/// The socket in the data folder.
const NAME: &str = "backup.socket";

/// Parts that may wait to be sent.
const PARTS_WAITING_MAX: usize = 16;

/// The largest part, in bytes.
const PART_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// How long the reader may take for one part.
const SEND_LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Gives backups until the task is aborted. One is made at a time; others wait.
pub(crate) fn serve(data_dir: &Path, gateway: Gateway) -> io::Result<tokio::task::JoinHandle<()>> {
    let path = data_dir.join(NAME);
    // What is there is of a server that has ended: the folder's lock is ours.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    let data_dir = data_dir.to_owned();
    Ok(tokio::spawn(async move {
        let one = Arc::new(Semaphore::new(1));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(_turn) = Arc::clone(&one).acquire_owned().await else { return };
            match give(stream, &data_dir, &gateway).await {
                Ok(()) => tracing::info!("a backup was made"),
                Err(error) => tracing::error!(%error, "a backup could not be made"),
            }
        }
    }))
}

async fn give(mut stream: UnixStream, data_dir: &Path, gateway: &Gateway) -> io::Result<()> {
    let (parts, mut taken) = mpsc::channel(PARTS_WAITING_MAX);
    let (making, folder) = (gateway.clone(), PathBuf::from(data_dir));
    let made = tokio::spawn(async move { making.back_up(&folder, &parts).await });
    while let Some(part) = taken.recv().await {
        send(&mut stream, &part).await?;
    }
    made.await.map_err(io::Error::other)?.map_err(io::Error::other)?;
    send(&mut stream, &[]).await?;
    stream.shutdown().await
}

async fn send(stream: &mut UnixStream, part: &[u8]) -> io::Result<()> {
    let length = u32::try_from(part.len()).map_err(io::Error::other)?;
    let sending = async {
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(part).await
    };
    tokio::time::timeout(SEND_LIMIT, sending).await.map_err(io::Error::other)?
}

/// A backup that a running server gives.
pub(crate) struct Given(BlockingStream);

/// Asks the server that uses this data folder.
pub(crate) fn ask(data_dir: &Path) -> io::Result<Given> {
    Ok(Given(BlockingStream::connect(data_dir.join(NAME))?))
}

impl Given {
    /// The next part; nothing at the end.
    pub(crate) fn next_part(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).map_err(|_| io::Error::other("the server gave no whole backup; its log says why"))?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > PART_BYTES_MAX {
            return Err(io::Error::other("a part is too long"));
        }
        let mut part = vec![0; length];
        self.0.read_exact(&mut part)?;
        Ok((!part.is_empty()).then_some(part))
    }
}
