//! Security.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_telegram_sessions" => |_world| example(json!({}));
    "end_telegram_session" => |world| {
        example(json!({ "sessionId": world.new_session().await })).refuses("sessionId", json!("none"))
    };
}
