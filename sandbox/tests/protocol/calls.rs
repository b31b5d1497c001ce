//! Calls, by clients that do not keep to the rules: what the network can check, it checks.

use grammers_tl_types::{enums, functions, types};
use sha2::{Digest, Sha256};
use telegram_sandbox::control::{ChatKind, Control, NewChat};

use crate::client::{Client, Outcome, signed_in};
use crate::network::TestNetwork;

const CALLER: &str = "+15550001001";
const CALLEE: &str = "+15550001002";
const OTHER: &str = "+15550001003";

fn protocol(min_layer: i32, max_layer: i32) -> enums::PhoneCallProtocol {
    let library_versions = vec!["2.4.4".to_owned()];
    types::PhoneCallProtocol { udp_p2p: true, udp_reflector: true, min_layer, max_layer, library_versions }.into()
}

/// A half of a key; the network does not compute with it.
fn half(byte: u8) -> Vec<u8> {
    vec![byte; 256]
}

fn hash(half: &[u8]) -> Vec<u8> {
    Sha256::digest(half).to_vec()
}

/// How a client names a user, whose phone number it puts into its address book.
fn met(client: &mut Client, phone: &str) -> enums::InputUser {
    let contact = types::InputPhoneContact {
        client_id: 1,
        phone: phone.into(),
        first_name: "Other".into(),
        last_name: String::new(),
        note: None,
    };
    let enums::contacts::ImportedContacts::Contacts(imported) =
        client.call(&functions::contacts::ImportContacts { contacts: vec![contact.into()] }).unwrap();
    let enums::User::User(user) = &imported.users[0] else { panic!("an empty user") };
    types::InputUser { user_id: user.id, access_hash: user.access_hash.unwrap() }.into()
}

fn request(client: &mut Client, user_id: &enums::InputUser, random_id: i32, hash: Vec<u8>) -> Outcome<enums::PhoneCall> {
    let request = functions::phone::RequestCall {
        video: false,
        user_id: user_id.clone(),
        random_id,
        g_a_hash: hash,
        protocol: protocol(65, 92),
    };
    client.call(&request).map(|enums::phone::PhoneCall::Call(answer)| answer.phone_call)
}

/// The newest call that a client was told of by an update.
fn told(client: &mut Client) -> Option<enums::PhoneCall> {
    let updates = client.before_pong().into_iter().filter_map(|message| message.read::<types::Updates>());
    let mut calls = updates.flat_map(|updates| updates.updates).filter_map(|update| match update {
        enums::Update::PhoneCall(told) => Some(told.phone_call),
        _ => None,
    });
    calls.next_back()
}

fn named(call: &enums::PhoneCall) -> enums::InputPhoneCall {
    let (id, access_hash) = match call {
        enums::PhoneCall::Waiting(call) => (call.id, call.access_hash),
        enums::PhoneCall::Requested(call) => (call.id, call.access_hash),
        other => panic!("{other:?}"),
    };
    types::InputPhoneCall { id, access_hash }.into()
}

fn accept(client: &mut Client, peer: &enums::InputPhoneCall, layers: (i32, i32)) -> Outcome<enums::phone::PhoneCall> {
    client.call(&functions::phone::AcceptCall { peer: peer.clone(), g_b: half(2), protocol: protocol(layers.0, layers.1) })
}

fn confirm(client: &mut Client, peer: &enums::InputPhoneCall, g_a: Vec<u8>) -> Outcome<enums::phone::PhoneCall> {
    let request = functions::phone::ConfirmCall { peer: peer.clone(), g_a, key_fingerprint: 77, protocol: protocol(65, 92) };
    client.call(&request)
}

fn discard(client: &mut Client, peer: &enums::InputPhoneCall) -> Outcome<enums::Updates> {
    let reason = enums::PhoneCallDiscardReason::Busy;
    client.call(&functions::phone::DiscardCall { video: false, peer: peer.clone(), duration: 9, reason, connection_id: 0 })
}

fn refused<T>(outcome: Outcome<T>) -> String {
    outcome.err().expect("a refusal").1
}

