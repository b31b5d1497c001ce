//! The network's RSA key. It is public knowledge, private half included: it guards nothing, because the network listens on loopback only
//! and its world is made up. What matters is that it is not Telegram's, so that no client can take this network for Telegram's.

use grammers_tl_types::Serializable;
use num_bigint::BigUint;
use sha1::{Digest, Sha1};

const MODULUS_HEX: &str = "af36b12b3f82a4e03c5d3ff2429837928e17bbdc29f064b3ff13a963de1c1cf61da369216ac8ec78aee1753c5dd2245a156c885ec2909d0a326907eb\
     075da677b18be93410240d095f0c81c163230e06eec288f34b74938a0de07a18ab1cc8bbb41e88845a7c2d1ab56dcd809b5252ccb67d2b3e5ad5acdd\
     923b0ec9a8e2e3de5b28c5f1bfe8ffd8a8148c53425beb6d6c57226dd7ea02336a9e6e3b8342345bf63ccbec134d01e27bbf5e7a507fe0c267505b7a\
     00ac789844a4a58924a1bbba8c87f93cbfb70ba626fb65ab5798deb8bff013b44a351a5f9baa4cf4acec55b64c3088cc885a660be250a893b4094189\
     97212906c138f59d4e9269cf6ae8f3b5";

const PRIVATE_EXPONENT_HEX: &str = "0592bcc857fc380b8f7ffbd4877c8c699394ae15421aa6695f4b1c360735348439ff1e0d28436373ca777507ca54fd729f4d0847068ce9084299d443\
     3f5e8838ced6bf739eb236dd8ad83ccc5b591cb3b5c01abde0ccc0ad747e5803e20f14877bef6be56ea762824c61125753e64041fbe99e2250382688\
     16841063c084e23d63eac84a1abf5239ec3d05dca6a3eec75bb9085d56a89bff14a0a623400a981900eed7f2b2677272f484045d988a3102bf33ca83\
     68e75318ffee1dbc5bff8e55731e1af9f6c9a0d7392e15bc3ef81fe71477273d492574ee65679f7f26029e3cd81a7f357d7ba63baa1a41681a73512d\
     5cc28ae53450ef9685ed9e48dd702085";

const PUBLIC_EXPONENT: u32 = 65_537;

/// The length of the modulus and of everything encrypted with it, in bytes.
pub const MODULUS_LENGTH: usize = 256;

/// The public key as PKCS#1 PEM text.
pub const PUBLIC_KEY_PEM: &str = "\
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEArzaxKz+CpOA8XT/yQpg3ko4Xu9wp8GSz/xOpY94cHPYdo2khasjs
eK7hdTxd0iRaFWyIXsKQnQoyaQfrB12md7GL6TQQJA0JXwyBwWMjDgbuwojzS3ST
ig3gehirHMi7tB6IhFp8LRq1bc2Am1JSzLZ9Kz5a1azdkjsOyaji495bKMXxv+j/
2KgUjFNCW+ttbFcibdfqAjNqnm47g0I0W/Y8y+wTTQHie79eelB/4MJnUFt6AKx4
mESkpYkkobu6jIf5PL+3C6Ym+2WrV5jeuL/wE7RKNRpfm6pM9KzsVbZMMIjMiFpm
C+JQqJO0CUGJlyEpBsE49Z1OkmnPaujztQIDAQAB
-----END RSA PUBLIC KEY-----
";

fn number(hexadecimal: &str) -> BigUint {
    BigUint::parse_bytes(hexadecimal.as_bytes(), 16).unwrap_or_default()
}

/// The lower 64 bits of the SHA-1 of the serialised public key, by which clients choose a key
/// (<https://core.telegram.org/mtproto/auth_key>).
pub fn fingerprint() -> i64 {
    let mut serialised = Vec::new();
    number(MODULUS_HEX).to_bytes_be().serialize(&mut serialised);
    BigUint::from(PUBLIC_EXPONENT).to_bytes_be().serialize(&mut serialised);
    let hash = Sha1::digest(&serialised);
    hash.last_chunk::<8>().map_or(0, |tail| i64::from_le_bytes(*tail))
}

/// Decrypts one block with the private key: 256 bytes, or `None` for a block that is no residue of the modulus.
pub fn decrypt(block: &[u8]) -> Option<[u8; MODULUS_LENGTH]> {
    let (cipher, modulus) = (BigUint::from_bytes_be(block), number(MODULUS_HEX));
    if cipher >= modulus {
        return None;
    }
    let plain = cipher.modpow(&number(PRIVATE_EXPONENT_HEX), &modulus).to_bytes_be();
    let mut padded = [0; MODULUS_LENGTH];
    let (_, tail) = padded.split_at_mut_checked(MODULUS_LENGTH.checked_sub(plain.len())?)?;
    tail.copy_from_slice(&plain);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_half_undoes_the_public_half() {
        let message = BigUint::from(123_456_789u32);
        let cipher = message.modpow(&BigUint::from(PUBLIC_EXPONENT), &number(MODULUS_HEX));
        assert_eq!(BigUint::from_bytes_be(&decrypt(&cipher.to_bytes_be()).unwrap()), message);
        assert!(decrypt(&[0xff; MODULUS_LENGTH]).is_none());
    }
}
