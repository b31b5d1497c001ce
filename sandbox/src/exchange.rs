//! The server's side of making an auth key, <https://core.telegram.org/mtproto/auth_key>.

use grammers_crypto::{AuthKey, aes, generate_key_data_from_nonce};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::rsa_key;

/// Telegram's own safe prime, which clients know (<https://core.telegram.org/api/srp#checking-the-password-with-srp>).
const DH_PRIME_HEX: &str = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f\
     48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37\
     20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
     2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4\
     a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754\
     fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
     e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f\
     0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

const GENERATOR: i32 = 3;

/// The first factor of every `pq`; with the second it fills eight bytes.
const P: u32 = 1_229_739_323;
const Q: u32 = 1_402_015_859;

/// The prime of the exchange, also used for password checks.
pub fn dh_prime() -> BigUint {
    BigUint::parse_bytes(DH_PRIME_HEX.as_bytes(), 16).unwrap_or_default()
}

/// Why an exchange ended without a key. The connection is closed with transport error -404.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// A message that does not belong here, or cannot be read.
    #[error("an unexpected message")]
    Unexpected,
    /// A nonce, factor, hash or fingerprint is wrong.
    #[error("a wrong {0}")]
    Wrong(&'static str),
    /// The system gives no randomness.
    #[error("no randomness")]
    NoRandomness,
}

/// What the exchange says to a message.
#[derive(Debug)]
pub enum Step {
    /// An answer; the exchange goes on.
    Answer(Vec<u8>),
    /// A key that must be stored before the answer is sent; if it cannot be, or is known already, `retry` is sent instead.
    Finished {
        /// The key.
        auth_key: Box<[u8; 256]>,
        /// `dh_gen_ok`.
        answer: Vec<u8>,
        /// `dh_gen_retry`.
        retry: Vec<u8>,
    },
}

/// One connection's exchange.
#[derive(Default)]
pub struct Exchange {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    New,
    Factors {
        nonce: [u8; 16],
        server_nonce: [u8; 16],
    },
    Agreeing(Box<Agreeing>),
}

struct Agreeing {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: [u8; 32],
    secret: BigUint,
}

impl Exchange {
    /// Takes the body of one unencrypted message.
    ///
    /// # Errors
    /// [`ExchangeError`]; the exchange is over.
    pub fn step(&mut self, body: &[u8]) -> Result<Step, ExchangeError> {
        let constructor = body.first_chunk::<4>().map(|id| u32::from_le_bytes(*id)).ok_or(ExchangeError::Unexpected)?;
        match constructor {
            functions::ReqPqMulti::CONSTRUCTOR_ID => self.offer(read::<functions::ReqPqMulti>(body)?.nonce),
            functions::ReqPq::CONSTRUCTOR_ID => self.offer(read::<functions::ReqPq>(body)?.nonce),
            functions::ReqDhParams::CONSTRUCTOR_ID => self.parameters(&read::<functions::ReqDhParams>(body)?),
            functions::SetClientDhParams::CONSTRUCTOR_ID => self.agree(read::<functions::SetClientDhParams>(body)?),
            _ => Err(ExchangeError::Unexpected),
        }
    }

    fn offer(&mut self, nonce: [u8; 16]) -> Result<Step, ExchangeError> {
        let server_nonce = random::<16>()?;
        self.state = State::Factors { nonce, server_nonce };
        let pq = u64::from(P) * u64::from(Q);
        let answer = types::ResPq {
            nonce,
            server_nonce,
            pq: pq.to_be_bytes().to_vec(),
            server_public_key_fingerprints: vec![rsa_key::fingerprint()],
        };
        Ok(Step::Answer(enums::ResPq::Pq(answer).to_bytes()))
    }

