//! A SOCKS5 proxy (RFC 1928, RFC 1929) that tells what went through it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A proxy on loopback that lives as long as this.
pub struct SocksProxy {
    address: SocketAddr,
    seen: Arc<Seen>,
    _work: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    targets: Mutex<Vec<SocketAddr>>,
    refused: AtomicU64,
    bytes: AtomicU64,
}

impl SocksProxy {
    /// A proxy that serves whoever gives these credentials; anybody, without.
    pub async fn start(credentials: Option<(&'static str, &'static str)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let mut work = JoinSet::new();
        let shared = Arc::clone(&seen);
        work.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                connections.spawn(async move {
                    if serve(socket, credentials, &seen).await.is_none() {
                        seen.refused.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self { address, seen, _work: work }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for, in order.
    pub fn targets(&self) -> Vec<SocketAddr> {
        self.seen.targets.lock().expect("a lock").clone()
    }

    /// How many connections were refused.
    pub fn refused(&self) -> u64 {
        self.seen.refused.load(Ordering::SeqCst)
    }

    /// How many bytes have gone to the targets.
    pub fn bytes(&self) -> u64 {
        self.seen.bytes.load(Ordering::SeqCst)
    }
}

/// Serves one connection to its end; nothing for one that is refused.
async fn serve(mut client: TcpStream, credentials: Option<(&str, &str)>, seen: &Seen) -> Option<()> {
    let mut head = [0; 2];
    client.read_exact(&mut head).await.ok()?;
    let mut methods = vec![0; usize::from(head[1])];
    client.read_exact(&mut methods).await.ok()?;
    match credentials {
        None => client.write_all(&[5, 0]).await.ok()?,
        Some((username, password)) => {
            if !methods.contains(&2) {
                client.write_all(&[5, 0xff]).await.ok()?;
                return None;
            }
            client.write_all(&[5, 2]).await.ok()?;
            client.read_u8().await.ok()?;
            let right = text(&mut client).await? == username.as_bytes() && text(&mut client).await? == password.as_bytes();
            client.write_all(&[1, u8::from(!right)]).await.ok()?;
            if !right {
                return None;
            }
        }
    }
    let mut request = [0; 10];
    client.read_exact(&mut request).await.ok()?;
    assert_eq!(request[..4], [5, 1, 0, 1], "a connection to an IPv4 address");
    let ip = Ipv4Addr::new(request[4], request[5], request[6], request[7]);
    let target = SocketAddr::new(ip.into(), u16::from_be_bytes([request[8], request[9]]));
    seen.targets.lock().expect("a lock").push(target);
    let mut server = TcpStream::connect(target).await.ok()?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = [0; 4_096];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            seen.bytes.fetch_add(length as u64, Ordering::SeqCst);
            if to_server.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
    Some(())
}

async fn text(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut text = vec![0; usize::from(client.read_u8().await.ok()?)];
    client.read_exact(&mut text).await.ok()?;
    Some(text)
}
