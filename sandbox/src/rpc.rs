//! The seam between the protocol (sockets, keys, messages) and the network's world (users, chats, methods).
//!
//! The protocol side decrypts a request and hands its body over as bytes; the world answers with the bytes of a result or an
//! RPC error, and pushes updates to the sessions that are open. Neither side knows the other's types.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

/// A future that the protocol side may await on any thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Identifies one MTProto session: a client-chosen id under an auth key in a datacentre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionAddress {
    /// The datacentre that the connection was made to.
    pub dc_id: i32,
    /// The 64 lower-order bits of the SHA-1 of the auth key.
    pub auth_key_id: i64,
    /// The client's random session id.
    pub session_id: i64,
}

/// One API call, decrypted and unpacked (gzip and containers are already undone; `invokeWithLayer` and its kin are not).
#[derive(Clone, Debug)]
pub struct RpcRequest {
    /// The session that it came from.
    pub session: SessionAddress,
    /// The client's message id: unique in its session, and grows with time.
    pub message_id: i64,
    /// The serialised TL function.
    pub body: Vec<u8>,
}

/// What the world answers to a call.
#[derive(Clone, Debug)]
pub enum RpcOutcome {
    /// The serialised TL result.
    Result(Vec<u8>),
    /// An RPC error, such as 420 `FLOOD_WAIT_5`.
    Error {
        /// Telegram's numeric class: 303, 400, 401, 403, 406, 420, 500 or -503.
        code: i32,
        /// Telegram's name of the error.
        message: String,
    },
    /// The connection is to be closed without an answer (an armed fault).
    DropConnection,
    /// The connection is to be closed in the middle of a message to the client (an armed fault).
    Cut(Box<RpcOutcome>),
}

/// What the world offers to the protocol side.
pub trait Api: Send + Sync + 'static {
    /// The key with this id in this datacentre, if the key exchange made one that still stands.
    fn auth_key(&self, dc_id: i32, auth_key_id: i64) -> Option<[u8; 256]>;

    /// Keeps a key that an exchange has just made. Resolves when it is durable, so that a restart cannot forget it.
    fn store_auth_key(&self, dc_id: i32, key: [u8; 256]) -> BoxFuture<'_, io::Result<()>>;

    /// Forgets a key (`destroy_auth_key`). Answers whether it was known.
    fn destroy_auth_key(&self, dc_id: i32, auth_key_id: i64) -> BoxFuture<'_, io::Result<bool>>;

    /// Runs one API call: begins it at once, before the future is first polled, so that calls happen in the order in which they
    /// come. The future tells when its outcome is durable.
    fn call(self: Arc<Self>, request: RpcRequest) -> BoxFuture<'static, RpcOutcome>;

    /// A session has a live connection: serialised `Updates` objects for it go to `outbox`. A newer call for the same session
    /// replaces the older outbox. A full outbox means a client that does not read: the world drops the update for that session
    /// (the client recovers by `updates.getDifference`), exactly as Telegram does.
    fn session_opened(&self, session: SessionAddress, outbox: mpsc::Sender<Vec<u8>>);

    /// The session's connection that owned `outbox` is gone.
    fn session_closed(&self, session: SessionAddress);

    /// The phone number signed in with this key, for control calls that name a user.
    fn user_of(&self, dc_id: i32, auth_key_id: i64) -> Option<String>;
}
