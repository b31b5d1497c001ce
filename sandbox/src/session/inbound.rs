//! What a client's encrypted message holds: unpacked from containers and compression.

use std::io::Read;

use flate2::read::GzDecoder;
use grammers_tl_types::{Cursor, Deserializable};

use super::Message;
use crate::transport::FRAME_BYTES_MAX;

const MESSAGE_CONTAINER: u32 = 0x73f1_f8dc;
const GZIP_PACKED: u32 = 0x3072_cfa1;

/// The most messages in one container (<https://core.telegram.org/mtproto/service_messages#containers>).
const CONTAINER_LENGTH_MAX: usize = 1_020;

/// One decrypted payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The salt that it carries.
    pub salt: i64,
    /// The session that it belongs to.
    pub session_id: i64,
    /// The message itself; for a container, the container's own header.
    pub outer: (i64, i32),
    /// Whether it is a container.
    pub is_container: bool,
    /// What it holds, in order.
    pub requests: Vec<Request>,
}

/// One message of a client, out of its container.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The message, with its body uncompressed.
    pub message: Message,
    /// The constructor id of its body.
    pub constructor: u32,
}

/// Reads a decrypted payload; `None` for one that is not a message.
pub fn take(plain: &[u8]) -> Option<Inbound> {
    let mut cursor = Cursor::from_slice(plain);
    let salt = i64::deserialize(&mut cursor).ok()?;
    let session_id = i64::deserialize(&mut cursor).ok()?;
    let outer = message(&mut cursor)?;
    // Padding must be 12 to 1024 bytes; more than that hides data.
    if !(12..=1_024).contains(&(plain.len().checked_sub(cursor.pos())?)) {
        return None;
    }
    let header = (outer.id, outer.sequence);
    let is_container = constructor(&outer.body)? == MESSAGE_CONTAINER;
    let requests = if is_container { contained(&outer.body)? } else { vec![request(outer)?] };
    Some(Inbound { salt, session_id, outer: header, is_container, requests })
}

fn message(cursor: &mut Cursor<'_>) -> Option<Message> {
    let id = i64::deserialize(cursor).ok()?;
    let sequence = i32::deserialize(cursor).ok()?;
    let length = usize::try_from(i32::deserialize(cursor).ok()?).ok().filter(|length| *length <= FRAME_BYTES_MAX)?;
    let mut body = vec![0; length];
    cursor.read_exact(&mut body).ok()?;
    Some(Message { id, sequence, body })
}

fn constructor(body: &[u8]) -> Option<u32> {
    body.first_chunk::<4>().map(|id| u32::from_le_bytes(*id))
}

fn contained(body: &[u8]) -> Option<Vec<Request>> {
    let mut cursor = Cursor::from_slice(body.get(4..)?);
    let count = usize::try_from(i32::deserialize(&mut cursor).ok()?).ok().filter(|count| *count <= CONTAINER_LENGTH_MAX)?;
    (0..count).map(|_| message(&mut cursor).and_then(request)).collect()
}

/// Undoes compression. What it unpacks to is bounded like a frame.
fn request(mut message: Message) -> Option<Request> {
    if constructor(&message.body)? == GZIP_PACKED {
        let packed = Vec::<u8>::deserialize(&mut Cursor::from_slice(message.body.get(4..)?)).ok()?;
        let mut unpacked = Vec::new();
        let limit = u64::try_from(FRAME_BYTES_MAX).unwrap_or(u64::MAX);
        GzDecoder::new(packed.as_slice()).take(limit + 1).read_to_end(&mut unpacked).ok()?;
        if unpacked.len() > FRAME_BYTES_MAX {
            return None;
        }
        message.body = unpacked;
    }
    Some(Request { constructor: constructor(&message.body)?, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(plain in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _any = take(&plain);
        }

        #[test]
        fn a_message_is_read_as_it_was_written(id: i64, sequence: i32, words in proptest::collection::vec(any::<u32>(), 1..20)) {
            prop_assume!(words[0] != MESSAGE_CONTAINER && words[0] != GZIP_PACKED);
            let body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let message = Message { id, sequence, body };
            let plain = [message.to_bytes(5, 6), vec![0; 12]].concat();
            let read = take(&plain).unwrap();
            prop_assert_eq!((read.salt, read.session_id, read.outer), (5, 6, (id, sequence)));
            prop_assert_eq!(&read.requests[0].message, &message);
        }
    }
}
