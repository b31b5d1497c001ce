//! The product as its users meet it: the real binary, over real sockets, on the sandbox's network.
#![allow(unreachable_pub, missing_docs)]
// In a test, what is not as it should be ends the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod account_settings;
mod admin_log;
mod agent_keys;
mod at_rest;
mod audit;
mod authentication;
mod calls;
mod chat_list;
mod chat_profile;
mod chat_state;
mod chats;
mod configuration;
mod contacts;
mod documents;
mod events;
mod events_recovery;
mod folders;
mod harness;
mod idempotency;
mod invites;
mod isolation;
mod limits;
mod logins;
mod logins_other;
mod media;
mod members;
mod messages;
mod newcomer;
mod pins;
mod polls;
mod profile;
mod reading;
mod reference_client;
mod resilience;
mod scheduled;
mod search;
mod sending;
mod shutdown;
mod speech;
mod telegram_errors;
mod telegram_folders;
mod topics;
mod walk;
