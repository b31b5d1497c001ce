//! What no client should send: the network closes that connection and goes on.

use std::io::{Read, Write};
use std::sync::LazyLock;

use grammers_tl_types::{Serializable, enums, functions, types};
use proptest::prelude::*;
use telegram_sandbox::transport::FRAME_BYTES_MAX;

use crate::client::{Client, signed_in};
use crate::exchange;
use crate::messages::{history_with_self, note_to_self};
use crate::network::TestNetwork;
use crate::wire::{Framing, Received, Wire, random};

fn closes(network: &TestNetwork, bytes: &[u8]) {
    let mut wire = Wire::open_raw(network.home());
    wire.send_raw(bytes);
    wire.wait_for_close();
}

#[test]
fn frames_that_are_too_large_close_the_connection_at_once() {
    let network = TestNetwork::start();
    let mut bystander = Client::connect(network.home());
    let length = u32::try_from(FRAME_BYTES_MAX + 16).unwrap();
    closes(&network, &[[0xee; 4], length.to_le_bytes()].concat());
    closes(&network, &[[0xdd; 4], length.to_le_bytes()].concat());
    closes(&network, &[&[0xef], ((length / 4) << 8 | 0x7f).to_le_bytes().as_slice()].concat());
    closes(&network, &[length.to_le_bytes(), [0; 4]].concat());
    bystander.before_pong();
}

#[test]
fn frames_that_are_too_small_or_broken_close_the_connection() {
    let network = TestNetwork::start();
    let mut bystander = Client::connect(network.home());
    closes(&network, &[0xef, 0]);
    closes(&network, &[0xef, 1, 1, 2, 3, 4]);
    closes(&network, &[[0xee; 4], [0; 4]].concat());
    closes(&network, &[12u32.to_le_bytes(), [0; 4]].concat());
    closes(&network, &[20u32.to_le_bytes(), [0; 4], [0; 4], [0; 4], [1; 4]].concat());
    closes(&network, &[0x55; 64]);
    bystander.before_pong();
}

#[test]
fn frames_out_of_sequence_close_the_connection() {
    let network = TestNetwork::start();
    let mut wire = Wire::open_with(network.home(), Framing::Full, false);
    exchange::make_key(&mut wire);
    let skipped = wire.frame(&[0; 24]);
    drop(skipped);
    wire.send(&[0; 24]);
    assert_eq!(wire.receive(), Received::Closed);
}

#[test]
fn a_frame_may_come_byte_by_byte() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let message = client.message(functions::Ping { ping_id: 1 }.to_bytes());
    let payload = client.seal(&message);
    for byte in client.wire.frame(&payload) {
        client.wire.send_raw(&[byte]);
    }
    client.receive_of::<types::Pong>();
}

#[test]
fn a_client_that_goes_away_in_the_middle_harms_nobody() {
    let network = TestNetwork::start();
    let mut bystander = Client::connect(network.home());
    for _ in 0..20 {
        let mut leaver = bystander.sibling(network.home());
        let message = leaver.message(vec![1; 64]);
        let payload = leaver.seal(&message);
        let frame = leaver.wire.frame(&payload);
        leaver.wire.send_raw(&frame[..frame.len() / 2]);
        leaver.wire.finish();
        leaver.wire.wait_for_close();
    }
    bystander.before_pong();
    network.until(|| network.connections.count() == 1);
}

/// A client that asks for more than all buffers hold and reads nothing of it, so that the network's side cannot write on.
#[test]
fn a_client_that_does_not_read_can_be_closed_and_harms_nobody() {
    let network = TestNetwork::start();
    let mut bystander = Client::connect(network.home());
    let mut deaf = signed_in(&network, "15550022");
    for random_id in 1..=40 {
        let text: String = random::<2_048>().map(|byte| format!("{byte:02x}")).concat();
        deaf.call(&note_to_self(&text, random_id)).unwrap();
    }
    let request = deaf.send(&history_with_self());
    let answer = deaf.message_with_result(request);
    let again = enums::MsgResendReq::Req(types::MsgResendReq { msg_ids: vec![answer.id; 400] }).to_bytes();
    let again = deaf.message(again);
    deaf.send_message(&again);
    for _ in 0..20 {
        bystander.before_pong();
    }
    network.stop();
    network.until(|| network.connections.count() == 0);
}

#[test]
fn the_connections_of_one_user_can_be_closed() {
    let network = TestNetwork::start();
    let mut other = Client::connect(network.home());
    let mut client = signed_in(&network, "15550021");
    assert_eq!(network.connections.drop_of(Some("+15550021")), 1);
    assert_eq!(client.ended(), Received::Closed);
    other.before_pong();
    client.reconnect(network.home());
    client.before_pong();
}

#[test]
fn a_network_that_stops_closes_every_connection() {
    let network = TestNetwork::start();
    let mut clients = [Client::connect(network.home()), Client::connect(network.elsewhere())];
    network.stop();
    for client in &mut clients {
        assert_eq!(client.ended(), Received::Closed);
    }
}

static NETWORK: LazyLock<TestNetwork> = LazyLock::new(TestNetwork::start);

/// A client whose key serves all cases, because making one takes long.
static KNOWN: LazyLock<Client> = LazyLock::new(|| Client::connect(NETWORK.home()));

/// First bytes that lead into each transport, so that what follows is read as its frames.
fn beginnings() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![Just(vec![]), Just(vec![0xef]), Just(vec![0xee; 4]), Just(vec![0xdd; 4])];
    let length = prop_oneof![Just(vec![]), (0u32..400).prop_map(|length| length.to_le_bytes().to_vec())];
    (tag, length).prop_map(|(tag, length)| [tag, length].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_stop_the_network(beginning in beginnings(), bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut socket = Wire::connect(NETWORK.home());
        // The network may close the connection before it has read everything.
        let _sent = socket.write_all(&beginning).and_then(|()| socket.write_all(&bytes));
        let _finished = socket.shutdown(std::net::Shutdown::Write);
        let _end = socket.read_to_end(&mut Vec::new());
        KNOWN.sibling(NETWORK.home()).before_pong();
    }

    #[test]
    fn no_body_stops_the_network(body in proptest::collection::vec(any::<u8>(), 0..300), sequence: i32, odd_id in 0i64..4) {
        let mut client = KNOWN.sibling(NETWORK.home());
        let mut message = client.message(body);
        message.sequence = sequence;
        message.id += odd_id;
        client.send_message(&message);
        client.wire.finish();
        client.wire.wait_for_close();
        KNOWN.sibling(NETWORK.home()).before_pong();
    }
}

#[test]
fn the_network_serves_on_after_garbage() {
    for seed in 0..50u8 {
        let mut socket = Wire::connect(NETWORK.home());
        let garbage: Vec<u8> = (0..200u8).map(|at| at.wrapping_mul(31).wrapping_add(seed)).collect();
        let _sent = socket.write_all(&garbage);
    }
    Client::connect(NETWORK.home()).before_pong();
}
