//! Messages that are to be sent later.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_scheduled" => |world| example(json!({ "chatId": world.group }));
    "delete_scheduled" => |world| example(json!({ "chatId": world.group, "messageId": world.new_scheduled(world.group).await }));
    "send_scheduled_now" => |world| example(json!({ "chatId": world.group, "messageId": world.new_scheduled(world.group).await }));
}
