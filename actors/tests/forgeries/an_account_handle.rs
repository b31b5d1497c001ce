//! The way to an account cannot be named, let alone made.
use vasya_actors::account::AccountHandle;

fn main() {}
