//! Sessions as text: how Telethon and Pyrogram write them, so that a login can move between programs.
//!
//! Telethon (version 1): the digit `1`, then URL-safe base64 of `datacentre (1 byte) | IPv4 or IPv6 address | port (2 bytes) | auth key
//! (256 bytes)`, big-endian. Pyrogram: URL-safe base64 without padding, in three layouts that grew with its releases:
//! `datacentre | test (1 byte) | auth key | user id (4 bytes) | bot (1 byte)`, the same with a user id of 8 bytes, and
//! `datacentre | api_id (4 bytes) | test | auth key | user id (8 bytes) | bot`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// The longest session string that is read, in bytes: more than any layout has.
const SESSION_STRING_BYTES_MAX: usize = 1_024;

/// The length of an auth key, in bytes.
const KEY_BYTES: usize = 256;

/// Telethon's version, which its strings begin with.
const TELETHON_VERSION: char = '1';

/// URL-safe base64; reads it with and without padding.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The text is no session in a layout that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a Telethon (version 1) nor a Pyrogram session string")]
pub struct InvalidSessionString;

/// What of a session another program can go on with.
#[derive(Clone, PartialEq, Eq)]
pub struct PortableSession {
    /// The datacentre where the account lives.
    pub dc_id: i32,
    /// Where that datacentre listens, if the text says so.
    pub address: Option<SocketAddr>,
    /// Whether it is one of Telegram's test datacentres, if the text says so.
    pub test: Option<bool>,
    /// The auth key.
    pub auth_key: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for PortableSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PortableSession(datacentre {})", self.dc_id)
    }
}

impl PortableSession {
    /// Reads a session string of either program, in every layout that they document.
    ///
    /// # Errors
    /// [`InvalidSessionString`] for any other text.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidSessionString> {
        let text = text.expose_secret().trim();
        if text.len() > SESSION_STRING_BYTES_MAX {
            return Err(InvalidSessionString);
        }
        // A Pyrogram string begins with the datacentre's number, so that its first letter is A, B or C.
        match text.strip_prefix(TELETHON_VERSION) {
            Some(rest) => telethon(&decode(rest)?),
            None => pyrogram(&decode(text)?),
        }
    }

    /// The session as Telethon reads it.
    ///
    /// # Errors
    /// [`InvalidSessionString`] for a session without an address, or a datacentre whose number does not fit.
    pub fn to_telethon(&self) -> Result<SecretString, InvalidSessionString> {
        let address = self.address.ok_or(InvalidSessionString)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + 16 + 2 + KEY_BYTES));
        bytes.push(u8::try_from(self.dc_id).map_err(|_| InvalidSessionString)?);
        match address.ip() {
            IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
        }
        bytes.extend_from_slice(&address.port().to_be_bytes());
        bytes.extend_from_slice(self.auth_key.as_slice());
        Ok(SecretString::from(format!("{TELETHON_VERSION}{}", BASE64.encode(bytes.as_slice()))))
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSessionString> {
    BASE64.decode(text).map(Zeroizing::new).map_err(|_| InvalidSessionString)
}

/// Takes fields off the front of bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], InvalidSessionString> {
        let (field, rest) = self.0.split_first_chunk::<LENGTH>().ok_or(InvalidSessionString)?;
        self.0 = rest;
        Ok(*field)
    }

    fn datacentre(&mut self) -> Result<i32, InvalidSessionString> {
        self.take::<1>()
            .map(|[number]| i32::from(number))
            .and_then(|number| (number > 0).then_some(number).ok_or(InvalidSessionString))
    }

    fn flag(&mut self) -> Result<bool, InvalidSessionString> {
        match self.take::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(InvalidSessionString),
        }
    }

    fn key(&mut self) -> Result<Zeroizing<[u8; KEY_BYTES]>, InvalidSessionString> {
        let key = self.take::<KEY_BYTES>().map(Zeroizing::new)?;
        // An unused session is written with a key of zeros.
        if key.iter().all(|byte| *byte == 0) { Err(InvalidSessionString) } else { Ok(key) }
    }
}

