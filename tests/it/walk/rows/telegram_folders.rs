//! Telegram's own folders.

use serde_json::{Value, json};

use crate::walk::example::example;
use crate::walk::world::{BORIS_ID, World};

async fn new_folder(world: &World) -> Value {
    let folder = json!({ "title": "A folder", "includedChatIds": [BORIS_ID] });
    world.api.post(&format!("/accounts/{}/telegram-folders", world.account), folder).await.expect(200)["id"].clone()
}

examples! {
    "list_telegram_folders" => |_world| example(json!({}));
    "save_telegram_folder" => |world| {
        example(json!({ "title": "Work", "emoticon": "💼", "color": 3, "includedChatIds": [world.group], "pinnedChatIds": [BORIS_ID] }))
    };
    "delete_telegram_folder" => |world| example(json!({ "folderId": new_folder(world).await }));
    "reorder_telegram_folders" => |world| {
        let folder = new_folder(world).await;
        example(json!({ "folderIds": [folder] })).refuses("folderIds", json!([folder, folder]))
    };
}