    fn parameters(&mut self, request: &functions::ReqDhParams) -> Result<Step, ExchangeError> {
        let State::Factors { nonce, server_nonce } = self.state else { return Err(ExchangeError::Unexpected) };
        check(request.nonce == nonce && request.server_nonce == server_nonce, "nonce")?;
        check(request.public_key_fingerprint == rsa_key::fingerprint(), "fingerprint")?;
        check(request.p == P.to_be_bytes() && request.q == Q.to_be_bytes(), "factor")?;
        let inner = InnerData::open(&request.encrypted_data)?;
        check(inner.nonce == nonce && inner.server_nonce == server_nonce, "nonce")?;
        let secret = BigUint::from_bytes_be(&random::<256>()?);
        let g_a = BigUint::from(GENERATOR.unsigned_abs()).modpow(&secret, &dh_prime());
        let offer = types::ServerDhInnerData {
            nonce,
            server_nonce,
            g: GENERATOR,
            dh_prime: dh_prime().to_bytes_be(),
            g_a: g_a.to_bytes_be(),
            server_time: crate::clock::now_secs(),
        };
        let offer = enums::ServerDhInnerData::Data(offer).to_bytes();
        let mut encrypted_answer = [Sha1::digest(&offer).as_slice(), &offer].concat();
        pad(&mut encrypted_answer)?;
        let (key, iv) = generate_key_data_from_nonce(&server_nonce, &inner.new_nonce);
        aes::ige_encrypt(&mut encrypted_answer, &key, &iv);
        self.state = State::Agreeing(Box::new(Agreeing { nonce, server_nonce, new_nonce: inner.new_nonce, secret }));
        let answer = types::ServerDhParamsOk { nonce, server_nonce, encrypted_answer };
        Ok(Step::Answer(enums::ServerDhParams::Ok(answer).to_bytes()))
    }

    fn agree(&mut self, request: functions::SetClientDhParams) -> Result<Step, ExchangeError> {
        let State::Agreeing(agreeing) = std::mem::take(&mut self.state) else { return Err(ExchangeError::Unexpected) };
        let (nonce, server_nonce) = (agreeing.nonce, agreeing.server_nonce);
        check(request.nonce == nonce && request.server_nonce == server_nonce, "nonce")?;
        let mut data = request.encrypted_data;
        check(!data.is_empty() && data.len().is_multiple_of(16), "length")?;
        let (key, iv) = generate_key_data_from_nonce(&server_nonce, &agreeing.new_nonce);
        aes::ige_decrypt(&mut data, &key, &iv);
        let (hash, rest) = data.split_first_chunk::<20>().ok_or(ExchangeError::Wrong("length"))?;
        let mut cursor = Cursor::from_slice(rest);
        let inner = enums::ClientDhInnerData::deserialize(&mut cursor).map_err(|_| ExchangeError::Unexpected)?;
        let enums::ClientDhInnerData::Data(inner) = inner;
        let hashed = rest.get(..cursor.pos()).unwrap_or_default();
        let g_b = BigUint::from_bytes_be(&inner.g_b);
        let auth_key = key_of(&g_b.modpow(&agreeing.secret, &dh_prime()));
        let key_data = AuthKey::from_bytes(auth_key);
        let new_nonce_hash = |number: u8| key_data.calc_new_nonce_hash(&agreeing.new_nonce, number);
        let sound = Sha1::digest(hashed).as_slice() == hash && inner.nonce == nonce && inner.server_nonce == server_nonce;
        if !sound || !in_safe_range(&g_b) {
            let answer = types::DhGenFail { nonce, server_nonce, new_nonce_hash3: new_nonce_hash(3) };
            return Ok(Step::Answer(enums::SetClientDhParamsAnswer::DhGenFail(answer).to_bytes()));
        }
        let ok = types::DhGenOk { nonce, server_nonce, new_nonce_hash1: new_nonce_hash(1) };
        let retry = types::DhGenRetry { nonce, server_nonce, new_nonce_hash2: new_nonce_hash(2) };
        // After a retry the client sends another half for the same parameters.
        self.state = State::Agreeing(agreeing);
        Ok(Step::Finished {
            auth_key: Box::new(auth_key),
            answer: enums::SetClientDhParamsAnswer::DhGenOk(ok).to_bytes(),
            retry: enums::SetClientDhParamsAnswer::DhGenRetry(retry).to_bytes(),
        })
    }
}

