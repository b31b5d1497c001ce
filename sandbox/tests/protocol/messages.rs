//! Message ids, sequence numbers, salts, containers and compression.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use grammers_tl_types::{Serializable, enums, functions, types};
use telegram_sandbox::control::Control;

use crate::client::{Client, Message, id_at, outcome, signed_in};
use crate::exchange;
use crate::network::TestNetwork;
use crate::wire::{Received, Wire};

const GZIP_PACKED: u32 = 0x3072_cfa1;

fn ping() -> Vec<u8> {
    functions::Ping { ping_id: 5 }.to_bytes()
}

/// A message to oneself.
pub(crate) fn note_to_self(text: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: enums::InputPeer::PeerSelf,
        reply_to: None,
        message: text.into(),
        random_id,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

/// Asks for what was written to oneself.
pub(crate) fn history_with_self() -> functions::messages::GetHistory {
    let peer = enums::InputPeer::PeerSelf;
    functions::messages::GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 100,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

fn texts(network: &TestNetwork, phone: &str) -> Vec<String> {
    network.world.messages(phone, phone).unwrap().into_iter().map(|message| message.text).collect()
}

fn times_called(network: &TestNetwork, method: &str) -> u64 {
    network.world.requests(Some(method), None).unwrap().first().map_or(0, |calls| calls.count)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    let mut packed = GZIP_PACKED.to_le_bytes().to_vec();
    encoder.finish().unwrap().serialize(&mut packed);
    packed
}

#[test]
fn the_first_message_of_a_session_makes_it() {
    let network = TestNetwork::start();
    let known = Client::connect(network.home());
    let mut client = Client::new(Wire::open(network.home()), known.key);
    client.salt = known.salt;
    let (first, ping_id) = client.ping();
    let created: types::NewSessionCreated = client.receive().read().unwrap();
    assert_eq!((created.first_msg_id, created.server_salt), (first, known.salt));
    assert_eq!(client.receive().read(), Some(types::Pong { msg_id: first, ping_id }));
    client.reconnect(network.home());
    let messages = client.before_pong();
    let created: Vec<types::NewSessionCreated> = messages.iter().filter_map(Message::read).collect();
    assert!(created.len() <= 1 && created.iter().all(|notice| notice.first_msg_id == first), "the session is not made twice");
}

#[test]
fn a_wrong_salt_is_put_right_and_the_message_sent_again() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let salt = client.salt;
    client.salt ^= 1;
    let message = client.message(functions::help::GetNearestDc {}.to_bytes());
    client.send_message(&message);
    let wrong: types::BadServerSalt = client.receive().read().unwrap();
    let (bad_msg_id, bad_msg_seqno) = (message.id, message.sequence);
    assert_eq!(wrong, types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code: 48, new_server_salt: salt });
    assert_eq!(times_called(&network, "help.getNearestDc"), 0);
    client.salt = wrong.new_server_salt;
    client.send_message(&message);
    let answer = client.result(message.id);
    assert!(outcome::<enums::NearestDc>(&answer).is_ok());
    assert_eq!(times_called(&network, "help.getNearestDc"), 1);
}

#[test]
fn future_salts_follow_one_another() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    for (asked, given) in [(3, 3), (0, 1), (i32::MAX, 64)] {
        let req_msg_id = client.send(&functions::GetFutureSalts { num: asked });
        let answer: types::FutureSalts = client.receive().read().unwrap();
        assert_eq!(answer.req_msg_id, req_msg_id);
        let salts = answer.salts.0;
        assert_eq!((salts.len(), salts[0].salt), (given, client.salt));
        assert!(salts[0].valid_since <= answer.now && answer.now < salts[0].valid_until);
        assert!(
            salts.windows(2).all(|pair| pair[0].valid_since < pair[1].valid_since && pair[1].valid_since < pair[0].valid_until)
        );
    }
}

