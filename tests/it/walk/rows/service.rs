//! The service itself.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "whoami" => |_world| example(json!({}));
    "get_storage_mode" => |_world| example(json!({}));
    "set_storage_mode" => |_world| example(json!({})).answers(400);
}
