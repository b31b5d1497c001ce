//! The form of a backup: a header, and sealed chunks that are authentic only whole and in their order.
//!
//! ```text
//! "vasya-backup 1\n"
//! one line of JSON: Header
//! chunks: length of the sealed bytes (4 bytes, big-endian) | XChaCha20-Poly1305 of at most 64 KiB and its tag
//! ```
//!
//! Each archive has a key of its own, wrapped by the keyring, which is in the header as the master key seals it. A chunk's nonce is a
//! random prefix of 16 bytes and the chunk's number; its associated data is the hash of both lines and whether it is the last (the STREAM
//! construction). So a chunk that is changed, moved, repeated or from another archive does not open, and neither does an archive that was
//! cut short.

use std::io::{self, Read, Write};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::super::key::{DataKey, fill};
use crate::store::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

/// The first line.
const MAGIC: &str = "vasya-backup 1\n";

/// The longest header, in bytes.
const HEADER_BYTES_MAX: usize = 1_024 * 1_024;

/// How many bytes a chunk holds before it is sealed.
const CHUNK_BYTES: usize = 64 * 1_024;

const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 16;

/// The longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else, or of a later version.
    #[error("it is no backup of this version of vasya-server")]
    NotABackup,
    /// Something in it was changed, or its end is missing.
    #[error("it is damaged or cut short (in part {0})")]
    Damaged(u64),
    /// The system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What can be read without a key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Header {
    /// When it was begun (Unix milliseconds).
    pub(super) made_at_ms: u64,
    /// `keyring.json`, as the master key seals it.
    pub(super) keyring: Box<RawValue>,
    /// The archive's key, wrapped by the keyring.
    #[serde(with = "hex::serde")]
    pub(super) key: Vec<u8>,
    /// What the nonces begin with.
    #[serde(with = "hex::serde")]
    prefix: Vec<u8>,
}

/// One thing in an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A pair of the store is set; or removed, where there is no value. The later of two stands.
    Pair(Vec<u8>, Option<Vec<u8>>),
    /// A file of the data folder, of so many bytes that follow.
    File(String, u64),
}

/// Writes an archive. Where the bytes go is the caller's: each call gives what is ready.
pub(super) struct Writer {
    cipher: Cipher,
    plain: Vec<u8>,
}

impl Writer {
    /// Begins one; answers it and its first bytes.
    pub(super) fn begin(key: &DataKey, made_at_ms: u64, keyring: Box<RawValue>, wrapped: Vec<u8>) -> io::Result<(Self, Vec<u8>)> {
        let mut prefix = vec![0; PREFIX_BYTES];
        fill(&mut prefix).map_err(io::Error::other)?;
        let header = serde_json::to_string(&Header { made_at_ms, keyring, key: wrapped, prefix: prefix.clone() })?;
        let lines = format!("{MAGIC}{header}\n").into_bytes();
        Ok((Self { cipher: Cipher::new(key, prefix, &lines), plain: Vec::new() }, lines))
    }

    /// Adds an item; answers what is ready.
    pub(super) fn add(&mut self, item: &Item) -> io::Result<Vec<u8>> {
        match item {
            Item::Pair(key, Some(value)) => {
                self.plain.push(1);
                self.text(key);
                self.text(value);
            }
            Item::Pair(key, None) => {
                self.plain.push(2);
                self.text(key);
            }
            Item::File(name, length) => {
                self.plain.push(3);
                self.text(name.as_bytes());
                self.plain.extend_from_slice(&length.to_be_bytes());
            }
        }
        self.ready()
    }

    /// Adds bytes of the file that was added last.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.plain.extend_from_slice(bytes);
        self.ready()
    }

    /// Ends the archive; answers its last bytes.
    pub(super) fn end(mut self) -> io::Result<Vec<u8>> {
        let mut ready = self.ready()?;
        ready.extend(self.cipher.seal(&self.plain, true)?);
        Ok(ready)
    }

    fn text(&mut self, bytes: &[u8]) {
        self.plain.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.plain.extend_from_slice(bytes);
    }

    fn ready(&mut self) -> io::Result<Vec<u8>> {
        let mut ready = Vec::new();
        while self.plain.len() > CHUNK_BYTES {
            let rest = self.plain.split_off(CHUNK_BYTES);
            let chunk = std::mem::replace(&mut self.plain, rest);
            ready.extend(self.cipher.seal(&chunk, false)?);
        }
        Ok(ready)
    }
}

