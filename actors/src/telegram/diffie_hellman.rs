//! Diffie and Hellman's exchange in groups that Telegram names, with the checks of
//! <https://core.telegram.org/mtproto/security_guidelines> and <https://core.telegram.org/api/end-to-end/voice-calls>. Powers are computed
//! in constant time, and secrets are wiped when they are dropped.

use std::fmt;
use std::sync::Arc;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use crypto_primes::{Flavor, is_prime};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::rsa::sha1_of;

/// The length of a prime, a half and a key, in bytes.
pub(super) const NUMBER_BYTES: usize = 256;

const BITS: u32 = 2_048;

/// How far a half must keep from 0 and from the prime: `2^(2048-64)`.
const MARGIN_BITS: u32 = BITS - 64;

/// The safe prime that Telegram uses. It needs no test.
const TELEGRAM_PRIME_HEX: &str = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f\
     48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37\
     20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
     2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4\
     a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754\
     fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
     e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f\
     0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

/// What makes an exchange unsafe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakExchange {
    /// The prime is not a safe one of 2048 bits.
    #[error("the prime is not a safe one of 2048 bits")]
    Prime,
    /// The generator is not one that the prime allows.
    #[error("the generator is not one that the prime allows")]
    Generator,
    /// A half lies too close to 0 or to the prime.
    #[error("a half of the exchange is out of range")]
    Half,
}

/// A group that has passed the checks. Cheap to clone.
#[derive(Clone)]
pub(super) struct Group(Arc<Checked>);

struct Checked {
    generator: BoxedUint,
    prime: BoxedUint,
    parameters: BoxedMontyParams,
}

impl Group {
    /// Checks a group. A prime that is not Telegram's own is tested, which takes seconds: not on an actor's thread.
    ///
    /// # Errors
    /// [`WeakExchange::Prime`] or [`WeakExchange::Generator`].
    pub(super) fn check(generator: i32, prime: &[u8]) -> Result<Self, WeakExchange> {
        let of_full_length = prime.len() == NUMBER_BYTES && prime.first().is_some_and(|first| first & 0x80 != 0);
        if !of_full_length {
            return Err(WeakExchange::Prime);
        }
        let number = number(prime).ok_or(WeakExchange::Prime)?;
        if prime != telegram_prime() && !is_prime(Flavor::Safe, &number) {
            return Err(WeakExchange::Prime);
        }
        if !is_generator(generator, prime) {
            return Err(WeakExchange::Generator);
        }
        let odd = Option::<Odd<BoxedUint>>::from(Odd::new(number.clone())).ok_or(WeakExchange::Prime)?;
        let parameters = BoxedMontyParams::new_vartime(odd);
        let generator = small(generator.unsigned_abs());
        Ok(Self(Arc::new(Checked { generator, prime: number, parameters })))
    }

    /// Checks a group that must be over Telegram's own prime, so that no test is needed.
    ///
    /// # Errors
    /// As [`Group::check`].
    pub(super) fn check_known(generator: i32, prime: &[u8]) -> Result<Self, WeakExchange> {
        if prime == telegram_prime() { Self::check(generator, prime) } else { Err(WeakExchange::Prime) }
    }

    /// One's own half of an exchange, from a secret that nobody else knows.
    ///
    /// # Errors
    /// [`WeakExchange::Half`] for a secret that leads to a half out of range: try another one.
    pub(super) fn half(&self, secret: &[u8; NUMBER_BYTES]) -> Result<OwnHalf, WeakExchange> {
        let secret = Zeroizing::new(number(secret).ok_or(WeakExchange::Half)?);
        let public = self.power(self.0.generator.clone(), &secret);
        self.check_range(&public)?;
        Ok(OwnHalf { group: self.clone(), secret, public: bytes_of(&public) })
    }

    fn power(&self, base: BoxedUint, exponent: &BoxedUint) -> Zeroizing<BoxedUint> {
        let base = Zeroizing::new(BoxedMontyForm::new(base, &self.0.parameters));
        let power = Zeroizing::new(base.pow(exponent));
        Zeroizing::new(power.retrieve())
    }

