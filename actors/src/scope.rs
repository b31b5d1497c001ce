//! Scopes: what an agent key may be granted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($variant:ident = $name:literal, $destructive:literal, $description:literal;)+) => {
        /// One permission of an agent key. Humans hold all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Scope {
            $(
                #[doc = $description]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Scope {
            /// Every scope, in the order in which the documentation lists them.
            pub const ALL: &'static [Scope] = &[$(Scope::$variant),+];

            /// The scope's name as keys and refusals spell it, such as `messages:read`.
            pub fn name(self) -> &'static str {
                match self { $(Scope::$variant => $name),+ }
            }

            /// What the scope grants, in one sentence.
            pub fn description(self) -> &'static str {
                match self { $(Scope::$variant => $description),+ }
            }

            /// Whether what it grants can destroy data or act against others: such a scope is in no bundle.
            pub fn is_destructive(self) -> bool {
                match self { $(Scope::$variant => $destructive),+ }
            }
        }
    };
}

scopes! {
    AccountsRead = "accounts:read", false, "List accounts and read their profile, avatar, health and the storage mode.";
    AccountsDelete = "accounts:delete", true, "Log out and delete an account.";
    TelegramLogin = "telegram:login", false, "Log Telegram accounts in.";
    ChatsRead = "chats:read", false, "Read chats, contacts, members, topics, public search and chat photos.";
    ChatsWrite = "chats:write", false, "Create groups and channels; join, archive, mute and mark chats.";
    ChatsAdmin = "chats:admin", true, "Administer chats: titles, photos, permissions, members, bans, admins, invite links, topics.";
    ChatsDelete = "chats:delete", true, "Leave or delete a chat.";
    MessagesRead = "messages:read", false, "Read and search messages and media.";
    MessagesSend = "messages:send", false, "Send text, media, polls, reactions, drafts and typing; schedule; mark read.";
    MessagesEdit = "messages:edit", false, "Edit and pin own messages.";
    MessagesDelete = "messages:delete", true, "Delete messages and history.";
    MessagesForward = "messages:forward", true, "Forward and copy messages.";
    ContactsWrite = "contacts:write", false, "Add, import, delete and block contacts.";
    ProfileWrite = "profile:write", true, "Change the name, bio, photo and privacy of the account.";
    FoldersRead = "folders:read", false, "Read folders and tabs.";
    FoldersWrite = "folders:write", false, "Change folders and tabs.";
    EventsRead = "events:read", false, "Receive events by stream, long poll and subscription.";
    WebhooksWrite = "webhooks:write", false, "Manage own webhooks and their deliveries.";
    CallsUse = "calls:use", false, "Use call signalling.";
    SttUse = "stt:use", false, "Use speech to text.";
    SecurityRead = "security:read", true, "Read service messages with login codes, and Telegram's own session list.";
}

impl Scope {
    /// Whether a person must approve each use by an agent.
    pub fn needs_approval(self) -> bool {
        self == Self::SecurityRead
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }
}
