//! The calls of an account with one other person. All of them are here, in the account's own actor: they begin and end with it.

mod call;
mod operations;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::runtime::now_secs;
use crate::telegram::{CallAddress, CallGroup, CallNews, CallStage, CallTimeouts, HangUp, agree};

use call::{Call, Ending, Next};

pub use call::{CallInfo, CallState};

/// Calls of one account that may be there at once, in whatever state. One that comes beyond them is not noticed: it rings elsewhere, or
/// not at all.
const CALLS_MAX: usize = 8;

/// What is kept of calls that are being requested, until their ids are known.
const EARLY_MAX: usize = 16;

/// Telegram's own time limits, for when they cannot be asked for.
const TIMEOUTS_DEFAULT: CallTimeouts =
    CallTimeouts { receive: Duration::from_secs(20), ring: Duration::from_secs(90), connect: Duration::from_secs(30) };

/// The calls of one account.
#[derive(Default)]
pub(super) struct PhoneCalls {
    calls: RefCell<BTreeMap<i64, Call>>,
    /// What was told of calls whose ids are not known yet.
    early: RefCell<VecDeque<CallNews>>,
    /// Calls that are being requested.
    requests: Cell<usize>,
    /// The group in which keys are agreed on.
    group: RefCell<Option<CallGroup>>,
    timeouts: Cell<Option<CallTimeouts>>,
    /// Told whenever a call changes or goes.
    changed: Notify,
}

impl PhoneCalls {
    /// Does something with a call, if there is one with this id.
    fn with<T>(&self, id: i64, work: impl FnOnce(&mut Call) -> T) -> Option<T> {
        self.calls.borrow_mut().get_mut(&id).map(work)
    }

    fn forget(&self, id: i64) {
        self.calls.borrow_mut().remove(&id);
        self.changed.notify_waiters();
    }

    /// Whether there is room for another call.
    fn check_room(&self) -> Result<(), Error> {
        if self.calls.borrow().len() + self.requests.get() < CALLS_MAX {
            return Ok(());
        }
        Err(Error::new(Code::Conflict, format!("The account has {CALLS_MAX} calls: discard one first")))
    }

    /// Keeps what is told of a call that is not known, if it may be one that is being requested.
    fn keep_early(&self, news: CallNews) {
        if self.requests.get() == 0 {
            return;
        }
        let mut early = self.early.borrow_mut();
        if early.len() >= EARLY_MAX {
            early.pop_front();
        }
        early.push_back(news);
    }

    fn take_early(&self, id: i64) -> Vec<CallNews> {
        let mut early = self.early.borrow_mut();
        let (of_call, others): (VecDeque<_>, VecDeque<_>) = early.drain(..).partition(|news| news.id == id);
        *early = others;
        of_call.into()
    }
}

impl AccountContext {
    /// Takes in what Telegram tells of calls. Does not wait: what follows from it happens beside the updates.
    pub(super) fn phone_calls_told(self: &Rc<Self>, news: Vec<CallNews>) {
        for news in news {
            self.phone_call_told(news);
        }
    }

    fn phone_call_told(self: &Rc<Self>, CallNews { id, stage }: CallNews) {
        match self.phone_calls.with(id, |call| call.told(stage.clone())) {
            Some(next) => self.follow_call(id, next),
            None => match stage {
                CallStage::Requested { access_hash, caller_id, is_video, commitment } => {
                    let address = CallAddress { id, access_hash };
                    self.welcome(Call::incoming(address, caller_id, is_video, commitment));
                }
                stage => self.phone_calls.keep_early(CallNews { id, stage }),
            },
        }
    }

    /// Notes a call that comes, and lets the caller know that it has come.
    fn welcome(self: &Rc<Self>, call: Call) {
        if self.phone_calls.check_room().is_err() {
            tracing::warn!(account = %self.ownership.account, "a call comes that there is no room for");
            return;
        }
        let address = call.address;
        self.add_call(call);
        let context = Rc::clone(self);
        self.tasks.spawn(async move {
            let told = context.once("phone.receivedCall", async |connection| connection.acknowledge_call(address).await).await;
            if let Err(error) = told {
                tracing::debug!(account = %context.ownership.account, %error, "the caller was not told that the call has come");
            }
        });
    }

