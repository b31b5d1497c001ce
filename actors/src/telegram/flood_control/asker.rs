//! For whom a task calls Telegram, and whether they still wait for it.

use tokio::sync::{oneshot, watch};
use tokio::task_local;

use crate::caller::Principal;

task_local! {
    static ASKER: Option<Asker>;
}

/// See the module's description.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) principal: Principal,
    /// Becomes true when nobody needs what was asked for any more, where that may be.
    left: Option<watch::Receiver<bool>>,
}

/// Does a piece of work in the name of `asker`: the calls of Telegram in it take their turns as theirs, and draw from the account's
/// budgets. Work that is begun beside it, or without a name, is the server's own.
pub(crate) async fn asked_by<T>(asker: Principal, work: impl Future<Output = T>) -> T {
    ASKER.scope(Some(Asker { principal: asker, left: None }), work).await
}

/// The same for work that nobody needs once `listener` is closed: a call of Telegram that has not begun by then is given up, and fails.
pub(crate) async fn asked_while_heard<T, R>(
    asker: Principal,
    listener: &mut oneshot::Sender<R>,
    work: impl Future<Output = T>,
) -> T {
    let (leave, left) = watch::channel(false);
    let mut working = std::pin::pin!(ASKER.scope(Some(Asker { principal: asker, left: Some(left) }), work));
    tokio::select! {
        biased;
        done = &mut working => done,
        () = listener.closed() => {
            leave.send_replace(true);
            working.await
        }
    }
}

/// Does a piece of work that the server itself must do, within one that it does in somebody's name: budgets do not bind it.
pub(crate) async fn asked_by_the_server<T>(work: impl Future<Output = T>) -> T {
    ASKER.scope(None, work).await
}

/// Who asks; nobody where it is the server itself.
pub(super) fn asker() -> Option<Asker> {
    ASKER.try_with(Option::clone).ok().flatten()
}

impl Asker {
    /// Resolves when nobody needs what was asked for.
    pub(super) async fn left(asker: Option<&mut Self>) {
        let left = asker.and_then(|asker| asker.left.as_mut());
        let is_left = match left {
            Some(left) => left.wait_for(|left| *left).await.is_ok(),
            None => false,
        };
        if !is_left {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_learns_that_nobody_listens_and_ends_by_itself() {
        let person = Principal::Human { admin: false };
        assert!(asker().is_none());
        let (mut reply, answer) = oneshot::channel::<()>();
        let work = async {
            drop(answer);
            Asker::left(asker().as_mut()).await;
            asker().map(|asker| asker.principal)
        };
        assert_eq!(asked_while_heard(person.clone(), &mut reply, work).await, Some(person.clone()));
        let named = async { (asker().map(|asker| asker.principal), asked_by_the_server(async { asker().is_none() }).await) };
        assert_eq!(asked_by(person.clone(), named).await, (Some(person), true));
    }
}
