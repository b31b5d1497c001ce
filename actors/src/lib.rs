//! Everything that owns state in vasya-server.
//!
//! The edge (the `vasya-server` crate) turns transports into calls; this crate decides, records and does them.
//! Start reading at `gateway`: the one road that every call takes.

pub mod audit;
pub mod identity;
pub mod store;
pub mod telegram;
pub mod vault;
