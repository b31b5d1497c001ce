//! Folders and tabs: how a client of this server arranges an account's chats. They are kept here and Telegram knows nothing of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AccountCall;
use crate::error::Error;
use crate::leave_out::LeaveOut;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, Repetition};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::ChatId;

/// The most folders of an account.
pub(crate) const FOLDERS_MAX: usize = 200;

/// The most tabs of an account.
const TABS_MAX: usize = 200;

/// The most chats that one list of a folder names.
const CHAT_IDS_MAX: usize = 500;

/// The most chat types that one list of a folder names, and the longest of them, in characters.
const CHAT_TYPES_MAX: usize = 16;
const CHAT_TYPE_LENGTH_MAX: usize = 32;

/// The longest name or icon, in characters.
const NAME_LENGTH_MAX: usize = 64;

/// The longest id, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The largest `sort_order`; the smallest is 0.
const SORT_ORDER_MAX: i32 = 10_000;

/// A folder of chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Folder {
    /// The client's own id of the folder.
    pub id: String,
    /// The account that it belongs to.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// The client's name of its icon.
    pub icon: Option<String>,
    /// Types of chats that are in it.
    pub included_chat_types: Vec<String>,
    /// Types of chats that are not.
    pub excluded_chat_types: Vec<String>,
    /// Chats that are in it.
    pub included_chat_ids: Vec<i64>,
    /// Chats that are not.
    pub excluded_chat_ids: Vec<i64>,
    /// Its place among the folders.
    pub sort_order: i32,
}

/// A tab over the list of chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tab {
    /// The client's own id of the tab.
    pub id: String,
    /// The account that it belongs to.
    pub account_id: String,
    /// Whether it is shown.
    pub visible: bool,
    /// Its place among the tabs.
    pub sort_order: i32,
}

/// Lists the folders that a client has saved.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListFolders {
    account_id: AccountReference,
}

impl Operation for ListFolders {
    const DECLARATION: Declaration = Declaration::new(
        "list_folders",
        "List the folders that clients have saved for an account, in their order.",
        Method::Get,
        "/accounts/{accountId}/folders",
        Access::Scope(Scope::FoldersRead),
        Effect::Read,
    );
    type Output = Vec<Folder>;

    in_account!();

    leaves_out!();
}

impl AccountOperation for ListFolders {
    async fn run(self, call: AccountCall) -> Result<Vec<Folder>, Error> {
        call.folders().await
    }
}

/// Saves a folder: adds it, or replaces the one with its id.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SaveFolder {
    #[serde(rename = "accountId")]
    account: AccountReference,
    /// The client's own id of the folder: 1 to 64 bytes.
    id: String,
    /// Not read: the account is the one in the path.
    #[serde(default, rename = "account_id")]
    _account_id: Option<String>,
    /// Its name: 1 to 64 characters.
    name: String,
    /// The client's name of its icon: up to 64 characters.
    #[serde(default)]
    icon: Option<String>,
    /// Types of chats that are in it: at most 16.
    included_chat_types: Vec<String>,
    /// Types of chats that are not: at most 16.
    excluded_chat_types: Vec<String>,
    /// Chats that are in it: at most 500.
    included_chat_ids: Vec<i64>,
    /// Chats that are not: at most 500.
    excluded_chat_ids: Vec<i64>,
    /// Its place among the folders: 0 to 10000.
    sort_order: i32,
}

impl Operation for SaveFolder {
    const DECLARATION: Declaration = Declaration::new(
        "save_folder",
        "Save a folder of an account: add it, or replace the one with its id.",
        Method::Post,
        "/accounts/{accountId}/folders",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    )
    .success(204)
    .repetition(Repetition::Harmless);
    type Output = ();

    fn account(&self) -> Option<AccountReference> {
        Some(self.account)
    }

    fn validate(&self) -> Result<(), Error> {
        check_id("id", &self.id)?;
        check_text("name", &self.name, 1, NAME_LENGTH_MAX)?;
        check_text("icon", self.icon.as_deref().unwrap_or_default(), 0, NAME_LENGTH_MAX)?;
        check_types("included_chat_types", &self.included_chat_types)?;
        check_types("excluded_chat_types", &self.excluded_chat_types)?;
        check_length("included_chat_ids", self.included_chat_ids.len(), CHAT_IDS_MAX)?;
        check_length("excluded_chat_ids", self.excluded_chat_ids.len(), CHAT_IDS_MAX)?;
        check_order("sort_order", self.sort_order)
    }
}

