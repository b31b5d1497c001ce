//! Approvals.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_approvals" => |_world| example(json!({})).refuses("state", json!("lost")).refuses("cursor", json!("apr_1"));
    "get_approval" => |world| example(json!({ "approvalId": world.new_approval().await.0 })).hidden_from_others();
    "approve_call" => |world| {
        let (approval, digest) = world.new_approval().await;
        example(json!({ "approvalId": approval, "digest": digest })).refuses("digest", json!("none"))
    };
    "deny_call" => |world| {
        let (approval, digest) = world.new_approval().await;
        example(json!({ "approvalId": approval, "digest": digest })).refuses("digest", json!("none"))
    };
}
