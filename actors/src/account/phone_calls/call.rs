//! One call between two people, as one side lives through it: what it is told, and what follows from that.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::telegram::{CallAddress, CallStage, CallTimeouts, HangUp, OwnHalf, commitment};

/// Telegram tells of a call's end only those who are connected; one that is older than this is taken for over.
const ACTIVE_MAX: Duration = Duration::from_secs(12 * 3_600);

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Telegram is being asked to begin it.
    Requesting,
    /// It waits for the other side's device.
    Waiting,
    /// The other side's device rings; or the account's own does.
    Ringing,
    /// Whoever was called has accepted, and the key is still to be agreed on.
    Accepted,
    /// Both sides have the same key.
    Active,
    /// It is over.
    Discarded,
    /// The key could not be agreed on safely: it is being ended.
    Error,
}

/// A call between two people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallInfo {
    /// Its id.
    pub call_id: i64,
    /// What shows that the account was told of it.
    pub access_hash: i64,
    /// The other side.
    pub peer_user_id: i64,
    /// Whether the account calls.
    pub is_outgoing: bool,
    /// Whether with video.
    pub is_video: bool,
    /// Where it is.
    pub state: CallState,
    /// Of a call that was accepted and is to be confirmed: the other side's half of the key, as 256 bytes, most significant first.
    #[serde(rename = "gB", skip_serializing_if = "Option::is_none")]
    pub g_b: Option<Vec<u8>>,
    /// Of an active call: the fingerprint of its key, 16 hexadecimal digits. It is the same on both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
}

/// How far the two sides are with their key.
enum Exchange {
    /// This side calls, and has bound itself to its half. The other side's half comes when it accepts.
    Offered { own: Arc<OwnHalf>, theirs: Option<Vec<u8>> },
    /// This side is called; the other has bound itself to its half.
    Invited { commitment: [u8; 32] },
    /// This side has accepted with its half. The other side's half comes when it confirms.
    Answered { own: Arc<OwnHalf>, commitment: [u8; 32] },
    /// Both sides have the key.
    Agreed { fingerprint: i64, started_at: i32 },
    /// It cannot be agreed on.
    Failed,
}

/// What is to be done after something was told.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing.
    Nothing,
    /// The half that came is to be compared with what its sender was bound to, and the key made.
    Verify { own: Arc<OwnHalf>, half: Vec<u8>, fingerprint: i64, started_at: i32 },
    /// The call cannot go on and is to be ended.
    End,
    /// The call is over.
    Forget,
}

/// See the module's description.
pub(super) struct Call {
    pub(super) address: CallAddress,
    peer_user_id: i64,
    is_outgoing: bool,
    is_video: bool,
    state: CallState,
    exchange: Exchange,
    /// Whether an operation is taking it a step further.
    is_busy: bool,
    /// How often its state has changed.
    steps: u32,
}

impl Call {
    /// A call that the account makes.
    pub(super) fn outgoing(address: CallAddress, peer_user_id: i64, is_video: bool, own: Arc<OwnHalf>) -> Self {
        let exchange = Exchange::Offered { own, theirs: None };
        Self::new(address, peer_user_id, true, is_video, CallState::Waiting, exchange)
    }

    /// A call that comes.
    pub(super) fn incoming(address: CallAddress, caller_id: i64, is_video: bool, commitment: [u8; 32]) -> Self {
        Self::new(address, caller_id, false, is_video, CallState::Ringing, Exchange::Invited { commitment })
    }

    fn new(
        address: CallAddress,
        peer_user_id: i64,
        is_outgoing: bool,
        is_video: bool,
        state: CallState,
        exchange: Exchange,
    ) -> Self {
        Self { address, peer_user_id, is_outgoing, is_video, state, exchange, is_busy: false, steps: 0 }
    }

    /// The call as callers of the interface see it.
    pub(super) fn info(&self) -> CallInfo {
        let (mut g_b, mut key_fingerprint) = (None, None);
        match &self.exchange {
            Exchange::Offered { theirs, .. } => g_b.clone_from(theirs),
            Exchange::Agreed { fingerprint, .. } => key_fingerprint = Some(hex::encode(fingerprint.to_be_bytes())),
            Exchange::Invited { .. } | Exchange::Answered { .. } | Exchange::Failed => {}
        }
        CallInfo {
            call_id: self.address.id,
            access_hash: self.address.access_hash,
            peer_user_id: self.peer_user_id,
            is_outgoing: self.is_outgoing,
            is_video: self.is_video,
            state: self.state,
            g_b,
            key_fingerprint,
        }
    }