#[test]
fn a_caller_confirms_with_the_half_that_it_was_bound_to_or_not_at_all() {
    let network = TestNetwork::start();
    let (mut caller, mut callee, mut other) =
        (signed_in(&network, CALLER), signed_in(&network, CALLEE), signed_in(&network, OTHER));
    let user = met(&mut caller, CALLEE);
    assert_eq!(refused(request(&mut caller, &user, 1, vec![1; 31])), "DH_G_A_INVALID");
    assert_eq!(refused(request(&mut caller, &enums::InputUser::UserSelf, 1, hash(&half(1)))), "USER_ID_INVALID");
    let waiting = request(&mut caller, &user, 1, hash(&half(1))).unwrap();
    assert!(matches!(&waiting, enums::PhoneCall::Waiting(waiting) if waiting.receive_date.is_none()), "{waiting:?}");
    assert_eq!(named(&request(&mut caller, &user, 1, hash(&half(1))).unwrap()), named(&waiting), "one request, one call");
    let (of_caller, requested) = (named(&waiting), told(&mut callee).unwrap());
    let of_callee = named(&requested);
    assert!(matches!(&requested, enums::PhoneCall::Requested(requested) if requested.g_a_hash == hash(&half(1))));

    // Neither a stranger, nor who knows the id alone, nor the wrong one of the two.
    for peer in [&of_caller, &of_callee] {
        assert_eq!(refused(accept(&mut other, peer, (65, 92))), "CALL_PEER_INVALID");
        assert_eq!(refused(discard(&mut other, peer)), "CALL_PEER_INVALID");
    }
    assert_eq!(refused(accept(&mut callee, &of_caller, (65, 92))), "CALL_PEER_INVALID");
    assert_eq!(refused(accept(&mut caller, &of_caller, (65, 92))), "CALL_PEER_INVALID");
    assert_eq!(refused(confirm(&mut caller, &of_caller, half(1))), "CALL_PEER_INVALID", "nobody has accepted");
    assert_eq!(refused(accept(&mut callee, &of_callee, (93, 120))), "CALL_PROTOCOL_COMPAT_LAYER_INVALID");
    assert_eq!(refused(accept(&mut callee, &of_callee, (92, 65))), "CALL_PROTOCOL_LAYER_INVALID");

    assert_eq!(callee.call(&functions::phone::ReceivedCall { peer: of_callee.clone() }), Ok(true));
    assert!(matches!(told(&mut caller), Some(enums::PhoneCall::Waiting(waiting)) if waiting.receive_date.is_some()));
    let mut second = callee.sibling(network.home());
    accept(&mut callee, &of_callee, (65, 92)).unwrap();
    assert_eq!(refused(accept(&mut callee, &of_callee, (65, 92))), "CALL_ALREADY_ACCEPTED");
    assert!(matches!(told(&mut second), Some(enums::PhoneCall::Discarded(_))), "the other device need not ring any more");
    assert!(matches!(told(&mut caller), Some(enums::PhoneCall::Accepted(accepted)) if accepted.g_b == half(2)));
    assert_eq!(refused(confirm(&mut callee, &of_callee, half(1))), "CALL_PEER_INVALID");
    assert_eq!(refused(confirm(&mut caller, &of_caller, half(3))), "DH_G_A_INVALID");
    confirm(&mut caller, &of_caller, half(1)).unwrap();
    match told(&mut callee) {
        Some(enums::PhoneCall::Call(call)) => assert_eq!((call.g_a_or_b, call.key_fingerprint), (half(1), 77)),
        told => panic!("{told:?}"),
    }

    // Who is in a call accepts no other one.
    let user = met(&mut other, CALLEE);
    request(&mut other, &user, 5, hash(&half(1))).unwrap();
    let second_call = named(&told(&mut callee).unwrap());
    assert_eq!(refused(accept(&mut callee, &second_call, (65, 92))), "CALL_OCCUPY_FAILED");
    discard(&mut callee, &second_call).unwrap();

    discard(&mut callee, &of_callee).unwrap();
    match told(&mut caller) {
        Some(enums::PhoneCall::Discarded(over)) => {
            assert_eq!((over.reason, over.duration), (Some(enums::PhoneCallDiscardReason::Busy), Some(9)));
        }
        told => panic!("{told:?}"),
    }
    assert_eq!(refused(discard(&mut caller, &of_caller)), "CALL_ALREADY_DECLINED");
    assert_eq!(refused(confirm(&mut caller, &of_caller, half(1))), "CALL_ALREADY_DECLINED");
}

