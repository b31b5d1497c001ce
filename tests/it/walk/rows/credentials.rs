//! The application that the server is to Telegram.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_credentials" => |_world| example(json!({}));
    "set_credentials" => |_world| example(json!({ "apiId": 7, "apiHash": "0123456789abcdef" })).refuses("apiId", json!(0));
    "delete_credentials" => |_world| example(json!({}));
    "set_server_credentials" => |_world| example(json!({ "apiId": 7, "apiHash": "0123456789abcdef" }));
    "get_keyring" => |_world| example(json!({}));
    "rotate_keyring" => |_world| example(json!({}));
    "pause_keyring_rotation" => |_world| example(json!({}));
    "resume_keyring_rotation" => |_world| example(json!({}));
}
