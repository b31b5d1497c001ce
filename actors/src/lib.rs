//! Everything that owns state in vasya-server.
//!
//! The edge (the `vasya-server` crate) turns transports into calls; this crate decides, records and does them.
//! Start reading at [`gateway`]: the one road that every call takes.

#![forbid(unsafe_code)]

pub mod account;
mod agent_text;
pub mod approvals;
pub mod audit;
pub mod caller;
pub mod catalogue;
mod declaration;
mod directory;
mod environment;
pub mod error;
pub mod events;
mod form;
pub mod gateway;
pub mod idempotency;
pub mod identity;
mod leave_out;
pub mod operation;
pub mod operations;
pub mod outbound;
pub mod policy;
pub mod runtime;
pub mod scope;
pub mod settings;
mod shield;
pub mod sight;
pub mod speech;
mod startup;
pub mod store;
pub mod stream;
pub mod telegram;
pub mod user;
pub mod vault;
pub mod webhooks;

pub use startup::StartError;
