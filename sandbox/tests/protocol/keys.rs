//! Making, refusing and destroying auth keys.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use grammers_crypto::AuthKey;
use grammers_tl_types::{Serializable, enums, functions, types};
use sha1::{Digest, Sha1};
use telegram_sandbox::rpc::{Api, BoxFuture, RpcOutcome, RpcRequest, SessionAddress};
use telegram_sandbox::world::World;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::exchange::{Secret, Started, ask, make_key};
use crate::network::TestNetwork;
use crate::wire::{Received, Wire, random};

/// Transport error: no such auth key, or an exchange that went wrong.
const NOT_FOUND: Received = Received::Error(-404);

fn assert_refused(wire: &mut Wire, request: &impl Serializable) {
    assert_eq!(ask(wire, request), NOT_FOUND);
    assert_eq!(wire.receive(), Received::Closed);
}

#[test]
fn a_wrong_hash_of_the_clients_half_ends_in_fail() {
    let network = TestNetwork::start();
    let mut wire = Wire::open(network.home());
    let offered = Started::begin(&mut wire).agree(&mut wire);
    let secret = Secret::new();
    let inner = enums::ClientDhInnerData::Data(offered.inner(&secret, 0)).to_bytes();
    let answer = offered.finish(&mut wire, &offered.encrypt([0; 20], &inner));
    let enums::SetClientDhParamsAnswer::DhGenFail(fail) = answer else { panic!("{answer:?}") };
    assert_eq!(fail.new_nonce_hash3, offered.proof(&secret, 3));
    let mut client = Client::new(Wire::open(network.home()), offered.key(&secret));
    client.ping();
    assert_eq!(client.wire.receive(), NOT_FOUND, "no key was made");
    make_key(&mut wire);
}

#[test]
fn a_half_outside_the_safe_range_or_with_a_wrong_nonce_ends_in_fail() {
    let network = TestNetwork::start();
    let mut wire = Wire::open(network.home());
    let wrong: [fn(&mut types::ClientDhInnerData); 5] = [
        |inner| inner.g_b = vec![1],
        |inner| inner.g_b = vec![0],
        |inner| inner.g_b = vec![0xff; 256],
        |inner| inner.nonce = random(),
        |inner| inner.server_nonce = random(),
    ];
    for spoil in wrong {
        let offered = Started::begin(&mut wire).agree(&mut wire);
        let mut inner = offered.inner(&Secret::new(), 0);
        spoil(&mut inner);
        let answer = offered.finish(&mut wire, &offered.request(&inner));
        assert!(matches!(answer, enums::SetClientDhParamsAnswer::DhGenFail(_)), "{answer:?}");
    }
    make_key(&mut wire);
}

#[test]
fn a_failed_exchange_cannot_be_finished_after_all() {
    let network = TestNetwork::start();
    let mut wire = Wire::open(network.home());
    let offered = Started::begin(&mut wire).agree(&mut wire);
    let inner = offered.inner(&Secret::new(), 0);
    let failed = offered.finish(&mut wire, &offered.encrypt([0; 20], &enums::ClientDhInnerData::Data(inner.clone()).to_bytes()));
    assert!(matches!(failed, enums::SetClientDhParamsAnswer::DhGenFail(_)));
    assert_refused(&mut wire, &offered.request(&inner));
}

/// A world that cannot keep the first key it is given.
struct Forgetful {
    world: Arc<World>,
    forgot: AtomicBool,
}

impl Api for Forgetful {
    fn auth_key(&self, dc_id: i32, auth_key_id: i64) -> Option<[u8; 256]> {
        self.world.auth_key(dc_id, auth_key_id)
    }

    fn store_auth_key(&self, dc_id: i32, key: [u8; 256]) -> BoxFuture<'_, io::Result<()>> {
        if self.forgot.swap(true, Ordering::Relaxed) {
            return self.world.store_auth_key(dc_id, key);
        }
        Box::pin(std::future::ready(Err(io::Error::other("not this one"))))
    }

    fn destroy_auth_key(&self, dc_id: i32, auth_key_id: i64) -> BoxFuture<'_, io::Result<bool>> {
        self.world.destroy_auth_key(dc_id, auth_key_id)
    }

    fn call(self: Arc<Self>, request: RpcRequest) -> BoxFuture<'static, RpcOutcome> {
        Arc::clone(&self.world).call(request)
    }

    fn session_opened(&self, session: SessionAddress, outbox: mpsc::Sender<Vec<u8>>) {
        self.world.session_opened(session, outbox);
    }

    fn session_closed(&self, session: SessionAddress) {
        self.world.session_closed(session);
    }

    fn user_of(&self, dc_id: i32, auth_key_id: i64) -> Option<String> {
        self.world.user_of(dc_id, auth_key_id)
    }
}

