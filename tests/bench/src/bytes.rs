//! Files that are made as they are read, and known again without being kept.

use std::convert::Infallible;

use bytes::Bytes;
use futures::Stream;

/// The length of one piece, in bytes.
pub(crate) const PIECE_BYTES: u64 = 64 * 1_024;

/// A file of random bytes, the same every time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    /// Which file: each has other bytes.
    pub(crate) number: u64,
    /// How long it is, in bytes.
    pub(crate) length: u64,
}

impl File {
    /// The piece of the file that begins at `offset`, a multiple of [`PIECE_BYTES`].
    pub(crate) fn piece(self, offset: u64) -> Bytes {
        let length = usize::try_from(self.length.saturating_sub(offset).min(PIECE_BYTES)).unwrap_or_default();
        let mut piece = Vec::with_capacity(length.next_multiple_of(8));
        let mut state = self.number.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ offset;
        while piece.len() < length {
            piece.extend_from_slice(&next(&mut state).to_le_bytes());
        }
        piece.truncate(length);
        Bytes::from(piece)
    }

    /// All of it.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        let offsets = (0..self.length.div_ceil(PIECE_BYTES)).map(|piece| piece * PIECE_BYTES);
        futures::stream::iter(offsets.map(move |offset| Ok(self.piece(offset))))
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Compares what comes of a file with what it is.
#[derive(Debug)]
pub(crate) struct Comparison {
    file: File,
    at: u64,
    /// What is left of the piece that `at` lies in.
    expected: Bytes,
}

impl Comparison {
    /// From `at` on.
    pub(crate) fn from(file: File, at: u64) -> Self {
        let begin = at - at % PIECE_BYTES;
        let skipped = usize::try_from(at - begin).unwrap_or_default();
        Self { file, at, expected: file.piece(begin).slice(skipped..) }
    }

    /// Takes what came next.
    ///
    /// # Errors
    /// Where the first difference is.
    pub(crate) fn take(&mut self, mut came: &[u8]) -> Result<(), u64> {
        while !came.is_empty() {
            if self.expected.is_empty() {
                self.expected = self.file.piece(self.at);
            }
            let both = came.len().min(self.expected.len());
            let (now, later) = came.split_at(both);
            if both == 0 || now != self.expected.split_to(both) {
                return Err(self.at);
            }
            self.at += u64::try_from(both).unwrap_or_default();
            came = later;
        }
        Ok(())
    }

    /// How far it came.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }
}
