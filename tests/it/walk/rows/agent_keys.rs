//! Agent keys.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "create_agent_key" => |_world| {
        example(json!({ "name": "reader", "scopes": ["chats:read"], "ttlSecs": 3_600 }))
            .refuses("scopes", json!(["chats:eat"]))
            .refuses("ttlSecs", json!(0))
    };
    "list_agent_keys" => |_world| example(json!({}));
    "list_scopes" => |_world| example(json!({}));
    "revoke_agent_key" => |world| example(json!({ "keyId": world.api.agent_key(&["chats:read"], None).await.0 }));
}
