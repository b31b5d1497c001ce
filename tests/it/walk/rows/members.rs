//! Members of groups and channels.

use serde_json::json;

use crate::walk::example::example;
use crate::walk::world::{BORIS_ID, CLARA_ID};

examples! {
    "list_members" => |world| example(json!({ "chatId": world.group, "filter": "all", "limit": 2 }));
    "add_members" => |world| {
        example(json!({ "chatId": world.new_group().await, "userIds": [world.new_contact().await] }))
    };
    "remove_member" => |world| example(json!({ "chatId": world.new_group().await, "userId": BORIS_ID }));
    "ban_member" => |world| {
        example(json!({ "chatId": world.new_group().await, "userId": CLARA_ID })).refuses("until", json!(1))
    };
    "unban_member" => |world| example(json!({ "chatId": world.new_group().await, "userId": CLARA_ID }));
    "promote_admin" => |world| {
        example(json!({ "chatId": world.new_group().await, "userId": CLARA_ID, "rights": ["ban_users"], "rank": "keeper" }))
    };
    "demote_admin" => |world| example(json!({ "chatId": world.new_group().await, "userId": CLARA_ID }));
}
