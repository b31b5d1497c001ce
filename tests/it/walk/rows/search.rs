//! Searching for messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "search_messages" => |world| example(json!({ "chatId": world.group, "q": "message", "kind": "link" }))
        .refuses("q", json!("a".repeat(257)));
    "search_all_messages" => |_world| example(json!({ "q": "message" })).refuses("q", json!("a".repeat(257)));
}