    /// `2^(2048-64) < half < p - 2^(2048-64)`.
    fn check_range(&self, half: &BoxedUint) -> Result<(), WeakExchange> {
        let margin = BoxedUint::one_with_precision(BITS).shl(MARGIN_BITS);
        let last = self.0.prime.wrapping_sub(&margin);
        if *half > margin && *half < last { Ok(()) } else { Err(WeakExchange::Half) }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Group")
    }
}

/// One's own half of an exchange. The secret is wiped when it is dropped.
pub struct OwnHalf {
    group: Group,
    secret: Zeroizing<BoxedUint>,
    public: [u8; NUMBER_BYTES],
}

impl OwnHalf {
    /// What the other side is told: `g^secret mod p`.
    pub fn public(&self) -> &[u8; NUMBER_BYTES] {
        &self.public
    }

    /// The SHA-256 of what the other side will be told, which binds this side to it.
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.public)
    }

    /// The key that both sides have.
    ///
    /// # Errors
    /// [`WeakExchange::Half`] for a half of the other side that is out of range.
    pub fn agree(&self, theirs: &[u8]) -> Result<SharedKey, WeakExchange> {
        let theirs = Some(theirs).filter(|theirs| theirs.len() <= NUMBER_BYTES).and_then(number).ok_or(WeakExchange::Half)?;
        self.group.check_range(&theirs)?;
        let shared = self.group.power(theirs, &self.secret);
        Ok(SharedKey(Zeroizing::new(bytes_of(&shared))))
    }
}

impl fmt::Debug for OwnHalf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnHalf")
    }
}

/// The key that an exchange led to. Wiped when it is dropped.
pub struct SharedKey(Zeroizing<[u8; NUMBER_BYTES]>);

impl SharedKey {
    /// What both sides compare: the 64 lower-order bits of the key's SHA-1.
    pub fn fingerprint(&self) -> i64 {
        sha1_of(self.0.as_slice()).last_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    /// The key itself.
    pub(super) fn into_bytes(self) -> Zeroizing<[u8; NUMBER_BYTES]> {
        self.0
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedKey")
    }
}

/// The SHA-256 of a half.
pub fn commitment(half: &[u8]) -> [u8; 32] {
    Sha256::digest(half).into()
}

/// A half whose secret follows from a number.
#[cfg(test)]
pub(crate) fn half_for_tests(number: u8) -> OwnHalf {
    Group::check(3, &telegram_prime()).unwrap().half(&[number; NUMBER_BYTES]).unwrap()
}

fn telegram_prime() -> Vec<u8> {
    hex::decode(TELEGRAM_PRIME_HEX).unwrap_or_default()
}

/// Whether a generator generates the subgroup of prime order `(p-1)/2`: that it is a quadratic residue, which for these follows from
/// a remainder of the prime.
fn is_generator(generator: i32, prime: &[u8]) -> bool {
    let rest = |divisor: u32| prime.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % divisor);
    match generator {
        2 => rest(8) == 7,
        3 => rest(3) == 2,
        4 => true,
        5 => matches!(rest(5), 1 | 4),
        6 => matches!(rest(24), 19 | 23),
        7 => matches!(rest(7), 3 | 5 | 6),
        _ => false,
    }
}

fn number(bytes: &[u8]) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, BITS).ok()
}

fn small(value: u32) -> BoxedUint {
    BoxedUint::from_be_slice_truncated(&value.to_be_bytes(), BITS)
}

