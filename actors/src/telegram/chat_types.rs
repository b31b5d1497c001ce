//! What Telegram tells of chats beside a list of them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Chat, ChatId, ChatType};

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
