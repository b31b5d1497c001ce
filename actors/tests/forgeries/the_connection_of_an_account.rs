//! The connection itself stays with the account's actor: an operation outside cannot take it.
use vasya_actors::account::AccountCall;

fn steal(call: &AccountCall) {
    let _ = call.connection.borrow();
}

fn main() {}
