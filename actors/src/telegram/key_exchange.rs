//! Making an auth key with a network whose RSA key grammers does not know, <https://core.telegram.org/mtproto/auth_key>, with the checks of
//! <https://core.telegram.org/mtproto/security_guidelines>.

use std::net::SocketAddr;
use std::time::Duration;

use grammers_crypto::{AuthKey, DequeBuffer, aes, factorize, generate_key_data_from_nonce};
use grammers_mtproto::transport::{Full, Transport};
use grammers_tl_types::{Cursor, Deserializable, RemoteCall, Serializable, enums, functions, types};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::TelegramError;
use super::diffie_hellman::{Group, WeakExchange};
use super::proxy::ResolvedProxy;
use super::rsa::{PublicKey, sha1_of};
use crate::runtime::now_ms;

/// How long one whole exchange may take.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);

/// Exchanges that are tried before giving up: a server may ask for another one.
const TRIES_MAX: usize = 3;

/// The largest frame that an exchange may receive, in bytes.
const FRAME_BYTES_MAX: usize = 16 * 1_024;

/// Makes an auth key with the datacentre at this address, through a proxy if there is one. It must prove to hold one of these keys.
///
/// # Errors
/// [`TelegramError::Connection`] when it cannot be reached; [`TelegramError::Datacentre`] when the exchange fails a check.
pub(super) async fn make_key(
    address: SocketAddr,
    dc_id: i32,
    keys: &[PublicKey],
    proxy: Option<&ResolvedProxy>,
) -> Result<Zeroizing<[u8; 256]>, TelegramError> {
    let exchange = async {
        let mut last = failed("it asked for too many exchanges");
        for _ in 0..TRIES_MAX {
            match one_exchange(address, proxy, dc_id, keys).await {
                Ok(Some(key)) => return Ok(key),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    let timed_out = || TelegramError::Connection("the key exchange took too long".to_owned());
    tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await.map_err(|_| timed_out())?
}

fn failed(reason: &str) -> TelegramError {
    TelegramError::Datacentre(format!("key exchange: {reason}"))
}

fn check(holds: bool, reason: &str) -> Result<(), TelegramError> {
    if holds { Ok(()) } else { Err(failed(reason)) }
}

fn random<const LENGTH: usize>() -> Result<Zeroizing<[u8; LENGTH]>, TelegramError> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| failed("the system gives no randomness"))?;
    Ok(bytes)
}

/// What both sides name themselves by.
struct Nonces {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: Zeroizing<[u8; 32]>,
}

impl Nonces {
    fn check(&self, nonce: [u8; 16], server_nonce: [u8; 16]) -> Result<(), TelegramError> {
        check(nonce == self.nonce && server_nonce == self.server_nonce, "a nonce is wrong")
    }
}

/// `None` means that the server asks for another exchange.
async fn one_exchange(
    address: SocketAddr,
    proxy: Option<&ResolvedProxy>,
    dc_id: i32,
    keys: &[PublicKey],
) -> Result<Option<Zeroizing<[u8; 256]>>, TelegramError> {
    let mut wire = Wire::connect(address, proxy).await?;
    let nonce = *random::<16>()?;
    let enums::ResPq::Pq(offer) = wire.call(&functions::ReqPqMulti { nonce }).await?;
    check(offer.nonce == nonce, "a nonce is wrong")?;
    let nonces = Nonces { nonce, server_nonce: offer.server_nonce, new_nonce: random()? };
    let request = prove(&nonces, &offer, dc_id, keys)?;
    let enums::ServerDhParams::Ok(parameters) = wire.call(&request).await? else {
        return Err(failed("the server refused the factors"));
    };
    nonces.check(parameters.nonce, parameters.server_nonce)?;
    let server = open_answer(&nonces, parameters.encrypted_answer)?;
    let secret = random::<256>()?;
    let (request, key) = agree(&nonces, &server, &secret)?;
    finish(&nonces, key, wire.call(&request).await?)
}

/// Factors `pq` and encrypts the secret nonce for a key that the server claims to hold.
fn prove(nonces: &Nonces, offer: &types::ResPq, dc_id: i32, keys: &[PublicKey]) -> Result<functions::ReqDhParams, TelegramError> {
    let pq = <[u8; 8]>::try_from(offer.pq.as_slice()).map_err(|_| failed("pq has a wrong length"))?;
    let pq = u64::from_be_bytes(pq);
    check(pq > 3 && pq % 2 == 1, "pq has no two odd factors")?;
    let (p, q) = factorize(pq);
    check(1 < p && p < q && p.checked_mul(q) == Some(pq), "pq cannot be factored")?;
    let minimal = |number: u64| number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let (p, q) = (minimal(p), minimal(q));
    let named = |key: &&PublicKey| offer.server_public_key_fingerprints.contains(&key.fingerprint());
    let key = keys.iter().find(named).ok_or_else(|| failed("the server holds none of the network's keys"))?;
    let inner = types::PQInnerDataDc {
        pq: offer.pq.clone(),
        p: p.clone(),
        q: q.clone(),
        nonce: nonces.nonce,
        server_nonce: nonces.server_nonce,
        new_nonce: *nonces.new_nonce,
        dc: dc_id,
    };
    let inner = Zeroizing::new(enums::PQInnerData::Dc(inner).to_bytes());
    let encrypted_data = key.encrypt(&inner, &*random::<224>()?).ok_or_else(|| failed("the data is too long for the key"))?;
    Ok(functions::ReqDhParams {
        nonce: nonces.nonce,
        server_nonce: nonces.server_nonce,
        p,
        q,
        public_key_fingerprint: key.fingerprint(),
        encrypted_data,
    })
}

/// Decrypts the server's half and checks its hash, nonces and group.
fn open_answer(nonces: &Nonces, mut encrypted: Vec<u8>) -> Result<types::ServerDhInnerData, TelegramError> {
    check(!encrypted.is_empty() && encrypted.len().is_multiple_of(16), "the answer is cut short")?;
    let (key, iv) = generate_key_data_from_nonce(&nonces.server_nonce, &nonces.new_nonce);
    aes::ige_decrypt(&mut encrypted, &key, &iv);
    let (hash, rest) = encrypted.split_first_chunk::<20>().ok_or_else(|| failed("the answer is cut short"))?;
    let mut cursor = Cursor::from_slice(rest);
    let unreadable = |_| failed("the answer cannot be read");
    let enums::ServerDhInnerData::Data(inner) = enums::ServerDhInnerData::deserialize(&mut cursor).map_err(unreadable)?;
    check(rest.get(..cursor.pos()).is_some_and(|content| sha1_of(content) == *hash), "the answer has a wrong hash")?;
    nonces.check(inner.nonce, inner.server_nonce)?;
    Ok(inner)
}

fn weak(exchange: WeakExchange) -> TelegramError {
    failed(&exchange.to_string())
}

/// Agrees on the key. The prime must be Telegram's own, so that no primality test is needed.
fn agree(
    nonces: &Nonces,
    server: &types::ServerDhInnerData,
    secret: &[u8; 256],
) -> Result<(functions::SetClientDhParams, Zeroizing<[u8; 256]>), TelegramError> {
    let own = Group::check_known(server.g, &server.dh_prime).and_then(|group| group.half(secret)).map_err(weak)?;
    let key = own.agree(&server.g_a).map_err(weak)?.into_bytes();
    let (nonce, server_nonce) = (nonces.nonce, nonces.server_nonce);
    let inner = types::ClientDhInnerData { nonce, server_nonce, retry_id: 0, g_b: own.public().to_vec() };
    let inner = enums::ClientDhInnerData::Data(inner).to_bytes();
    let mut encrypted_data = [sha1_of(&inner).as_slice(), &inner].concat();
    let missing = (16 - encrypted_data.len() % 16) % 16;
    encrypted_data.extend(random::<16>()?.iter().take(missing));
    let (aes_key, iv) = generate_key_data_from_nonce(&server_nonce, &nonces.new_nonce);
    aes::ige_encrypt(&mut encrypted_data, &aes_key, &iv);
    Ok((functions::SetClientDhParams { nonce, server_nonce, encrypted_data }, key))
}

/// Checks that the server has the same key, whatever it answers.
fn finish(
    nonces: &Nonces,
    key: Zeroizing<[u8; 256]>,
    answer: enums::SetClientDhParamsAnswer,
) -> Result<Option<Zeroizing<[u8; 256]>>, TelegramError> {
    use enums::SetClientDhParamsAnswer as Answer;
    let (nonce, server_nonce, hash, number) = match answer {
        Answer::DhGenOk(answer) => (answer.nonce, answer.server_nonce, answer.new_nonce_hash1, 1),
        Answer::DhGenRetry(answer) => (answer.nonce, answer.server_nonce, answer.new_nonce_hash2, 2),
        Answer::DhGenFail(answer) => (answer.nonce, answer.server_nonce, answer.new_nonce_hash3, 3),
    };
    nonces.check(nonce, server_nonce)?;
    let expected = AuthKey::from_bytes(*key).calc_new_nonce_hash(&nonces.new_nonce, number);
    check(hash == expected, "the server has another key")?;
    match number {
        1 => Ok(Some(key)),
        2 => Ok(None),
        _ => Err(failed("the server refused the key")),
    }
}

/// Unencrypted messages over the full transport.
struct Wire {
    socket: TcpStream,
    transport: Full,
    last_id: i64,
}

impl Wire {
    async fn connect(address: SocketAddr, proxy: Option<&ResolvedProxy>) -> Result<Self, TelegramError> {
        let socket = match proxy {
            Some(proxy) => proxy.connect(address).await?,
            None => TcpStream::connect(address).await.map_err(broken)?,
        };
        socket.set_nodelay(true).map_err(broken)?;
        Ok(Self { socket, transport: Full::new(), last_id: 0 })
    }

    /// Sends one message, `0 (8 bytes) | id | length | body`, and reads the answer's body.
    async fn call<R: RemoteCall>(&mut self, request: &R) -> Result<R::Return, TelegramError> {
        let body = request.to_bytes();
        let mut message = DequeBuffer::with_capacity(body.len() + 32, 32);
        message.extend([0; 8]);
        message.extend(self.next_id().to_le_bytes());
        message.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        message.extend(body);
        self.transport.pack(&mut message);
        self.socket.write_all(&message[..]).await.map_err(broken)?;
        let frame = self.read_frame().await?;
        check(frame.len() > 4, "the server refused a message")?;
        let (header, body) = frame.split_at_checked(20).ok_or_else(|| failed("an answer is cut short"))?;
        check(header.get(..8) == Some(&[0; 8]), "an answer is encrypted")?;
        R::Return::from_bytes(body).map_err(|_| failed("an answer cannot be read"))
    }

    /// A full frame: `length | sequence | payload | CRC-32`.
    async fn read_frame(&mut self) -> Result<Vec<u8>, TelegramError> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length).await.map_err(broken)?;
        let total = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        check((16..=FRAME_BYTES_MAX).contains(&total), "a frame has a wrong length")?;
        let mut frame = length.to_vec();
        frame.resize(total, 0);
        let rest = frame.get_mut(4..).ok_or_else(|| failed("a frame has a wrong length"))?;
        self.socket.read_exact(rest).await.map_err(broken)?;
        let offset = self.transport.unpack(&mut frame).map_err(|_| failed("a frame is damaged"))?;
        Ok(frame.get(offset.data_range).unwrap_or_default().to_vec())
    }

    fn next_id(&mut self) -> i64 {
        let now = i64::try_from(now_ms()).unwrap_or(0);
        let id = ((now / 1_000) << 32) | (((now % 1_000) << 32) / 1_000) & !3;
        self.last_id = id.max(self.last_id + 4);
        self.last_id
    }
}

fn broken(error: std::io::Error) -> TelegramError {
    TelegramError::Connection(error.kind().to_string())
}
