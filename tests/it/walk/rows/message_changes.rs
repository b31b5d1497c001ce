//! Editing and deleting messages.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "edit_message" => |world| {
        let message = world.new_message(world.group).await;
        example(json!({ "chatId": world.group, "messageId": message, "text": "as it should be" })).refuses("text", json!(" "))
    };
    "delete_messages" => |world| {
        example(json!({ "chatId": world.group, "messageIds": [world.new_message(world.group).await] }))
    };
    "delete_history" => |world| example(json!({ "chatId": world.new_group().await })).refuses("maxId", json!(0));
}
