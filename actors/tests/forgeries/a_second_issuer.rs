//! The right to vouch for people is handed out once, by the gateway.
use vasya_actors::caller::CallerIssuer;

fn main() {
    let _ = CallerIssuer::new();
}
