//! Telegram's own folders. Each change rests on what was read just before it, so one is made at a time.

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::telegram::{FolderContent, TelegramFolder, TelegramFolders};

const UPDATE: &str = "messages.updateDialogFilter";

impl AccountContext {
    /// The folders, in their order.
    pub(crate) async fn telegram_folders(&self) -> Result<Vec<TelegramFolder>, Error> {
        let folders = async |connection: &crate::telegram::Connection| {
            let found = connection.telegram_folders().await?;
            Ok(connection.seen_folders(&found))
        };
        self.repeatable("messages.getDialogFilters", folders).await
    }

    /// Adds a folder, or replaces the one with this id. The id is chosen before the call, so that the call may be repeated.
    pub(crate) async fn save_telegram_folder(&self, id: Option<i32>, content: &FolderContent) -> Result<TelegramFolder, Error> {
        let _turn = self.changing_telegram_folders.lock().await;
        let known = self.known_telegram_folders().await?;
        let id = match id {
            Some(id) if known.contains(id) => id,
            Some(_) => return Err(no_such_folder()),
            None => {
                known.free_id().ok_or_else(|| Error::new(Code::Conflict, "The account has as many folders as it may have"))?
            }
        };
        self.repeatable(UPDATE, async |connection| connection.put_telegram_folder(id, content, &known).await).await
    }

    /// Deletes a folder; its chats stay.
    pub(crate) async fn delete_telegram_folder(&self, id: i32) -> Result<(), Error> {
        let _turn = self.changing_telegram_folders.lock().await;
        if !self.known_telegram_folders().await?.contains(id) {
            return Err(no_such_folder());
        }
        self.repeatable(UPDATE, async |connection| connection.delete_telegram_folder(id).await).await
    }

    /// Puts these folders first, in this order; the others follow as they are.
    pub(crate) async fn reorder_telegram_folders(&self, first: &[i32]) -> Result<(), Error> {
        let _turn = self.changing_telegram_folders.lock().await;
        let known = self.known_telegram_folders().await?;
        if let Some(unknown) = known.first_unknown(first) {
            return Err(Error::invalid("folderIds", format!("names {unknown}, which is no folder of this account")));
        }
        let order = known.ordered(first);
        let reordered =
            self.repeatable("messages.updateDialogFiltersOrder", async |it| it.reorder_telegram_folders(order.clone()).await);
        reordered.await
    }

    async fn known_telegram_folders(&self) -> Result<TelegramFolders, Error> {
        self.repeatable("messages.getDialogFilters", async |connection| connection.telegram_folders().await).await
    }
}

fn no_such_folder() -> Error {
    Error::new(Code::NotFound, "The account has no folder with this id that can be changed")
}
