//! Sending messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "send_message" => |world| {
        let text = json!({ "chatId": world.group, "text": "**north** pier", "format": "markdown", "silent": true });
        example(text).refuses("text", json!(" ")).refuses("scheduleAt", json!(1))
    };
}