/// Reads the header, and the bytes that the chunks are bound to.
pub(super) fn read_header(source: &mut impl Read) -> Result<(Header, Vec<u8>), ArchiveError> {
    let mut lines = vec![0; MAGIC.len()];
    source.read_exact(&mut lines).map_err(|_| ArchiveError::NotABackup)?;
    if lines != MAGIC.as_bytes() {
        return Err(ArchiveError::NotABackup);
    }
    let mut byte = [0];
    while lines.len() < HEADER_BYTES_MAX {
        source.read_exact(&mut byte).map_err(|_| ArchiveError::Damaged(0))?;
        lines.extend_from_slice(&byte);
        if byte == *b"\n" {
            let header = lines.get(MAGIC.len()..).unwrap_or_default();
            let header: Header = serde_json::from_slice(header).map_err(|_| ArchiveError::Damaged(0))?;
            return Ok((header, lines));
        }
    }
    Err(ArchiveError::Damaged(0))
}

/// Reads what follows the header.
pub(super) struct Reader<R> {
    source: R,
    cipher: Cipher,
    plain: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R, key: &DataKey, header: Header, lines: &[u8]) -> Self {
        Self { source, cipher: Cipher::new(key, header.prefix, lines), plain: Vec::new(), at: 0, ended: false }
    }

    /// The next item; nothing at the end, which is authentic too.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ArchiveError> {
        if !self.fill()? {
            return Ok(None);
        }
        match self.take(1)?.first() {
            Some(1) => Ok(Some(Item::Pair(self.text(KEY_BYTES_MAX)?, Some(self.text(VALUE_BYTES_MAX)?)))),
            Some(2) => Ok(Some(Item::Pair(self.text(KEY_BYTES_MAX)?, None))),
            Some(3) => {
                let name = String::from_utf8(self.text(NAME_BYTES_MAX)?).map_err(|_| self.damaged())?;
                let length = self.take(8)?;
                let length = <[u8; 8]>::try_from(length.as_slice()).map_err(|_| self.damaged())?;
                Ok(Some(Item::File(name, u64::from_be_bytes(length))))
            }
            _ => Err(self.damaged()),
        }
    }

    /// Hands the bytes of the file on that was read last. All of them must be taken before the next item.
    pub(super) fn copy(&mut self, mut length: u64, target: &mut dyn Write) -> Result<(), ArchiveError> {
        while length > 0 {
            if !self.fill()? {
                return Err(self.damaged());
            }
            let there = self.plain.get(self.at..).unwrap_or_default();
            let part = there.get(..usize::try_from(length).unwrap_or(usize::MAX).min(there.len())).unwrap_or_default();
            target.write_all(part)?;
            length -= part.len() as u64;
            self.at += part.len();
        }
        Ok(())
    }

    fn text(&mut self, length_max: usize) -> Result<Vec<u8>, ArchiveError> {
        let length = self.take(4)?;
        let length = <[u8; 4]>::try_from(length.as_slice()).map_err(|_| self.damaged())?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > length_max { Err(self.damaged()) } else { self.take(length) }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut taken = Vec::with_capacity(length);
        self.copy(length as u64, &mut taken)?;
        Ok(taken)
    }

    /// Sees to it that there are bytes to take; answers whether there are any left.
    fn fill(&mut self) -> Result<bool, ArchiveError> {
        while self.at >= self.plain.len() {
            if self.ended {
                return Ok(false);
            }
            let mut length = [0; 4];
            self.source.read_exact(&mut length).map_err(|_| self.damaged())?;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if length > CHUNK_BYTES + TAG_BYTES {
                return Err(self.damaged());
            }
            let mut sealed = vec![0; length];
            self.source.read_exact(&mut sealed).map_err(|_| self.damaged())?;
            (self.plain, self.ended) = self.cipher.open(&sealed).ok_or_else(|| self.damaged())?;
            self.at = 0;
            if self.ended && self.source.read(&mut [0])? != 0 {
                return Err(self.damaged());
            }
        }
        Ok(true)
    }

    fn damaged(&self) -> ArchiveError {
        ArchiveError::Damaged(self.cipher.number)
    }
}

