//! Pinned messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "pin_message" => |world| example(json!({ "chatId": world.group, "messageId": world.new_message(world.group).await }))
        .refuses("messageId", json!(0));
    "unpin_message" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
    "unpin_all" => |world| example(json!({ "chatId": world.new_group().await }));
    "list_pinned" => |world| example(json!({ "chatId": world.group, "limit": 2 }));
}
