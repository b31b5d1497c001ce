//! The four framings.

use super::{FRAME_BYTES_MAX, FrameError};

/// The bit of a length that asks for a quick acknowledgement, which this network does not give.
const QUICK_ACK: u32 = 0x8000_0000;

/// How frames are delimited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Length, sequence number, payload, CRC-32.
    Full {
        /// Frames sent.
        sent: u32,
        /// Frames received.
        received: u32,
    },
    /// Length in words, in one byte or four; payload.
    Abridged,
    /// Length in four bytes; payload.
    Intermediate,
    /// Length in four bytes; payload and up to 15 random bytes.
    PaddedIntermediate,
}

impl Framing {
    /// A full framing before its first frame.
    pub fn full() -> Self {
        Self::Full { sent: 0, received: 0 }
    }

    /// Takes the first whole frame away and gives its payload; `None` while it is not whole.
    pub(super) fn unpack(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, FrameError> {
        match self {
            Self::Full { received, .. } => unpack_full(bytes, received),
            Self::Abridged => {
                let Some((header, length)) = abridged_length(bytes) else { return Ok(None) };
                take(bytes, header, length)
            }
            Self::Intermediate => {
                let Some(length) = word(bytes, 0) else { return Ok(None) };
                take(bytes, 4, widen(length & !QUICK_ACK))
            }
            Self::PaddedIntermediate => {
                let Some(length) = word(bytes, 0) else { return Ok(None) };
                let payload = take(bytes, 4, widen(length & !QUICK_ACK))?;
                Ok(payload.map(without_padding))
            }
        }
    }

    /// A payload as a frame.
    pub(super) fn pack(&mut self, payload: &[u8]) -> Vec<u8> {
        let length = narrow(payload.len());
        match self {
            Self::Full { sent, .. } => {
                let mut frame = Vec::with_capacity(payload.len() + 12);
                frame.extend_from_slice(&(length + 12).to_le_bytes());
                frame.extend_from_slice(&sent.to_le_bytes());
                frame.extend_from_slice(payload);
                frame.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
                *sent = sent.wrapping_add(1);
                frame
            }
            Self::Abridged => {
                let words = length / 4;
                let header = match u8::try_from(words) {
                    Ok(words) if words < 0x7f => vec![words],
                    _ => ((words << 8) | 0x7f).to_le_bytes().to_vec(),
                };
                [header.as_slice(), payload].concat()
            }
            Self::Intermediate | Self::PaddedIntermediate => [&length.to_le_bytes(), payload].concat(),
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map(|word| u32::from_le_bytes(*word))
}

fn widen(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The header's length and the payload's.
fn abridged_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = bytes.first()? & 0x7f;
    if first < 0x7f {
        return Some((1, usize::from(first) * 4));
    }
    Some((4, widen(word(bytes, 0)? >> 8) * 4))
}

fn take(bytes: &mut Vec<u8>, header: usize, length: usize) -> Result<Option<Vec<u8>>, FrameError> {
    if length == 0 || length > FRAME_BYTES_MAX {
        return Err(FrameError::Length(length));
    }
    if bytes.len() < header + length {
        return Ok(None);
    }
    let payload = bytes.get(header..header + length).map(<[u8]>::to_vec);
    bytes.drain(..header + length);
    Ok(payload)
}

/// Encrypted payloads are whole blocks after their 24 bytes of header; plain ones state their length.
fn without_padding(mut payload: Vec<u8>) -> Vec<u8> {
    let plain = payload.get(..8) == Some(&[0; 8]);
    let length = if plain {
        word(&payload, 16).map_or(payload.len(), |length| widen(length).saturating_add(20))
    } else {
        payload.len() - (payload.len().saturating_sub(24) % 16)
    };
    payload.truncate(length);
    payload
}

fn unpack_full(bytes: &mut Vec<u8>, received: &mut u32) -> Result<Option<Vec<u8>>, FrameError> {
    let Some(length) = word(bytes, 0).map(widen) else { return Ok(None) };
    if !(16..=FRAME_BYTES_MAX).contains(&length) {
        return Err(FrameError::Length(length));
    }
    let Some(frame) = bytes.get(..length) else { return Ok(None) };
    let Some((content, checksum)) = frame.split_last_chunk::<4>() else { return Err(FrameError::Length(length)) };
    if crc32fast::hash(content) != u32::from_le_bytes(*checksum) {
        return Err(FrameError::Checksum);
    }
    if word(content, 4) != Some(*received) {
        return Err(FrameError::Sequence);
    }
    *received = received.wrapping_add(1);
    let payload = content.get(8..).map(<[u8]>::to_vec);
    bytes.drain(..length);
    Ok(payload)
}
