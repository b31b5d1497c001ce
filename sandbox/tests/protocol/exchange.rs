//! The client's side of making an auth key, step by step, so that a test can put each step wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grammers_crypto::rsa::{self, Key};
use grammers_crypto::{AuthKey, aes, factorize, generate_key_data_from_nonce};
use grammers_tl_types::{Cursor, Deserializable, Serializable, enums, functions, types};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use telegram_sandbox::rsa_key::PUBLIC_KEY_PEM;

use crate::wire::{Received, Wire, random};

/// Where the modulus lies in the PKCS#1 structure of a key of 2048 bits, after headers and a sign byte.
const MODULUS: std::ops::Range<usize> = 9..265;

/// Makes a key.
pub(crate) fn make_key(wire: &mut Wire) -> AuthKey {
    let offered = Started::begin(wire).agree(wire);
    let secret = Secret::new();
    let answer = offered.finish(wire, &offered.request(&offered.inner(&secret, 0)));
    let enums::SetClientDhParamsAnswer::DhGenOk(ok) = answer else { panic!("the exchange ended with {answer:?}") };
    let key = offered.key(&secret);
    assert_eq!(ok.new_nonce_hash1, key.calc_new_nonce_hash(&offered.new_nonce, 1));
    key
}

/// Sends one unencrypted request, and gives what comes back.
pub(crate) fn ask(wire: &mut Wire, request: &impl Serializable) -> Received {
    let body = request.to_bytes();
    let length = u32::try_from(body.len()).unwrap();
    wire.send(&[&[0; 8], crate::client::id_now().to_le_bytes().as_slice(), &length.to_le_bytes(), &body].concat());
    match wire.receive() {
        Received::Frame(frame) => {
            assert_eq!(frame[..8], [0; 8], "an answer in the clear");
            assert_eq!(i64::from_le_bytes(frame[8..16].try_into().unwrap()) % 4, 1, "an answer's id");
            let length = u32::from_le_bytes(frame[16..20].try_into().unwrap());
            Received::Frame(frame[20..20 + usize::try_from(length).unwrap()].to_vec())
        }
        other => other,
    }
}

fn read<T: Deserializable>(answer: Received) -> T {
    T::from_bytes(&answer.frame()).unwrap()
}

/// The exchange after the network's `resPQ`.
pub(crate) struct Started {
    pub(crate) offer: types::ResPq,
    pub(crate) new_nonce: [u8; 32],
}

impl Started {
    pub(crate) fn begin(wire: &mut Wire) -> Self {
        let nonce = random();
        let enums::ResPq::Pq(offer) = read(ask(wire, &functions::ReqPqMulti { nonce }));
        assert_eq!(offer.nonce, nonce);
        Self { offer, new_nonce: random() }
    }

    pub(crate) fn request(&self) -> functions::ReqDhParams {
        let (p, q) = factorize(u64::from_be_bytes(self.offer.pq.as_slice().try_into().unwrap()));
        let bytes = |factor: u64| u32::try_from(factor).unwrap().to_be_bytes().to_vec();
        let (nonce, server_nonce) = (self.offer.nonce, self.offer.server_nonce);
        let inner = types::PQInnerDataDc {
            pq: self.offer.pq.clone(),
            p: bytes(p),
            q: bytes(q),
            nonce,
            server_nonce,
            new_nonce: self.new_nonce,
            dc: 2,
        };
        functions::ReqDhParams {
            nonce,
            server_nonce,
            p: bytes(p),
            q: bytes(q),
            public_key_fingerprint: self.offer.server_public_key_fingerprints[0],
            encrypted_data: rsa::encrypt_hashed(&enums::PQInnerData::Dc(inner).to_bytes(), &public_key(), &random()),
        }
    }

    pub(crate) fn agree(self, wire: &mut Wire) -> Offered {
        let enums::ServerDhParams::Ok(parameters) = read(ask(wire, &self.request())) else { panic!("no parameters") };
        let (key, iv) = generate_key_data_from_nonce(&self.offer.server_nonce, &self.new_nonce);
        let mut data = parameters.encrypted_answer;
        aes::ige_decrypt(&mut data, &key, &iv);
        let mut cursor = Cursor::from_slice(&data[20..]);
        let enums::ServerDhInnerData::Data(inner) = Deserializable::deserialize(&mut cursor).unwrap();
        assert_eq!(Sha1::digest(&data[20..20 + cursor.pos()]).as_slice(), &data[..20]);
        Offered { started: self.offer, new_nonce: self.new_nonce, parameters: inner }
    }
}

/// The client's half of the agreement.
pub(crate) struct Secret(BigUint);

impl Secret {
    pub(crate) fn new() -> Self {
        Self(BigUint::from_bytes_be(&random::<256>()))
    }
}

/// The exchange after `server_DH_params_ok`.
pub(crate) struct Offered {
    started: types::ResPq,
    new_nonce: [u8; 32],
    pub(crate) parameters: types::ServerDhInnerData,
}

impl Offered {
    pub(crate) fn inner(&self, secret: &Secret, retry_id: i64) -> types::ClientDhInnerData {
        let g_b = BigUint::from(self.parameters.g.unsigned_abs()).modpow(&secret.0, &self.prime());
        let (nonce, server_nonce) = (self.started.nonce, self.started.server_nonce);
        types::ClientDhInnerData { nonce, server_nonce, retry_id, g_b: g_b.to_bytes_be() }
    }

    pub(crate) fn request(&self, inner: &types::ClientDhInnerData) -> functions::SetClientDhParams {
        let inner = enums::ClientDhInnerData::Data(inner.clone()).to_bytes();
        self.encrypt(Sha1::digest(&inner).into(), &inner)
    }

    /// The request with this hash before its data, right or wrong.
    pub(crate) fn encrypt(&self, hash: [u8; 20], inner: &[u8]) -> functions::SetClientDhParams {
        let mut data = [hash.as_slice(), inner].concat();
        data.resize(data.len().next_multiple_of(16), 0);
        let (nonce, server_nonce) = (self.started.nonce, self.started.server_nonce);
        let (key, iv) = generate_key_data_from_nonce(&server_nonce, &self.new_nonce);
        aes::ige_encrypt(&mut data, &key, &iv);
        functions::SetClientDhParams { nonce, server_nonce, encrypted_data: data }
    }

    pub(crate) fn finish(&self, wire: &mut Wire, request: &functions::SetClientDhParams) -> enums::SetClientDhParamsAnswer {
        read(ask(wire, request))
    }

    pub(crate) fn key(&self, secret: &Secret) -> AuthKey {
        let shared = BigUint::from_bytes_be(&self.parameters.g_a).modpow(&secret.0, &self.prime()).to_bytes_be();
        let mut key = [0; 256];
        key[256 - shared.len()..].copy_from_slice(&shared);
        AuthKey::from_bytes(key)
    }

    /// What the network proves its knowledge of the key with: 1 for ok, 2 for retry, 3 for fail.
    pub(crate) fn proof(&self, secret: &Secret, number: u8) -> [u8; 16] {
        self.key(secret).calc_new_nonce_hash(&self.new_nonce, number)
    }

    pub(crate) fn prime(&self) -> BigUint {
        BigUint::from_bytes_be(&self.parameters.dh_prime)
    }
}

/// The key that the network publishes.
fn public_key() -> Key {
    let lines: String = PUBLIC_KEY_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let structure = STANDARD.decode(lines).unwrap();
    let modulus = BigUint::from_bytes_be(&structure[MODULUS]);
    Key::new(&modulus.to_string(), "65537").unwrap()
}
