//! For whom a task calls Telegram.

use tokio::task_local;

use crate::caller::Principal;

task_local! {
    static ASKER: Principal;
}

/// Does a piece of work in the name of `asker`: the calls of Telegram in it take their turns as theirs, and draw from the account's
/// budgets. Work that is begun beside it, or without a name, is the server's own.
pub(crate) async fn asked_by<T>(asker: Principal, work: impl Future<Output = T>) -> T {
    ASKER.scope(asker, work).await
}

/// Who asks; nobody where it is the server itself.
pub(super) fn asker() -> Option<Principal> {
    ASKER.try_with(Principal::clone).ok()
}
