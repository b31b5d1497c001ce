//! The network as a client sees it: real sockets, raw messages, and what comes back for each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod client;
mod exchange;
mod keys;
mod kill;
mod messages;
mod network;
mod process;
mod robustness;
mod service;
mod transports;
mod wire;
