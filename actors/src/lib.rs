//! Everything that owns state in vasya-server.
//!
//! The edge (the `vasya-server` crate) turns transports into calls; this crate decides, records and does them.
//! Start reading at [`runtime`].

pub mod audit;
pub mod caller;
pub mod error;
pub mod identity;
pub mod runtime;
pub mod scope;
pub mod store;
pub mod vault;
