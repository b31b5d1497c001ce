//! Calls between two people. The network checks what it can: who may call whom, in which order, and that the caller's half of the key is
//! the one it was bound to. The key itself, and so its fingerprint, only the two can check.

use grammers_tl_types as tl;
use sha2::{Digest, Sha256};

use super::call::{Call, random};
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::ids::{HexBytes, PeerId};
use crate::world::phone_call::{Accepted, Confirmed, PhoneCall, PhoneCallEvent, Protocol, Reason};
use crate::world::privacy::PrivacyKey;
use crate::world::srp;

/// The number of the Diffie-Hellman parameters.
const DH_VERSION: i32 = 3;
/// Random bytes that one call gives.
const RANDOM_BYTES_MAX: i32 = 1_024;
/// The newest layer that the network has heard of, and the oldest.
const LAYERS: std::ops::RangeInclusive<i32> = 1..=1_000;
/// Versions of a library that are named.
const VERSIONS_MAX: usize = 64;
const HASH_BYTES: usize = 32;

/// `messages.getDhConfig`.
pub fn get_dh_config(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetDhConfig,
) -> Result<tl::enums::messages::DhConfig, RpcError> {
    call.user_id()?;
    if !(0..=RANDOM_BYTES_MAX).contains(&request.random_length) {
        return Err(RpcError::bad_request("RANDOM_LENGTH_INVALID"));
    }
    let mut random = vec![0; usize::try_from(request.random_length).unwrap_or(0)];
    getrandom::fill(&mut random).map_err(|_| RpcError::internal())?;
    if request.version == DH_VERSION {
        return Ok(tl::types::messages::DhConfigNotModified { random }.into());
    }
    Ok(tl::types::messages::DhConfig { g: srp::GENERATOR, p: srp::prime(), version: DH_VERSION, random }.into())
}

fn protocol(given: tl::enums::PhoneCallProtocol) -> Result<Protocol, RpcError> {
    let tl::enums::PhoneCallProtocol::Protocol(given) = given;
    if !given.udp_p2p && !given.udp_reflector {
        return Err(RpcError::bad_request("CALL_PROTOCOL_FLAGS_INVALID"));
    }
    let (min_layer, max_layer, library_versions) = (given.min_layer, given.max_layer, given.library_versions);
    let layers = LAYERS.contains(&min_layer) && LAYERS.contains(&max_layer) && min_layer <= max_layer;
    if !layers || library_versions.is_empty() || library_versions.len() > VERSIONS_MAX {
        return Err(RpcError::bad_request("CALL_PROTOCOL_LAYER_INVALID"));
    }
    Ok(Protocol { min_layer, max_layer, library_versions })
}

/// The call that the caller names, and who asks.
fn find(call: &Call<'_>, named: &tl::enums::InputPhoneCall) -> Result<(PhoneCall, i64), RpcError> {
    let me = call.user_id()?;
    let tl::enums::InputPhoneCall::Call(named) = named;
    if call.state().call_access_hash(named.id, me) != named.access_hash {
        return Err(RpcError::bad_request("CALL_PEER_INVALID"));
    }
    if call.state().phone_calls.has_ended(named.id) {
        return Err(RpcError::bad_request("CALL_ALREADY_DECLINED"));
    }
    let found = call.state().phone_calls.calls.get(&named.id).filter(|found| found.has(me));
    Ok((found.ok_or(RpcError::bad_request("CALL_PEER_INVALID"))?.clone(), me))
}

fn answer(call: &Call<'_>, call_id: i64) -> Result<tl::enums::phone::PhoneCall, RpcError> {
    let found = call.state().phone_calls.calls.get(&call_id).ok_or(RpcError::bad_request("CALL_PEER_INVALID"))?;
    let mut view = call.view()?;
    let phone_call = view.phone_call(found);
    let (users, _) = view.mentioned();
    Ok(tl::types::phone::PhoneCall { phone_call, users }.into())
}

fn change(call: &mut Call<'_>, event: PhoneCallEvent) -> Vec<crate::world::apply::Notice> {
    call.change(Event::PhoneCall(event))
}

