//! Buttons.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_buttons" => |world| {
        let (chat, message) = world.new_buttons().await;
        example(json!({ "chatId": chat, "messageId": message })).refuses("messageId", json!(0))
    };
    "press_button" => |world| {
        let (chat, message) = world.new_buttons().await;
        example(json!({ "chatId": chat, "messageId": message, "index": 0, "text": "Yes" })).refuses("index", json!(100))
    };
}
