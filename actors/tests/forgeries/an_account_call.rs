//! An operation is given its account; it cannot choose one.
use vasya_actors::account::AccountCall;

fn swap(call: &AccountCall) {
    let _ = AccountCall { context: call.context.clone(), request_id: "x".into() };
}

fn main() {}
