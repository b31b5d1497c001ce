//! The audit log.

use serde_json::json;

use crate::walk::example::example;
use crate::walk::world::World;

examples! {
    "list_audit_entries" => |world| example(json!({
        "limit": 3, "cursor": own_entry(world).await.to_string(), "from": 1, "to": 4_000_000_000_000_u64, "onAccount": world.account,
        "key": "ak00000000", "operation": "send_message", "outcome": "ok", "phase": "intent",
    })).refuses("cursor", json!("yesterday")).refuses("onAccount", json!("mine")).refuses("key", json!("mine"))
        .refuses("operation", json!("drop table")).refuses("outcome", json!("")).refuses("phase", json!("event"))
        .refuses("to", json!(1));
    "get_audit_checkpoint" => |_world| example(json!({}));
    "get_audit_proof" => |world| example(json!({ "seq": own_entry(world).await }));
    "get_audit_consistency" => |world| example(json!({ "from": 1, "to": own_entry(world).await }))
        .refuses("to", json!(1_000_000_000)).refuses("from", json!(1_000_000_000));
}

/// The number of the newest entry of the world's own user.
async fn own_entry(world: &World) -> u64 {
    world.api.get("/audit?limit=1").await.expect(200)[0]["seq"].as_u64().expect("a number")
}
