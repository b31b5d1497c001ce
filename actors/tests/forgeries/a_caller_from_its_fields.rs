//! A caller cannot be put together from a user id.
use vasya_actors::caller::Caller;

fn main() {
    let _ = Caller(todo!());
}
