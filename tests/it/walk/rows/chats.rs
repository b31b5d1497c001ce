//! Chats: listing, making, finding, joining and leaving them.

use serde_json::json;

use crate::walk::example::example;
use crate::walk::world::{BORIS_ID, CLARA_ID};

examples! {
    "list_chats" => |_world| example(json!({ "source": "live", "limit": 2 }));
    "start_loading_chats" => |_world| example(json!({}));
    "create_group" => |_world| example(json!({ "title": "Divers", "userIds": [BORIS_ID] })).refuses("title", json!(" "));
    "create_channel" => |_world| example(json!({ "title": "Tides", "about": "High and low" })).refuses("title", json!(" "));
    "delete_chat" => |world| example(json!({ "chatId": world.new_group().await, "forEveryone": true }));
    "get_chat" => |world| example(json!({ "chatId": world.group }));
    "list_common_chats" => |_world| example(json!({ "chatId": CLARA_ID }));
    "global_search" => |_world| example(json!({ "q": "clara" }));
    "resolve_chat" => |_world| example(json!({ "q": "@clara" }));
    "join_chat" => |world| example(json!({ "link": world.new_invite().await }));
    "preview_invite" => |world| example(json!({ "link": world.new_invite().await }));
}
