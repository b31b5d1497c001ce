//! Files in messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "send_media" => |world| {
        example(json!({ "chatId": world.group, "fileName": "a%20chart.txt", "mimeType": "text/plain" })).bytes(b"a chart")
    };
    "download_media" => |world| {
        example(json!({ "chatId": world.group, "messageId": world.file })).takes_any("range").takes_any("ifNoneMatch")
    };
}
