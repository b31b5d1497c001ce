//! What a decoded call is about cannot be changed afterwards.
use vasya_actors::operation::Invocation;

fn redirect(mut invocation: Invocation, other: vasya_actors::identity::AccountId) {
    invocation.account = Some(other.into());
}

fn main() {}
