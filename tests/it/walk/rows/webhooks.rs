//! Webhooks and their deliveries.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "create_webhook" => |world| example(json!({ "url": world.deepgram.uri(), "accountIds": [world.account], "events": ["gap"] }))
        .refuses("url", json!("https://10.0.0.1/hook"))
        .refuses("url", json!("ftp://example.com/"))
        .refuses("events", json!(["new-message"]))
        .refuses("accountIds", json!(["0199f7c2-0000-7000-8000-000000000000"]));
    "list_webhooks" => |_world| example(json!({}));
    "get_webhook" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }));
    "update_webhook" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await, "enabled": false }))
        .refuses("url", json!("https://169.254.169.254/"));
    "delete_webhook" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }));
    "rotate_webhook_secret" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }))
        .refuses("keepPreviousSecs", json!(1_000_000));
    "test_webhook" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }));
    "list_deliveries" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }))
        .refuses("status", json!("lost"))
        .refuses("cursor", json!("evt_1"));
    "replay_delivery" => |world| {
        let (webhook, delivery) = world.dead_delivery().await;
        example(json!({ "webhookId": webhook, "deliveryId": delivery })).refuses("deliveryId", json!("evt_1"))
    };
    "replay_deliveries" => |world| example(json!({ "webhookId": world.new_webhook(world.group).await }))
        .refuses("since", json!("evt_1"))
        .refuses("upTo", json!("evt_1"));
}