    /// Keeps a call, and watches over its time limits.
    fn add_call(self: &Rc<Self>, call: Call) {
        let id = call.address.id;
        self.phone_calls.calls.borrow_mut().insert(id, call);
        let context = Rc::clone(self);
        self.tasks.spawn(async move { context.watch_call(id).await });
    }

    fn follow_call(self: &Rc<Self>, id: i64, next: Next) {
        self.phone_calls.changed.notify_waiters();
        match next {
            Next::Nothing => {}
            Next::Forget => self.phone_calls.forget(id),
            Next::End => {
                let context = Rc::clone(self);
                self.tasks.spawn(async move { context.end_failed_call(id).await });
            }
            Next::Verify { own, half, fingerprint, started_at } => {
                let context = Rc::clone(self);
                self.tasks.spawn(async move {
                    let agreed = agree(own, half).await;
                    let is_same = matches!(agreed, Ok(own) if own == fingerprint);
                    let next = context.phone_calls.with(id, |call| {
                        if is_same {
                            call.agreed(fingerprint, started_at);
                            Next::Nothing
                        } else {
                            call.fail()
                        }
                    });
                    context.phone_calls.changed.notify_waiters();
                    if matches!(next, Some(Next::End)) {
                        tracing::warn!(account = %context.ownership.account, "a call's key is not the one that its caller has");
                        context.end_failed_call(id).await;
                    }
                });
            }
        }
    }

    async fn end_failed_call(&self, id: i64) {
        if let Err(error) = self.end_call(id, HangUp::Disconnect).await {
            tracing::debug!(account = %self.ownership.account, %error, "a call that failed could not be ended");
        }
        self.phone_calls.forget(id);
    }

    /// Tells Telegram that a call is over, and forgets it.
    async fn end_call(&self, id: i64, reason: HangUp) -> Result<(), Error> {
        let now = now_secs();
        let known = self.phone_calls.with(id, |call| (call.address, call.is_video(), call.duration_secs(now)));
        let (address, is_video, duration) = known.ok_or_else(super::failure::no_such_call)?;
        let ended =
            async |connection: &crate::telegram::Connection| match connection.end_call(address, is_video, duration, reason).await
            {
                Err(error) if error.is("CALL_ALREADY_DECLINED") || error.is("CALL_PEER_INVALID") => Ok(()),
                ended => ended,
            };
        self.repeatable("phone.discardCall", ended).await?;
        self.phone_calls.forget(id);
        Ok(())
    }

    /// Ends a call whose time is over; returns when the call is gone.
    async fn watch_call(&self, id: i64) {
        let timeouts = self.call_timeouts().await;
        loop {
            let changed = self.phone_calls.changed.notified();
            let Some((steps, patience)) = self.phone_calls.with(id, |call| (call.steps(), call.patience(&timeouts))) else {
                return;
            };
            let Some((limit, ending)) = patience else {
                changed.await;
                continue;
            };
            if !self.is_over(id, steps, limit).await {
                continue;
            }
            tracing::debug!(account = %self.ownership.account, ?ending, "a call's time is over");
            if let Ending::HangUp(reason) = ending
                && let Err(error) = self.end_call(id, reason).await
            {
                tracing::debug!(account = %self.ownership.account, %error, "a call whose time is over could not be ended");
            }
            self.phone_calls.forget(id);
            return;
        }
    }

    /// Waits until a call has stayed as it is for so long (`true`), or has changed (`false`).
    async fn is_over(&self, id: i64, steps: u32, limit: Duration) -> bool {
        let changed = async {
            loop {
                let changed = self.phone_calls.changed.notified();
                if self.phone_calls.with(id, |call| call.steps()) != Some(steps) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, changed).await.is_err()
    }

    /// How long the steps of a call may take, as Telegram's configuration says.
    async fn call_timeouts(&self) -> CallTimeouts {
        if let Some(timeouts) = self.phone_calls.timeouts.get() {
            return timeouts;
        }
        match self.repeatable("help.getConfig", async |connection| connection.call_timeouts().await).await {
            Ok(timeouts) => {
                self.phone_calls.timeouts.set(Some(timeouts));
                timeouts
            }
            Err(error) => {
                tracing::debug!(account = %self.ownership.account, %error, "the time limits of calls are not known");
                TIMEOUTS_DEFAULT
            }
        }
    }
}
