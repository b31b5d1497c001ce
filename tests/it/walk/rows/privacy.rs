//! Whom the account lets see and do what.

use serde_json::json;

use crate::walk::example::example;
use crate::walk::world::{BORIS_ID, CLARA_ID};

examples! {
    "get_privacy" => |_world| example(json!({ "key": "bio" }));
    "set_privacy" => |_world| {
        let rules = json!({ "key": "bio", "audience": "contacts", "allowUserIds": [BORIS_ID], "denyUserIds": [CLARA_ID] });
        example(rules).refuses("denyUserIds", json!([BORIS_ID]))
    };
}
