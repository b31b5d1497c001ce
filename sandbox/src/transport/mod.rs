//! Framing: how MTProto messages lie in a TCP stream, <https://core.telegram.org/mtproto/mtproto-transports>.
//!
//! The client's first bytes tell which framing it uses: full, abridged, intermediate or padded intermediate, in the clear or inside
//! obfuscated2.

mod detect;
mod framing;
#[cfg(test)]
mod tests;

pub use framing::Framing;

use grammers_crypto::ObfuscatedCipher;

/// The largest frame, in bytes. A larger one closes the connection.
pub const FRAME_BYTES_MAX: usize = 2 * 1_024 * 1_024;

/// Why a stream cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame states a length that is too large, too small or not whole.
    #[error("a frame of {0} bytes")]
    Length(usize),
    /// A frame's checksum is wrong.
    #[error("a frame with a wrong checksum")]
    Checksum,
    /// A frame is out of sequence.
    #[error("a frame out of sequence")]
    Sequence,
    /// The client's first bytes begin no known transport.
    #[error("an unknown transport")]
    Unknown,
}

/// One connection's framing, both ways.
#[derive(Default)]
pub struct Transport {
    received: Vec<u8>,
    begun: Option<Begun>,
}

struct Begun {
    framing: Framing,
    cipher: Option<ObfuscatedCipher>,
}

impl Transport {
    /// A transport that waits for the client's first bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they came from the socket.
    pub fn receive(&mut self, bytes: &[u8]) {
        let start = self.received.len();
        self.received.extend_from_slice(bytes);
        if let (Some(Begun { cipher: Some(cipher), .. }), Some(fresh)) = (&mut self.begun, self.received.get_mut(start..)) {
            // The client's sending half is the half that its peer receives with.
            cipher.encrypt(fresh);
        }
    }

    /// The next whole frame's payload, if it has come.
    ///
    /// # Errors
    /// [`FrameError`]: the connection must be closed.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let begun = match &mut self.begun {
            Some(begun) => begun,
            None => match detect::begin(&mut self.received)? {
                Some((framing, cipher)) => self.begun.insert(Begun { framing, cipher }),
                None => return Ok(None),
            },
        };
        let frame = begun.framing.unpack(&mut self.received)?;
        if self.received.is_empty() {
            self.received.shrink_to(0);
        }
        Ok(frame)
    }

    /// A payload as it goes to the socket; nothing before the client has begun.
    pub fn pack(&mut self, payload: &[u8]) -> Vec<u8> {
        let Some(begun) = &mut self.begun else { return Vec::new() };
        let mut bytes = begun.framing.pack(payload);
        if let Some(cipher) = &mut begun.cipher {
            cipher.decrypt(&mut bytes);
        }
        bytes
    }

    /// A transport error such as -404, as the framing carries it. In the full framing the code stands alone, without a frame around it,
    /// and the connection ends behind it: so both grammers and Telethon read it.
    pub fn pack_error(&mut self, code: i32) -> Vec<u8> {
        let code = code.to_le_bytes();
        let Some(begun) = &mut self.begun else { return Vec::new() };
        let mut bytes = match begun.framing {
            Framing::Full { .. } => code.to_vec(),
            _ => begun.framing.pack(&code),
        };
        if let Some(cipher) = &mut begun.cipher {
            cipher.decrypt(&mut bytes);
        }
        bytes
    }
}
