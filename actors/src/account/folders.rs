//! The folders and tabs of an account: sealed records of the account, which Telegram knows nothing of.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::MutexGuard;

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::operations::folders::{FOLDERS_MAX, Folder, GivenTab, Tab};
use crate::vault::{Durability, SealedBatch, Space};

/// The one record that holds all tabs: they are replaced together.
const TABS: &[u8] = b"tabs";

/// A folder as it is kept.
#[derive(Serialize, Deserialize)]
struct StoredFolder {
    id: String,
    name: String,
    icon: Option<String>,
    included_chat_types: Vec<String>,
    excluded_chat_types: Vec<String>,
    included_chat_ids: Vec<i64>,
    excluded_chat_ids: Vec<i64>,
    sort_order: i32,
}

impl StoredFolder {
    fn into_folder(self, account: AccountId) -> Folder {
        Folder {
            id: self.id,
            account_id: account.to_string(),
            name: self.name,
            icon: self.icon,
            included_chat_types: self.included_chat_types,
            excluded_chat_types: self.excluded_chat_types,
            included_chat_ids: self.included_chat_ids,
            excluded_chat_ids: self.excluded_chat_ids,
            sort_order: self.sort_order,
        }
    }
}

impl From<Folder> for StoredFolder {
    fn from(folder: Folder) -> Self {
        Self {
            id: folder.id,
            name: folder.name,
            icon: folder.icon,
            included_chat_types: folder.included_chat_types,
            excluded_chat_types: folder.excluded_chat_types,
            included_chat_ids: folder.included_chat_ids,
            excluded_chat_ids: folder.excluded_chat_ids,
            sort_order: folder.sort_order,
        }
    }
}

/// A tab as it is kept: id, whether it is visible, place. A tuple, so that all tabs fit into one record.
#[derive(Serialize, Deserialize)]
struct StoredTab(String, bool, i32);

/// The id of a folder's record.
pub(super) type FolderRecord = [u8; 32];

/// Ids of records are not sealed, and a client's id of a folder may say something.
fn record_id(folder_id: &str) -> FolderRecord {
    Sha256::digest(folder_id.as_bytes()).into()
}

impl AccountContext {
    /// The account's id.
    pub(crate) fn id(&self) -> AccountId {
        self.ownership.account
    }

    /// The saved folders, in their order.
    pub(crate) async fn folders(&self) -> Result<Vec<Folder>, Error> {
        let stored = self.records.scan::<StoredFolder>(Space::Folder, None, FOLDERS_MAX).await?;
        let mut folders: Vec<_> = stored.into_iter().map(|(_, folder)| folder.into_folder(self.id())).collect();
        folders.sort_by(|one, other| (one.sort_order, &one.id).cmp(&(other.sort_order, &other.id)));
        Ok(folders)
    }

    /// Adds a folder, or replaces the one with its id.
    pub(crate) async fn save_folder(&self, folder: Folder) -> Result<(), Error> {
        let record = record_id(&folder.id);
        let batch = self.records.batch().put(Space::Folder, &record, &StoredFolder::from(folder))?;
        let mut known = self.known_folders().await?;
        let ids = known.get_or_insert_default();
        if ids.len() >= FOLDERS_MAX && !ids.contains(&record) {
            return Err(Error::new(Code::Conflict, format!("An account may have {FOLDERS_MAX} folders")));
        }
        ids.insert(record);
        self.commit_folders(known, batch).await
    }

    /// Deletes a folder, if there is one with this id.
    pub(crate) async fn delete_folder(&self, folder_id: &str) -> Result<(), Error> {
        let record = record_id(folder_id);
        let batch = self.records.batch().delete(Space::Folder, &record);
        let mut known = self.known_folders().await?;
        known.get_or_insert_default().remove(&record);
        self.commit_folders(known, batch).await
    }

    /// Which folders there are, for one change at a time, so that two of them cannot both take the last place.
    async fn known_folders(&self) -> Result<MutexGuard<'_, Option<HashSet<FolderRecord>>>, Error> {
        let mut known = self.folder_records.lock().await;
        if known.is_none() {
            let stored = self.records.scan::<StoredFolder>(Space::Folder, None, FOLDERS_MAX).await?;
            *known = Some(stored.iter().filter_map(|(id, _)| id.as_slice().try_into().ok()).collect());
        }
        Ok(known)
    }

    /// Makes a change durable. The next one may begin meanwhile: changes keep the order in which they are committed.
    async fn commit_folders(
        &self,
        known: MutexGuard<'_, Option<HashSet<FolderRecord>>>,
        batch: SealedBatch,
    ) -> Result<(), Error> {
        let committing = batch.submit(Durability::Durable);
        drop(known);
        let committed = committing.await;
        if committed.is_err() {
            *self.folder_records.lock().await = None;
        }
        Ok(committed?)
    }

    /// The saved tabs, as they were saved.
    pub(crate) async fn tabs(&self) -> Result<Vec<Tab>, Error> {
        let stored = self.records.get::<Vec<StoredTab>>(Space::Tabs, TABS).await?.unwrap_or_default();
        let account_id = self.id().to_string();
        let tab = |StoredTab(id, visible, sort_order)| Tab { id, account_id: account_id.clone(), visible, sort_order };
        Ok(stored.into_iter().map(tab).collect())
    }

    /// Replaces all tabs.
    pub(crate) async fn save_tabs(&self, tabs: Vec<GivenTab>) -> Result<(), Error> {
        let stored: Vec<_> = tabs.into_iter().map(|tab| StoredTab(tab.id, tab.visible, tab.sort_order)).collect();
        Ok(self.records.batch().put(Space::Tabs, TABS, &stored)?.commit(Durability::Durable).await?)
    }
}
