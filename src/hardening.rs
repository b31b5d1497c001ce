//! What the process asks of the system before it holds a secret.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Sees to it that no key gets into a core dump, and that other processes of the same user can neither trace this one nor read its memory:
/// the limit of core dumps is 0, and the process is not dumpable (`man 2 prctl`, `PR_SET_DUMPABLE`). A new program in this process would
/// undo the latter, so it is called after that.
///
/// # Errors
/// What the system says. The server is no less correct then, so the caller may go on.
pub fn apply() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
