//! Service messages: pings, acknowledgements, states, dropped answers and destroyed sessions.

use grammers_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};
use telegram_sandbox::control::Control;
use telegram_sandbox::faults::{Fault, FaultKind};

use crate::client::{Client, Message, outcome, signed_in};
use crate::messages::note_to_self;
use crate::network::TestNetwork;
use crate::wire::Received;

fn delay(network: &TestNetwork, method: &str, seconds: u32) {
    let (method, seconds) = (Some(method.to_owned()), Some(seconds));
    let fault = Fault { method, count: Some(1), seconds, ..Fault::of(FaultKind::Delay) };
    network.world.arm(fault).unwrap();
}

fn unacknowledged(client: &Client, id: i64, body: Vec<u8>) -> Message {
    Message { id, sequence: client.even_sequence(), body }
}

fn drop_answer(client: &mut Client, req_msg_id: i64) -> enums::RpcDropAnswer {
    client.call(&functions::RpcDropAnswer { req_msg_id }).unwrap()
}

#[test]
fn a_ping_is_answered_with_both_its_ids() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let (msg_id, ping_id) = client.ping();
    assert_eq!(client.receive().read(), Some(types::Pong { msg_id, ping_id }));
}

#[test]
fn a_connection_is_closed_when_the_next_ping_does_not_come_in_time() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    for disconnect_delay in [75, 1] {
        let msg_id = client.send(&functions::PingDelayDisconnect { ping_id: 9, disconnect_delay });
        assert_eq!(client.receive().read(), Some(types::Pong { msg_id, ping_id: 9 }));
    }
    assert_eq!(client.wire.receive(), Received::Closed);
    client.reconnect(network.home());
    client.before_pong();
}

#[test]
fn a_ping_with_a_later_time_puts_the_end_off() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let mut other = Client::connect(network.home());
    for disconnect_delay in [1, 75] {
        client.send(&functions::PingDelayDisconnect { ping_id: 9, disconnect_delay });
    }
    other.send(&functions::PingDelayDisconnect { ping_id: 9, disconnect_delay: 1 });
    assert_eq!(other.ended(), Received::Closed);
    client.before_pong();
}

#[test]
fn an_answer_that_was_not_received_can_be_dropped() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let request = client.send(&functions::help::GetNearestDc {});
    let answer = client.message_with_result(request);
    let bytes = i32::try_from(answer.body.len()).unwrap();
    let dropped = types::RpcAnswerDropped { msg_id: answer.id, seq_no: answer.sequence, bytes };
    assert_eq!(drop_answer(&mut client, request), enums::RpcDropAnswer::RpcAnswerDropped(dropped));
    assert_eq!(drop_answer(&mut client, request), enums::RpcDropAnswer::RpcAnswerUnknown);
    client.reconnect(network.home());
    assert!(!client.before_pong().contains(&answer), "it is not sent again");
}

#[test]
fn an_answer_that_nobody_waits_for_is_unknown() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let (ping, _) = client.ping();
    for id in [4, ping] {
        assert_eq!(drop_answer(&mut client, id), enums::RpcDropAnswer::RpcAnswerUnknown);
    }
}

#[test]
fn a_call_that_runs_is_done_but_its_answer_is_dropped() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, "15550011");
    delay(&network, "messages.sendMessage", 1);
    delay(&network, "help.getNearestDc", 2);
    let running = client.send(&note_to_self("kept", 1));
    let later = client.send(&functions::help::GetNearestDc {});
    let question = client.send(&functions::RpcDropAnswer { req_msg_id: running });
    let dropped = Ok(enums::RpcDropAnswer::RpcAnswerDroppedRunning);
    let mut to_both = Vec::new();
    // By the time that the later call is answered, the dropped one has been done.
    loop {
        let message = client.receive();
        to_both.extend([running, question].iter().filter_map(|id| Some((*id, message.result_of(*id)?))));
        if message.result_of(later).is_some() {
            break;
        }
    }
    to_both.sort();
    assert_eq!(to_both.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [running, question]);
    assert!(to_both.iter().all(|(_, answer)| outcome(answer) == dropped));
    let kept = network.world.messages("15550011", "15550011").unwrap();
    assert_eq!(kept.len(), 1);
}

#[test]
fn another_session_can_be_destroyed() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let mut sibling = client.sibling(network.home());
    let session_id = sibling.session;
    client.send(&functions::DestroySession { session_id });
    assert_eq!(client.receive_of::<types::DestroySessionOk>(), types::DestroySessionOk { session_id });
    client.send(&functions::DestroySession { session_id });
    assert_eq!(client.receive_of::<types::DestroySessionNone>(), types::DestroySessionNone { session_id });
    sibling.reconnect(network.home());
    let made = sibling.before_pong();
    assert!(made.iter().any(|message| message.constructor() == types::NewSessionCreated::CONSTRUCTOR_ID), "it is made anew");
}

#[test]
fn a_session_cannot_destroy_itself_nor_one_of_another_key() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let stranger = Client::connect(network.home());
    for session_id in [client.session, stranger.session] {
        client.send(&functions::DestroySession { session_id });
        assert_eq!(client.receive_of::<types::DestroySessionNone>(), types::DestroySessionNone { session_id });
    }
    client.before_pong();
}

#[test]
fn states_tell_which_messages_have_come() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let (lost, received) = (client.next_id(), client.ping().0);
    let asked = vec![received, lost, received + (1 << 40)];
    let question = enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids: asked }).to_bytes();
    let id = client.next_id();
    let question = unacknowledged(&client, id, question);
    client.send_message(&question);
    let answer: types::MsgsStateInfo = client.receive_of();
    assert_eq!(answer, types::MsgsStateInfo { req_msg_id: question.id, info: vec![4, 2, 3] });
}

#[test]
fn messages_are_sent_again_on_request() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let request = client.send(&functions::help::GetNearestDc {});
    let answer = client.message_with_result(request);
    let ask = |client: &mut Client, msg_ids: Vec<i64>| {
        let id = client.next_id();
        let body = enums::MsgResendReq::Req(types::MsgResendReq { msg_ids }).to_bytes();
        let question = unacknowledged(client, id, body);
        client.send_message(&question);
        client.before_pong()
    };
    assert_eq!(ask(&mut client, vec![answer.id]), std::slice::from_ref(&answer));
    let told = ask(&mut client, vec![answer.id, 5, request]);
    assert!(told.contains(&answer));
    let states: Vec<types::MsgsStateInfo> = told.iter().filter_map(Message::read).collect();
    assert_eq!(states.len(), 1, "what cannot be sent again is told");
    assert_eq!(states[0].info.len(), 3);
    assert_eq!(states[0].info[2], 4);
}

#[test]
fn updates_reach_a_session_that_another_connection_took_over() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, "15550012");
    let mut sibling = client.sibling(network.home());
    sibling.reconnect(network.home());
    sibling.before_pong();
    client.call(&note_to_self("told", 1)).unwrap();
    loop {
        let message = sibling.receive();
        let short = enums::Updates::from_bytes(&message.body);
        if matches!(short, Ok(enums::Updates::Updates(_) | enums::Updates::UpdateShort(_))) {
            break;
        }
    }
}
