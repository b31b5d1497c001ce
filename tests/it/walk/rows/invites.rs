//! Invite links, and requests to be let in.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_invite_links" => |world| example(json!({ "chatId": world.group, "limit": 2 })).refuses("cursor", json!("x"));
    "create_invite_link" => |world| {
        let terms = json!({ "chatId": world.new_group().await, "title": "Summer", "usageLimit": 5 });
        example(terms).refuses("usageLimit", json!(100_000)).refuses("expireDate", json!(-1))
    };
    "edit_invite_link" => |world| {
        let chat = world.new_group().await;
        let hash = world.new_link(chat, false).await["hash"].clone();
        example(json!({ "chatId": chat, "hash": hash, "title": "Autumn" })).refuses("hash", json!("no"))
    };
    "revoke_invite_link" => |world| {
        let chat = world.new_group().await;
        example(json!({ "chatId": chat, "hash": world.new_link(chat, false).await["hash"] }))
    };
    "list_join_requests" => |world| example(json!({ "chatId": world.group })).refuses("link", json!("no"));
    "decide_join_request" => |world| {
        let (chat, user) = world.new_join_request().await;
        example(json!({ "chatId": chat, "userId": user, "decision": "approve" }))
    };
    "decide_join_requests" => |world| {
        let (chat, _) = world.new_join_request().await;
        example(json!({ "chatId": chat, "decision": "decline" })).refuses("link", json!("no"))
    };
}
