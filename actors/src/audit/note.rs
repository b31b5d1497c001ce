//! Checkpoints as C2SP has them: a tlog-checkpoint (the log's origin, its size and its root) in a signed note, signed with Ed25519.
//!
//! ```text
//! vasya-server/3f0c5e1d9a7b2c48
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — vasya-server/3f0c5e1d9a7b2c48 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::tree::Hash;

/// The kind of a signature and of its key: Ed25519 over the note's text.
const ALGORITHM: u8 = 1;

/// What stands before a signature: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Bytes of a key's id.
const KEY_ID_LENGTH: usize = 4;

/// The longest note that is read, and the most signatures on it.
const NOTE_BYTES_MAX: usize = 64 * 1_024;
const SIGNATURES_MAX: usize = 16;

/// Why a note says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no note.
    #[error("it is not a signed checkpoint")]
    Malformed,
    /// Nobody has signed it with this key.
    #[error("it has no signature of {0}")]
    NotSigned(String),
    /// There is a signature that is said to be by this key, and is not.
    #[error("its signature is not by {0}: it was forged or changed")]
    Forged(String),
    /// It speaks of another log.
    #[error("it is of the log {found} and not of {expected}")]
    Foreign {
        /// The log that it is of.
        found: String,
        /// The log that it should be of.
        expected: String,
    },
}

/// A text that is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a verifier key: a name, a key id and a key, separated by '+', as `GET /audit/checkpoint` gives it")]
pub struct InvalidVerifierKey;

/// What checks a log's signatures: the log's name and its public key, as `<name>+<key id>+<base64 of algorithm and key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    fn id(&self) -> [u8; KEY_ID_LENGTH] {
        key_id(&self.name, &self.key)
    }

    /// Reads a note that must be a checkpoint of this log, signed with this key.
    pub(super) fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX || note.chars().any(|character| character.is_control() && character != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = format!("{text}\n");
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        if signatures.lines().count() > SIGNATURES_MAX {
            return Err(NoteError::Malformed);
        }
        let mut is_signed = false;
        for line in signatures.lines() {
            let (name, bytes) = signature_of(line).ok_or(NoteError::Malformed)?;
            let Some((id, signature)) = bytes.split_first_chunk::<KEY_ID_LENGTH>() else { return Err(NoteError::Malformed) };
            // Signatures by others, such as witnesses, are not ours to judge.
            if name != self.name || *id != self.id() {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::Forged(self.name.clone()))?;
            self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Forged(self.name.clone()))?;
            is_signed = true;
        }
        if !is_signed {
            return Err(NoteError::NotSigned(self.name.clone()));
        }
        let checkpoint = Checkpoint::read(&text).ok_or(NoteError::Malformed)?;
        if checkpoint.origin == self.name {
            Ok(checkpoint)
        } else {
            Err(NoteError::Foreign { found: checkpoint.origin, expected: self.name.clone() })
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode([&[ALGORITHM], self.key.as_bytes().as_slice()].concat());
        write!(formatter, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidVerifierKey;

    fn from_str(text: &str) -> Result<Self, InvalidVerifierKey> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidVerifierKey);
        };
        let key = BASE64.decode(key).map_err(|_| InvalidVerifierKey)?;
        let key = key.strip_prefix(&[ALGORITHM]).and_then(|key| <&[u8; 32]>::try_from(key).ok()).ok_or(InvalidVerifierKey)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| InvalidVerifierKey)?;
        let verifier = Self { name: name.to_owned(), key };
        let is_named = !name.is_empty() && !name.contains(char::is_whitespace);
        if is_named && hex::encode(verifier.id()) == id { Ok(verifier) } else { Err(InvalidVerifierKey) }
    }
}

fn key_id(name: &str, key: &VerifyingKey) -> [u8; KEY_ID_LENGTH] {
    let hashed = Sha256::new().chain_update(name).chain_update(b"\n").chain_update([ALGORITHM]).chain_update(key.as_bytes());
    let mut id = [0; KEY_ID_LENGTH];
    id.iter_mut().zip(hashed.finalize()).for_each(|(to, from)| *to = from);
    id
}

fn signature_of(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    Some((name, BASE64.decode(signature).ok()?))
}

