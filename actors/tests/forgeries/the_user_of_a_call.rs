//! An operation on a user cannot be pointed at another.
use vasya_actors::user::UserCall;

fn swap(call: &UserCall) {
    let _ = UserCall::new;
    let _ = UserCall { context: call.context.clone(), caller: call.caller().clone() };
}

fn main() {}
