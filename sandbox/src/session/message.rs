//! One message inside the encryption: header and body.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use grammers_tl_types::{Identifiable, Serializable};

const RPC_RESULT: u32 = 0xf35c_6d01;
const RPC_ERROR: u32 = 0x2144_ca19;
const GZIP_PACKED: u32 = 0x3072_cfa1;

/// Results from this size on, in bytes, are sent compressed where that makes them smaller.
const COMPRESS_BYTES_MIN: usize = 4_096;

/// A message of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Unique in the session; grows with time.
    pub id: i64,
    /// Twice the number of earlier messages that need an acknowledgement, plus one if this one does.
    pub sequence: i32,
    /// The serialised object.
    pub body: Vec<u8>,
}

impl Message {
    /// The message with its header, ready to be encrypted.
    pub fn to_bytes(&self, salt: i64, session_id: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 32);
        bytes.extend_from_slice(&salt.to_le_bytes());
        bytes.extend_from_slice(&session_id.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.body.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// `rpc_result` of a request; large results are compressed.
pub fn rpc_result(request_id: i64, result: &[u8]) -> Vec<u8> {
    let compressed = if result.len() >= COMPRESS_BYTES_MIN && !is_file(result) { compress(result) } else { None };
    let mut body = Vec::with_capacity(result.len().min(COMPRESS_BYTES_MIN) + 12);
    body.extend_from_slice(&RPC_RESULT.to_le_bytes());
    body.extend_from_slice(&request_id.to_le_bytes());
    match compressed {
        Some(packed) => {
            body.extend_from_slice(&GZIP_PACKED.to_le_bytes());
            packed.serialize(&mut body);
        }
        None => body.extend_from_slice(result),
    }
    body
}

/// Files are compressed already, most of them.
fn is_file(result: &[u8]) -> bool {
    result.first_chunk() == Some(&grammers_tl_types::types::upload::File::CONSTRUCTOR_ID.to_le_bytes())
}

fn compress(result: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(result).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < result.len())
}

/// `rpc_error` as a result.
pub fn rpc_error(code: i32, message: &str) -> Vec<u8> {
    let mut body = RPC_ERROR.to_le_bytes().to_vec();
    code.serialize(&mut body);
    message.as_bytes().to_vec().serialize(&mut body);
    body
}