    /// Takes in what Telegram tells. What was told before, or is not for this side, changes nothing.
    pub(super) fn told(&mut self, stage: CallStage) -> Next {
        match (stage, &mut self.exchange) {
            (CallStage::Over, _) => return Next::Forget,
            (CallStage::Incompatible, _) if self.state != CallState::Active => return self.fail(),
            (CallStage::Waiting { is_received: true, .. }, Exchange::Offered { theirs: None, .. }) => {
                self.enter(CallState::Ringing);
            }
            (CallStage::Accepted { half }, Exchange::Offered { theirs: theirs @ None, .. }) => {
                *theirs = Some(half);
                self.enter(CallState::Accepted);
            }
            (CallStage::Agreed { half, fingerprint, started_at }, Exchange::Answered { own, commitment: bound }) => {
                if commitment(&half) != *bound {
                    return self.fail();
                }
                return Next::Verify { own: Arc::clone(own), half, fingerprint, started_at };
            }
            // Another device of the account has accepted it.
            (CallStage::Agreed { .. }, Exchange::Invited { .. }) => return Next::Forget,
            _ => {}
        }
        Next::Nothing
    }

    /// The key cannot be agreed on: the call is to be ended.
    pub(super) fn fail(&mut self) -> Next {
        self.exchange = Exchange::Failed;
        self.enter(CallState::Error);
        Next::End
    }

    /// Both sides have the key.
    pub(super) fn agreed(&mut self, fingerprint: i64, started_at: i32) {
        self.exchange = Exchange::Agreed { fingerprint, started_at };
        self.enter(CallState::Active);
    }

    /// This side answers with its half; what is told from now on is for it.
    pub(super) fn answer(&mut self, own: Arc<OwnHalf>) -> bool {
        let Exchange::Invited { commitment } = self.exchange else { return false };
        self.exchange = Exchange::Answered { own, commitment };
        true
    }

    /// Telegram has taken the answer.
    pub(super) fn answered(&mut self) {
        if matches!(self.exchange, Exchange::Answered { .. }) && self.state == CallState::Ringing {
            self.enter(CallState::Accepted);
        }
    }

    /// Telegram has not taken the answer: it may be given again.
    pub(super) fn take_answer_back(&mut self) {
        if let (Exchange::Answered { commitment, .. }, CallState::Ringing) = (&self.exchange, self.state) {
            self.exchange = Exchange::Invited { commitment: *commitment };
        }
    }

    /// Both halves, of a call that was accepted and is to be confirmed.
    pub(super) fn halves(&self) -> Option<(Arc<OwnHalf>, Vec<u8>)> {
        match &self.exchange {
            Exchange::Offered { own, theirs: Some(theirs) } => Some((Arc::clone(own), theirs.clone())),
            _ => None,
        }
    }

    /// Takes the right to take the call a step further; one at a time has it.
    pub(super) fn begin_step(&mut self) -> bool {
        !std::mem::replace(&mut self.is_busy, true)
    }

    /// Gives that right back.
    pub(super) fn end_step(&mut self) {
        self.is_busy = false;
    }

    pub(super) fn is_outgoing(&self) -> bool {
        self.is_outgoing
    }

    pub(super) fn is_video(&self) -> bool {
        self.is_video
    }

    /// How often its state has changed.
    pub(super) fn steps(&self) -> u32 {
        self.steps
    }

    /// How long it has lasted, in seconds; 0 before it began.
    pub(super) fn duration_secs(&self, now_secs: u64) -> i32 {
        let Exchange::Agreed { started_at, .. } = self.exchange else { return 0 };
        let now = i64::try_from(now_secs).unwrap_or(i64::MAX);
        i32::try_from(now.saturating_sub(i64::from(started_at)).max(0)).unwrap_or(i32::MAX)
    }

    /// How long it may stay as it is, and why it is ended then; nothing for what stays until somebody hangs up.
    pub(super) fn patience(&self, timeouts: &CallTimeouts) -> Option<(Duration, Ending)> {
        match (self.state, self.is_outgoing) {
            (CallState::Waiting, _) => Some((timeouts.receive, Ending::HangUp(HangUp::Missed))),
            (CallState::Ringing, true) => Some((timeouts.ring, Ending::HangUp(HangUp::Missed))),
            // The caller ends it. Should nobody be told of that, it is forgotten.
            (CallState::Ringing, false) => Some((timeouts.ring + timeouts.receive, Ending::Forget)),
            (CallState::Accepted, _) => Some((timeouts.connect, Ending::HangUp(HangUp::Disconnect))),
            (CallState::Active, _) => Some((ACTIVE_MAX, Ending::Forget)),
            (CallState::Requesting | CallState::Discarded | CallState::Error, _) => None,
        }
    }

    fn enter(&mut self, state: CallState) {
        if self.state != state {
            self.state = state;
            self.steps = self.steps.wrapping_add(1);
        }
    }
}