impl AccountOperation for SaveFolder {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        let folder = Folder {
            id: self.id,
            account_id: call.id().to_string(),
            name: self.name,
            icon: self.icon,
            included_chat_types: self.included_chat_types,
            excluded_chat_types: self.excluded_chat_types,
            included_chat_ids: self.included_chat_ids,
            excluded_chat_ids: self.excluded_chat_ids,
            sort_order: self.sort_order,
        };
        call.save_folder(folder).await
    }
}

/// Deletes a saved folder, if there is one with this id.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteFolder {
    #[serde(rename = "accountId")]
    account: AccountReference,
    /// The client's own id of the folder.
    id: String,
}

impl Operation for DeleteFolder {
    const DECLARATION: Declaration = Declaration::new(
        "delete_folder",
        "Delete a saved folder of an account, if there is one with this id.",
        Method::Delete,
        "/accounts/{accountId}/folders/{id}",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    fn account(&self) -> Option<AccountReference> {
        Some(self.account)
    }
}

impl AccountOperation for DeleteFolder {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_folder(&self.id).await
    }
}

/// Gets the tabs that a client has saved.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetTabs {
    account_id: AccountReference,
}

impl Operation for GetTabs {
    const DECLARATION: Declaration = Declaration::new(
        "get_tabs",
        "Get the tabs that a client has saved for an account.",
        Method::Get,
        "/accounts/{accountId}/tabs",
        Access::Scope(Scope::FoldersRead),
        Effect::Read,
    );
    type Output = Vec<Tab>;

    in_account!();
}

impl AccountOperation for GetTabs {
    async fn run(self, call: AccountCall) -> Result<Vec<Tab>, Error> {
        call.tabs().await
    }
}

/// A tab as a client gives it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GivenTab {
    /// The client's own id of the tab: 1 to 64 bytes.
    pub(crate) id: String,
    /// Not read: the account is the one in the path.
    #[serde(default, rename = "account_id")]
    _account_id: Option<String>,
    /// Whether it is shown.
    pub(crate) visible: bool,
    /// Its place among the tabs: 0 to 10000.
    pub(crate) sort_order: i32,
}

/// Replaces all tabs of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveTabs {
    account_id: AccountReference,
    /// All tabs: at most 200.
    tabs: Vec<GivenTab>,
}

impl Operation for SaveTabs {
    const DECLARATION: Declaration = Declaration::new(
        "save_tabs",
        "Replace all tabs of an account.",
        Method::Put,
        "/accounts/{accountId}/tabs",
        Access::Scope(Scope::FoldersWrite),
        Effect::Write,
    )
    .body_field("tabs")
    .success(204);
    type Output = ();

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        check_length("tabs", self.tabs.len(), TABS_MAX)?;
        for (index, tab) in self.tabs.iter().enumerate() {
            check_id(&format!("tabs[{index}].id"), &tab.id)?;
            check_order(&format!("tabs[{index}].sort_order"), tab.sort_order)?;
        }
        Ok(())
    }
}

impl AccountOperation for SaveTabs {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.save_tabs(self.tabs).await
    }
}

fn check_id(field: &str, id: &str) -> Result<(), Error> {
    if (1..=ID_BYTES_MAX).contains(&id.len()) && !id.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("must have 1 to {ID_BYTES_MAX} bytes and no control characters")))
    }
}

fn check_text(field: &str, text: &str, length_min: usize, length_max: usize) -> Result<(), Error> {
    let is_blank = length_min > 0 && text.trim().is_empty();
    if is_blank || text.chars().count() > length_max || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            format!("must have {length_min} to {length_max} characters, and no control characters"),
        ));
    }
    Ok(())
}

fn check_types(field: &str, types: &[String]) -> Result<(), Error> {
    check_length(field, types.len(), CHAT_TYPES_MAX)?;
    types.iter().try_for_each(|name| check_text(field, name, 1, CHAT_TYPE_LENGTH_MAX))
}

fn check_length(field: &str, length: usize, length_max: usize) -> Result<(), Error> {
    if length > length_max { Err(Error::invalid(field, format!("may have at most {length_max} items"))) } else { Ok(()) }
}

fn check_order(field: &str, sort_order: i32) -> Result<(), Error> {
    if (0..=SORT_ORDER_MAX).contains(&sort_order) {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("must be from 0 to {SORT_ORDER_MAX}")))
    }
}

impl LeaveOut for Folder {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        for chats in [&mut self.included_chat_ids, &mut self.excluded_chat_ids] {
            chats.retain(|chat| !ChatId::from_marked(*chat).is_some_and(|chat| sight.hides(chat)));
        }
        Ok(())
    }
}
