//! One connection: frames in, messages to their session, answers and updates out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::clock;
use crate::exchange::{Exchange, Step};
use crate::network::Registered;
use crate::rpc::{Api, RpcOutcome, RpcRequest, SessionAddress};
use crate::session::cipher::SharedKey;
use crate::session::{Inbound, Outgoing, Request, Salts, Session, SessionTable, SharedSession, rpc_error, rpc_result, take};
use crate::transport::Transport;

/// What is read from the socket at once, in bytes.
const READ_BYTES: usize = 4_096;

/// Calls of one connection that may be at work at once; further ones are told to wait.
const CALLS_MAX: usize = 1_024;

/// Messages that may wait to be written; what does not fit is kept by its session for the next connection.
const OUTGOING_MAX: usize = 512;

/// Updates that may wait to be written; what does not fit is lost, and the client finds the gap.
const PUSHES_MAX: usize = 512;

/// A connection that says nothing for this long is closed.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// A connection whose client takes nothing of what is written to it for this long is closed.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// Transport error: the auth key is not known here.
const UNKNOWN_KEY: i32 = -404;

/// Codes of `bad_msg_notification`.
const NOT_A_CLIENTS_ID: i32 = 18;
const CONTAINER_REPEATED: i32 = 19;

/// Client message ids may be this old and this far ahead, in seconds.
const PAST_MAX_SECS: i64 = 300;
const FUTURE_MAX_SECS: i64 = 30;

/// `destroy_auth_key_ok` and `destroy_auth_key_none`.
fn destroyed(was_known: bool) -> Vec<u8> {
    if was_known {
        enums::DestroyAuthKeyRes::DestroyAuthKeyOk.to_bytes()
    } else {
        enums::DestroyAuthKeyRes::DestroyAuthKeyNone.to_bytes()
    }
}

/// Why a connection ends.
enum End {
    /// The client is gone, broke the protocol, or the control API asked for it.
    Closed,
    /// The client is told a transport error first.
    Error(i32),
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(socket: TcpStream, dc_id: i32, api: Arc<dyn Api>, sessions: Arc<SessionTable>, registered: Registered) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a socket cannot be told not to delay");
    }
    let (outgoing, outgoing_received) = mpsc::channel(OUTGOING_MAX);
    let (pushes, pushes_received) = mpsc::channel(PUSHES_MAX);
    let connection = Connection {
        dc_id,
        api,
        sessions,
        registered,
        outgoing,
        pushes,
        exchange: Exchange::default(),
        at_work: Arc::default(),
        cut: Arc::default(),
        bound: None,
        disconnect_at: Instant::now() + IDLE_MAX,
        pinged: false,
    };
    connection.run(socket, outgoing_received, pushes_received).await;
}

/// The session that the connection speaks for.
struct Bound {
    address: SessionAddress,
    key: SharedKey,
    session: SharedSession,
}

impl Bound {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Connection {
    dc_id: i32,
    api: Arc<dyn Api>,
    sessions: Arc<SessionTable>,
    registered: Registered,
    outgoing: mpsc::Sender<Outgoing>,
    pushes: mpsc::Sender<Vec<u8>>,
    exchange: Exchange,
    /// Each call that is at work holds a share.
    at_work: Arc<()>,
    /// Whether the next message to the client ends in its middle, and the connection with it.
    cut: Arc<AtomicBool>,
    bound: Option<Bound>,
    disconnect_at: Instant,
    /// Whether `ping_delay_disconnect` rules the time-out.
    pinged: bool,
}

impl Connection {
    async fn run(mut self, mut socket: TcpStream, mut outgoing: mpsc::Receiver<Outgoing>, mut pushes: mpsc::Receiver<Vec<u8>>) {
        let mut transport = Transport::new();
        let (close, silence) = (Arc::clone(&self.registered.close), Arc::clone(&self.registered.silence));
        let mut buffer = [0; READ_BYTES];
        let ended = loop {
            tokio::select! {
                () = close.notified() => break End::Closed,
                () = silence.notified() => {
                    self.unbind();
                    stay_silent(&mut socket, &close).await;
                    return;
                }
                () = tokio::time::sleep_until(self.disconnect_at) => break End::Closed,
                read = socket.read(&mut buffer) => {
                    let Some(bytes) = read.ok().filter(|length| *length > 0).and_then(|length| buffer.get(..length)) else {
                        break End::Closed;
                    };
                    transport.receive(bytes);
                    // What happened before the client asked reaches it before the answer.
                    while let Ok(update) = pushes.try_recv() {
                        self.push(update);
                    }
                    if let Err(end) = self.take_frames(&mut transport, &mut socket).await {
                        break end;
                    }
                }
                Some(message) = outgoing.recv() => {
                    if self.write(&mut transport, &mut socket, message).await.is_err() {
                        break End::Closed;
                    }
                }
                Some(update) = pushes.recv() => self.push(update),
            }
        };
        if let End::Error(code) = ended {
            let _client_may_be_gone = socket.write_all(&transport.pack_error(code)).await;
        }
        self.unbind();
    }