/// `phone.requestCall`.
pub fn request_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::RequestCall,
) -> Result<tl::enums::phone::PhoneCall, RpcError> {
    let caller = call.user_id()?;
    let other = call.user(&request.user_id)?;
    let callee = other.id;
    if callee == caller {
        return Err(RpcError::bad_request("USER_ID_INVALID"));
    }
    if other.settings_of(PeerId::User(caller)).blocked_since.is_some() {
        return Err(RpcError::forbidden("USER_IS_BLOCKED"));
    }
    if !call.state().permits(callee, PrivacyKey::PhoneCall, caller) {
        return Err(RpcError::forbidden("USER_PRIVACY_RESTRICTED"));
    }
    if request.g_a_hash.len() != HASH_BYTES {
        return Err(RpcError::bad_request("DH_G_A_INVALID"));
    }
    let protocol = protocol(request.protocol)?;
    let calls = &call.state().phone_calls;
    let known = calls.calls.values().find(|known| known.caller == caller && known.random_id == request.random_id);
    if let Some(id) = known.map(|known| known.id) {
        return answer(call, id);
    }
    if calls.is_engaged(caller, 0) {
        return Err(RpcError::new(500, "CALL_OCCUPY_FAILED"));
    }
    let id = i64::from_le_bytes(random()?) >> 1 & i64::MAX;
    let requested = PhoneCall {
        id,
        caller,
        callee,
        video: request.video,
        date: call.now,
        random_id: request.random_id,
        g_a_hash: HexBytes(request.g_a_hash),
        protocol,
        received_at: None,
        accepted: None,
        confirmed: None,
    };
    change(call, PhoneCallEvent::Requested(requested));
    answer(call, id)
}

/// `phone.receivedCall`.
pub fn received_call(call: &mut Call<'_>, request: tl::functions::phone::ReceivedCall) -> Result<bool, RpcError> {
    let (found, me) = find(call, &request.peer)?;
    if found.callee != me {
        return Err(RpcError::bad_request("CALL_PEER_INVALID"));
    }
    if found.accepted.is_some() {
        return Err(RpcError::bad_request("CALL_ALREADY_ACCEPTED"));
    }
    if found.received_at.is_none() {
        let date = call.now;
        change(call, PhoneCallEvent::Received { call_id: found.id, date });
    }
    Ok(true)
}

/// `phone.acceptCall`.
pub fn accept_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::AcceptCall,
) -> Result<tl::enums::phone::PhoneCall, RpcError> {
    let (found, me) = find(call, &request.peer)?;
    if found.callee != me {
        return Err(RpcError::bad_request("CALL_PEER_INVALID"));
    }
    if found.accepted.is_some() {
        return Err(RpcError::bad_request("CALL_ALREADY_ACCEPTED"));
    }
    let protocol = protocol(request.protocol)?;
    if protocol.min_layer > found.protocol.max_layer || protocol.max_layer < found.protocol.min_layer {
        return Err(RpcError::new(406, "CALL_PROTOCOL_COMPAT_LAYER_INVALID"));
    }
    if request.g_b.len() != srp::NUMBER_BYTES {
        return Err(RpcError::bad_request("DH_G_B_INVALID"));
    }
    if call.state().phone_calls.is_engaged(me, found.id) {
        return Err(RpcError::new(500, "CALL_OCCUPY_FAILED"));
    }
    let accepted = Accepted { g_b: HexBytes(request.g_b), protocol };
    change(call, PhoneCallEvent::Accepted { call_id: found.id, accepted });
    answer(call, found.id)
}

/// `phone.confirmCall`.
pub fn confirm_call(
    call: &mut Call<'_>,
    request: tl::functions::phone::ConfirmCall,
) -> Result<tl::enums::phone::PhoneCall, RpcError> {
    let (found, me) = find(call, &request.peer)?;
    if found.caller != me || found.accepted.is_none() {
        return Err(RpcError::bad_request("CALL_PEER_INVALID"));
    }
    if found.confirmed.is_some() {
        return Err(RpcError::bad_request("CALL_ALREADY_ACCEPTED"));
    }
    protocol(request.protocol)?;
    if request.g_a.len() != srp::NUMBER_BYTES || Sha256::digest(&request.g_a).as_slice() != found.g_a_hash.0 {
        return Err(RpcError::bad_request("DH_G_A_INVALID"));
    }
    let confirmed = Confirmed { g_a: HexBytes(request.g_a), fingerprint: request.key_fingerprint, date: call.now };
    change(call, PhoneCallEvent::Confirmed { call_id: found.id, confirmed });
    answer(call, found.id)
}

/// `phone.discardCall`: either side ends a call, or declines it.
pub fn discard_call(call: &mut Call<'_>, request: tl::functions::phone::DiscardCall) -> Result<tl::enums::Updates, RpcError> {
    let (found, _) = find(call, &request.peer)?;
    let reason = match request.reason {
        tl::enums::PhoneCallDiscardReason::Missed => Reason::Missed,
        tl::enums::PhoneCallDiscardReason::Disconnect => Reason::Disconnect,
        tl::enums::PhoneCallDiscardReason::Hangup => Reason::HangUp,
        tl::enums::PhoneCallDiscardReason::Busy => Reason::Busy,
        tl::enums::PhoneCallDiscardReason::MigrateConferenceCall(_) => {
            return Err(RpcError::bad_request("CALL_PEER_INVALID"));
        }
    };
    let duration = found.confirmed.is_some().then_some(request.duration.max(0));
    let date = call.now;
    let notices = change(call, PhoneCallEvent::Ended { call_id: found.id, reason, duration, date });
    call.answer(None, &notices)
}
