//! What the account says of itself.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "update_profile" => |world| {
        example(json!({ "bio": format!("Keeps light {}", world.number()) })).refuses("username", json!("9lives"))
    };
}
