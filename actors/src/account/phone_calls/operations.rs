//! What callers of the interface do with calls.

use std::rc::Rc;
use std::sync::Arc;

use super::call::{Call, CallInfo, CallState, Next};
use super::{AccountContext, PhoneCalls};
use crate::account::failure::no_such_call;
use crate::account::random;
use crate::error::{Code, Error};
use crate::telegram::{CallStage, Connection, HangUp, OwnHalf, agree};

/// One call that is being requested; counted until its id is known.
struct Request<'a>(&'a PhoneCalls);

impl<'a> Request<'a> {
    fn begin(calls: &'a PhoneCalls) -> Result<Self, Error> {
        calls.check_room()?;
        calls.requests.set(calls.requests.get() + 1);
        Ok(Self(calls))
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let left = self.0.requests.get().saturating_sub(1);
        self.0.requests.set(left);
        if left == 0 {
            self.0.early.borrow_mut().clear();
        }
    }
}

/// The right to take a call a step further.
struct Step<'a> {
    calls: &'a PhoneCalls,
    id: i64,
}

impl<'a> Step<'a> {
    fn begin(calls: &'a PhoneCalls, id: i64) -> Result<Self, Error> {
        let begun = calls.with(id, Call::begin_step).ok_or_else(no_such_call)?;
        let busy = || Error::new(Code::Conflict, "The call is being taken further by another request: look again");
        if begun { Ok(Self { calls, id }) } else { Err(busy()) }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        self.calls.with(self.id, Call::end_step);
    }
}

impl AccountContext {
    /// The calls that are there, the oldest id first.
    pub(crate) fn phone_calls(&self) -> Vec<CallInfo> {
        self.phone_calls.calls.borrow().values().map(Call::info).collect()
    }

    fn call_info(&self, id: i64) -> Result<CallInfo, Error> {
        self.phone_calls.with(id, |call| call.info()).ok_or_else(no_such_call)
    }

    /// Calls somebody.
    pub(crate) async fn request_call(self: &Rc<Self>, user_id: i64, is_video: bool) -> Result<CallInfo, Error> {
        let requesting = Request::begin(&self.phone_calls)?;
        let own = self.own_half().await?;
        let random_id = i32::from_le_bytes(random()?);
        let commitment = own.commitment();
        let request = async |connection: &Connection| connection.request_call(user_id, is_video, random_id, commitment).await;
        let address = self.once("phone.requestCall", request).await?;
        let call = Call::outgoing(address, user_id, is_video, own);
        let requested = call.info();
        self.add_call(call);
        // What came before Telegram's answer did.
        let early = self.phone_calls.take_early(address.id);
        drop(requesting);
        self.phone_calls_told(early);
        Ok(self.call_info(address.id).unwrap_or(requested))
    }

    /// Accepts a call. One that was accepted already is answered as it is.
    pub(crate) async fn accept_call(self: &Rc<Self>, id: i64) -> Result<CallInfo, Error> {
        let is_outgoing = self.phone_calls.with(id, |call| call.is_outgoing()).ok_or_else(no_such_call)?;
        if is_outgoing {
            return Err(Error::new(Code::Conflict, "The account makes this call: the other side accepts it"));
        }
        let _step = Step::begin(&self.phone_calls, id)?;
        let known = self.call_info(id)?;
        if known.state != CallState::Ringing {
            return Ok(known);
        }
        let own = self.own_half().await?;
        let address = self.phone_calls.with(id, |call| call.answer(Arc::clone(&own)).then_some(call.address)).flatten();
        let address = address.ok_or_else(no_such_call)?;
        match self.once("phone.acceptCall", async |connection| connection.accept_call(address, own.public()).await).await {
            Ok(news) => {
                self.phone_calls.with(id, Call::answered);
                self.phone_calls_told(vec![news]);
                self.call_info(id)
            }
            Err(error) => {
                self.phone_calls.with(id, Call::take_answer_back);
                Err(self.forget_if_over(id, error))
            }
        }
    }

    /// Confirms a call that the other side has accepted: makes the key. Where the caller of the interface names the other side's half,
    /// it must be the one that Telegram told.
    pub(crate) async fn confirm_call(self: &Rc<Self>, id: i64, half: Option<&[u8]>) -> Result<CallInfo, Error> {
        let _step = Step::begin(&self.phone_calls, id)?;
        let known = self.call_info(id)?;
        if !known.is_outgoing {
            return Err(Error::new(Code::Conflict, "The other side makes this call, and confirms it: accept it"));
        }
        if known.state == CallState::Active {
            return Ok(known);
        }
        let halves = self.phone_calls.with(id, |call| call.halves()).flatten();
        let (own, theirs) = halves.ok_or_else(|| Error::new(Code::Conflict, "The other side has not accepted this call yet"))?;
        if half.is_some_and(|half| half != theirs) {
            return Err(Error::invalid("gB", "is not the half of the key that the other side told"));
        }
        let fingerprint = match agree(Arc::clone(&own), theirs).await {
            Ok(fingerprint) => fingerprint,
            Err(error) => {
                self.phone_calls.with(id, |call| call.fail());
                self.follow_call(id, Next::End);
                return Err(error.into());
            }
        };
        let address = self.phone_calls.with(id, |call| call.address).ok_or_else(no_such_call)?;
        let confirm = async |connection: &Connection| connection.confirm_call(address, own.public(), fingerprint).await;
        let news = self.once("phone.confirmCall", confirm).await.map_err(|error| self.forget_if_over(id, error))?;
        match news.stage {
            CallStage::Agreed { started_at, .. } => {
                self.phone_calls.with(id, |call| call.agreed(fingerprint, started_at));
                self.phone_calls.changed.notify_waiters();
                self.call_info(id)
            }
            stage => {
                self.phone_calls_told(vec![crate::telegram::CallNews { id, stage }]);
                Err(no_such_call())
            }
        }
    }

    /// Ends a call.
    pub(crate) async fn discard_call(&self, id: i64, reason: HangUp) -> Result<(), Error> {
        self.end_call(id, reason).await
    }

    /// One's own half of a key, in the group that Telegram names.
    async fn own_half(&self) -> Result<Arc<OwnHalf>, Error> {
        let known = self.phone_calls.group.borrow().clone();
        let make = async |connection: &Connection| connection.call_half(known.clone()).await;
        let (group, half) = self.repeatable("messages.getDhConfig", make).await?;
        self.phone_calls.group.replace(Some(group));
        Ok(Arc::new(half))
    }

    /// A call that Telegram says is over is forgotten.
    fn forget_if_over(&self, id: i64, error: Error) -> Error {
        if error.code() == Code::NotFound {
            self.phone_calls.forget(id);
        }
        error
    }
}
