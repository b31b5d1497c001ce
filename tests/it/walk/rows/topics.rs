//! Topics.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_forum_topics" => |world| {
        let (chat, _) = world.new_topic().await;
        example(json!({ "chatId": chat, "query": "Topic", "limit": 2 })).refuses("cursor", json!("x"))
    };
    "create_topic" => |world| {
        let (chat, _) = world.new_topic().await;
        example(json!({ "chatId": chat, "title": "Reefs", "iconColor": 7_322_096 })).refuses("iconColor", json!(7))
    };
    "edit_topic" => |world| {
        let (chat, topic) = world.new_topic().await;
        example(json!({ "chatId": chat, "topicId": topic, "title": "Wrecks", "isPinned": true })).refuses("topicId", json!(0))
    };
    "delete_topic" => |world| {
        let (chat, topic) = world.new_topic().await;
        example(json!({ "chatId": chat, "topicId": topic })).refuses("topicId", json!(1))
    };
}
