//! Names of things in the world: peers and keys, and how they are written in the journal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Channels' ids are marked by this offset, as in Telegram's bot API.
const CHANNEL_MARK: i64 = -1_000_000_000_000;

/// Who or what a conversation is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub enum PeerId {
    /// A user.
    User(i64),
    /// A basic group.
    Chat(i64),
    /// A supergroup or a broadcast channel.
    Channel(i64),
}

impl From<PeerId> for i64 {
    fn from(peer: PeerId) -> Self {
        match peer {
            PeerId::User(id) => id,
            PeerId::Chat(id) => -id,
            PeerId::Channel(id) => CHANNEL_MARK - id,
        }
    }
}

/// A marked id that names no peer.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a marked peer id")]
pub struct NotAPeer(i64);

impl TryFrom<i64> for PeerId {
    type Error = NotAPeer;

    fn try_from(marked: i64) -> Result<Self, NotAPeer> {
        match marked {
            0 | CHANNEL_MARK => Err(NotAPeer(marked)),
            id if id > 0 => Ok(Self::User(id)),
            id if id > CHANNEL_MARK => Ok(Self::Chat(-id)),
            id => CHANNEL_MARK.checked_sub(id).map(Self::Channel).ok_or(NotAPeer(marked)),
        }
    }
}

/// An auth key in a datacentre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyAddress {
    /// The datacentre that made it.
    pub dc_id: i32,
    /// The 64 lower-order bits of its SHA-1.
    pub auth_key_id: i64,
}

impl fmt::Display for KeyAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.dc_id, self.auth_key_id)
    }
}

impl From<KeyAddress> for String {
    fn from(key: KeyAddress) -> Self {
        key.to_string()
    }
}

/// A text that is not `dc:key`.
#[derive(Debug, thiserror::Error)]
#[error("a key's address is `datacentre:key id`, both decimal")]
pub struct NotAKeyAddress;

impl TryFrom<String> for KeyAddress {
    type Error = NotAKeyAddress;

    fn try_from(text: String) -> Result<Self, NotAKeyAddress> {
        let (dc_id, auth_key_id) = text.split_once(':').ok_or(NotAKeyAddress)?;
        Ok(Self {
            dc_id: dc_id.parse().map_err(|_| NotAKeyAddress)?,
            auth_key_id: auth_key_id.parse().map_err(|_| NotAKeyAddress)?,
        })
    }
}

/// Bytes that the journal writes as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HexBytes(pub Vec<u8>);

impl From<HexBytes> for String {
    fn from(bytes: HexBytes) -> Self {
        hex::encode(bytes.0)
    }
}

impl TryFrom<String> for HexBytes {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, hex::FromHexError> {
        hex::decode(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marked_ids_round_trip(kind in 0..3, id in 1i64..900_000_000_000) {
            let peer = match kind {
                0 => PeerId::User(id),
                1 => PeerId::Chat(id),
                _ => PeerId::Channel(id),
            };
            prop_assert_eq!(PeerId::try_from(i64::from(peer)).unwrap(), peer);
        }

        #[test]
        fn any_marked_id_is_read_or_refused(marked in any::<i64>()) {
            if let Ok(peer) = PeerId::try_from(marked) {
                prop_assert_eq!(i64::from(peer), marked);
            }
        }

        #[test]
        fn key_addresses_round_trip(dc_id in any::<i32>(), auth_key_id in any::<i64>()) {
            let key = KeyAddress { dc_id, auth_key_id };
            prop_assert_eq!(KeyAddress::try_from(key.to_string()).unwrap(), key);
        }
    }
}
