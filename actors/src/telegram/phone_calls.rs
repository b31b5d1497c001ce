//! The signalling of calls between two people, <https://core.telegram.org/api/end-to-end/voice-calls>. No audio is carried here.

use std::sync::Arc;
use std::time::Duration;

use grammers_tl_types::{enums, functions, types};
use zeroize::Zeroizing;

use super::convert::Met;
use super::diffie_hellman::{Group, NUMBER_BYTES, OwnHalf};
use super::{Connection, TelegramError};

/// The layers of the call protocol that official apps have, and the library version that all of them still know. Telegram begins no call
/// without them.
const LAYER_MIN: i32 = 65;
const LAYER_MAX: i32 = 92;
const LIBRARY_VERSION: &str = "2.4.4";

/// How often a secret is drawn whose half is out of range. That one is has a chance of 2^-64.
const SECRETS_TRIED_MAX: usize = 3;

/// What names a call to Telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallAddress {
    /// Its id.
    pub id: i64,
    /// What shows that one was told of it.
    pub access_hash: i64,
}

/// Something that Telegram tells of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNews {
    /// Of which.
    pub id: i64,
    /// What.
    pub stage: CallStage,
}

/// Where a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallStage {
    /// It waits for the other side.
    Waiting {
        /// What the caller needs to name it.
        access_hash: i64,
        /// Whether the other side's device rings.
        is_received: bool,
    },
    /// Somebody calls.
    Requested {
        /// What is needed to name it.
        access_hash: i64,
        /// Who calls.
        caller_id: i64,
        /// Whether with video.
        is_video: bool,
        /// The SHA-256 of the half that the caller will tell.
        commitment: [u8; 32],
    },
    /// The other side has accepted.
    Accepted {
        /// Its half of the key.
        half: Vec<u8>,
    },
    /// Both sides have what the key is made of.
    Agreed {
        /// The other side's half of the key.
        half: Vec<u8>,
        /// The fingerprint of the caller's key.
        fingerprint: i64,
        /// When it began (Unix seconds).
        started_at: i32,
    },
    /// It is over.
    Over,
    /// The other side's app does not know the protocol that this one has.
    Incompatible,
}

/// Why a call is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// Somebody hung up.
    HangUp,
    /// Nobody answered.
    Missed,
    /// The connection was lost, or could not be made.
    Disconnect,
    /// Whoever is called does not want to talk now.
    Busy,
}

/// How long the steps of a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTimeouts {
    /// Until the other side's device rings.
    pub receive: Duration,
    /// Until somebody answers.
    pub ring: Duration,
    /// From the answer until both sides have a key.
    pub connect: Duration,
}

/// The group in which keys are agreed on, as Telegram numbered it.
#[derive(Clone, Debug)]
pub struct CallGroup {
    version: i32,
    group: Group,
}

impl Connection {
    /// The group in which keys are agreed on, and one's own half of a key. A group that was known before is not told and checked again.
    ///
    /// # Errors
    /// [`TelegramError::WeakExchange`] for a group that is not safe, or what any call can meet.
    pub async fn call_half(&self, known: Option<CallGroup>) -> Result<(CallGroup, OwnHalf), TelegramError> {
        let random_length = i32::try_from(NUMBER_BYTES).unwrap_or(i32::MAX);
        let version = known.as_ref().map_or(0, |known| known.version);
        let told = self.invoke(&functions::messages::GetDhConfig { version, random_length }).await?;
        aside(move || {
            let (group, random) = match (told, known) {
                (enums::messages::DhConfig::Config(config), _) => {
                    let group = Group::check(config.g, &config.p)?;
                    (CallGroup { version: config.version, group }, config.random)
                }
                (enums::messages::DhConfig::NotModified(unmodified), Some(known)) => (known, unmodified.random),
                (enums::messages::DhConfig::NotModified(_), None) => return Err(TelegramError::Unexpected("no group is known")),
            };
            let random = Zeroizing::new(random);
            for _ in 0..SECRETS_TRIED_MAX {
                if let Ok(half) = group.group.half(&*secret(&random)?) {
                    return Ok((group, half));
                }
            }
            Err(TelegramError::Unexpected("no secret leads to a half within range"))
        })
        .await
    }