    fn push(&self, update: Vec<u8>) {
        if let Some(bound) = &self.bound {
            bound.session().send(update, None);
        }
    }

    async fn take_frames(&mut self, transport: &mut Transport, socket: &mut TcpStream) -> Result<(), End> {
        while let Some(frame) = transport.next_frame().map_err(|_| End::Closed)? {
            if !self.pinged {
                self.disconnect_at = Instant::now() + IDLE_MAX;
            }
            let key_id = frame.first_chunk::<8>().map(|id| i64::from_le_bytes(*id)).ok_or(End::Closed)?;
            if key_id == 0 {
                let answer = self.take_plain(&frame).await?;
                put(socket, &self.registered.close, &transport.pack(&answer)).await?;
            } else {
                self.take_encrypted(key_id, &frame)?;
            }
        }
        Ok(())
    }

    async fn write(&self, transport: &mut Transport, socket: &mut TcpStream, message: Outgoing) -> Result<(), End> {
        let Some(bound) = &self.bound else { return Ok(()) };
        let salt = Salts(&bound.key).current(clock::now_secs());
        let sealed = bound.key.seal(&message.to_bytes(salt, bound.address.session_id)).map_err(|_| End::Closed)?;
        let packed = transport.pack(&sealed);
        if self.cut.load(Ordering::Relaxed) {
            let half = packed.get(..packed.len() / 2).unwrap_or_default();
            put(socket, &self.registered.close, half).await?;
            return Err(End::Closed);
        }
        put(socket, &self.registered.close, &packed).await
    }

    /// One step of a key exchange: `0 (8 bytes) | message id | length | body`, both ways.
    async fn take_plain(&mut self, frame: &[u8]) -> Result<Vec<u8>, End> {
        let body = frame.get(20..).ok_or(End::Closed)?;
        let answer = match self.exchange.step(body).map_err(|_| End::Error(UNKNOWN_KEY))? {
            Step::Answer(answer) => answer,
            Step::Finished { auth_key, answer, retry } => {
                let known = self.api.auth_key(self.dc_id, crate::session::cipher::key_id(&auth_key)).is_some();
                if known || self.api.store_auth_key(self.dc_id, *auth_key).await.is_err() { retry } else { answer }
            }
        };
        let seconds = i64::from(clock::now_secs());
        let mut message = vec![0; 8];
        message.extend_from_slice(&((seconds << 32) | 1).to_le_bytes());
        message.extend_from_slice(&u32::try_from(answer.len()).unwrap_or(u32::MAX).to_le_bytes());
        message.extend_from_slice(&answer);
        Ok(message)
    }

    fn take_encrypted(&mut self, key_id: i64, frame: &[u8]) -> Result<(), End> {
        let known = self.bound.as_ref().filter(|bound| bound.key.id() == key_id).map(|bound| bound.key.clone());
        // The world is asked each time, so that a key that was destroyed meanwhile is refused.
        let stands = self.api.auth_key(self.dc_id, key_id).ok_or(End::Error(UNKNOWN_KEY))?;
        let key = known.unwrap_or_else(|| SharedKey::new(stands));
        let plain = key.open(frame).ok_or(End::Error(UNKNOWN_KEY))?;
        let inbound = take(&plain).ok_or(End::Closed)?;
        self.bind(key, inbound.session_id, &inbound);
        self.take_message(inbound);
        Ok(())
    }

