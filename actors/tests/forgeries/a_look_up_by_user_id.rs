//! The directory, which knows every user, is out of reach.
use vasya_actors::directory::Directory;

fn main() {}
