//! A client that sends what it is told to, right or wrong, and gives what comes back as it is.

use std::io::Read;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::read::GzDecoder;
use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, RemoteCall, Serializable, enums, functions, types};

use telegram_sandbox::control::{Control, NewUser};

use crate::exchange;
use crate::network::TestNetwork;
use crate::wire::{Received, Wire, random};

const RPC_RESULT: u32 = 0xf35c_6d01;
const RPC_ERROR: u32 = 0x2144_ca19;
const GZIP_PACKED: u32 = 0x3072_cfa1;
const MESSAGE_CONTAINER: u32 = 0x73f1_f8dc;

/// The message id of this very moment.
pub(crate) fn id_now() -> i64 {
    id_at(0)
}

/// The message id of a moment so many seconds from now.
pub(crate) fn id_at(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let fraction = (i64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (((i64::try_from(now.as_secs()).unwrap() + seconds) << 32) | fraction) & !3
}

/// A message of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) sequence: i32,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn constructor(&self) -> u32 {
        u32::from_le_bytes(self.body[..4].try_into().unwrap())
    }

    /// The message as a service message, if it is of that type.
    pub(crate) fn read<T: Deserializable + Identifiable>(&self) -> Option<T> {
        (self.constructor() == T::CONSTRUCTOR_ID).then(|| T::deserialize(&mut Cursor::from_slice(&self.body[4..])).unwrap())
    }

    /// The message as the result of a request, uncompressed.
    pub(crate) fn result_of(&self, request: i64) -> Option<Vec<u8>> {
        if self.constructor() != RPC_RESULT || self.body[4..12] != request.to_le_bytes() {
            return None;
        }
        let result = &self.body[12..];
        if result[..4] != GZIP_PACKED.to_le_bytes() {
            return Some(result.to_vec());
        }
        let packed = Vec::<u8>::from_bytes(&result[4..]).unwrap();
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        Some(unpacked)
    }
}

/// What a call came to.
pub(crate) type Outcome<T> = Result<T, (i32, String)>;

/// Reads a result, which may be an error.
pub(crate) fn outcome<T: Deserializable>(result: &[u8]) -> Outcome<T> {
    let mut cursor = Cursor::from_slice(result);
    if u32::deserialize(&mut cursor).unwrap() != RPC_ERROR {
        return Ok(T::from_bytes(result).unwrap());
    }
    Err((i32::deserialize(&mut cursor).unwrap(), String::deserialize(&mut cursor).unwrap()))
}

/// A client with a key and a session.
pub(crate) struct Client {
    pub(crate) wire: Wire,
    pub(crate) key: AuthKey,
    pub(crate) session: i64,
    pub(crate) salt: i64,
    last_id: i64,
    content_messages: i32,
}