    fn bind(&mut self, key: SharedKey, session_id: i64, inbound: &Inbound) {
        let address = SessionAddress { dc_id: self.dc_id, auth_key_id: key.id(), session_id };
        if self.bound.as_ref().is_some_and(|bound| bound.address == address) {
            return;
        }
        self.unbind();
        let (session, is_new) = self.sessions.obtain(address);
        let bound = Bound { address, key, session };
        let mut opened = bound.session();
        opened.bind(self.outgoing.clone());
        if is_new {
            let first_message_id = inbound.requests.iter().map(|request| request.message.id).min().unwrap_or(inbound.outer.0);
            let server_salt = Salts(&bound.key).current(clock::now_secs());
            let created = types::NewSessionCreated { first_msg_id: first_message_id, unique_id: session_id, server_salt };
            opened.send(enums::NewSession::Created(created).to_bytes(), None);
        }
        // The session stays locked, so that a connection that it had before cannot close what this one opens.
        self.api.session_opened(address, self.pushes.clone());
        drop(opened);
        self.registered.speaks_for(address, Arc::clone(&self.api));
        self.bound = Some(bound);
    }

    fn unbind(&mut self) {
        let Some(bound) = self.bound.take() else { return };
        let mut session = bound.session();
        if session.unbind(&self.outgoing) {
            self.api.session_closed(bound.address);
        }
    }

    fn take_message(&mut self, inbound: Inbound) {
        let Some(bound) = &self.bound else { return };
        let now = clock::now_secs();
        let salts = Salts(&bound.key);
        if !salts.accepts(inbound.salt, now) {
            let (bad_msg_id, bad_msg_seqno) = inbound.outer;
            let new_server_salt = salts.current(now);
            let wrong = types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code: 48, new_server_salt };
            bound.session().send_service(enums::BadMsgNotification::BadServerSalt(wrong).to_bytes(), true);
            return;
        }
        if let Some(error_code) = fault_of_id(inbound.outer.0, now) {
            bound.refuse(inbound.outer, error_code);
            return;
        }
        if inbound.is_container
            && let Err(error_code) = bound.note_container(inbound.outer.0)
        {
            bound.refuse(inbound.outer, error_code);
            return;
        }
        for request in inbound.requests {
            self.take_request(request);
        }
    }

    fn take_request(&mut self, request: Request) {
        let Some(bound) = &self.bound else { return };
        let header = (request.message.id, request.message.sequence);
        if header.0 % 4 != 0 {
            return bound.refuse(header, NOT_A_CLIENTS_ID);
        }
        let is_acknowledgement = request.constructor == types::MsgsAck::CONSTRUCTOR_ID;
        if is_acknowledgement && header.1 % 2 != 0 {
            return bound.refuse(header, 34);
        }
        let mut session = bound.session();
        if session.is_forgotten(header.0) {
            drop(session);
            return bound.refuse(header, 20);
        }
        if !session.note(header.0) {
            session.answer_again(header.0);
            return;
        }
        drop(session);
        self.handle(request);
    }

