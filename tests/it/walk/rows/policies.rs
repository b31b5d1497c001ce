//! Policies of agent keys.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "get_policy" => |world| example(json!({ "keyId": world.api.agent_key(&["chats:read"], None).await.0 }));
    "set_policy" => |world| {
        let rules = json!({ "write": { "classes": { "strangers": "deny" } }, "timeZone": "Europe/Berlin" });
        example(json!({ "keyId": world.api.agent_key(&["chats:read"], None).await.0, "rules": rules }))
            .refuses("rules", json!({ "timeZone": "Mars/Olympus" }))
            .refuses("rules", json!({ "messagesPerDay": { "max": 1_000_000 } }))
            .refuses("rules", json!({ "reed": {} }))
    };
    "explain_policy" => |world| {
        let arguments = json!({ "accountId": world.account, "chatId": world.group, "text": "hello" });
        let key = world.api.agent_key(&["messages:send"], None).await.0;
        example(json!({ "keyId": key, "operation": "send_message", "arguments": arguments }))
            .refuses("operation", json!("send_massage"))
            .refuses("address", json!("next door"))
    };
    "delete_policy" => |world| example(json!({ "keyId": world.api.agent_key(&["chats:read"], None).await.0 }));
}
