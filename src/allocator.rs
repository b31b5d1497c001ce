//! How the system's allocator treats large buffers, and what was freed.
//!
//! Every connection to Telegram has two buffers of 1 MiB, of which a few pages are ever touched. Mapped by themselves they cost what is
//! touched. But glibc raises the size from which it maps buffers by themselves whenever a larger one is freed, and buffers that come from
//! its heaps instead are cleared, and so touched, whole: an account then costs twice the memory, or more. Naming that size fixes it
//! (`man 3 mallopt`, `M_MMAP_THRESHOLD`). glibc reads it from the environment before the program begins.
//!
//! What is freed it gives back to the system only from the end of a heap, where a single allocation that lives on keeps all before it. Of
//! thousands of streams that have ended nothing would be given back, so it is asked to look through its heaps now and then
//! (`man 3 malloc_trim`).

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::os::unix::process::CommandExt;

/// How often freed memory is given back: often enough to be seen, and seldom enough to cost nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GIVE_BACK_PERIOD: std::time::Duration = std::time::Duration::from_secs(15);

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

/// Gives freed memory back to the system again and again, on a thread that may wait. Never ends.
pub async fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    loop {
        tokio::time::sleep(GIVE_BACK_PERIOD).await;
        let _a_panic_was_logged = tokio::task::spawn_blocking(trim).await;
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    std::future::pending().await
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the call is foreign")]
fn trim() {
    // SAFETY: malloc_trim takes a number, may be called by any thread at any time, and touches no memory that is in use.
    let _whether_there_was_any = unsafe { libc::malloc_trim(0) };
}