#[test]
fn the_group_of_keys_is_told_once() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, CALLER);
    let ask = |version: i32, random_length: i32| functions::messages::GetDhConfig { version, random_length };
    let enums::messages::DhConfig::Config(first) = client.call(&ask(0, 256)).unwrap() else { panic!("no group") };
    assert_eq!((first.g, first.p.len(), first.random.len()), (3, 256, 256));
    let enums::messages::DhConfig::NotModified(again) = client.call(&ask(first.version, 16)).unwrap() else {
        panic!("a group that is known")
    };
    assert_eq!(again.random.len(), 16);
    assert_eq!(refused(client.call(&ask(0, 1_000_000))), "RANDOM_LENGTH_INVALID");
    assert_eq!(refused(client.call(&ask(0, -1))), "RANDOM_LENGTH_INVALID");
}

/// How a client names a group, which it is in.
fn group_of(client: &mut Client, channel_id: i64) -> enums::InputPeer {
    let request = functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: enums::InputPeer::Empty,
        limit: 100,
        hash: 0,
    };
    let enums::messages::Dialogs::Dialogs(dialogs) = client.call(&request).unwrap() else { panic!("too many dialogs") };
    let found = dialogs.chats.into_iter().find_map(|chat| match chat {
        enums::Chat::Channel(channel) if channel.id == channel_id => channel.access_hash,
        _ => None,
    });
    types::InputPeerChannel { channel_id, access_hash: found.unwrap() }.into()
}

fn join(client: &mut Client, call: &enums::InputGroupCall, parameters: &str) -> Outcome<enums::Updates> {
    let request = functions::phone::JoinGroupCall {
        muted: false,
        video_stopped: true,
        call: call.clone(),
        join_as: enums::InputPeer::PeerSelf,
        invite_hash: None,
        public_key: None,
        block: None,
        params: types::DataJson { data: parameters.into() }.into(),
    };
    client.call(&request)
}

