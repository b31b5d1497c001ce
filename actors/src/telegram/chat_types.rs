//! What Telegram tells of chats beside a list of them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Chat, ChatId, ChatPermissions, ChatType};

/// A page of the address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ContactPage {
    pub(super) contacts: Vec<Chat>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) next_cursor: Option<String>,
}

impl ContactPage {
    /// The same page with another cursor.
    pub(crate) fn with_cursor(self, next_cursor: Option<String>) -> Self {
        Self { next_cursor, ..self }
    }

    /// The contacts, to take some away.
    pub(crate) fn contacts_mut(&mut self) -> &mut Vec<Chat> {
        &mut self.contacts
    }

    /// Where the next page begins, if there is one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }
}

/// A chat that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedChat {
    /// Its id.
    pub chat_id: ChatId,
    /// Users whom Telegram did not let be added, as their settings forbid it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_user_ids: Vec<i64>,
}

/// A person, group or channel that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundChat {
    /// The bare id, not the marked form.
    pub id: i64,
    /// The title, or a person's name.
    pub title: String,
    /// The public username, without the at sign.
    pub username: Option<String>,
    /// What it is.
    pub result_type: ChatType,
    /// How many members it has, if Telegram tells.
    pub subscribers_count: Option<i32>,
    /// The id in the marked form, as all other operations take it.
    pub chat_id: ChatId,
}

/// A call that goes on in a group or a channel, as one must name it to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveCall {
    /// Its id.
    pub call_id: i64,
    /// What shows that the account was told of it.
    pub access_hash: i64,
}

/// All that is known of one chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// What a list of chats shows of it.
    #[serde(flatten)]
    pub chat: Chat,
    /// The description, or what a person says of themselves.
    pub about: Option<String>,
    /// Whether it is in the archive.
    pub is_archived: bool,
    /// Whether it is pinned to the top of the list.
    pub is_pinned: bool,
    /// Whether it is marked unread.
    pub is_marked_unread: bool,
    /// The pinned message.
    pub pinned_message_id: Option<i32>,
    /// How many members it has.
    pub members_count: Option<i32>,
    /// How many administrators it has, if the account may know.
    pub admins_count: Option<i32>,
    /// The invite link, if the account may know.
    pub invite_link: Option<String>,
    /// The group of a channel's comments, or the channel of such a group.
    pub linked_chat_id: Option<ChatId>,
    /// How long each member waits between two messages.
    pub slow_mode_secs: Option<i32>,
    /// The call that goes on in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_call: Option<ActiveCall>,
    /// What members may do.
    pub permissions: Option<ChatPermissions>,
    /// Whether the account is in it; true of a private chat.
    pub is_member: bool,
    /// Whether the account administers it.
    pub is_admin: bool,
    /// Whether the account owns it.
    pub is_owner: bool,
    /// Whether the person is in the address book.
    pub is_contact: bool,
    /// Whether the person is blocked.
    pub is_blocked: bool,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// The person's phone number, if the account may know.
    pub phone: Option<String>,
    /// How many groups the account and the person are both in.
    pub common_chats_count: Option<i32>,
}

impl ChatDetails {
    /// A chat of which no more is known than a list shows.
    pub(super) fn of(chat: Chat) -> Self {
        Self {
            chat,
            about: None,
            is_archived: false,
            is_pinned: false,
            is_marked_unread: false,
            pinned_message_id: None,
            members_count: None,
            admins_count: None,
            invite_link: None,
            linked_chat_id: None,
            slow_mode_secs: None,
            active_call: None,
            permissions: None,
            is_member: true,
            is_admin: false,
            is_owner: false,
            is_contact: false,
            is_blocked: false,
            is_bot: false,
            phone: None,
            common_chats_count: None,
        }
    }
}

/// Where an invite link leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitePreview {
    /// The title.
    pub title: String,
    /// The description.
    pub about: Option<String>,
    /// What kind of chat it is.
    pub chat_type: ChatType,
    /// How many members it has.
    pub members_count: Option<i32>,
    /// Whether an administrator must let the account in.
    pub is_request_needed: bool,
    /// Whether the account is in it already.
    pub is_member: bool,
    /// The chat, if the account may see it already.
    pub chat_id: Option<ChatId>,
}

/// What became of coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinStatus {
    /// The account is a member.
    Joined,
    /// An administrator is asked to let the account in.
    Requested,
}

/// What became of coming into a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// What became of it.
    pub status: JoinStatus,
    /// The chat, if the account may know it.
    pub chat_id: Option<ChatId>,
}

/// Somebody of the list of blocked people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// Who.
    pub chat_id: ChatId,
    /// Their name.
    pub title: String,
    /// Their public username, without the at sign.
    pub username: Option<String>,
    /// Since when (Unix seconds).
    pub date: i64,
}

/// A page of the list of blocked people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct BlockedPage {
    pub(super) blocked: Vec<Blocked>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) next_cursor: Option<String>,
}

impl BlockedPage {
    /// Whom it tells of, to take some away.
    pub(crate) fn blocked_mut(&mut self) -> &mut Vec<Blocked> {
        &mut self.blocked
    }

    /// Where the next page begins, if there is one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }
}

/// What became of importing people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedContacts {
    /// Those who are contacts now.
    pub contacts: Vec<Chat>,
    /// Which of the given people, counted from 0, Telegram did not find or asks to import again later.
    pub missing: Vec<usize>,
}
