//! The families that operations are told in, for people and for generators of clients.

use serde_json::{Value, json};
use vasya_actors::operation::Declaration;

/// The service itself.
pub(crate) const SERVICE: &str = "service";

/// The families in the order of the documentation, each with what is in it.
pub(crate) const FAMILIES: &[(&str, &str)] = &[
    (SERVICE, "Whether the server works, who the caller is, and where data is kept."),
    ("login", "Logging Telegram accounts in."),
    ("accounts", "The accounts: their health, profile, photo and privacy."),
    ("chats", "Chats: listing, finding, making, joining, keeping and leaving them."),
    ("members", "Who is in a group or channel, and who may do what there."),
    ("messages", "Reading, sending, changing, forwarding and deleting messages."),
    ("media", "Files and photos, as streams."),
    ("contacts", "The address book, and whom an account blocks."),
    ("folders", "Folders and tabs that clients save, and Telegram's own folders."),
    ("events", "What happens in the accounts, by stream and by poll."),
    ("webhooks", "Events posted to addresses, and what became of each."),
    ("calls", "The signalling of calls between two people and in groups."),
    ("speech", "Speech to text."),
    ("approvals", "Calls of agents that wait for a person, and what came of them."),
    ("administration", "Agent keys and their policies, the audit log, credentials and the server: for people only."),
];

/// The segments by which a path tells the family of its operation. Where a path has several of them, the first in this list counts.
const SEGMENTS: &[(&str, &str)] = &[
    ("me", SERVICE),
    ("storage-mode", SERVICE),
    ("login", "login"),
    ("agent-keys", "administration"),
    ("policies", "administration"),
    ("audit", "administration"),
    ("approvals", "approvals"),
    ("credentials", "administration"),
    ("keyring", "administration"),
    ("admin", "administration"),
    ("stt", "speech"),
    ("events", "events"),
    ("webhooks", "webhooks"),
    ("calls", "calls"),
    ("group-calls", "calls"),
    ("folders", "folders"),
    ("telegram-folders", "folders"),
    ("tabs", "folders"),
    ("contacts", "contacts"),
    ("blocked", "contacts"),
    ("members", "members"),
    ("bans", "members"),
    ("admins", "members"),
    ("join-requests", "members"),
    ("media", "media"),
    ("album", "media"),
    ("thumbnail", "media"),
    ("photo", "media"),
    ("photos", "media"),
    ("avatar", "media"),
    ("messages", "messages"),
    ("polls", "messages"),
    ("scheduled", "messages"),
    ("draft", "messages"),
    ("drafts", "messages"),
    ("typing", "messages"),
    ("read", "messages"),
    ("pins", "messages"),
    ("history", "messages"),
    ("location", "messages"),
    ("contact", "messages"),
    ("chats", "chats"),
    ("groups", "chats"),
    ("channels", "chats"),
    ("join", "chats"),
    ("invites", "chats"),
    ("resolve", "chats"),
    ("search", "chats"),
    ("topics", "chats"),
    ("accounts", "accounts"),
];

/// The family of an operation.
pub(crate) fn of(declaration: &Declaration) -> &'static str {
    let named = SEGMENTS.iter().find(|(name, _)| declaration.path.split('/').any(|segment| segment == *name));
    named.map_or(SERVICE, |(_, family)| *family)
}

/// The families as OpenAPI lists them.
pub(super) fn tags() -> Value {
    FAMILIES.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect()
}
