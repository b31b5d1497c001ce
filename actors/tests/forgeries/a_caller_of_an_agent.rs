//! Only the key registry says which agent calls.
use vasya_actors::caller::Caller;

fn main() {
    let _ = Caller::agent("victim".parse().unwrap(), "ak00000000".parse().unwrap(), None);
}
