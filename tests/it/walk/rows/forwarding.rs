//! Forwarding and copying messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "forward_messages" => |world| {
        example(json!({ "fromChatId": world.group, "toChatId": world.channel, "messageIds": [world.message] }))
    };
    "copy_messages" => |world| {
        example(json!({ "fromChatId": world.group, "toChatId": world.channel, "messageIds": [world.message] }))
    };
}
