//! Accounts.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_accounts" => |_world| example(json!({}));
    "get_account" => |_world| example(json!({}));
    "suspend_account" => |world| example(json!({ "accountId": world.new_account().await }));
    "resume_account" => |world| example(json!({ "accountId": world.suspended_account().await }));
    "update_account" => |world| {
        let account = world.new_account().await;
        let proxy = json!({ "host": "not a host", "port": 1 });
        example(json!({ "accountId": account, "label": "Mine" })).refuses("proxy", proxy)
    };
    "delete_account" => |world| example(json!({ "accountId": world.new_account().await }));
}
