//! What the network has answered it knows after being killed at any moment.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use grammers_tl_types::functions;
use serde_json::{Value, json};
use telegram_sandbox::command::NETWORK_FILE;

use crate::client::{Client, sign_in};
use crate::messages::note_to_self;
use crate::process::{Process, complaint, request};
use crate::wire::{DEADLINE, Wire};

const ANN: &str = "15550101";
const BEN: &str = "15550102";

fn with_users(folder: &Path) -> Process {
    let network = Process::start(folder);
    network.post("/users", &json!({ "phone": ANN, "firstName": "Ann", "username": "ann_of_old" }));
    network.post("/users", &json!({ "phone": BEN, "firstName": "Ben" }));
    network
}

fn say(network: &Process, text: &str) {
    network.post("/messages", &json!({ "from": ANN, "to": BEN, "text": text }));
}

fn said(network: &Process) -> Vec<String> {
    let answer = network.get(&format!("/messages?user={BEN}&peer={ANN}"));
    let messages = answer["messages"].as_array().unwrap();
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

fn journal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let found = journals.next().unwrap();
    assert_eq!(journals.next(), None);
    found
}

fn append(folder: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(journal(folder)).unwrap().write_all(bytes).unwrap();
}

#[test]
fn users_messages_and_chats_outlive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    say(&network, "first");
    let chat = network.post("/chats", &json!({ "kind": "supergroup", "owner": ANN, "title": "Us", "members": [BEN] }));
    let to_chat = json!({ "from": BEN, "to": chat["chatId"], "text": "to all" });
    network.post("/messages", &to_chat);
    network.kill();

    let network = Process::start(folder.path());
    assert_eq!(said(&network), ["first"]);
    let id = chat["chatId"].as_i64().unwrap();
    let in_chat = network.get(&format!("/messages?user={ANN}&peer={id}"));
    let texts: Vec<&Value> = in_chat["messages"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
    assert!(texts.contains(&&json!("to all")));
    let again = json!({ "phone": ANN, "firstName": "Another" }).to_string();
    assert_eq!(request(&network.control(), "POST", "/users", &again).unwrap().0, 409, "the number has its account");
    say(&network, "second");
    assert_eq!(said(&network), ["first", "second"]);
}

#[test]
fn a_client_stays_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    let mut client = Client::connect(network.home());
    sign_in(&mut client, ANN, || network.get(&format!("/users/{ANN}/code"))["code"].as_str().unwrap().to_owned());
    client.call(&note_to_self("mine", 1)).unwrap();
    let salt = client.salt;
    network.kill();

    let network = Process::start(folder.path());
    client.wire = Wire::open(network.home());
    client.settle();
    assert_eq!(client.salt, salt, "salts follow from the key");
    client.call(&functions::updates::GetState {}).unwrap();
    let refused = client.call(&note_to_self("mine", 1)).unwrap_err();
    assert_eq!(refused.1, "RANDOM_ID_DUPLICATE", "what it sent before is not sent twice");
}

#[test]
fn whatever_was_answered_is_there_after_a_kill_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = with_users(folder.path());
    let mut answered: Vec<String> = Vec::new();
    for round in 0..3 {
        let control = network.control();
        let done = AtomicUsize::new(0);
        answered.extend(std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (control, done) = (&control, &done);
                    scope.spawn(move || write_until_it_ends(control, &format!("{round} {writer}"), done))
                })
                .collect();
            let deadline = Instant::now() + DEADLINE;
            while done.load(Ordering::Relaxed) < 20 {
                assert!(Instant::now() < deadline, "the network answers too slowly");
                std::thread::yield_now();
            }
            network.kill();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
        }));
        network = Process::start(folder.path());
        let kept = said(&network);
        assert!(answered.iter().all(|text| kept.contains(text)), "an answered message is lost");
    }
}

/// Posts one message after another until the network is gone; answers those that were accepted.
fn write_until_it_ends(control: &str, name: &str, done: &AtomicUsize) -> Vec<String> {
    let mut accepted = Vec::new();
    for number in 0.. {
        let text = format!("{name} {number}");
        let body = json!({ "from": ANN, "to": BEN, "text": text }).to_string();
        match request(control, "POST", "/messages", &body) {
            Some((201, _)) => accepted.push(text),
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => break,
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    accepted
}

#[test]
fn a_torn_last_line_is_dropped_and_the_journal_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    say(&network, "whole");
    say(&network, "torn");
    network.kill();
    let content = fs::read(journal(folder.path())).unwrap();
    fs::write(journal(folder.path()), &content[..content.len() - 7]).unwrap();

    let network = Process::start(folder.path());
    assert_eq!(said(&network), ["whole"]);
    say(&network, "after");
    network.kill();
    append(folder.path(), b"[{\"half\":");

    let network = Process::start(folder.path());
    assert_eq!(said(&network), ["whole", "after"]);
}

#[test]
fn a_journal_that_is_damaged_in_the_middle_is_not_taken_for_a_torn_one() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    say(&network, "kept");
    network.kill();
    let path = journal(folder.path());
    let content = fs::read(&path).unwrap();
    fs::write(&path, [b"garbage\n".as_slice(), &content].concat()).unwrap();
    assert!(complaint(folder.path()).contains("damaged at byte 0"));
    assert_eq!(fs::read(&path).unwrap().len(), content.len() + 8, "nothing is thrown away");
}

#[test]
fn two_networks_cannot_share_a_world() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    assert!(complaint(folder.path()).contains("another sandbox uses this folder"));
    say(&network, "unharmed");
    assert_eq!(said(&network), ["unharmed"]);
}

#[test]
fn a_network_that_is_told_to_stop_leaves_its_world_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let network = with_users(folder.path());
    say(&network, "kept");
    let mut client = Client::connect(network.home());
    assert!(folder.path().join(NETWORK_FILE).exists());
    assert_eq!(request(&network.control(), "POST", "/network/stop", "").unwrap().0, 202);
    assert!(network.wait().success());
    client.wire.wait_for_close();
    assert!(!folder.path().join(NETWORK_FILE).exists());
    assert_eq!(said(&Process::start(folder.path())), ["kept"]);
}