struct Cipher {
    cipher: XChaCha20Poly1305,
    prefix: Vec<u8>,
    lines: [u8; 32],
    number: u64,
}

impl Cipher {
    fn new(key: &DataKey, prefix: Vec<u8>, lines: &[u8]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.bytes().into()), prefix, lines: Sha256::digest(lines).into(), number: 0 }
    }

    fn nonce(&self) -> Option<XNonce> {
        let nonce = [self.prefix.as_slice(), &self.number.to_be_bytes()].concat();
        <[u8; 24]>::try_from(nonce).ok().map(XNonce::from)
    }

    fn associated(&self, last: bool) -> Vec<u8> {
        [self.lines.as_slice(), &[u8::from(last)]].concat()
    }

    fn seal(&mut self, plain: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce().ok_or_else(|| io::Error::other("a nonce"))?;
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: plain, aad: &self.associated(last) });
        let sealed = sealed.map_err(|_| io::Error::other("a chunk is too long"))?;
        self.number += 1;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        Ok([length.to_be_bytes().as_slice(), &sealed].concat())
    }

    /// The chunk, and whether it is the last.
    fn open(&mut self, sealed: &[u8]) -> Option<(Vec<u8>, bool)> {
        let nonce = self.nonce()?;
        let open = |last: bool| self.cipher.decrypt(&nonce, Payload { msg: sealed, aad: &self.associated(last) }).ok();
        let opened = open(false).map(|plain| (plain, false)).or_else(|| open(true).map(|plain| (plain, true)))?;
        self.number += 1;
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive(key: &DataKey, file: &[u8]) -> Vec<u8> {
        let keyring = RawValue::from_string("{}".into()).unwrap();
        let (mut writer, mut bytes) = Writer::begin(key, 1, keyring, vec![7]).unwrap();
        bytes.extend(writer.add(&Item::Pair(b"k".to_vec(), Some(b"v".to_vec()))).unwrap());
        bytes.extend(writer.add(&Item::Pair(b"gone".to_vec(), None)).unwrap());
        bytes.extend(writer.add(&Item::File("audit.log".into(), file.len() as u64)).unwrap());
        bytes.extend(writer.bytes(file).unwrap());
        bytes.extend(writer.end().unwrap());
        bytes
    }

    fn read(key: &DataKey, mut bytes: &[u8]) -> Result<(Vec<Item>, Vec<u8>), ArchiveError> {
        let (header, lines) = read_header(&mut bytes)?;
        let mut reader = Reader::new(bytes, key, header, &lines);
        let (mut items, mut file) = (Vec::new(), Vec::new());
        while let Some(item) = reader.next()? {
            if let Item::File(_, length) = &item {
                reader.copy(*length, &mut file)?;
            }
            items.push(item);
        }
        Ok((items, file))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn it_opens_only_whole_and_unchanged(length in 0usize..200_000, flip in any::<prop::sample::Index>(), bit in 0u8..8) {
            let key = DataKey::generate().unwrap();
            let file: Vec<u8> = (0..length).map(|number| number.to_le_bytes()[0]).collect();
            let bytes = archive(&key, &file);
            let (items, found) = read(&key, &bytes).unwrap();
            prop_assert_eq!(items.len(), 3);
            prop_assert!(found == file);
            let mut flipped = bytes.clone();
            flipped[flip.index(bytes.len())] ^= 1 << bit;
            prop_assert!(read(&key, &flipped).is_err());
            prop_assert!(read(&key, &bytes[..flip.index(bytes.len())]).is_err());
            let mut longer = bytes.clone();
            longer.push(0);
            prop_assert!(read(&key, &longer).is_err());
            prop_assert!(read(&DataKey::generate().unwrap(), &bytes).is_err());
        }
    }
}
