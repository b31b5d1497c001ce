//! Photos of people, groups, channels and of the account itself.

use serde_json::json;

use crate::walk::example::example;
use crate::walk::world::{World, image};

/// A group with a photo.
async fn shown_group(world: &World) -> i64 {
    let group = world.new_group().await;
    world.put_image(&format!("/chats/{group}/photo")).await;
    group
}

examples! {
    "set_chat_photo" => |world| example(json!({ "chatId": world.new_group().await })).bytes(&image());
    "delete_chat_photo" => |world| example(json!({ "chatId": shown_group(world).await }));
    "get_chat_photo" => |world| example(json!({ "chatId": shown_group(world).await })).takes_any("ifNoneMatch");
    "get_user_photos" => |world| example(json!({ "chatId": shown_group(world).await }));
    "get_user_photo" => |world| example(json!({ "chatId": shown_group(world).await, "index": 0 })).takes_any("ifNoneMatch");
    "get_account_avatar" => |world| {
        world.put_image("/profile/photo").await;
        example(json!({})).takes_any("ifNoneMatch")
    };
    "set_profile_photo" => |_world| example(json!({})).bytes(&image());
    "delete_profile_photo" => |world| {
        world.put_image("/profile/photo").await;
        example(json!({}))
    };
}
