//! The client's end of a connection: the four framings, in the clear or obfuscated.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use grammers_crypto::ObfuscatedCipher;

/// What the network must answer within. Only a broken network takes that long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// How the client frames its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Full,
    Abridged,
    Intermediate,
    Padded,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Frame(Vec<u8>),
    /// A transport error, such as -404.
    Error(i32),
    Closed,
}

impl Received {
    pub(crate) fn frame(self) -> Vec<u8> {
        match self {
            Self::Frame(frame) => frame,
            other => panic!("a frame was to come, not {other:?}"),
        }
    }
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    framing: Framing,
    cipher: Option<ObfuscatedCipher>,
    sent: u32,
    received: u32,
}

impl Wire {
    /// A connection in the intermediate transport.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::open_with(address, Framing::Intermediate, false)
    }

    pub(crate) fn open_with(address: SocketAddr, framing: Framing, obfuscated: bool) -> Self {
        let stream = Self::connect(address);
        let mut wire = Self { stream, framing, cipher: None, sent: 0, received: 0 };
        let tag: &[u8] = match framing {
            Framing::Full => &[],
            Framing::Abridged => &[0xef],
            Framing::Intermediate => &[0xee; 4],
            Framing::Padded => &[0xdd; 4],
        };
        if obfuscated {
            wire.obfuscate(*tag.first().expect("the full transport cannot be obfuscated"));
        } else {
            wire.send_raw(tag);
        }
        wire
    }

    /// A connection that has said nothing, not even which transport it is.
    pub(crate) fn open_raw(address: SocketAddr) -> Self {
        Self { stream: Self::connect(address), framing: Framing::Full, cipher: None, sent: 0, received: 0 }
    }

    /// A socket that nothing was sent on.
    pub(crate) fn connect(address: SocketAddr) -> TcpStream {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// The 64 bytes that begin obfuscated2: random but for the tag, which is sent encrypted like everything after it.
    fn obfuscate(&mut self, tag: u8) {
        let mut init: [u8; 64] = random();
        // A first byte and a second word that no other transport begins with.
        (init[0], init[4]) = (1, 1);
        init[56..60].fill(tag);
        let mut cipher = ObfuscatedCipher::new(&init);
        let mut encrypted = init;
        cipher.encrypt(&mut encrypted);
        init[56..].copy_from_slice(&encrypted[56..]);
        self.send_raw(&init);
        self.cipher = Some(cipher);
    }

    /// Sends bytes as they are.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, payload: &[u8]) {
        let frame = self.frame(payload);
        self.send_raw(&frame);
    }

    /// A payload as it goes over the wire next.
    pub(crate) fn frame(&mut self, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap();
        let mut frame = match self.framing {
            Framing::Full => {
                let content = [&(length + 12).to_le_bytes(), &self.sent.to_le_bytes(), payload].concat();
                [content.as_slice(), &crc32fast::hash(&content).to_le_bytes()].concat()
            }
            Framing::Abridged if length / 4 < 0x7f => [&[u8::try_from(length / 4).unwrap()], payload].concat(),
            Framing::Abridged => [&((length / 4) << 8 | 0x7f).to_le_bytes(), payload].concat(),
            Framing::Intermediate => [&length.to_le_bytes(), payload].concat(),
            Framing::Padded => {
                let padding = &random::<16>()[..usize::from(random::<1>()[0] % 16)];
                [&(length + u32::try_from(padding.len()).unwrap()).to_le_bytes(), payload, padding].concat()
            }
        };
        self.sent += 1;
        if let Some(cipher) = &mut self.cipher {
            cipher.encrypt(&mut frame);
        }
        frame
    }

    pub(crate) fn receive(&mut self) -> Received {
        match self.try_receive() {
            Ok(payload) if payload.len() == 4 => Received::Error(i32::from_le_bytes(payload.try_into().unwrap())),
            Ok(payload) => Received::Frame(payload),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("the network neither answered nor closed the connection")
            }
            Err(_) => Received::Closed,
        }
    }

    fn try_receive(&mut self) -> io::Result<Vec<u8>> {
        match self.framing {
            Framing::Full => {
                let header = self.read(8)?;
                // An error is no frame: its code stands where length, number and payload do.
                if word(&header).cast_signed() < 0 {
                    assert_eq!(header[..4], header[4..]);
                    return self.read(4);
                }
                let mut rest = self.read(usize::try_from(word(&header)).unwrap() - 8)?;
                assert_eq!(word(&header[4..]), self.received, "frames are counted");
                self.received += 1;
                let checksum = rest.split_off(rest.len() - 4);
                assert_eq!(crc32fast::hash(&[header, rest.clone()].concat()), word(&checksum));
                Ok(rest)
            }
            Framing::Abridged => {
                let first = self.read(1)?[0];
                let words = if first < 0x7f {
                    usize::from(first)
                } else {
                    usize::try_from(word(&[self.read(3)?, vec![0]].concat())).unwrap()
                };
                self.read(words * 4)
            }
            Framing::Intermediate => {
                let length = word(&self.read(4)?);
                self.read(usize::try_from(length).unwrap())
            }
            Framing::Padded => {
                let length = usize::try_from(word(&self.read(4)?)).unwrap();
                let mut payload = self.read(length)?;
                if payload.len() >= 24 && payload[..8] != [0; 8] {
                    payload.truncate(length - (length - 24) % 16);
                }
                Ok(payload)
            }
        }
    }

    fn read(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        if let Some(cipher) = &mut self.cipher {
            cipher.decrypt(&mut bytes);
        }
        Ok(bytes)
    }

    /// Nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Waits until the network has closed the connection, whatever it sends before.
    pub(crate) fn wait_for_close(&mut self) {
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    panic!("the network did not close the connection")
                }
                Err(_) => return,
            }
        }
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

pub(crate) fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