fn read<T: Deserializable>(body: &[u8]) -> Result<T, ExchangeError> {
    let mut cursor = Cursor::from_slice(body.get(4..).unwrap_or_default());
    T::deserialize(&mut cursor).map_err(|_| ExchangeError::Unexpected)
}

fn check(holds: bool, what: &'static str) -> Result<(), ExchangeError> {
    if holds { Ok(()) } else { Err(ExchangeError::Wrong(what)) }
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], ExchangeError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| ExchangeError::NoRandomness)?;
    Ok(bytes)
}

fn pad(bytes: &mut Vec<u8>) -> Result<(), ExchangeError> {
    let missing = (16 - bytes.len() % 16) % 16;
    bytes.extend(random::<16>()?.iter().take(missing));
    Ok(())
}

/// Both sides require `2^(2048-64) < g_b < p - 2^(2048-64)`.
fn in_safe_range(value: &BigUint) -> bool {
    let margin = BigUint::from(1u8) << (2_048 - 64);
    *value > margin && *value < dh_prime() - margin
}

/// The shared number as 256 bytes, with leading zeros.
fn key_of(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut key = [0; 256];
    if let Some((_, tail)) = key.split_at_mut_checked(256usize.saturating_sub(bytes.len())) {
        tail.copy_from_slice(&bytes);
    }
    key
}

/// What the client sends under RSA.
struct InnerData {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: [u8; 32],
}

impl InnerData {
    fn open(encrypted: &[u8]) -> Result<Self, ExchangeError> {
        let block = rsa_key::decrypt(encrypted).ok_or(ExchangeError::Wrong("encryption"))?;
        let padded = undo_rsa_pad(&block).or_else(|| undo_sha1_prefix(&block)).ok_or(ExchangeError::Wrong("encryption"))?;
        let inner = enums::PQInnerData::deserialize(&mut Cursor::from_slice(&padded)).map_err(|_| ExchangeError::Unexpected)?;
        macro_rules! nonces {
            ($data:expr) => {
                Ok(Self { nonce: $data.nonce, server_nonce: $data.server_nonce, new_nonce: $data.new_nonce })
            };
        }
        match inner {
            enums::PQInnerData::Data(data) => nonces!(data),
            enums::PQInnerData::Dc(data) => nonces!(data),
            enums::PQInnerData::Temp(data) => nonces!(data),
            enums::PQInnerData::TempDc(data) => nonces!(data),
        }
    }
}

/// `RSA_PAD`: a key xored with a hash of the ciphertext, and the ciphertext of the reversed data and its hash.
fn undo_rsa_pad(block: &[u8; 256]) -> Option<Vec<u8>> {
    let (masked_key, encrypted) = block.split_first_chunk::<32>()?;
    let mask = Sha256::digest(encrypted);
    let mut key = *masked_key;
    key.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let mut data = encrypted.to_vec();
    aes::ige_decrypt(&mut data, &key, &[0; 32]);
    let (reversed, hash) = data.split_last_chunk::<32>()?;
    let padded: Vec<u8> = reversed.iter().rev().copied().collect();
    let expected = Sha256::new().chain_update(key).chain_update(&padded).finalize();
    (expected.as_slice() == hash).then_some(padded)
}

/// The older form: a zero byte, the SHA-1 of the data, the data and random bytes.
fn undo_sha1_prefix(block: &[u8; 256]) -> Option<Vec<u8>> {
    let (hash, data) = block.get(1..)?.split_first_chunk::<20>()?;
    let mut cursor = Cursor::from_slice(data);
    enums::PQInnerData::deserialize(&mut cursor).ok()?;
    let hashed = data.get(..cursor.pos())?;
    (Sha1::digest(hashed).as_slice() == hash).then(|| hashed.to_vec())
}