/// A number with leading zeros.
fn bytes_of(number: &BoxedUint) -> [u8; NUMBER_BYTES] {
    let bytes = Zeroizing::new(number.to_be_bytes());
    let mut padded = [0; NUMBER_BYTES];
    // Every number here has this precision.
    if bytes.len() == NUMBER_BYTES {
        padded.copy_from_slice(&bytes);
    }
    padded
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    /// Another safe prime of 2048 bits, for which 2 is a generator (RFC 3526, section 3).
    const OTHER_PRIME_HEX: &str = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
         020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
         4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
         ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
         98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
         9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
         e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
         3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";

    fn other_prime() -> Vec<u8> {
        hex::decode(OTHER_PRIME_HEX).unwrap()
    }

    fn secret(byte: u8) -> [u8; NUMBER_BYTES] {
        let mut secret = [byte; NUMBER_BYTES];
        secret[0] = 0x5a;
        secret
    }

    #[test]
    fn both_sides_come_to_the_same_key() {
        let group = Group::check(3, &telegram_prime()).unwrap();
        let (one, other) = (group.half(&secret(1)).unwrap(), group.half(&secret(2)).unwrap());
        assert_ne!(one.public(), other.public());
        let (mine, theirs) = (one.agree(other.public()).unwrap(), other.agree(one.public()).unwrap());
        assert_eq!(mine.fingerprint(), theirs.fingerprint());
        assert_eq!(*mine.into_bytes(), *theirs.into_bytes());
        assert_eq!(one.commitment(), commitment(one.public()));
        assert_ne!(one.commitment(), other.commitment());
    }

    #[test]
    fn only_safe_primes_of_full_length_are_taken() {
        let telegram = telegram_prime();
        assert!(Group::check(2, &other_prime()).is_ok(), "a safe prime that is not Telegram's is tested and taken");
        assert_eq!(Group::check_known(2, &other_prime()).unwrap_err(), WeakExchange::Prime);
        let mut composite = telegram.clone();
        composite[255] ^= 0x04;
        // A number with the top bit set whose half is even.
        let mut not_safe = telegram.clone();
        not_safe[255] = 0x5d;
        let short = &telegram[1..];
        let long = [&[0], telegram.as_slice()].concat();
        let mut small = telegram.clone();
        small[0] &= 0x7f;
        for prime in [&composite, &not_safe, &short.to_vec(), &long, &small, &vec![0; 256], &vec![0xff; 256], &Vec::new()] {
            assert_eq!(Group::check(3, prime).unwrap_err(), WeakExchange::Prime);
        }
    }

    #[test]
    fn a_generator_must_fit_its_prime() {
        // Euler's criterion: g is a quadratic residue of p if and only if g^((p-1)/2) is 1.
        for prime in [telegram_prime(), other_prime(), vec![23], vec![47], vec![0x9c, 0xbf]] {
            let number = BigUint::from_bytes_be(&prime);
            for generator in 2..=7_u8 {
                let residue = BigUint::from(generator).modpow(&(&number / 2_u8), &number) == BigUint::from(1_u8);
                assert_eq!(is_generator(generator.into(), &prime), residue, "{generator} of {number}");
            }
        }
        assert_eq!(Group::check(2, &telegram_prime()).unwrap_err(), WeakExchange::Generator);
        for generator in [i32::MIN, -3, 0, 1, 8, i32::MAX] {
            assert_eq!(Group::check(generator, &telegram_prime()).unwrap_err(), WeakExchange::Generator);
        }
    }

    #[test]
    fn halves_close_to_the_ends_are_refused() {
        let group = Group::check(3, &telegram_prime()).unwrap();
        let half = group.half(&secret(9)).unwrap();
        let margin = BoxedUint::one_with_precision(BITS).shl(MARGIN_BITS);
        let prime = number(&telegram_prime()).unwrap();
        let one = BoxedUint::one_with_precision(BITS);
        let last = prime.wrapping_sub(&margin);
        let refused = [
            BoxedUint::zero_with_precision(BITS),
            one.clone(),
            margin.clone(),
            last.clone(),
            prime.wrapping_sub(&one),
            prime.clone(),
            prime.wrapping_add(&one),
        ];
        for theirs in refused {
            assert_eq!(half.agree(&theirs.to_be_bytes()).unwrap_err(), WeakExchange::Half);
        }
        assert!(half.agree(&margin.wrapping_add(&one).to_be_bytes()).is_ok());
        assert!(half.agree(&last.wrapping_sub(&one).to_be_bytes()).is_ok());
        assert_eq!(half.agree(&[]).unwrap_err(), WeakExchange::Half);
        assert_eq!(half.agree(&[0x55; 257]).unwrap_err(), WeakExchange::Half);
        // 3^1 lies next to 0.
        let mut tiny = [0; NUMBER_BYTES];
        tiny[255] = 1;
        assert_eq!(group.half(&tiny).unwrap_err(), WeakExchange::Half);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_half_makes_an_exchange_panic(theirs in proptest::collection::vec(any::<u8>(), 0..300)) {
            let half = Group::check(3, &telegram_prime()).unwrap().half(&secret(3)).unwrap();
            let _any = half.agree(&theirs);
        }
    }
}
