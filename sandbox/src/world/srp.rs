//! The server's side of two-step passwords, see <https://core.telegram.org/api/srp>.

use hmac::{Hmac, KeyInit, Mac};
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::state::Password;

/// The generator that the network proposes.
pub const GENERATOR: i32 = 3;
/// The length of `p`, and of the numbers below it.
pub const NUMBER_BYTES: usize = 256;
/// The length of a check value.
pub const CHECK_BYTES: usize = 32;

/// Rounds of key stretching.
const ITERATIONS: u32 = 100_000;

/// The 2048-bit safe prime that Telegram's servers use.
const PRIME: &str = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

/// The prime, big-endian.
pub fn prime() -> Vec<u8> {
    hex::decode(PRIME).unwrap_or_default()
}

/// A challenge to one who wants to prove a password.
pub struct Challenge {
    /// Names the challenge.
    pub id: i64,
    secret: BigUint,
    /// `B`, padded to [`NUMBER_BYTES`].
    pub public: Vec<u8>,
}

impl Challenge {
    /// A challenge from 256 random bytes.
    pub fn new(id: i64, password: &Password, random: &[u8; NUMBER_BYTES]) -> Self {
        let p = BigUint::from_bytes_be(&prime());
        let g = BigUint::from(GENERATOR.unsigned_abs());
        let secret = BigUint::from_bytes_be(random);
        let k = BigUint::from_bytes_be(&hash(&[&prime(), &padded_generator()]));
        let verifier = BigUint::from_bytes_be(&password.verifier.0);
        let public = (k * verifier + g.modpow(&secret, &p)) % &p;
        Self { id, secret, public: pad(&public.to_bytes_be()) }
    }

    /// Whether `client_public` (A) and `check` (M1) prove the password.
    pub fn verify(&self, password: &Password, client_public: &[u8], check: &[u8]) -> bool {
        let p = BigUint::from_bytes_be(&prime());
        let one = BigUint::from(1u32);
        let a = BigUint::from_bytes_be(client_public);
        // With A of 0, 1 or p-1 the shared secret would be known without the password.
        if client_public.len() > NUMBER_BYTES || a <= one || a >= &p - &one {
            return false;
        }
        let client_public = pad(client_public);
        let u = BigUint::from_bytes_be(&hash(&[&client_public, &self.public]));
        let verifier = BigUint::from_bytes_be(&password.verifier.0);
        let shared = (a * verifier.modpow(&u, &p)).modpow(&self.secret, &p);
        let key = hash(&[&pad(&shared.to_bytes_be())]);
        let mut p_xor_g = hash(&[&prime()]);
        p_xor_g.iter_mut().zip(hash(&[&padded_generator()])).for_each(|(left, right)| *left ^= right);
        let salt1 = hash(&[&password.salt1.0]);
        let salt2 = hash(&[&password.salt2.0]);
        hash(&[&p_xor_g, &salt1, &salt2, &client_public, &self.public, &key]).ct_eq(check).into()
    }
}

/// The verifier of a password: `g^x mod p`, where x is the password's hash, salted as the page above tells.
pub fn verifier(salt1: &[u8], salt2: &[u8], password: &str) -> Vec<u8> {
    let salted = |data: &[u8], salt: &[u8]| hash(&[salt, data, salt]);
    let first = salted(&salted(password.as_bytes(), salt1), salt2);
    let x = BigUint::from_bytes_be(&salted(&pbkdf2_sha512(&first, salt1), salt2));
    let p = BigUint::from_bytes_be(&prime());
    pad(&BigUint::from(GENERATOR.unsigned_abs()).modpow(&x, &p).to_bytes_be())
}

/// The first block of PBKDF2 (RFC 8018) with HMAC-SHA-512 and [`ITERATIONS`].
fn pbkdf2_sha512(password: &[u8], salt: &[u8]) -> [u8; 64] {
    let Ok(mac) = Hmac::<Sha512>::new_from_slice(password) else { return [0; 64] };
    let mut block: [u8; 64] = mac.clone().chain_update(salt).chain_update(1u32.to_be_bytes()).finalize().into_bytes().into();
    let mut derived = block;
    for _ in 1..ITERATIONS {
        block = mac.clone().chain_update(block).finalize().into_bytes().into();
        derived.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    derived
}

/// Whether bytes can be the verifier of a new password: a number between 1 and p, not reaching either.
pub fn is_verifier(bytes: &[u8]) -> bool {
    let verifier = BigUint::from_bytes_be(bytes);
    bytes.len() == NUMBER_BYTES && verifier > BigUint::from(1u32) && verifier < BigUint::from_bytes_be(&prime())
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

fn padded_generator() -> Vec<u8> {
    pad(&GENERATOR.to_be_bytes())
}

/// A big-endian number of up to 256 bytes with leading zeros, so that it has 256.
fn pad(number: &[u8]) -> Vec<u8> {
    let mut padded = vec![0; NUMBER_BYTES.saturating_sub(number.len())];
    padded.extend_from_slice(number);
    padded
}
