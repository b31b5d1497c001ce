//! A Telegram network on loopback that speaks real MTProto.

#![forbid(unsafe_code)]

pub mod clock;
pub mod command;
mod connection;
pub mod control;
pub mod exchange;
pub mod faults;
pub mod journal;
pub mod methods;
pub mod network;
pub mod request_log;
pub mod rpc;
pub mod rsa_key;
pub mod session;
pub mod transport;
pub mod world;