/// What a log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The log's name.
    pub(super) origin: String,
    /// How many entries it has.
    pub(super) size: u64,
    /// The root of the tree over them.
    pub(super) root: Hash,
    /// More lines, where a checkpoint stands for something besides.
    pub(super) extensions: Vec<String>,
}

impl Checkpoint {
    fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size) = (lines.next()?.to_owned(), lines.next()?);
        let root = Hash::try_from(BASE64.decode(lines.next()?).ok()?).ok()?;
        let checkpoint = Self { origin, size: size.parse().ok()?, root, extensions: lines.map(str::to_owned).collect() };
        // One checkpoint has one text: no number with zeros before it, no empty line.
        (!checkpoint.origin.is_empty() && checkpoint.text() == text && !text.contains("\n\n")).then_some(checkpoint)
    }
}

/// What signs a log's checkpoints.
pub(super) struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// Signs for the log of this name: no spaces, no plus signs.
    pub(super) fn new(name: String, seed: &[u8; 32]) -> Self {
        Self { name, key: SigningKey::from_bytes(seed) }
    }

    /// What checks what this signs.
    pub(super) fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The signed note of a tree of so many leaves.
    pub(super) fn sign(&self, size: u64, root: Hash, extensions: Vec<String>) -> String {
        let text = Checkpoint { origin: self.name.clone(), size, root, extensions }.text();
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signature = BASE64.encode([self.verifier().id().as_slice(), signature.as_slice()].concat());
        format!("{text}\n{SIGNATURE_PREFIX}{} {signature}\n", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the signed note's specification (golang.org/x/mod/sumdb/note).
    const KNOWN_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const KNOWN_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str) -> Signer {
        Signer::new(name.to_owned(), &[7; 32])
    }

    #[test]
    fn the_known_note_is_signed_by_the_known_key_and_is_no_checkpoint() {
        let key: VerifierKey = KNOWN_KEY.parse().unwrap();
        assert_eq!(key.to_string(), KNOWN_KEY);
        assert_eq!(key.open(KNOWN_NOTE), Err(NoteError::Malformed), "its text is a sentence");
        let changed = KNOWN_NOTE.replacen("answer", "bnswer", 1);
        assert_eq!(key.open(&changed), Err(NoteError::Forged("PeterNeumann".into())));
    }

    #[test]
    fn a_checkpoint_opens_with_its_own_key_only() {
        let (ours, root) = (signer("log.example/a"), [3; 32]);
        let note = ours.sign(12, root, vec!["chain 00".into()]);
        let verifier: VerifierKey = ours.verifier().to_string().parse().unwrap();
        let opened = verifier.open(&note).unwrap();
        assert_eq!((opened.size, opened.root, opened.extensions), (12, root, vec!["chain 00".to_owned()]));
        let witnessed = format!("{note}{SIGNATURE_PREFIX}witness.example AAAAAAAA\n");
        assert!(verifier.open(&witnessed).is_ok(), "others may sign too");
        let other = Signer::new("log.example/a".into(), &[8; 32]);
        assert_eq!(verifier.open(&other.sign(12, root, Vec::new())), Err(NoteError::NotSigned("log.example/a".into())));
        for changed in ["11", "012", "x"] {
            assert!(verifier.open(&note.replacen("12", changed, 1)).is_err());
        }
        assert!(verifier.open(note.trim_end()).is_err() && verifier.open("").is_err() && verifier.open("\n\n\n").is_err());
        let foreign = Signer { name: "log.example/a".into(), key: SigningKey::from_bytes(&[7; 32]) };
        let text = Checkpoint { origin: "log.example/b".into(), size: 1, root, extensions: Vec::new() }.text();
        let signature = [verifier.id().as_slice(), &foreign.key.sign(text.as_bytes()).to_bytes()].concat();
        let note = format!("{text}\n{SIGNATURE_PREFIX}log.example/a {}\n", BASE64.encode(signature));
        assert!(matches!(verifier.open(&note), Err(NoteError::Foreign { .. })));
    }

    #[test]
    fn a_text_that_is_no_verifier_key_is_refused() {
        for text in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a b+c74f20a3+AQ=="] {
            assert_eq!(text.parse::<VerifierKey>(), Err(InvalidVerifierKey), "{text}");
        }
    }
}
