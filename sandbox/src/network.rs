//! The network: datacentres on loopback ports, and the connections to them.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::connection;
use crate::rpc::{Api, SessionAddress};
use crate::rsa_key;
use crate::session::SessionTable;

/// How many datacentres the network has; their ids count from 1.
pub const DATACENTRES: i32 = 3;

/// Connections that may be open at once. Further ones are closed at once.
const CONNECTIONS_MAX: usize = 40_000;

/// What a client must know to use the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDescription {
    /// Its datacentres.
    pub datacentres: Vec<DatacentreDescription>,
    /// Its public RSA keys, as PKCS#1 PEM text.
    pub rsa_public_keys: Vec<String>,
    /// Where its control API is; its paths begin with `/sandbox/v1`.
    pub control_url: String,
}

/// One datacentre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatacentreDescription {
    /// Its id.
    pub id: i32,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Sockets that are bound but do not accept yet, so that the world can be told their addresses first.
#[derive(Debug)]
pub struct Listeners(Vec<(i32, TcpListener, SocketAddr)>);

impl Listeners {
    /// Binds the datacentres to consecutive loopback ports from `port`, or to any free ones for 0.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for (offset, id) in (0u16..).zip(1..=DATACENTRES) {
            let port = if port == 0 { 0 } else { port.saturating_add(offset) };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            listeners.push((id, listener, address));
        }
        Ok(Self(listeners))
    }

    /// The datacentres' ids and addresses.
    pub fn datacentres(&self) -> Vec<DatacentreDescription> {
        self.0.iter().map(|(id, _, address)| DatacentreDescription { id: *id, address: *address }).collect()
    }

    /// What clients must know, with the control API at this address.
    pub fn describe(&self, control: SocketAddr) -> NetworkDescription {
        NetworkDescription {
            datacentres: self.datacentres(),
            rsa_public_keys: vec![rsa_key::PUBLIC_KEY_PEM.to_owned()],
            control_url: format!("http://{control}"),
        }
    }
}

/// The connections that are open. Cheap to clone.
#[derive(Clone, Default)]
pub struct Connections(Arc<Registry>);

#[derive(Default)]
struct Registry {
    next: AtomicU64,
    open: Mutex<HashMap<u64, OpenConnection>>,
}

#[derive(Clone)]
struct OpenConnection {
    /// The session that it speaks for, and whom to ask who is signed in there: that changes while the connection is open.
    session: Option<(SessionAddress, Arc<dyn Api>)>,
    close: Arc<Notify>,
    silence: Arc<Notify>,
}

impl OpenConnection {
    /// The phone number that is signed in on it.
    fn user(&self) -> Option<String> {
        let (address, api) = self.session.as_ref()?;
        api.user_of(address.dc_id, address.auth_key_id)
    }
}

/// A connection's place in the registry; leaves it when dropped.
pub(crate) struct Registered {
    id: u64,
    connections: Connections,
    pub(crate) close: Arc<Notify>,
    /// Told when the connection is to go on without a word.
    pub(crate) silence: Arc<Notify>,
}

impl Connections {
    /// Closes every connection, or those of one user. Answers how many.
    pub fn drop_of(&self, user: Option<&str>) -> usize {
        self.each_of(user, |connection| connection.close.notify_one())
    }

    /// Makes every connection, or those of one user, half-open: they stay, and nothing is heard or said on them any more. Answers how many.
    pub fn silence_of(&self, user: Option<&str>) -> usize {
        self.each_of(user, |connection| connection.silence.notify_one())
    }

    fn each_of(&self, user: Option<&str>, act: impl Fn(&OpenConnection)) -> usize {
        let digits = |phone: &str| phone.chars().filter(char::is_ascii_digit).collect::<String>();
        let wanted = user.map(digits);
        let open: Vec<_> = self.0.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let matching = open.iter().filter(|connection| match &wanted {
            None => true,
            Some(wanted) => connection.user().as_deref().map(digits).as_ref() == Some(wanted),
        });
        matching.map(act).count()
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn register(&self) -> Option<Registered> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= CONNECTIONS_MAX {
            return None;
        }
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (close, silence) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        open.insert(id, OpenConnection { session: None, close: Arc::clone(&close), silence: Arc::clone(&silence) });
        Some(Registered { id, connections: self.clone(), close, silence })
    }
}

impl Registered {
    /// Notes the session that the connection speaks for.
    pub(crate) fn speaks_for(&self, session: SessionAddress, api: Arc<dyn Api>) {
        let mut open = self.connections.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = open.get_mut(&self.id) {
            connection.session = Some((session, api));
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.0.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// A network that accepts connections until it is dropped.
pub struct Network {
    connections: Connections,
    stop: watch::Sender<bool>,
}

impl Network {
    /// Begins to accept connections, which talk to this world.
    pub fn start(listeners: Listeners, api: Arc<dyn Api>, connections: Connections) -> Self {
        let (stop, stopped) = watch::channel(false);
        let sessions = Arc::new(SessionTable::default());
        for (dc_id, listener, _) in listeners.0 {
            let (api, sessions, connections) = (Arc::clone(&api), Arc::clone(&sessions), connections.clone());
            let mut stopped = stopped.clone();
            tokio::spawn(async move {
                let accepting = accept(dc_id, &listener, &api, &sessions, &connections);
                tokio::select! {
                    () = accepting => {}
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
            });
        }
        Self { connections, stop }
    }

    /// Accepts no more, and closes what is open.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        self.connections.drop_of(None);
    }
}

async fn accept(dc_id: i32, listener: &TcpListener, api: &Arc<dyn Api>, sessions: &Arc<SessionTable>, connections: &Connections) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                if let Some(registered) = connections.register() {
                    let (api, sessions) = (Arc::clone(api), Arc::clone(sessions));
                    tokio::spawn(connection::serve(socket, dc_id, api, sessions, registered));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}
