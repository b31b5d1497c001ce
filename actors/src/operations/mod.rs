//! The operations, one file for each family. Adding one is a struct here and a line in the catalogue.

#[macro_use]
mod subjects;

pub mod accounts;
pub mod admin_log;
pub mod agent_keys;
pub mod audit;
pub mod buttons;
pub mod calls;
pub mod chat_creation;
pub mod chat_details;
pub mod chat_profile;
pub mod chat_removal;
pub mod chat_search;
pub mod chat_state;
pub mod chats;
pub mod contact_changes;
pub mod contacts;
pub mod credentials;
pub mod drafts;
pub mod events;
pub mod folders;
pub mod forwarding;
pub mod group_calls;
pub mod invites;
pub mod joining;
pub mod login;
pub mod media;
pub mod members;
pub mod message_changes;
pub mod message_reading;
pub mod message_search;
pub mod messages;
pub mod photos;
pub mod pins;
pub mod polls;
pub mod profile;
pub mod qr_login;
pub mod reactions;
pub mod scheduled;
pub mod sending;
pub mod service;
pub mod session_transfer;
pub mod speech;
pub mod telegram_folders;
pub mod telegram_sessions;
pub mod topics;
