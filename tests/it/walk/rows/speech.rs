//! Speech to text.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_stt_settings" => |_world| example(json!({}));
    "set_stt_settings" => |_world| example(json!({ "language": "en" })).refuses("language", json!("pt_BR"));
    "list_stt_models" => |_world| example(json!({}));
    "download_stt_model" => |_world| example(json!({}));
    "transcribe" => |world| {
        world.hear("the lamp is lit").await;
        let voice = world.new_file(world.group, "audio/ogg").await;
        example(json!({ "chatId": world.group, "messageId": voice, "language": "auto" }))
    };
}
