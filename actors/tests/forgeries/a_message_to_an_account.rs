//! A message to an account cannot be written.
use vasya_actors::account::AccountMessage;

fn main() {}
