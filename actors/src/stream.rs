//! Bytes on their way: bodies that are too large to be held, handed on piece by piece. A slow reader holds its writer back, and either
//! side that goes away ends the other.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Code, Error};

/// Pieces that may wait between writer and reader.
const PIECES_MAX: usize = 2;

enum Piece {
    Bytes(Bytes),
    End,
}

/// Where bytes are written. Dropping it without [`ByteSender::end`] tells the reader that they are not whole.
#[derive(Debug)]
pub struct ByteSender(mpsc::Sender<Result<Piece, Error>>);

/// Where bytes are read. Dropping it stops the writer.
#[derive(Debug)]
pub struct ByteStream {
    pieces: mpsc::Receiver<Result<Piece, Error>>,
    /// Where the digest of everything goes, when everything was read.
    digest: Option<(Sha256, oneshot::Sender<[u8; 32]>)>,
}

/// The reader is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads any more")]
pub struct ReaderGone;

/// A stream of bytes and its writer.
pub fn byte_stream() -> (ByteSender, ByteStream) {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    (ByteSender(sender), ByteStream { pieces: receiver, digest: None })
}

/// A stream of bytes that are at hand.
pub fn stream_of(bytes: Bytes) -> ByteStream {
    let (sender, stream) = byte_stream();
    for piece in [Piece::Bytes(bytes), Piece::End] {
        // There is room for both.
        let _sent = sender.0.try_send(Ok(piece));
    }
    stream
}

impl ByteSender {
    /// Writes a piece; waits for room.
    ///
    /// # Errors
    /// [`ReaderGone`].
    pub async fn send(&self, bytes: Bytes) -> Result<(), ReaderGone> {
        self.0.send(Ok(Piece::Bytes(bytes))).await.map_err(|_| ReaderGone)
    }

    /// Tells the reader why there is no more.
    pub async fn fail(self, error: Error) {
        let _reader_may_be_gone = self.0.send(Err(error)).await;
    }

    /// Tells the reader that it has everything.
    pub async fn end(self) {
        let _reader_may_be_gone = self.0.send(Ok(Piece::End)).await;
    }

    /// Resolves when the reader is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

impl ByteStream {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// What the writer failed with, or [`Code::BadRequest`] when it went away in the middle.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.pieces.recv().await {
            Some(Ok(Piece::Bytes(bytes))) => {
                if let Some((digest, _)) = &mut self.digest {
                    digest.update(&bytes);
                }
                Ok(Some(bytes))
            }
            Some(Ok(Piece::End)) => {
                if let Some((digest, told)) = self.digest.take() {
                    let _nobody_may_ask = told.send(digest.finalize().into());
                }
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            None => Err(Error::new(Code::BadRequest, "The body did not arrive whole")),
        }
    }

    /// The same stream, and its SHA-256 as soon as its end was read.
    pub(crate) fn digested(self) -> (Self, oneshot::Receiver<[u8; 32]>) {
        let (told, digest) = oneshot::channel();
        (Self { digest: Some((Sha256::new(), told)), ..self }, digest)
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Piece")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_is_whole_only_if_its_writer_says_so() {
        let (sender, mut stream) = byte_stream();
        sender.send(Bytes::from_static(b"one")).await.unwrap();
        sender.end().await;
        assert_eq!(stream.next().await.unwrap().as_deref(), Some(b"one".as_slice()));
        assert_eq!(stream.next().await.unwrap(), None);
        let (sender, mut stream) = byte_stream();
        sender.send(Bytes::from_static(b"one")).await.unwrap();
        drop(sender);
        stream.next().await.unwrap();
        assert_eq!(stream.next().await.unwrap_err().code(), Code::BadRequest);
        let mut at_hand = stream_of(Bytes::from_static(b"two"));
        assert_eq!(at_hand.next().await.unwrap().as_deref(), Some(b"two".as_slice()));
        assert_eq!(at_hand.next().await.unwrap(), None);
        let (sender, stream) = byte_stream();
        drop(stream);
        assert_eq!(sender.send(Bytes::new()).await, Err(ReaderGone));
    }
}
