//! A Telegram network on loopback that speaks real MTProto.

pub mod rpc;
pub mod world;