impl Client {
    /// A client with a new key, whose session the network knows.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut wire = Wire::open(address);
        let key = exchange::make_key(&mut wire);
        let mut client = Self::new(wire, key);
        client.settle();
        client
    }

    /// A client that has said nothing yet and knows no salt.
    pub(crate) fn new(wire: Wire, key: AuthKey) -> Self {
        let session = i64::from_le_bytes(random());
        Self { wire, key, session, salt: 0, last_id: 0, content_messages: 0 }
    }

    /// Another session with the same key, on a connection of its own.
    pub(crate) fn sibling(&self, address: SocketAddr) -> Self {
        let mut client = Self::new(Wire::open(address), AuthKey::from_bytes(self.key.to_bytes()));
        client.settle();
        client
    }

    /// Takes the same session up on a new connection.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) {
        self.wire = Wire::open(address);
    }

    /// Learns the salt, and has the network know the session.
    pub(crate) fn settle(&mut self) {
        self.salt = 0;
        self.ping();
        let wrong: types::BadServerSalt = self.receive_of();
        self.salt = wrong.new_server_salt;
        self.before_pong();
    }

    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id = id_now().max(self.last_id + 4);
        self.last_id
    }

    /// The sequence number of the next message that is to be acknowledged.
    pub(crate) fn next_sequence(&mut self) -> i32 {
        self.content_messages += 1;
        self.content_messages * 2 - 1
    }

    /// The sequence number of the next message that is not.
    pub(crate) fn even_sequence(&self) -> i32 {
        self.content_messages * 2
    }

    /// Sends a request, and gives its id.
    pub(crate) fn send(&mut self, request: &impl Serializable) -> i64 {
        let message = self.message(request.to_bytes());
        self.send_message(&message);
        message.id
    }

    /// A body with the next id and sequence number.
    pub(crate) fn message(&mut self, body: Vec<u8>) -> Message {
        Message { id: self.next_id(), sequence: self.next_sequence(), body }
    }

    /// Several messages as one.
    pub(crate) fn container(&mut self, messages: &[Message]) -> Message {
        let count = i32::try_from(messages.len()).unwrap();
        let mut body = [MESSAGE_CONTAINER.to_le_bytes(), count.to_le_bytes()].concat();
        messages.iter().for_each(|message| body.extend(header_and_body(message)));
        Message { id: self.next_id(), sequence: self.even_sequence(), body }
    }

    pub(crate) fn send_message(&mut self, message: &Message) {
        let frame = self.seal(message);
        self.wire.send(&frame);
    }

    /// A message as a frame's payload.
    pub(crate) fn seal(&self, message: &Message) -> Vec<u8> {
        let plain = [&self.salt.to_le_bytes(), self.session.to_le_bytes().as_slice(), &header_and_body(message)].concat();
        let mut buffer = DequeBuffer::with_capacity(plain.len(), 64);
        buffer.extend(plain);
        encrypt_data_v2(&mut buffer, &self.key);
        buffer[..].to_vec()
    }

    /// Reads the next message.
    pub(crate) fn receive(&mut self) -> Message {
        let mut frame = self.wire.receive().frame();
        self.open(&mut frame)
    }

    pub(crate) fn open(&self, frame: &mut [u8]) -> Message {
        let plain = decrypt_data_v2(frame, &self.key).unwrap();
        let mut cursor = Cursor::from_slice(plain);
        i64::deserialize(&mut cursor).unwrap();
        assert_eq!(i64::deserialize(&mut cursor).unwrap(), self.session);
        let (id, sequence) = (i64::deserialize(&mut cursor).unwrap(), i32::deserialize(&mut cursor).unwrap());
        let length = usize::try_from(i32::deserialize(&mut cursor).unwrap()).unwrap();
        Message { id, sequence, body: plain[cursor.pos()..cursor.pos() + length].to_vec() }
    }

    /// Reads messages until one is of this type.
    pub(crate) fn receive_of<T: Deserializable + Identifiable>(&mut self) -> T {
        loop {
            if let Some(found) = self.receive().read() {
                return found;
            }
        }
    }

    /// Sends a ping; gives the ids of the message and of the ping.
    pub(crate) fn ping(&mut self) -> (i64, i64) {
        let ping_id = i64::from_le_bytes(random());
        (self.send(&functions::Ping { ping_id }), ping_id)
    }

    /// Pings, and gives what came before the pong: whatever the network has answered at once to earlier messages.
    pub(crate) fn before_pong(&mut self) -> Vec<Message> {
        let (msg_id, ping_id) = self.ping();
        let mut before = Vec::new();
        loop {
            let message = self.receive();
            if message.read() == Some(types::Pong { msg_id, ping_id }) {
                return before;
            }
            before.push(message);
        }
    }

    /// Reads messages until one has the result of this request.
    pub(crate) fn message_with_result(&mut self, request: i64) -> Message {
        loop {
            let message = self.receive();
            if message.result_of(request).is_some() {
                return message;
            }
        }
    }

    /// Reads messages until the result of this request comes.
    pub(crate) fn result(&mut self, request: i64) -> Vec<u8> {
        self.message_with_result(request).result_of(request).unwrap()
    }

    /// Calls a method.
    pub(crate) fn call<R: RemoteCall + Serializable>(&mut self, request: &R) -> Outcome<R::Return>
    where
        R::Return: Deserializable,
    {
        let id = self.send(request);
        outcome(&self.result(id))
    }

    /// Sends a message that is wrong in itself, and gives the code that it is refused with.
    pub(crate) fn refusal(&mut self, message: &Message) -> i32 {
        self.send_message(message);
        let refused: types::BadMsgNotification = self.receive_of();
        assert_eq!((refused.bad_msg_id, refused.bad_msg_seqno), (message.id, message.sequence));
        refused.error_code
    }

    /// Waits for a transport error or the connection's end.
    pub(crate) fn ended(&mut self) -> Received {
        loop {
            match self.wire.receive() {
                Received::Frame(_) => {}
                end => return end,
            }
        }
    }
}

fn header_and_body(message: &Message) -> Vec<u8> {
    let length = u32::try_from(message.body.len()).unwrap();
    [&message.id.to_le_bytes(), message.sequence.to_le_bytes().as_slice(), &length.to_le_bytes(), &message.body].concat()
}

/// A signed-in client of a user that is made for it.
pub(crate) fn signed_in(network: &TestNetwork, phone: &str) -> Client {
    let user =
        NewUser { id: None, phone: phone.into(), first_name: "Ann".into(), last_name: None, username: None, password: None };
    network.wait(network.world.create_user(user)).unwrap();
    let mut client = Client::connect(network.home());
    sign_in(&mut client, phone, || network.world.login_code(phone).unwrap().code);
    client
}

/// Signs a client in as a user who has no password.
pub(crate) fn sign_in(client: &mut Client, phone: &str, code: impl FnOnce() -> String) {
    let settings = types::CodeSettings {
        allow_flashcall: false,
        current_number: false,
        allow_app_hash: false,
        allow_missed_call: false,
        allow_firebase: false,
        unknown_number: false,
        logout_tokens: None,
        token: None,
        app_sandbox: None,
    };
    let request = functions::auth::SendCode {
        phone_number: phone.into(),
        api_id: 1,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        settings: settings.into(),
    };
    let enums::auth::SentCode::Code(sent) = client.call(&request).unwrap() else { panic!("no code was sent") };
    let request = functions::auth::SignIn {
        phone_number: phone.into(),
        phone_code_hash: sent.phone_code_hash,
        phone_code: Some(code()),
        email_verification: None,
    };
    client.call(&request).unwrap();
}
