//! What a message can bring that is no file: a contact, a place, a poll.

use grammers_tl_types::{self as tl, Deserializable, Serializable};
use serde::{Deserialize, Serialize};

use super::ids::HexBytes;

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attachment {
    /// Something that looks the same to everybody: a serialised `MessageMedia`.
    Fixed(HexBytes),
    /// A poll, by its id: everybody sees their own vote.
    Poll(i64),
}

impl Attachment {
    /// Something that looks the same to everybody.
    pub fn fixed(media: &tl::enums::MessageMedia) -> Self {
        Self::Fixed(HexBytes(media.to_bytes()))
    }

    /// What it is, if it looks the same to everybody.
    pub fn as_fixed(&self) -> Option<tl::enums::MessageMedia> {
        match self {
            Self::Fixed(bytes) => tl::enums::MessageMedia::from_bytes(&bytes.0).ok(),
            Self::Poll(_) => None,
        }
    }
}
