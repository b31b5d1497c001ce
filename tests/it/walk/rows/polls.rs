//! Polls.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "send_poll" => |world| {
        let poll = json!({
            "chatId": world.group, "question": "Where to?", "options": ["north", "south"], "correctOption": 1,
            "explanation": "It is warmer.", "anonymous": false, "openSecs": 600
        });
        example(poll).refuses("question", json!(" ")).refuses("scheduleAt", json!(1)).refuses("openSecs", json!(1))
    };
    "vote_poll" => |world| {
        let poll = world.new_poll(world.group).await;
        example(json!({ "chatId": world.group, "messageId": poll, "options": [1] })).refuses("messageId", json!(0))
    };
    "close_poll" => |world| {
        let poll = world.new_poll(world.group).await;
        example(json!({ "chatId": world.group, "messageId": poll })).refuses("messageId", json!(0))
    };
}
