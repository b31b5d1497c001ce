//! Events.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "stream_events" => |world| example(json!({ "account": world.account, "chat": world.group, "types": "gap" }))
        .refuses("types", json!("new-message"))
        .refuses("cursor", json!("yesterday"));
    "poll_events" => |world| example(json!({ "account": world.account, "cursor": "oldest", "limit": 5 }))
        .refuses("types", json!("new-message"))
        .refuses("cursor", json!("yesterday"));
}
