//! A Telegram network on loopback that speaks real MTProto.

pub mod faults;
pub mod journal;
pub mod rpc;
pub mod world;
