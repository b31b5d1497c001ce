//! Every transport carries a key exchange and encrypted messages.

use crate::client::Client;
use crate::exchange;
use crate::network::TestNetwork;
use crate::wire::{Framing, Wire};

fn carries(framing: Framing, obfuscated: bool) {
    let network = TestNetwork::start();
    let mut wire = Wire::open_with(network.home(), framing, obfuscated);
    let key = exchange::make_key(&mut wire);
    let mut client = Client::new(wire, key);
    client.settle();
    assert!(client.before_pong().is_empty());
}

#[test]
fn the_full_transport() {
    carries(Framing::Full, false);
}

#[test]
fn the_abridged_transport() {
    carries(Framing::Abridged, false);
}

#[test]
fn the_intermediate_transport() {
    carries(Framing::Intermediate, false);
}

#[test]
fn the_padded_intermediate_transport() {
    carries(Framing::Padded, false);
}

#[test]
fn obfuscation_over_the_abridged_transport() {
    carries(Framing::Abridged, true);
}

#[test]
fn obfuscation_over_the_intermediate_transport() {
    carries(Framing::Intermediate, true);
}

#[test]
fn obfuscation_over_the_padded_intermediate_transport() {
    carries(Framing::Padded, true);
}