fn telethon(bytes: &[u8]) -> Result<PortableSession, InvalidSessionString> {
    let with_address = |address: usize| 1 + address + 2 + KEY_BYTES;
    let mut fields = Fields(bytes);
    let dc_id = fields.datacentre()?;
    let ip: IpAddr = match bytes.len() {
        length if length == with_address(4) => Ipv4Addr::from(fields.take::<4>()?).into(),
        length if length == with_address(16) => Ipv6Addr::from(fields.take::<16>()?).into(),
        _ => return Err(InvalidSessionString),
    };
    let port = u16::from_be_bytes(fields.take()?);
    Ok(PortableSession { dc_id, address: Some(SocketAddr::new(ip, port)), test: None, auth_key: fields.key()? })
}

fn pyrogram(bytes: &[u8]) -> Result<PortableSession, InvalidSessionString> {
    let length_with = |api_id: usize, user_id: usize| 1 + api_id + 1 + KEY_BYTES + user_id + 1;
    let mut fields = Fields(bytes);
    let dc_id = fields.datacentre()?;
    match bytes.len() {
        length if length == length_with(0, 4) || length == length_with(0, 8) => {}
        length if length == length_with(4, 8) => _ = fields.take::<4>()?,
        _ => return Err(InvalidSessionString),
    }
    let test = fields.flag()?;
    Ok(PortableSession { dc_id, address: None, test: Some(test), auth_key: fields.key()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    fn session(dc_id: i32, address: Option<SocketAddr>, test: Option<bool>, key: u8) -> PortableSession {
        PortableSession { dc_id, address, test, auth_key: Zeroizing::new([key; KEY_BYTES]) }
    }

    fn parsed(text: &str) -> Result<PortableSession, InvalidSessionString> {
        PortableSession::parse(&SecretString::from(text))
    }

    /// The three layouts as Pyrogram packs them: `>B?256sI?`, `>B?256sQ?` and `>BI?256sQ?`.
    fn pyrogram_strings(dc_id: u8, test: bool, key: u8) -> [String; 3] {
        let (test, key, bot) = ([u8::from(test)], [key; KEY_BYTES], [0]);
        let head = [dc_id];
        let old = [&head[..], &test, &key, &7_u32.to_be_bytes(), &bot].concat();
        let wide = [&head[..], &test, &key, &7_u64.to_be_bytes(), &bot].concat();
        let new = [&head[..], &17_u32.to_be_bytes(), &test, &key, &7_u64.to_be_bytes(), &bot].concat();
        [old, wide, new].map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }

    #[test]
    fn every_layout_of_pyrogram_is_read() {
        let strings = pyrogram_strings(4, true, 9);
        assert_eq!(strings.each_ref().map(String::len), [351, 356, 362], "as Pyrogram documents");
        for text in strings {
            assert_eq!(parsed(&text), Ok(session(4, None, Some(true), 9)));
            assert_eq!(parsed(&format!(" {text}\n")), Ok(session(4, None, Some(true), 9)));
            let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
            assert_eq!(parsed(&padded), Ok(session(4, None, Some(true), 9)));
        }
    }

    #[test]
    fn telethon_s_lengths_are_as_it_documents() {
        let text = |address: &str| session(2, Some(address.parse().unwrap()), None, 1).to_telethon().unwrap();
        assert_eq!(text("149.154.167.51:443").expose_secret().len(), 353);
        assert_eq!(text("[2001:67c:4e8:f002::a]:443").expose_secret().len(), 369);
    }

    #[test]
    fn what_is_no_session_is_refused() {
        let unused = session(2, Some("127.0.0.1:443".parse().unwrap()), None, 0).to_telethon().unwrap();
        for text in ["", "1", "2", "1====", unused.expose_secret(), &"A".repeat(351), &"A".repeat(SESSION_STRING_BYTES_MAX + 1)] {
            assert_eq!(parsed(text), Err(InvalidSessionString), "{text}");
        }
        let [old, ..] = pyrogram_strings(2, false, 3);
        assert_eq!(parsed(&old[..old.len() - 4]), Err(InvalidSessionString));
    }

    proptest! {
        #[test]
        fn telethon_strings_round_trip(dc_id in 1..=5i32, ip in any::<IpAddr>(), port in any::<u16>(), key in 1..=u8::MAX) {
            let session = session(dc_id, Some(SocketAddr::new(ip, port)), None, key);
            prop_assert_eq!(PortableSession::parse(&session.to_telethon().unwrap()).unwrap(), session);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "1?[A-Za-z0-9_=-]{0,400}") {
            let _ = parsed(&text);
        }
    }
}
