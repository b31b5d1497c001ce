//! Drafts, and the sign that somebody is typing.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "send_typing" => |world| example(json!({ "chatId": world.group, "action": "typing" }));
    "save_draft" => |world| example(json!({ "chatId": world.group, "text": "A draft" })).refuses("text", json!(" "));
    "clear_draft" => |world| example(json!({ "chatId": world.group }));
    "list_drafts" => |_world| example(json!({}));
}
