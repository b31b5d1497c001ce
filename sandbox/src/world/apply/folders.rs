//! Folders: kept, removed and put in order.

use super::{About, Notice};
use crate::world::folder::Folder;
use crate::world::state::State;

impl State {
    /// A folder is added at the end, or takes the place of the one with its id.
    pub(super) fn save_folder(&mut self, user_id: i64, folder: &Folder) -> Vec<Notice> {
        let folders = self.folders.entry(user_id).or_default();
        match folders.iter_mut().find(|kept| kept.id == folder.id) {
            Some(kept) => *kept = folder.clone(),
            None => folders.push(folder.clone()),
        }
        vec![Notice { to: user_id, about: About::Folder { folder_id: folder.id } }]
    }

    /// A folder is removed; its conversations stay.
    pub(super) fn delete_folder(&mut self, user_id: i64, folder_id: i32) -> Vec<Notice> {
        if let Some(folders) = self.folders.get_mut(&user_id) {
            folders.retain(|folder| folder.id != folder_id);
        }
        vec![Notice { to: user_id, about: About::Folder { folder_id } }]
    }

    /// The named folders come first, in this order; the others follow as they are.
    pub(super) fn order_folders(&mut self, user_id: i64, order: &[i32]) -> Vec<Notice> {
        let Some(folders) = self.folders.get_mut(&user_id) else { return Vec::new() };
        folders.sort_by_key(|folder| order.iter().position(|id| *id == folder.id).unwrap_or(order.len()));
        vec![Notice { to: user_id, about: About::FolderOrder }]
    }
}
