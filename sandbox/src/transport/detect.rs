//! Telling the transport from the client's first bytes.

use grammers_crypto::ObfuscatedCipher;

use super::{FrameError, Framing};

const ABRIDGED: u8 = 0xef;
const INTERMEDIATE: [u8; 4] = [0xee; 4];
const PADDED_INTERMEDIATE: [u8; 4] = [0xdd; 4];

/// The length of the first bytes of obfuscated2.
const OBFUSCATED_LENGTH: usize = 64;

/// Recognises the transport and takes its first bytes away; `None` while too few have come.
pub(super) fn begin(received: &mut Vec<u8>) -> Result<Option<(Framing, Option<ObfuscatedCipher>)>, FrameError> {
    if received.first() == Some(&ABRIDGED) {
        received.drain(..1);
        return Ok(Some((Framing::Abridged, None)));
    }
    let Some((tag, rest)) = received.split_first_chunk::<4>() else { return Ok(None) };
    if let Some(framing) = tagged(*tag) {
        received.drain(..4);
        return Ok(Some((framing, None)));
    }
    // The second word of a first full frame is its sequence number 0, which obfuscated2 never begins with.
    match rest.first_chunk::<4>() {
        None => Ok(None),
        Some([0, 0, 0, 0]) => Ok(Some((Framing::full(), None))),
        Some(_) => obfuscated(received),
    }
}

fn tagged(tag: [u8; 4]) -> Option<Framing> {
    match tag {
        INTERMEDIATE => Some(Framing::Intermediate),
        PADDED_INTERMEDIATE => Some(Framing::PaddedIntermediate),
        _ => None,
    }
}

fn obfuscated(received: &mut Vec<u8>) -> Result<Option<(Framing, Option<ObfuscatedCipher>)>, FrameError> {
    let Some(init) = received.first_chunk::<OBFUSCATED_LENGTH>().copied() else { return Ok(None) };
    let mut cipher = ObfuscatedCipher::new(&init);
    cipher.encrypt(received);
    let tag = received.get(56..60).and_then(|tag| <[u8; 4]>::try_from(tag).ok()).ok_or(FrameError::Unknown)?;
    let framing = if tag == [ABRIDGED; 4] { Framing::Abridged } else { tagged(tag).ok_or(FrameError::Unknown)? };
    received.drain(..OBFUSCATED_LENGTH);
    Ok(Some((framing, Some(cipher))))
}
