//! The rows, by family: one file for each. `tests/it/walk/mod.rs` says how to add one.

mod accounts;
mod administration;
mod agent_keys;
mod approvals;
mod audit;
mod buttons;
mod calls;
mod chat_administration;
mod chat_state;
mod chats;
mod contacts;
mod credentials;
mod drafts;
mod events;
mod folders;
mod forwarding;
mod invites;
mod login;
mod media;
mod members;
mod message_changes;
mod messages;
mod photos;
mod pins;
mod policies;
mod polls;
mod privacy;
mod profile;
mod reactions;
mod reading;
mod scheduled;
mod search;
mod security;
mod sending;
mod service;
mod speech;
mod telegram_folders;
mod topics;
mod webhooks;

use super::Row;

/// All rows.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    let families = [
        accounts::ROWS,
        administration::ROWS,
        agent_keys::ROWS,
        approvals::ROWS,
        audit::ROWS,
        buttons::ROWS,
        calls::ROWS,
        chat_administration::ROWS,
        chat_state::ROWS,
        chats::ROWS,
        contacts::ROWS,
        credentials::ROWS,
        drafts::ROWS,
        events::ROWS,
        folders::ROWS,
        forwarding::ROWS,
        invites::ROWS,
        login::ROWS,
        media::ROWS,
        members::ROWS,
        message_changes::ROWS,
        messages::ROWS,
        photos::ROWS,
        pins::ROWS,
        policies::ROWS,
        polls::ROWS,
        privacy::ROWS,
        profile::ROWS,
        reactions::ROWS,
        reading::ROWS,
        scheduled::ROWS,
        search::ROWS,
        security::ROWS,
        sending::ROWS,
        service::ROWS,
        speech::ROWS,
        telegram_folders::ROWS,
        topics::ROWS,
        webhooks::ROWS,
    ];
    families.into_iter().flatten()
}
