//! Photos and files that were sent: what is known of them, which of their sizes there are, and what a client must show to be given
//! their bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::HexBytes;
use super::state::State;

/// A photo or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Names its bytes.
    pub file_id: i64,
    /// A photo, not a file.
    pub photo: bool,
    /// How many bytes it has.
    pub size: u64,
    /// How many bytes each part of its upload had but the last.
    pub part_size: u64,
    /// Its media type, as its sender says.
    pub mime_type: String,
    /// Its name, as its sender says.
    pub name: String,
    /// What its sender says of it: a serialised `Vector<DocumentAttribute>`, or nothing.
    pub attributes: HexBytes,
    /// When it was sent, in Unix seconds.
    pub date: i32,
    /// The datacentre that keeps it.
    pub dc_id: i32,
    /// How wide and high a photo is, in pixels, where that is known.
    #[serde(default)]
    pub dimensions: Option<(i32, i32)>,
    /// Its smaller pictures.
    #[serde(default)]
    pub thumbnails: Vec<Thumbnail>,
    /// Whether it is hidden until it is touched.
    #[serde(default)]
    pub spoiler: bool,
}

/// A smaller picture of a photo or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The name of its size, such as `m`.
    pub kind: String,
    /// Names its bytes.
    pub file_id: i64,
    /// How wide it is, in pixels.
    pub width: i32,
    /// How high it is, in pixels.
    pub height: i32,
    /// How many bytes it has.
    pub size: u64,
    /// How many bytes each part has but the last.
    pub part_size: u64,
}

impl Media {
    /// The last of the ids that its bytes have.
    pub fn last_id(&self) -> i64 {
        self.thumbnails.iter().map(|thumbnail| thumbnail.file_id).fold(self.file_id, i64::max)
    }
}

/// What happens to files by themselves, without a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileEvent {
    /// An upload became a photo or a file, which messages may name from now on.
    Kept(Box<Media>),
    /// The references of all files expired.
    ReferencesExpired,
}

/// Why a reference does not give access to a file, see <https://core.telegram.org/api/file_reference>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceFault {
    /// There is none.
    Empty,
    /// It gave access once.
    Expired,
    /// It never did.
    Invalid,
}

/// How many bytes of a reference say to which generation it belongs.
const GENERATION_BYTES: usize = 4;
const PROOF_BYTES: usize = 12;

impl State {
    /// What a user must show to be given a file: every user's own, so that one from another account is of no use.
    pub fn file_access_hash(&self, viewer: i64, file_id: i64) -> i64 {
        let proof = self.file_proof(b"file", viewer, file_id, 0);
        proof.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    /// What a user must show besides the access hash; it expires.
    pub fn file_reference(&self, viewer: i64, file_id: i64) -> Vec<u8> {
        self.reference_of_generation(viewer, file_id, self.file_generation)
    }

    /// Whether a reference gives a user access to a file.
    ///
    /// # Errors
    /// See [`ReferenceFault`].
    pub fn check_file_reference(&self, viewer: i64, file_id: i64, reference: &[u8]) -> Result<(), ReferenceFault> {
        let Some(generation) = reference.first_chunk::<GENERATION_BYTES>() else { return Err(ReferenceFault::Empty) };
        let generation = i32::from_le_bytes(*generation);
        if reference != self.reference_of_generation(viewer, file_id, generation) || generation > self.file_generation {
            return Err(ReferenceFault::Invalid);
        }
        if generation == self.file_generation { Ok(()) } else { Err(ReferenceFault::Expired) }
    }

    fn reference_of_generation(&self, viewer: i64, file_id: i64, generation: i32) -> Vec<u8> {
        let proof = self.file_proof(b"reference", viewer, file_id, generation);
        generation.to_le_bytes().into_iter().chain(proof.into_iter().take(PROOF_BYTES)).collect()
    }

    fn file_proof(&self, of: &[u8], viewer: i64, file_id: i64, generation: i32) -> [u8; 32] {
        let digest = Sha256::new().chain_update(&self.secret.0).chain_update(of).chain_update(viewer.to_le_bytes());
        digest.chain_update(file_id.to_le_bytes()).chain_update(generation.to_le_bytes()).finalize().into()
    }

    /// Keeps what is known of a file that has its bytes.
    pub(super) fn keep_file(&mut self, media: &Media) {
        self.last.file = self.last.file.max(media.last_id());
        self.files.insert(media.file_id, media.clone());
    }

    pub(super) fn apply_to_files(&mut self, event: &FileEvent) {
        match event {
            FileEvent::Kept(media) => self.keep_file(media),
            FileEvent::ReferencesExpired => self.file_generation += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_of_one_user_and_one_file_and_expires() {
        let mut state = State::new([7; 32]);
        let reference = state.file_reference(1, 9);
        assert_eq!(state.check_file_reference(1, 9, &reference), Ok(()));
        assert_eq!(state.check_file_reference(2, 9, &reference), Err(ReferenceFault::Invalid));
        assert_eq!(state.check_file_reference(1, 8, &reference), Err(ReferenceFault::Invalid));
        assert_eq!(state.check_file_reference(1, 9, &[]), Err(ReferenceFault::Empty));
        state.apply_to_files(&FileEvent::ReferencesExpired);
        assert_eq!(state.check_file_reference(1, 9, &reference), Err(ReferenceFault::Expired));
        assert_eq!(state.check_file_reference(1, 9, &state.file_reference(1, 9)), Ok(()));
        assert_ne!(state.file_access_hash(1, 9), state.file_access_hash(2, 9));
    }
}
