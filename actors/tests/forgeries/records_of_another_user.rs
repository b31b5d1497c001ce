//! A view of the store is bound to its user when it is made; it cannot be bound anew.
use vasya_actors::vault::UserRecords;

fn rebind(records: UserRecords) -> UserRecords {
    UserRecords(records.0.clone())
}

fn main() {}