/// How a call ends whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Telegram is told.
    HangUp(HangUp),
    /// It is forgotten here.
    Forget,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::half_for_tests;

    const ADDRESS: CallAddress = CallAddress { id: 7, access_hash: 8 };
    const TIMEOUTS: CallTimeouts =
        CallTimeouts { receive: Duration::from_secs(1), ring: Duration::from_secs(2), connect: Duration::from_secs(4) };

    fn waiting(is_received: bool) -> CallStage {
        CallStage::Waiting { access_hash: 8, is_received }
    }

    fn agreed(half: &OwnHalf, fingerprint: i64) -> CallStage {
        CallStage::Agreed { half: half.public().to_vec(), fingerprint, started_at: 100 }
    }

    #[test]
    fn a_call_that_is_made_rings_is_accepted_and_is_confirmed_once() {
        let (own, theirs) = (Arc::new(half_for_tests(1)), half_for_tests(2));
        let mut call = Call::outgoing(ADDRESS, 9, true, Arc::clone(&own));
        assert_eq!((call.info().state, call.info().is_outgoing, call.info().is_video), (CallState::Waiting, true, true));
        assert_eq!(call.patience(&TIMEOUTS), Some((TIMEOUTS.receive, Ending::HangUp(HangUp::Missed))));
        assert!(matches!(call.told(waiting(false)), Next::Nothing));
        assert_eq!((call.info().state, call.steps()), (CallState::Waiting, 0));
        call.told(waiting(true));
        assert_eq!(call.info().state, CallState::Ringing);
        assert_eq!(call.patience(&TIMEOUTS), Some((TIMEOUTS.ring, Ending::HangUp(HangUp::Missed))));
        assert!(call.halves().is_none());
        call.told(CallStage::Accepted { half: theirs.public().to_vec() });
        assert_eq!(call.info().g_b.as_deref(), Some(theirs.public().as_slice()));
        // Who has accepted cannot accept with another half.
        call.told(CallStage::Accepted { half: own.public().to_vec() });
        assert_eq!(call.halves().unwrap().1, theirs.public());
        call.told(waiting(true));
        assert_eq!(call.info().state, CallState::Accepted, "what comes late changes nothing");
        assert_eq!(call.patience(&TIMEOUTS), Some((TIMEOUTS.connect, Ending::HangUp(HangUp::Disconnect))));
        assert_eq!(call.duration_secs(150), 0);
        let fingerprint = own.agree(theirs.public()).unwrap().fingerprint();
        call.agreed(fingerprint, 100);
        let info = call.info();
        assert_eq!((info.state, info.g_b), (CallState::Active, None));
        assert_eq!(info.key_fingerprint.unwrap(), format!("{fingerprint:016x}"));
        assert_eq!((call.duration_secs(150), call.duration_secs(50)), (50, 0));
        assert!(matches!(call.told(CallStage::Incompatible), Next::Nothing));
        assert!(matches!(call.told(CallStage::Over), Next::Forget));
    }

    #[test]
    fn a_caller_is_held_to_the_half_that_it_was_bound_to() {
        let (caller, own, other) = (half_for_tests(1), Arc::new(half_for_tests(2)), half_for_tests(3));
        let answered = || {
            let mut call = Call::incoming(ADDRESS, 9, false, caller.commitment());
            assert_eq!(call.patience(&TIMEOUTS), Some((TIMEOUTS.ring + TIMEOUTS.receive, Ending::Forget)));
            assert!(call.answer(Arc::clone(&own)));
            assert!(!call.answer(Arc::clone(&own)), "an answer is given once");
            call
        };
        let mut call = answered();
        call.answered();
        assert_eq!(call.info().state, CallState::Accepted);
        match call.told(agreed(&caller, 5)) {
            Next::Verify { half, fingerprint, started_at, .. } => {
                assert_eq!((half.as_slice(), fingerprint, started_at), (caller.public().as_slice(), 5, 100));
            }
            next => panic!("{next:?}"),
        }
        let mut call = answered();
        assert!(matches!(call.told(agreed(&other, 5)), Next::End));
        assert_eq!(call.info().state, CallState::Error);
        assert_eq!(call.patience(&TIMEOUTS), None);
        assert!(matches!(call.told(agreed(&caller, 5)), Next::Nothing), "there is no second try");
        let mut call = answered();
        assert!(matches!(call.told(CallStage::Incompatible), Next::End));
    }

    #[test]
    fn an_answer_that_telegram_did_not_take_may_be_given_again_unless_the_call_went_on() {
        let (caller, own) = (half_for_tests(1), Arc::new(half_for_tests(2)));
        let mut call = Call::incoming(ADDRESS, 9, false, caller.commitment());
        call.answer(Arc::clone(&own));
        call.take_answer_back();
        assert!(call.answer(Arc::clone(&own)));
        call.answered();
        call.take_answer_back();
        assert!(matches!(call.told(agreed(&caller, 5)), Next::Verify { .. }));
        let mut call = Call::incoming(ADDRESS, 9, false, caller.commitment());
        assert!(matches!(call.told(agreed(&caller, 5)), Next::Forget), "another device has accepted it");
        assert!(call.begin_step() && !call.begin_step());
        call.end_step();
        assert!(call.begin_step());
    }
}