#[test]
fn ids_outside_of_time_or_not_of_a_client_are_refused() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    for (id, code) in [(id_at(-400), 16), (id_at(90), 17), (id_at(0) + 2, 18), (id_at(0) + 1, 18), (id_at(0) + 3, 18)] {
        let message = Message { id, sequence: client.next_sequence(), body: ping() };
        assert_eq!(client.refusal(&message), code);
        assert!(client.before_pong().is_empty(), "the session goes on, and the message was not done");
    }
}

#[test]
fn a_sequence_number_of_the_wrong_kind_is_refused() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let acknowledgement = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![1] }).to_bytes();
    let odd = client.message(acknowledgement);
    assert_eq!(client.refusal(&odd), 34);
    let call = functions::help::GetNearestDc {}.to_bytes();
    let even = Message { id: client.next_id(), sequence: client.even_sequence(), body: call };
    assert_eq!(client.refusal(&even), 35);
    assert!(client.before_pong().is_empty());
    assert_eq!(times_called(&network, "help.getNearestDc"), 0);
}

#[test]
fn a_container_is_as_good_as_its_messages() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let acknowledgement = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![1] }).to_bytes();
    let (first, second) = (client.message(ping()), client.message(functions::help::GetNearestDc {}.to_bytes()));
    let third = Message { id: client.next_id(), sequence: client.even_sequence(), body: acknowledgement };
    let odd = Message { id: client.next_id() + 1, sequence: client.next_sequence(), body: ping() };
    let container = client.container(&[first.clone(), second.clone(), third, odd.clone()]);
    client.send_message(&container);
    assert_eq!(client.receive_of::<types::Pong>().msg_id, first.id);
    let refused: types::BadMsgNotification = client.receive_of();
    assert_eq!((refused.bad_msg_id, refused.error_code), (odd.id, 18), "the others are not harmed");
    assert!(outcome::<enums::NearestDc>(&client.result(second.id)).is_ok());
}

#[test]
fn an_empty_container_says_nothing() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let empty = client.container(&[]);
    client.send_message(&empty);
    assert!(client.before_pong().is_empty());
}

#[test]
fn a_container_has_an_id_of_its_own() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let inner = client.message(ping());
    let mut container = client.container(&[inner]);
    client.send_message(&container);
    client.receive_of::<types::Pong>();
    assert_eq!(client.refusal(&container), 19, "an id that was a container's");
    container.id = client.next_id() + 2;
    assert_eq!(client.refusal(&container), 18, "an id that is no client's");
    assert!(client.before_pong().is_empty());
}

#[test]
fn what_is_no_message_closes_the_connection() {
    let network = TestNetwork::start();
    let overlong = [0x73f1_f8dcu32.to_le_bytes(), 1_021i32.to_le_bytes()].concat();
    let cut = [0x73f1_f8dcu32.to_le_bytes(), 1i32.to_le_bytes()].concat();
    let not_gzip = [GZIP_PACKED.to_le_bytes(), [3, 1, 2, 3]].concat();
    let bomb = gzip(&vec![0; 3 * 1_024 * 1_024]);
    for body in [overlong, cut, not_gzip, bomb, Vec::new()] {
        let mut client = Client::connect(network.home());
        let message = client.message(body);
        client.send_message(&message);
        assert_eq!(client.ended(), Received::Closed);
    }
}

#[test]
fn compressed_requests_are_read() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let body = gzip(&functions::help::GetNearestDc {}.to_bytes());
    let alone = client.message(body.clone());
    client.send_message(&alone);
    assert!(outcome::<enums::NearestDc>(&client.result(alone.id)).is_ok());
    let inside = client.message(body);
    let container = client.container(std::slice::from_ref(&inside));
    client.send_message(&container);
    assert!(outcome::<enums::NearestDc>(&client.result(inside.id)).is_ok());
}