    /// Calls somebody. `random_id` keeps one call from being begun twice.
    ///
    /// # Errors
    /// [`TelegramError::UserNotFound`], what Telegram refuses ([`TelegramError::Refused`]), or what any call can meet.
    pub async fn request_call(
        &self,
        user_id: i64,
        is_video: bool,
        random_id: i32,
        commitment: [u8; 32],
    ) -> Result<CallAddress, TelegramError> {
        let user_id = self.input_user(user_id).await?;
        let (video, g_a_hash, protocol) = (is_video, commitment.to_vec(), protocol());
        let request = functions::phone::RequestCall { video, user_id, random_id, g_a_hash, protocol };
        match self.call_news(self.invoke(&request).await?).await? {
            CallNews { id, stage: CallStage::Waiting { access_hash, .. } } => Ok(CallAddress { id, access_hash }),
            _ => Err(TelegramError::Unexpected("a call that does not wait")),
        }
    }

    /// Tells the caller that the call has come.
    ///
    /// # Errors
    /// `CALL_PEER_INVALID` or `CALL_ALREADY_DECLINED` for a call that is over, or what any call can meet.
    pub async fn acknowledge_call(&self, call: CallAddress) -> Result<(), TelegramError> {
        self.invoke(&functions::phone::ReceivedCall { peer: input(call) }).await.map(|_| ())
    }

    /// Accepts a call.
    ///
    /// # Errors
    /// As [`Connection::acknowledge_call`].
    pub async fn accept_call(&self, call: CallAddress, half: &[u8; NUMBER_BYTES]) -> Result<CallNews, TelegramError> {
        let request = functions::phone::AcceptCall { peer: input(call), g_b: half.to_vec(), protocol: protocol() };
        self.call_news(self.invoke(&request).await?).await
    }

    /// Tells the other side one's own half, now that it is bound to its own.
    ///
    /// # Errors
    /// As [`Connection::acknowledge_call`].
    pub async fn confirm_call(
        &self,
        call: CallAddress,
        half: &[u8; NUMBER_BYTES],
        key_fingerprint: i64,
    ) -> Result<CallNews, TelegramError> {
        let (peer, g_a, protocol) = (input(call), half.to_vec(), protocol());
        let request = functions::phone::ConfirmCall { peer, g_a, key_fingerprint, protocol };
        self.call_news(self.invoke(&request).await?).await
    }

    /// Ends a call, which lasted so many seconds.
    ///
    /// # Errors
    /// As [`Connection::acknowledge_call`].
    pub async fn end_call(&self, call: CallAddress, is_video: bool, duration: i32, reason: HangUp) -> Result<(), TelegramError> {
        let reason = match reason {
            HangUp::HangUp => enums::PhoneCallDiscardReason::Hangup,
            HangUp::Missed => enums::PhoneCallDiscardReason::Missed,
            HangUp::Disconnect => enums::PhoneCallDiscardReason::Disconnect,
            HangUp::Busy => enums::PhoneCallDiscardReason::Busy,
        };
        let request = functions::phone::DiscardCall { video: is_video, peer: input(call), duration, reason, connection_id: 0 };
        self.invoke(&request).await.map(|_| ())
    }