#[test]
fn a_key_that_cannot_be_kept_ends_in_retry_and_another_half_makes_one() {
    let network = TestNetwork::with_api(|world| Arc::new(Forgetful { world, forgot: AtomicBool::new(false) }));
    let mut wire = Wire::open(network.home());
    let offered = Started::begin(&mut wire).agree(&mut wire);
    let first = Secret::new();
    let answer = offered.finish(&mut wire, &offered.request(&offered.inner(&first, 0)));
    let enums::SetClientDhParamsAnswer::DhGenRetry(retry) = answer else { panic!("{answer:?}") };
    assert_eq!(retry.new_nonce_hash2, offered.proof(&first, 2));
    let second = Secret::new();
    let first_bytes = offered.key(&first).to_bytes();
    let retry_id = i64::from_le_bytes(Sha1::digest(first_bytes)[..8].try_into().unwrap());
    let answer = offered.finish(&mut wire, &offered.request(&offered.inner(&second, retry_id)));
    let enums::SetClientDhParamsAnswer::DhGenOk(ok) = answer else { panic!("{answer:?}") };
    assert_eq!(ok.new_nonce_hash1, offered.proof(&second, 1));
    Client::new(wire, offered.key(&second)).settle();
}

#[test]
fn wrong_parameters_end_the_exchange() {
    let network = TestNetwork::start();
    let wrong: [fn(&mut functions::ReqDhParams); 7] = [
        |request| request.public_key_fingerprint ^= 1,
        |request| request.nonce = random(),
        |request| request.server_nonce = random(),
        |request| request.p = vec![3],
        |request| std::mem::swap(&mut request.p, &mut request.q),
        |request| request.encrypted_data = random::<256>().to_vec(),
        |request| request.encrypted_data = Vec::new(),
    ];
    for spoil in wrong {
        let mut wire = Wire::open(network.home());
        let mut request = Started::begin(&mut wire).request();
        spoil(&mut request);
        assert_refused(&mut wire, &request);
    }
    Client::connect(network.home());
}

#[test]
fn data_that_another_exchange_encrypted_is_refused() {
    let network = TestNetwork::start();
    let (mut wire, mut other) = (Wire::open(network.home()), Wire::open(network.home()));
    let mut request = Started::begin(&mut wire).request();
    request.encrypted_data = Started::begin(&mut other).request().encrypted_data;
    assert_refused(&mut wire, &request);
}

#[test]
fn the_last_step_needs_its_own_nonces_and_whole_blocks() {
    let network = TestNetwork::start();
    let wrong: [fn(&mut functions::SetClientDhParams); 4] = [
        |request| request.nonce = random(),
        |request| request.server_nonce = random(),
        |request| request.encrypted_data.push(0),
        |request| request.encrypted_data.clear(),
    ];
    for spoil in wrong {
        let mut wire = Wire::open(network.home());
        let offered = Started::begin(&mut wire).agree(&mut wire);
        let mut request = offered.request(&offered.inner(&Secret::new(), 0));
        spoil(&mut request);
        assert_refused(&mut wire, &request);
    }
}

#[test]
fn steps_out_of_order_are_refused() {
    let network = TestNetwork::start();
    let mut wire = Wire::open(network.home());
    let request = Started::begin(&mut wire).request();
    assert_refused(&mut Wire::open(network.home()), &request);
    let early = functions::SetClientDhParams { nonce: random(), server_nonce: random(), encrypted_data: vec![0; 16] };
    assert_refused(&mut wire, &early);
    assert_refused(&mut Wire::open(network.home()), &functions::help::GetConfig {});
}

#[test]
fn an_unknown_key_is_answered_with_a_transport_error() {
    let network = TestNetwork::start();
    let mut client = Client::new(Wire::open(network.home()), AuthKey::from_bytes([7; 256]));
    client.ping();
    assert_eq!(client.wire.receive(), NOT_FOUND);
    assert_eq!(client.wire.receive(), Received::Closed);
}

#[test]
fn a_key_serves_in_its_own_datacentre_only() {
    let network = TestNetwork::start();
    let client = Client::connect(network.home());
    let mut stray = Client::new(Wire::open(network.elsewhere()), client.key);
    stray.ping();
    assert_eq!(stray.wire.receive(), NOT_FOUND);
}

#[test]
fn a_message_that_was_tampered_with_is_refused() {
    let network = TestNetwork::start();
    for position in [8, 23, 24, 60] {
        let mut client = Client::connect(network.home());
        let message = client.message(functions::Ping { ping_id: 1 }.to_bytes());
        let mut frame = client.seal(&message);
        frame[position] ^= 1;
        client.wire.send(&frame);
        assert_eq!(client.wire.receive(), NOT_FOUND);
        assert_eq!(client.wire.receive(), Received::Closed);
    }
}

#[test]
fn a_destroyed_key_serves_no_more() {
    let network = TestNetwork::start();
    let mut client = Client::connect(network.home());
    let mut sibling = client.sibling(network.home());
    let answer = client.call(&functions::DestroyAuthKey {});
    assert_eq!(answer, Ok(enums::DestroyAuthKeyRes::DestroyAuthKeyOk));
    for client in [&mut client, &mut sibling] {
        client.ping();
        assert_eq!(client.ended(), NOT_FOUND);
    }
}
