//! Encryption of messages with an auth key, <https://core.telegram.org/mtproto/description#protocol-description>.

#[cfg(test)]
use grammers_crypto::AuthKey;
use grammers_crypto::aes;
use sha2::{Digest, Sha256};

/// Where in the auth key the material of each direction begins.
const FROM_CLIENT: usize = 0;
const FROM_SERVER: usize = 8;

const HEADER_LENGTH: usize = 24;

/// An auth key, and the id that messages name it by.
#[derive(Clone)]
pub struct SharedKey {
    bytes: [u8; 256],
    id: i64,
}

impl SharedKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 256]) -> Self {
        Self { bytes, id: key_id(&bytes) }
    }

    /// The lower 64 bits of the SHA-1 of the key.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The key's bytes.
    pub fn bytes(&self) -> &[u8; 256] {
        &self.bytes
    }

    fn part(&self, at: usize, length: usize) -> &[u8] {
        self.bytes.get(at..at + length).unwrap_or_default()
    }

    fn message_key(&self, direction: usize, padded: &[u8]) -> [u8; 16] {
        let large = Sha256::new().chain_update(self.part(88 + direction, 32)).chain_update(padded).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(large.get(8..24).unwrap_or(&[0; 16]));
        key
    }

    fn aes(&self, direction: usize, message_key: &[u8; 16]) -> ([u8; 32], [u8; 32]) {
        let one = Sha256::new().chain_update(message_key).chain_update(self.part(direction, 36)).finalize();
        let two = Sha256::new().chain_update(self.part(40 + direction, 36)).chain_update(message_key).finalize();
        let mix = |outer: &[u8], inner: &[u8]| {
            let mut mixed = [0; 32];
            let parts = outer.iter().take(8).chain(inner.iter().skip(8).take(16)).chain(outer.iter().skip(24));
            mixed.iter_mut().zip(parts).for_each(|(byte, part)| *byte = *part);
            mixed
        };
        (mix(&one, &two), mix(&two, &one))
    }

    /// Encrypts a message of the server; the result is a whole frame payload.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let padding_length = 12 + (16 - (plain.len() + 12) % 16) % 16;
        let mut padding = [0; 32];
        getrandom::fill(&mut padding)?;
        let mut data = Vec::with_capacity(plain.len() + padding_length);
        data.extend_from_slice(plain);
        data.extend(padding.iter().take(padding_length));
        let message_key = self.message_key(FROM_SERVER, &data);
        let (key, iv) = self.aes(FROM_SERVER, &message_key);
        aes::ige_encrypt(&mut data, &key, &iv);
        Ok([&self.id.to_le_bytes(), message_key.as_slice(), &data].concat())
    }

    /// Decrypts a frame payload of the client; `None` for one that was not made with this key.
    pub fn open(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let (header, encrypted) = payload.split_at_checked(HEADER_LENGTH)?;
        if encrypted.is_empty() || !encrypted.len().is_multiple_of(16) {
            return None;
        }
        let message_key = <[u8; 16]>::try_from(header.get(8..)?).ok()?;
        let (key, iv) = self.aes(FROM_CLIENT, &message_key);
        let mut data = encrypted.to_vec();
        aes::ige_decrypt(&mut data, &key, &iv);
        (self.message_key(FROM_CLIENT, &data) == message_key).then_some(data)
    }
}

/// The id that messages name an auth key by.
pub fn key_id(bytes: &[u8; 256]) -> i64 {
    let hash = <sha1::Sha1 as sha1::Digest>::digest(bytes);
    hash.last_chunk::<8>().map_or(0, |tail| i64::from_le_bytes(*tail))
}

/// Whether this is the id of that key, as the crate that clients use computes it.
#[cfg(test)]
fn agrees(bytes: [u8; 256]) -> bool {
    let mut buffer = grammers_crypto::DequeBuffer::with_capacity(64, 64);
    buffer.extend([1u8; 32]);
    grammers_crypto::encrypt_data_v2(&mut buffer, &AuthKey::from_bytes(bytes));
    let opened = SharedKey::new(bytes).open(&buffer[..]);
    buffer[..8] == key_id(&bytes).to_le_bytes() && opened.is_some_and(|plain| plain[..32] == [1; 32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_agrees_with_the_clients_half(seed: [u8; 32], plain in proptest::collection::vec(any::<u8>(), 1..200)) {
            let bytes: [u8; 256] = std::array::from_fn(|at| seed[at % 32] ^ u8::try_from(at).unwrap());
            prop_assert!(agrees(bytes));
            let mut sealed = SharedKey::new(bytes).seal(&plain).unwrap();
            let opened = grammers_crypto::decrypt_data_v2(&mut sealed, &AuthKey::from_bytes(bytes)).unwrap();
            prop_assert_eq!(&opened[..plain.len()], plain.as_slice());
        }
    }
}
