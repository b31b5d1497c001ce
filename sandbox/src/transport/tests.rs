//! Every transport, in any pieces.

use grammers_mtproto::transport as client;
use proptest::prelude::*;

use super::*;

/// A client's stream of these payloads in one of the transports.
fn stream(kind: u8, payloads: &[Vec<u8>]) -> Vec<u8> {
    fn packed(mut transport: impl client::Transport, payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for payload in payloads {
            let mut buffer = grammers_crypto::DequeBuffer::with_capacity(payload.len(), 64);
            buffer.extend(payload.iter().copied());
            transport.pack(&mut buffer);
            stream.extend_from_slice(&buffer[..]);
        }
        stream
    }
    match kind {
        0 => packed(client::Full::new(), payloads),
        1 => packed(client::Abridged::new(), payloads),
        2 => packed(client::Intermediate::new(), payloads),
        3 => packed(client::Obfuscated::new(client::Intermediate::new()), payloads),
        _ => {
            let mut stream = vec![0xdd; 4];
            for payload in payloads {
                let padded = [payload.as_slice(), &[7; 5]].concat();
                stream.extend_from_slice(&u32::try_from(padded.len()).unwrap().to_le_bytes());
                stream.extend_from_slice(&padded);
            }
            stream
        }
    }
}

proptest! {
    #[test]
    fn frames_come_whole_however_the_stream_is_cut(
        kind in 0u8..5,
        blocks in proptest::collection::vec(1usize..80, 1..6),
        cuts in proptest::collection::vec(1usize..200, 1..50),
    ) {
        // Encrypted payloads: an auth key id that is not zero, a message key, and whole blocks.
        let payloads: Vec<Vec<u8>> = blocks.iter().map(|blocks| vec![9; 24 + blocks * 16]).collect();
        let stream = stream(kind, &payloads);
        let mut transport = Transport::new();
        let (mut seen, mut rest) = (Vec::new(), stream.as_slice());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            rest = after;
            transport.receive(piece);
            while let Some(frame) = transport.next_frame().unwrap() {
                seen.push(frame);
            }
        }
        prop_assert_eq!(seen, payloads);
    }

    #[test]
    fn no_stream_makes_it_panic(stream in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut transport = Transport::new();
        transport.receive(&stream);
        while let Ok(Some(_)) = transport.next_frame() {}
    }
}

#[test]
fn oversized_frames_are_refused_before_they_are_stored() {
    let mut transport = Transport::new();
    transport.receive(&[0xee; 4]);
    transport.receive(&(u32::try_from(FRAME_BYTES_MAX).unwrap() + 4).to_le_bytes());
    assert_eq!(transport.next_frame(), Err(FrameError::Length(FRAME_BYTES_MAX + 4)));
}
