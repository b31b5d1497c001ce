//! What there is to know of one message.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_message" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
    "get_message_context" => |world| example(json!({ "chatId": world.group, "messageId": world.message, "before": 1, "after": 1 }));
    "get_message_link" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
    "get_read_receipts" => |world| example(json!({ "chatId": world.group, "messageId": world.message }));
}
