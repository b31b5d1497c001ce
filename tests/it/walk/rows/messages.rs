//! Reading messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_messages" => |world| example(json!({ "chatId": world.group, "limit": 2 }));
    "mark_messages_read" => |world| example(json!({ "chatId": world.group, "maxId": world.message }));
}