fn parameters(source: i64) -> String {
    format!(r#"{{"ufrag":"a","pwd":"b","fingerprints":[],"ssrc":{source}}}"#)
}

fn mute(
    client: &mut Client,
    call: &enums::InputGroupCall,
    participant: enums::InputPeer,
    muted: bool,
) -> Outcome<enums::Updates> {
    let request = functions::phone::EditGroupCallParticipant {
        call: call.clone(),
        participant,
        muted: Some(muted),
        volume: None,
        raise_hand: None,
        video_stopped: None,
        video_paused: None,
        presentation_paused: None,
    };
    client.call(&request)
}

/// Those who take part, by their sources: whether they are muted, and may unmute themselves.
fn participants(client: &mut Client, call: &enums::InputGroupCall) -> Vec<(i32, bool, bool)> {
    let (call, offset) = (call.clone(), String::new());
    let request = functions::phone::GetGroupParticipants { call, ids: Vec::new(), sources: Vec::new(), offset, limit: 10 };
    let enums::phone::GroupParticipants::Participants(found) = client.call(&request).unwrap();
    let seen =
        |enums::GroupCallParticipant::Participant(one): enums::GroupCallParticipant| (one.source, one.muted, one.can_self_unmute);
    found.participants.into_iter().map(seen).collect()
}

/// The group call that a client was told of last.
fn told_of_group(client: &mut Client) -> Option<enums::GroupCall> {
    let updates = client.before_pong().into_iter().filter_map(|message| message.read::<types::Updates>());
    let mut calls = updates.flat_map(|updates| updates.updates).filter_map(|update| match update {
        enums::Update::GroupCall(told) => Some(told.call),
        _ => None,
    });
    calls.next_back()
}

#[test]
fn administrators_lead_a_group_call_and_members_take_part() {
    let network = TestNetwork::start();
    let (mut owner, mut member, mut other) =
        (signed_in(&network, CALLER), signed_in(&network, CALLEE), signed_in(&network, OTHER));
    let chat = NewChat {
        kind: ChatKind::Supergroup,
        owner: CALLER.into(),
        title: "Watch".into(),
        members: vec![CALLEE.into()],
        username: None,
        invite: None,
    };
    let marked = network.wait(network.world.create_chat(chat)).unwrap().chat_id;
    let channel_id = -1_000_000_000_000 - marked;
    let create = |peer: enums::InputPeer, random_id: i32| functions::phone::CreateGroupCall {
        rtmp_stream: false,
        peer,
        random_id,
        title: None,
        schedule_date: None,
    };
    let of_member = group_of(&mut member, channel_id);
    assert_eq!(refused(member.call(&create(of_member, 1))), "CHAT_ADMIN_REQUIRED");
    let of_owner = group_of(&mut owner, channel_id);
    owner.call(&create(of_owner.clone(), 1)).unwrap();
    owner.call(&create(of_owner.clone(), 1)).expect("the same request");
    assert_eq!(refused(owner.call(&create(of_owner, 2))), "GROUPCALL_ALREADY_STARTED");
    let enums::GroupCall::Call(begun) = told_of_group(&mut member).unwrap() else { panic!("it is over") };
    let of_member = enums::InputGroupCall::from(types::InputGroupCall { id: begun.id, access_hash: begun.access_hash });
    assert_eq!(refused(join(&mut other, &of_member, &parameters(5))), "GROUPCALL_INVALID");
    for unfit in ["", "{}", &parameters(0), &parameters(1 << 40)] {
        assert_eq!(refused(join(&mut member, &of_member, unfit)), "DATA_JSON_INVALID");
    }
    let leave = functions::phone::LeaveGroupCall { call: of_member.clone(), source: 5 };
    assert_eq!(refused(member.call(&leave)), "GROUPCALL_JOIN_MISSING");
    // WebRTC's sources have no sign.
    join(&mut member, &of_member, &parameters(4_294_967_291)).unwrap();
    assert_eq!(participants(&mut member, &of_member), [(-5, false, true)]);

    let enums::GroupCall::Call(grown) = told_of_group(&mut owner).unwrap() else { panic!("it is over") };
    assert_eq!(grown.participants_count, 1);
    let of_owner = enums::InputGroupCall::from(types::InputGroupCall { id: grown.id, access_hash: grown.access_hash });
    assert_eq!(refused(join(&mut owner, &of_owner, &parameters(-5))), "GROUPCALL_SSRC_DUPLICATE_MUCH");
    join(&mut owner, &of_owner, &parameters(7)).unwrap();

    // A member who mutes another does so for their own ears; an administrator, for everybody's, and it is not undone.
    let enums::InputUser::User(user) = met(&mut owner, CALLEE) else { panic!("no user") };
    let listened_to = types::InputPeerUser { user_id: user.user_id, access_hash: user.access_hash };
    mute(&mut owner, &of_owner, listened_to.clone().into(), true).unwrap();
    assert_eq!(participants(&mut owner, &of_owner), [(7, false, true), (-5, true, false)]);
    assert_eq!(refused(mute(&mut member, &of_member, enums::InputPeer::PeerSelf, false)), "GROUPCALL_FORBIDDEN");
    mute(&mut owner, &of_owner, listened_to.into(), false).unwrap();
    mute(&mut member, &of_member, enums::InputPeer::PeerSelf, false).unwrap();
    let enums::InputUser::User(user) = met(&mut member, CALLER) else { panic!("no user") };
    let owner_seen = types::InputPeerUser { user_id: user.user_id, access_hash: user.access_hash };
    mute(&mut member, &of_member, owner_seen.into(), true).unwrap();
    assert_eq!(participants(&mut owner, &of_owner), [(7, false, true), (-5, false, true)]);

    let end = |call: &enums::InputGroupCall| functions::phone::DiscardGroupCall { call: call.clone() };
    assert_eq!(refused(member.call(&end(&of_member))), "CHAT_ADMIN_REQUIRED");
    owner.call(&end(&of_owner)).unwrap();
    assert!(matches!(told_of_group(&mut member), Some(enums::GroupCall::Discarded(_))));
    assert_eq!(refused(join(&mut member, &of_member, &parameters(9))), "GROUPCALL_FORBIDDEN");
}
