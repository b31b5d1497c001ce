//! No text, a path or a body, becomes a caller.
use vasya_actors::caller::Caller;

fn main() {
    let _: Caller = serde_json::from_str("{}").unwrap();
}
