//! The folders and tabs that clients save.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_folders" => |_world| example(json!({}));
    "save_folder" => |world| {
        let folder = json!({
            "id": "work", "name": "Work", "included_chat_types": ["group"], "excluded_chat_types": [],
            "included_chat_ids": [world.group], "excluded_chat_ids": [], "sort_order": 1,
        });
        example(folder).takes_any("account_id").refuses("sort_order", json!(-1))
    };
    "delete_folder" => |_world| example(json!({ "id": "none" }));
    "get_tabs" => |_world| example(json!({}));
    "save_tabs" => |_world| example(json!({ "tabs": [{ "id": "all", "visible": true, "sort_order": 0 }] }));
}
