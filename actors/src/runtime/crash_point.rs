//! Places at which a test may end the process, as `kill -9` would.

/// Ends the process here if `VASYA_CRASH_AT` names this place, whose name is the parts together: so a test stands exactly between two steps. Only in builds for debugging;
/// in others it is nothing.
pub fn crash_point(place: &[&str]) {
    if cfg!(debug_assertions) && std::env::var_os("VASYA_CRASH_AT").is_some_and(|at| *at == *place.concat()) {
        std::process::abort();
    }
}