    /// How long the steps of a call may take.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn call_timeouts(&self) -> Result<CallTimeouts, TelegramError> {
        let enums::Config::Config(config) = self.invoke(&functions::help::GetConfig {}).await?;
        let millis = |millis: i32| Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        Ok(CallTimeouts {
            receive: millis(config.call_receive_timeout_ms),
            ring: millis(config.call_ring_timeout_ms),
            connect: millis(config.call_connect_timeout_ms),
        })
    }

    async fn call_news(&self, told: enums::phone::PhoneCall) -> Result<CallNews, TelegramError> {
        let enums::phone::PhoneCall::Call(told) = told;
        self.remember(&Met::new(told.users, Vec::new())).await?;
        news(&told.phone_call).ok_or(TelegramError::Unexpected("a call that cannot be"))
    }
}

/// The key's fingerprint, from one's own half and the other side's.
///
/// # Errors
/// [`TelegramError::WeakExchange`] for a half of the other side that is out of range.
pub async fn agree(own: Arc<OwnHalf>, theirs: Vec<u8>) -> Result<i64, TelegramError> {
    // There is no audio here that the key would be for, so it is wiped as soon as it has been compared.
    aside(move || Ok(own.agree(&theirs)?.fingerprint())).await
}

/// Computes what takes long beside the actors' threads.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, TelegramError> + Send + 'static) -> Result<T, TelegramError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TelegramError::Panicked))
}

/// A secret of the system's randomness and, in case that is poor, of Telegram's.
fn secret(from_telegram: &[u8]) -> Result<Zeroizing<[u8; NUMBER_BYTES]>, TelegramError> {
    let mut secret = Zeroizing::new([0; NUMBER_BYTES]);
    getrandom::fill(secret.as_mut_slice()).map_err(|_| TelegramError::Unexpected("the system gives no randomness"))?;
    secret.iter_mut().zip(from_telegram).for_each(|(byte, other)| *byte ^= other);
    Ok(secret)
}

fn protocol() -> enums::PhoneCallProtocol {
    types::PhoneCallProtocol {
        udp_p2p: true,
        udp_reflector: true,
        min_layer: LAYER_MIN,
        max_layer: LAYER_MAX,
        library_versions: vec![LIBRARY_VERSION.to_owned()],
    }
    .into()
}

fn is_compatible(protocol: &enums::PhoneCallProtocol) -> bool {
    let enums::PhoneCallProtocol::Protocol(protocol) = protocol;
    protocol.min_layer <= LAYER_MAX && protocol.max_layer >= LAYER_MIN
}

fn input(call: CallAddress) -> enums::InputPhoneCall {
    types::InputPhoneCall { id: call.id, access_hash: call.access_hash }.into()
}

/// What Telegram tells of a call; nothing for what no call can be.
pub(super) fn news(call: &enums::PhoneCall) -> Option<CallNews> {
    let (id, stage) = match call {
        enums::PhoneCall::Empty(call) => (call.id, CallStage::Over),
        enums::PhoneCall::Discarded(call) => (call.id, CallStage::Over),
        enums::PhoneCall::Waiting(call) => {
            let (access_hash, is_received) = (call.access_hash, call.receive_date.is_some());
            (call.id, CallStage::Waiting { access_hash, is_received })
        }
        enums::PhoneCall::Requested(call) => {
            let commitment = call.g_a_hash.as_slice().try_into().ok()?;
            let (access_hash, caller_id, is_video) = (call.access_hash, call.admin_id, call.video);
            (call.id, CallStage::Requested { access_hash, caller_id, is_video, commitment })
        }
        enums::PhoneCall::Accepted(call) if !is_compatible(&call.protocol) => (call.id, CallStage::Incompatible),
        enums::PhoneCall::Accepted(call) => (call.id, CallStage::Accepted { half: call.g_b.clone() }),
        enums::PhoneCall::Call(call) if !is_compatible(&call.protocol) => (call.id, CallStage::Incompatible),
        enums::PhoneCall::Call(call) => {
            let (half, fingerprint, started_at) = (call.g_a_or_b.clone(), call.key_fingerprint, call.start_date);
            (call.id, CallStage::Agreed { half, fingerprint, started_at })
        }
    };
    Some(CallNews { id, stage })
}
