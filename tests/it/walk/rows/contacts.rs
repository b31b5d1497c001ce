//! The address book, and whom an account blocks.

use serde_json::json;

use crate::harness::CLARA;
use crate::walk::example::example;
use crate::walk::world::CLARA_ID;

examples! {
    "get_contacts" => |_world| example(json!({ "limit": 2 }));
    "search_contacts" => |_world| example(json!({ "q": "clara" }));
    "list_blocked" => |_world| example(json!({}));
    "add_contact" => |_world| example(json!({ "userId": CLARA_ID, "firstName": "Clara" })).refuses("userId", json!(-5));
    "import_contacts" => |_world| example(json!({ "contacts": [{ "phone": CLARA, "firstName": "Clara" }] }));
    "delete_contact" => |world| example(json!({ "userId": world.new_contact().await }));
    "block_user" => |world| example(json!({ "userId": world.new_contact().await }));
    "unblock_user" => |world| example(json!({ "userId": world.new_contact().await }));
}