    /// Service messages are answered here; everything else is a call of the API.
    fn handle(&mut self, request: Request) {
        let Some(bound) = &self.bound else { return };
        let id = request.message.id;
        let body = request.message.body.as_slice();
        match request.constructor {
            types::MsgsAck::CONSTRUCTOR_ID => {
                if let Some(acknowledged) = object::<types::MsgsAck>(body) {
                    bound.session().acknowledge(&acknowledged.msg_ids);
                }
            }
            functions::Ping::CONSTRUCTOR_ID => {
                if let Some(ping) = object::<functions::Ping>(body) {
                    bound.pong(id, ping.ping_id);
                }
            }
            functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                if let Some(ping) = object::<functions::PingDelayDisconnect>(body) {
                    bound.pong(id, ping.ping_id);
                    let delay = Duration::from_secs(u64::from(ping.disconnect_delay.unsigned_abs())).min(IDLE_MAX);
                    self.disconnect_at = Instant::now() + delay;
                    self.pinged = true;
                }
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                if let Some(asked) = object::<functions::GetFutureSalts>(body) {
                    bound.future_salts(id, asked.num);
                }
            }
            functions::RpcDropAnswer::CONSTRUCTOR_ID => {
                if let Some(asked) = object::<functions::RpcDropAnswer>(body) {
                    bound.drop_answer(id, asked.req_msg_id);
                }
            }
            functions::DestroySession::CONSTRUCTOR_ID => {
                if let Some(asked) = object::<functions::DestroySession>(body) {
                    self.destroy_session(asked.session_id);
                }
            }
            functions::DestroyAuthKey::CONSTRUCTOR_ID => self.destroy_auth_key(id),
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                if let Some(asked) = object::<types::MsgsStateReq>(body) {
                    bound.tell_states(id, &asked.msg_ids);
                }
            }
            types::MsgResendReq::CONSTRUCTOR_ID => {
                if let Some(asked) = object::<types::MsgResendReq>(body) {
                    bound.resend(id, &asked.msg_ids);
                }
            }
            types::HttpWait::CONSTRUCTOR_ID | types::MsgsAllInfo::CONSTRUCTOR_ID | types::MsgsStateInfo::CONSTRUCTOR_ID => {}
            _ => self.call(request),
        }
    }

    /// Begins a call in its turn, and answers it through the session, which may have another connection by then.
    fn call(&self, request: Request) {
        let Some(bound) = &self.bound else { return };
        if request.message.sequence % 2 == 0 {
            return bound.refuse((request.message.id, request.message.sequence), 35);
        }
        let (session, close) = (Arc::clone(&bound.session), Arc::clone(&self.registered.close));
        let message_id = request.message.id;
        bound.session().begin(message_id);
        if Arc::strong_count(&self.at_work) > CALLS_MAX {
            let refused = rpc_result(message_id, &rpc_error(420, "FLOOD_WAIT_1"));
            return bound.session().send(refused, Some(message_id));
        }
        let (at_work, cut) = (Arc::clone(&self.at_work), Arc::clone(&self.cut));
        let call = RpcRequest { session: bound.address, message_id, body: request.message.body };
        // Here and not in the task, because tasks begin in any order, and what a client sends in order must happen in order.
        let outcome = Arc::clone(&self.api).call(call);
        tokio::spawn(async move {
            let mut outcome = outcome.await;
            if let RpcOutcome::Cut(whole) = outcome {
                cut.store(true, Ordering::Relaxed);
                outcome = *whole;
            }
            let result = match outcome {
                RpcOutcome::Result(result) => rpc_result(message_id, &result),
                RpcOutcome::Error { code, message } => rpc_result(message_id, &rpc_error(code, &message)),
                RpcOutcome::DropConnection | RpcOutcome::Cut(_) => return close.notify_one(),
            };
            session.lock().unwrap_or_else(PoisonError::into_inner).send(result, Some(message_id));
            drop(at_work);
        });
    }

    fn destroy_session(&self, session_id: i64) {
        let Some(bound) = &self.bound else { return };
        let address = SessionAddress { session_id, ..bound.address };
        let was_known = address != bound.address && self.sessions.destroy(address);
        let answer = if was_known {
            enums::DestroySessionRes::DestroySessionOk(types::DestroySessionOk { session_id })
        } else {
            enums::DestroySessionRes::DestroySessionNone(types::DestroySessionNone { session_id })
        };
        bound.session().send(answer.to_bytes(), None);
    }

    fn destroy_auth_key(&self, message_id: i64) {
        let Some(bound) = &self.bound else { return };
        let (api, session, address) = (Arc::clone(&self.api), Arc::clone(&bound.session), bound.address);
        tokio::spawn(async move {
            let answer = match api.destroy_auth_key(address.dc_id, address.auth_key_id).await {
                Ok(was_known) => destroyed(was_known),
                Err(_) => enums::DestroyAuthKeyRes::DestroyAuthKeyFail.to_bytes(),
            };
            let result = rpc_result(message_id, &answer);
            session.lock().unwrap_or_else(PoisonError::into_inner).send(result, Some(message_id));
        });
    }
}