#[test]
fn a_repeated_message_is_done_once_and_answered_again() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, "15550001");
    let message = client.message(note_to_self("once", 11).to_bytes());
    client.send_message(&message);
    let answer = client.result(message.id);
    client.send_message(&message);
    assert_eq!(client.result(message.id), answer);
    let container = client.container(std::slice::from_ref(&message));
    client.send_message(&container);
    assert_eq!(client.result(message.id), answer);
    client.reconnect(network.home());
    client.send_message(&message);
    assert_eq!(client.result(message.id), answer);
    assert_eq!(texts(&network, "15550001"), ["once"]);
    assert_eq!(times_called(&network, "messages.sendMessage"), 1);
}

#[test]
fn calls_run_in_the_order_in_which_they_come() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, "15550002");
    let said: Vec<String> = (1..=60).map(|number| format!("number {number}")).collect();
    let numbered = said.iter().zip(1i64..);
    let messages: Vec<Message> =
        numbered.map(|(text, random_id)| client.message(note_to_self(text, random_id).to_bytes())).collect();
    let (together, apart) = messages.split_at(30);
    let container = client.container(together);
    client.send_message(&container);
    apart.iter().for_each(|message| client.send_message(message));
    let mut missing: Vec<i64> = messages.iter().map(|message| message.id).collect();
    while !missing.is_empty() {
        let answer = client.receive();
        missing.retain(|id| answer.result_of(*id).is_none());
    }
    assert_eq!(texts(&network, "15550002"), said);
}

#[test]
fn what_is_not_acknowledged_comes_again_on_the_next_connection() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let (first, second) = (client.send(&functions::help::GetNearestDc {}), client.send(&functions::help::GetNearestDc {}));
    let mut answers: Vec<Message> = Vec::new();
    while answers.len() < 2 {
        let message = client.receive();
        if message.result_of(first).or(message.result_of(second)).is_some() {
            answers.push(message);
        }
    }
    assert!(answers.iter().all(|answer| answer.id % 4 == 1 && answer.sequence % 2 == 1));
    let acknowledgement = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![answers[0].id] }).to_bytes();
    let acknowledgement = Message { id: client.next_id(), sequence: client.even_sequence(), body: acknowledgement };
    client.send_message(&acknowledgement);
    assert!(client.before_pong().is_empty());
    client.reconnect(network.home());
    let again = client.before_pong();
    assert!(again.contains(&answers[1]), "with the id and the sequence number that it had");
    assert!(!again.contains(&answers[0]));
}

#[test]
fn what_is_no_method_is_an_error_of_the_call() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let invalid: [(Vec<u8>, &str); 3] = [
        (0x1234_5678u32.to_le_bytes().to_vec(), "INPUT_METHOD_INVALID"),
        (functions::users::GetUsers { id: Vec::new() }.to_bytes()[..6].to_vec(), "INPUT_FETCH_ERROR"),
        ([functions::help::GetNearestDc {}.to_bytes(), vec![0; 4]].concat(), "INPUT_REQUEST_TOO_LONG"),
    ];
    for (body, name) in invalid {
        let message = client.message(body);
        client.send_message(&message);
        let answer = client.result(message.id);
        assert_eq!(outcome::<enums::NearestDc>(&answer), Err((400, name.to_owned())));
    }
}

#[test]
fn a_large_answer_is_compressed() {
    let network = TestNetwork::start();
    let mut client = signed_in(&network, "15550003");
    for random_id in 1..=3 {
        client.call(&note_to_self(&"long ".repeat(800), random_id)).unwrap();
    }
    let id = client.send(&history_with_self());
    let message = client.message_with_result(id);
    assert_eq!(message.body[12..16], GZIP_PACKED.to_le_bytes());
    assert!(outcome::<enums::messages::Messages>(&message.result_of(id).unwrap()).is_ok());
}

#[test]
fn a_key_may_be_made_on_a_connection_that_goes_on_to_use_another() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let key = exchange::make_key(&mut client.wire);
    assert!(client.before_pong().is_empty(), "the former key serves on");
    let mut other = Client::new(client.wire, key);
    other.settle();
    assert!(other.before_pong().is_empty());
}
