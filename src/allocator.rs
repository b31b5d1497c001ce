//! How the system's allocator treats large buffers.
//!
//! Every connection to Telegram has two buffers of 1 MiB, of which a few pages are ever touched. Mapped by themselves they cost what is
//! touched. But glibc raises the size from which it maps buffers by themselves whenever a larger one is freed, and buffers that come from
//! its heaps instead are cleared, and so touched, whole: an account then costs twice the memory, or more. Naming that size fixes it
//! (`man 3 mallopt`, `M_MMAP_THRESHOLD`). glibc reads it from the environment before the program begins.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::os::unix::process::CommandExt;

/// The variable by which glibc is told.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";

/// glibc's own default, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const THRESHOLD: &str = "131072";

/// Begins the process anew, under the same id, if the size was not named. Does nothing where the allocator is another, or where that
/// fails: it costs memory only.
pub fn settle() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os(VARIABLE).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(VARIABLE, THRESHOLD).exec();
        tracing::debug!(%error, "the allocator was not settled");
    }
}