impl Bound {
    fn refuse(&self, (bad_msg_id, bad_msg_seqno): (i64, i32), error_code: i32) {
        let notification = types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code };
        self.session().send_service(enums::BadMsgNotification::Notification(notification).to_bytes(), true);
    }

    fn pong(&self, msg_id: i64, ping_id: i64) {
        self.session().send_service(enums::Pong::Pong(types::Pong { msg_id, ping_id }).to_bytes(), true);
    }

    fn future_salts(&self, req_msg_id: i64, count: i32) {
        let now = clock::now_secs();
        let salts = grammers_tl_types::RawVec(Salts(&self.key).future(now, count));
        let answer = enums::FutureSalts::Salts(types::FutureSalts { req_msg_id, now, salts });
        self.session().send_service(answer.to_bytes(), true);
    }

    /// A container's id is its own: no other message has it.
    fn note_container(&self, id: i64) -> Result<(), i32> {
        if id % 4 != 0 {
            return Err(NOT_A_CLIENTS_ID);
        }
        if self.session().note(id) { Ok(()) } else { Err(CONTAINER_REPEATED) }
    }

    fn tell_states(&self, req_msg_id: i64, ids: &[i64]) {
        let mut session = self.session();
        let states = types::MsgsStateInfo { req_msg_id, info: session.states(ids) };
        session.send_service(enums::MsgsStateInfo::Info(states).to_bytes(), true);
    }

    /// Sends messages again; if some are not there any more, the states of all are told as well.
    fn resend(&self, req_msg_id: i64, ids: &[i64]) {
        let session = self.session();
        let missing = ids.iter().filter(|id| !session.resend(**id)).count();
        drop(session);
        if missing > 0 {
            self.tell_states(req_msg_id, ids);
        }
    }

    fn drop_answer(&self, message_id: i64, request: i64) {
        let mut session = self.session();
        let answer = match session.drop_answer(request) {
            Some((msg_id, seq_no, length)) => {
                let bytes = i32::try_from(length).unwrap_or(i32::MAX);
                enums::RpcDropAnswer::RpcAnswerDropped(types::RpcAnswerDropped { msg_id, seq_no, bytes })
            }
            None if session.is_running(request) => {
                // The request itself is answered with the same; the call goes on, but nobody is told what it comes to.
                let answer = enums::RpcDropAnswer::RpcAnswerDroppedRunning;
                session.send(rpc_result(request, &answer.to_bytes()), Some(request));
                answer
            }
            None => enums::RpcDropAnswer::RpcAnswerUnknown,
        };
        session.send(rpc_result(message_id, &answer.to_bytes()), Some(message_id));
    }
}

/// Keeps a half-open connection: whatever comes is lost, and nothing is said, until the client goes away or it is closed.
async fn stay_silent(socket: &mut TcpStream, close: &Notify) {
    let mut lost = [0; READ_BYTES];
    loop {
        tokio::select! {
            () = close.notified() => return,
            read = socket.read(&mut lost) => if matches!(read, Ok(0) | Err(_)) {
                return;
            },
        }
    }
}

/// Writes bytes, unless the connection is to be closed meanwhile or the client takes nothing.
async fn put(socket: &mut TcpStream, close: &Notify, bytes: &[u8]) -> Result<(), End> {
    tokio::select! {
        () = close.notified() => Err(End::Closed),
        written = tokio::time::timeout(WRITE_MAX, socket.write_all(bytes)) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Closed),
        },
    }
}

/// An object without its constructor id, which was read before.
fn object<T: Deserializable>(body: &[u8]) -> Option<T> {
    T::deserialize(&mut Cursor::from_slice(body.get(4..)?)).ok()
}

/// 16 for a message id that is too old, 17 for one that is too far ahead (<https://core.telegram.org/mtproto/service_messages_about_messages>).
fn fault_of_id(id: i64, now: i32) -> Option<i32> {
    let ahead = (id >> 32) - i64::from(now);
    if ahead < -PAST_MAX_SECS {
        Some(16)
    } else if ahead > FUTURE_MAX_SECS {
        Some(17)
    } else {
        None
    }
}
