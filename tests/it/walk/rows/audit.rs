//! The audit log.

use serde_json::json;

use crate::walk::example::example;

examples! {
    "list_audit_entries" => |_world| example(json!({ "limit": 3 }));
}
