//! Telegram's own folders, which every client of an account shows.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{ChatId, FolderContent, TelegramFolder};

/// The longest title, in characters; Telegram's own limit.
const TITLE_LENGTH_MAX: usize = 12;

/// The longest emoji that stands for a folder, in bytes.
const EMOTICON_BYTES_MAX: usize = 64;

/// The colours that a folder may have.
const COLORS: std::ops::RangeInclusive<i32> = 0..=6;

/// The most chats that one list of a folder names; Telegram's limit for subscribers, others may name fewer.
const CHATS_MAX: usize = 200;

/// The most folders that one order names.
const FOLDERS_MAX: usize = 256;

/// Lists Telegram's folders of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListTelegramFolders {
    account_id: AccountReference,
}

impl Operation for ListTelegramFolders {
    const DECLARATION: Declaration = Declaration::new(
        "list_telegram_folders",
        "List Telegram's own folders of an account, in their order.",
        Method::Get,
        "/accounts/{accountId}/telegram-folders",
        Access::Scope(Scope::FoldersRead),
        Effect::Read,
    );
    type Output = Vec<TelegramFolder>;

    in_account!();

    leaves_out!();
}

impl AccountOperation for ListTelegramFolders {
    async fn run(self, call: AccountCall) -> Result<Vec<TelegramFolder>, Error> {
        call.telegram_folders().await
    }
}

/// Saves a folder: adds it, or replaces the one with its id.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveTelegramFolder {
    account_id: AccountReference,
    /// Which folder to replace; absent for a new one.
    #[serde(default)]
    id: Option<i32>,
    /// Its name: 1 to 12 characters.
    title: String,
    /// The emoji that stands for it.
    #[serde(default)]
    emoticon: Option<String>,
    /// The number of its colour: 0 to 6.
    #[serde(default)]
    color: Option<i32>,
    /// Whether chats with contacts are in it.
    #[serde(default)]
    contacts: bool,
    /// Whether chats with others than contacts are in it.
    #[serde(default)]
    non_contacts: bool,
    /// Whether groups are in it.
    #[serde(default)]
    groups: bool,
    /// Whether channels are in it.
    #[serde(default)]
    channels: bool,
    /// Whether chats with bots are in it.
    #[serde(default)]
    bots: bool,
    /// Whether muted chats are left out.
    #[serde(default)]
    exclude_muted: bool,
    /// Whether read chats are left out.
    #[serde(default)]
    exclude_read: bool,
    /// Whether archived chats are left out.
    #[serde(default)]
    exclude_archived: bool,
    /// Chats that are pinned in it, in their order: at most 200.
    #[serde(default)]
    pinned_chat_ids: Vec<ChatId>,
    /// Chats that are in it: at most 200.
    #[serde(default)]
    included_chat_ids: Vec<ChatId>,
    /// Chats that are not: at most 200.
    #[serde(default)]
    excluded_chat_ids: Vec<ChatId>,
}

impl Operation for SaveTelegramFolder {
    const DECLARATION: Declaration = Declaration::new(
        "save_telegram_folder",
        "Save one of Telegram's own folders of an account: add it, or replace the one with its id.",
        Method::Post,
        "/accounts/{accountId}/telegram-folders",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    );
    type Output = TelegramFolder;

    in_account!();

    leaves_out_of_what_was_done!();

    fn chats(&self) -> Vec<ChatId> {
        [self.pinned_chat_ids.as_slice(), &self.included_chat_ids, &self.excluded_chat_ids].concat()
    }

    fn validate(&self) -> Result<(), Error> {
        if self.title.trim().is_empty() || self.title.chars().count() > TITLE_LENGTH_MAX {
            return Err(Error::invalid("title", format!("must have 1 to {TITLE_LENGTH_MAX} characters")));
        }
        if self.emoticon.as_ref().is_some_and(|emoticon| emoticon.is_empty() || emoticon.len() > EMOTICON_BYTES_MAX) {
            return Err(Error::invalid("emoticon", "must be one emoji"));
        }
        if self.color.is_some_and(|color| !COLORS.contains(&color)) {
            return Err(Error::invalid("color", format!("must be from {} to {}", COLORS.start(), COLORS.end())));
        }
        let lists = [
            ("pinnedChatIds", &self.pinned_chat_ids),
            ("includedChatIds", &self.included_chat_ids),
            ("excludedChatIds", &self.excluded_chat_ids),
        ];
        match lists.into_iter().find(|(_, chats)| chats.len() > CHATS_MAX) {
            Some((field, _)) => Err(Error::invalid(field, format!("may have at most {CHATS_MAX} items"))),
            None => Ok(()),
        }
    }
}

impl AccountOperation for SaveTelegramFolder {
    async fn run(self, call: AccountCall) -> Result<TelegramFolder, Error> {
        let content = FolderContent {
            title: self.title,
            emoticon: self.emoticon,
            color: self.color,
            contacts: self.contacts,
            non_contacts: self.non_contacts,
            groups: self.groups,
            channels: self.channels,
            bots: self.bots,
            exclude_muted: self.exclude_muted,
            exclude_read: self.exclude_read,
            exclude_archived: self.exclude_archived,
            pinned_chat_ids: self.pinned_chat_ids,
            included_chat_ids: self.included_chat_ids,
            excluded_chat_ids: self.excluded_chat_ids,
        };
        if content.is_empty() {
            return Err(Error::invalid("includedChatIds", "must name a chat, unless a kind of chats is in the folder"));
        }
        call.save_telegram_folder(self.id, &content).await
    }
}

/// Deletes a folder; its chats stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTelegramFolder {
    account_id: AccountReference,
    /// Which folder.
    folder_id: i32,
}

impl Operation for DeleteTelegramFolder {
    const DECLARATION: Declaration = Declaration::new(
        "delete_telegram_folder",
        "Delete one of Telegram's own folders of an account; its chats stay.",
        Method::Delete,
        "/accounts/{accountId}/telegram-folders/{folderId}",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_account!();
}

impl AccountOperation for DeleteTelegramFolder {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_telegram_folder(self.folder_id).await
    }
}

/// Puts folders into an order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReorderTelegramFolders {
    account_id: AccountReference,
    /// The folders that come first, in this order; the others follow as they are. 0 is the folder of all chats, which only
    /// subscribers can move.
    folder_ids: Vec<i32>,
}

impl Operation for ReorderTelegramFolders {
    const DECLARATION: Declaration = Declaration::new(
        "reorder_telegram_folders",
        "Put Telegram's own folders of an account into an order.",
        Method::Put,
        "/accounts/{accountId}/telegram-folders/order",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        if self.folder_ids.len() > FOLDERS_MAX {
            return Err(Error::invalid("folderIds", format!("may have at most {FOLDERS_MAX} items")));
        }
        let mut sorted = self.folder_ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < self.folder_ids.len() {
            return Err(Error::invalid("folderIds", "names a folder twice"));
        }
        Ok(())
    }
}

impl AccountOperation for ReorderTelegramFolders {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.reorder_telegram_folders(&self.folder_ids).await
    }
}
