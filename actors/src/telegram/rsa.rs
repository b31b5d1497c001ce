//! Public RSA keys of networks that grammers does not know, read from PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grammers_tl_types::Serializable;
use num_bigint::BigUint;
use sha2::Digest;

/// The length of a modulus, in bits: what `RSA_PAD` is defined for.
const MODULUS_BITS: u64 = 2_048;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// A public key and the fingerprint by which servers name it.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    fingerprint: i64,
}

impl PublicKey {
    /// Reads PEM text: PKCS#1 (`RSA PUBLIC KEY`) or SPKI (`PUBLIC KEY`).
    pub(super) fn from_pem(pem: &str) -> Result<Self, &'static str> {
        let mut lines = pem.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().ok_or("is empty")?;
        let body: String = lines.take_while(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).map_err(|_| "is not PEM text")?;
        let numbers = match first {
            "-----BEGIN RSA PUBLIC KEY-----" => element(&der, SEQUENCE).map(|(content, _)| content),
            "-----BEGIN PUBLIC KEY-----" => subject_public_key(&der),
            _ => return Err("must begin with BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY"),
        };
        let (modulus, rest) = numbers.and_then(|numbers| element(numbers, INTEGER)).ok_or("is not an RSA public key")?;
        let (exponent, _) = element(rest, INTEGER).ok_or("is not an RSA public key")?;
        Self::new(BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent))
    }

    fn new(modulus: BigUint, exponent: BigUint) -> Result<Self, &'static str> {
        if modulus.bits() != MODULUS_BITS {
            return Err("must have 2048 bits");
        }
        let mut serialised = modulus.to_bytes_be().to_bytes();
        exponent.to_bytes_be().serialize(&mut serialised);
        let hash = sha1_of(&serialised);
        let fingerprint = hash.last_chunk::<8>().map_or(0, |tail| i64::from_le_bytes(*tail));
        Ok(Self { modulus, exponent, fingerprint })
    }

    /// The lower 64 bits of the SHA-1 of the serialised key.
    pub(super) fn fingerprint(&self) -> i64 {
        self.fingerprint
    }

    /// Encrypts up to 144 bytes with `RSA_PAD` (<https://core.telegram.org/mtproto/auth_key>).
    pub(super) fn encrypt(&self, data: &[u8], random: &[u8; 224]) -> Option<Vec<u8>> {
        let key = grammers_crypto::rsa::Key::new(&self.modulus.to_string(), &self.exponent.to_string())?;
        (data.len() <= 144).then(|| grammers_crypto::rsa::encrypt_hashed(data, &key, random))
    }
}

/// SHA-1 is what the protocol names keys and checks answers with; nothing secret rests on it.
pub(super) fn sha1_of(data: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(data).into()
}

/// The content of a DER element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        short if *short < 0x80 => (usize::from(*short), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
        _ => return None,
    };
    (*first == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// The PKCS#1 numbers inside an SPKI structure.
fn subject_public_key(der: &[u8]) -> Option<&[u8]> {
    let (content, _) = element(der, SEQUENCE)?;
    let (_algorithm, rest) = element(content, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let (unused, key) = bits.split_first()?;
    (*unused == 0).then(|| element(key, SEQUENCE)).flatten().map(|(content, _)| content)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::telegram) const PEM: &str = "\
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEArzaxKz+CpOA8XT/yQpg3ko4Xu9wp8GSz/xOpY94cHPYdo2khasjs
eK7hdTxd0iRaFWyIXsKQnQoyaQfrB12md7GL6TQQJA0JXwyBwWMjDgbuwojzS3ST
ig3gehirHMi7tB6IhFp8LRq1bc2Am1JSzLZ9Kz5a1azdkjsOyaji495bKMXxv+j/
2KgUjFNCW+ttbFcibdfqAjNqnm47g0I0W/Y8y+wTTQHie79eelB/4MJnUFt6AKx4
mESkpYkkobu6jIf5PL+3C6Ym+2WrV5jeuL/wE7RKNRpfm6pM9KzsVbZMMIjMiFpm
C+JQqJO0CUGJlyEpBsE49Z1OkmnPaujztQIDAQAB
-----END RSA PUBLIC KEY-----
";

    const SPKI: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArzaxKz+CpOA8XT/yQpg3
ko4Xu9wp8GSz/xOpY94cHPYdo2khasjseK7hdTxd0iRaFWyIXsKQnQoyaQfrB12m
d7GL6TQQJA0JXwyBwWMjDgbuwojzS3STig3gehirHMi7tB6IhFp8LRq1bc2Am1JS
zLZ9Kz5a1azdkjsOyaji495bKMXxv+j/2KgUjFNCW+ttbFcibdfqAjNqnm47g0I0
W/Y8y+wTTQHie79eelB/4MJnUFt6AKx4mESkpYkkobu6jIf5PL+3C6Ym+2WrV5je
uL/wE7RKNRpfm6pM9KzsVbZMMIjMiFpmC+JQqJO0CUGJlyEpBsE49Z1OkmnPaujz
tQIDAQAB
-----END PUBLIC KEY-----
";

    #[test]
    fn both_forms_give_the_same_key() {
        let (one, other) = (PublicKey::from_pem(PEM).unwrap(), PublicKey::from_pem(SPKI).unwrap());
        assert_eq!((one.fingerprint(), one.modulus), (other.fingerprint(), other.modulus));
        assert_eq!(one.exponent, BigUint::from(65_537u32));
    }

    /// Telegram's own production key, whose fingerprint is published.
    #[test]
    fn fingerprints_are_telegrams() {
        let modulus = "29379598170669337022986177149456128565388431120058863768162556424047512191330847455146576344487764408661701890505066208632169112269581063774293102577308490531282748465986139880977280302242772832972539403531316010870401287642763009136156734339538042419388722777357134487746169093539093850251243897188928735903389451772730245253062963384108812842079887538976360465290946139638691491496062099570836476454855996319192747663615955633778034897140982517446405334423701359108810182097749467210509584293428076654573384828809574217079944388301239431309115013843331317877374435868468779972014486325557807783825502498215169806323";
        let modulus = BigUint::parse_bytes(modulus.as_bytes(), 10).unwrap();
        assert_eq!(PublicKey::new(modulus, BigUint::from(65_537u32)).unwrap().fingerprint(), -3414540481677951611);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(body in "[A-Za-z0-9+/=\n]{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _any = PublicKey::from_pem(&format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----"));
            let _any = subject_public_key(&bytes);
        }
    }
}
