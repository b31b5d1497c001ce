//! What administrators change about a chat.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "edit_chat" => |world| {
        let edit = json!({ "chatId": world.new_group().await, "title": "Divers", "permissions": { "sendMedia": false } });
        example(edit).refuses("title", json!(" ")).refuses("slowModeSecs", json!(7))
    };
    "list_admin_log" => |world| {
        let log = json!({ "chatId": world.group, "kinds": "info,settings,ban", "limit": 2, "query": "x" });
        example(log).refuses("kinds", json!("kick")).refuses("cursor", json!("x")).refuses("byUserId", json!(0))
    };
}
