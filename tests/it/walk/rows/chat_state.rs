//! What an account keeps of a chat.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "archive_chat" => |world| example(json!({ "chatId": world.new_group().await }));
    "unarchive_chat" => |world| example(json!({ "chatId": world.group }));
    "mute_chat" => |world| example(json!({ "chatId": world.group, "until": 2_000_000_000 })).refuses("until", json!(0));
    "unmute_chat" => |world| example(json!({ "chatId": world.group }));
    "mark_chat_unread" => |world| example(json!({ "chatId": world.group }));
    "unmark_chat_unread" => |world| example(json!({ "chatId": world.group }));
    "pin_chat" => |world| example(json!({ "chatId": world.group }));
    "unpin_chat" => |world| example(json!({ "chatId": world.new_group().await }));
}
