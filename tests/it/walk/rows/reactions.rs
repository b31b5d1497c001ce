//! Reactions to messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "react" => |world| example(json!({ "chatId": world.group, "messageId": world.message, "emoji": "👍" })).refuses("emoji", json!(" "));
    "unreact" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
    "list_reactions" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
}
