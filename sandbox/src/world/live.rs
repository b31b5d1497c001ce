//! The running world: its state, the sessions that are open, and the road that every change takes to the journal and to them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use grammers_tl_types::{self as tl, Serializable};
use tokio::sync::mpsc;

use super::apply::Notice;
use super::buttons::Presses;
use super::event::Event;
use super::ids::KeyAddress;
use super::login_token::LOGIN_TOKEN_SECS;
use super::srp::Challenge;
use super::state::{ClientInfo, State};
use super::view::View;
use crate::clock::now_secs;
use crate::control::CallTimeouts;
use crate::faults::{Fault, FaultKind, Faults};
use crate::journal::{Delivery, Journal, Written};
use crate::request_log::RequestLog;
use crate::rpc::SessionAddress;

/// Password challenges that may be open at a time; beyond it the oldest is forgotten.
const CHALLENGES_MAX: usize = 1000;

impl From<SessionAddress> for KeyAddress {
    fn from(session: SessionAddress) -> Self {
        Self { dc_id: session.dc_id, auth_key_id: session.auth_key_id }
    }
}

/// See the module's description.
pub struct Live {
    /// What the world is.
    pub state: State,
    /// What is to go wrong.
    pub faults: Faults,
    /// What was asked.
    pub requests: RequestLog,
    /// What the control API has set, until the network stops.
    pub settings: Settings,
    /// Pressed buttons whose bots are still to answer.
    pub presses: Presses,
    journal: Journal,
    sessions: HashMap<KeyAddress, BTreeMap<i64, Session>>,
    clients: HashMap<KeyAddress, ClientInfo>,
    challenges: BTreeMap<i64, OpenChallenge>,
    last_challenge: i64,
}

/// What the control API may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long the token of a QR login stands, in seconds.
    pub login_token_secs: i32,
    /// How long the steps of a call may take.
    pub call_timeouts: CallTimeouts,
    /// How long a bot may take to answer a button, in milliseconds.
    pub bot_answer_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let call_timeouts = CallTimeouts { receive_ms: 20_000, ring_ms: 90_000, connect_ms: 30_000 };
        Self { login_token_secs: LOGIN_TOKEN_SECS, call_timeouts, bot_answer_ms: 10_000 }
    }
}

/// A session with a live connection.
struct Session {
    outbox: mpsc::Sender<Vec<u8>>,
    wants_updates: bool,
    /// An update that is held back to come after the next one.
    held: Option<Vec<u8>>,
}

struct OpenChallenge {
    user_id: i64,
    challenge: Challenge,
}

/// The changes of one call, which become durable together, and the updates that tell of them.
#[derive(Default)]
pub struct Transaction {
    events: Vec<Event>,
    deliveries: Vec<Delivery>,
}

/// On whose behalf something happens: that session has its answer and gets no update.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The user whose notices are wanted for the answer.
    pub user_id: i64,
    /// The session that called, if it was one.
    pub session: Option<SessionAddress>,
    /// Unix seconds.
    pub now: i32,
}

impl Live {
    /// A world that nobody is connected to yet.
    pub fn new(state: State, journal: Journal) -> Self {
        Self {
            state,
            faults: Faults::default(),
            requests: RequestLog::default(),
            settings: Settings::default(),
            presses: Presses::default(),
            journal,
            sessions: HashMap::new(),
            clients: HashMap::new(),
            challenges: BTreeMap::new(),
            last_challenge: 0,
        }
    }

    /// The network's time, in Unix seconds: the machine's, and what the network was told to be ahead of it.
    pub fn now(&self) -> i32 {
        now_secs().saturating_add(self.state.clock_ahead)
    }

    /// Makes a change, tells everybody but the session that it comes from, and answers what that session's user is told.
    pub fn change(&mut self, transaction: &mut Transaction, origin: Origin, event: Event) -> Vec<Notice> {
        let notices = self.state.apply(&event);
        transaction.events.push(event);
        let mut by_user: BTreeMap<i64, Vec<Notice>> = BTreeMap::new();
        for notice in notices {
            by_user.entry(notice.to).or_default().push(notice);
        }
        for (user_id, notices) in &by_user {
            if !self.has_sessions(*user_id) {
                continue;
            }
            let mut view = View::new(&self.state, *user_id);
            let updates: Vec<_> = notices.iter().filter_map(|notice| view.update(&notice.about)).collect();
            if !updates.is_empty() {
                let updates = view.envelope(updates, origin.now);
                self.push(transaction, *user_id, origin.session, &updates);
            }
        }
        by_user.remove(&origin.user_id).unwrap_or_default()
    }

    /// Sends updates to every session of a user but one. Sessions outside the user's own datacentre get none.
    pub fn push(
        &mut self,
        transaction: &mut Transaction,
        user_id: i64,
        except: Option<SessionAddress>,
        updates: &tl::enums::Updates,
    ) {
        let Some(user) = self.state.users.get(&user_id) else { return };
        let fault = if self.has_sessions(user_id) { self.faults.strike_update(&user.phone) } else { None };
        if fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::LoseUpdates) {
            return;
        }
        let bytes = updates.to_bytes();
        let keys: Vec<KeyAddress> = user.keys.iter().copied().filter(|key| key.dc_id == user.dc_id).collect();
        for key in keys {
            self.push_to_key(transaction, key, except, &bytes, fault.as_ref());
        }
    }

    /// Sends serialised updates to every session of a key but one, whoever is signed in there.
    pub fn push_to_key(
        &mut self,
        transaction: &mut Transaction,
        key: KeyAddress,
        except: Option<SessionAddress>,
        bytes: &[u8],
        fault: Option<&Fault>,
    ) {
        let Some(sessions) = self.sessions.get_mut(&key) else { return };
        for (session_id, session) in sessions.iter_mut().filter(|(_, session)| session.wants_updates) {
            let address = SessionAddress { dc_id: key.dc_id, auth_key_id: key.auth_key_id, session_id: *session_id };
            if except == Some(address) {
                continue;
            }
            let mut copies = 1;
            match fault.map(|fault| (fault.kind, fault.seconds())) {
                Some((FaultKind::ReorderUpdates, _)) if session.held.is_none() => {
                    session.held = Some(bytes.to_vec());
                    continue;
                }
                Some((FaultKind::LateUpdates, seconds)) => {
                    send_later(session.outbox.clone(), bytes.to_vec(), seconds);
                    continue;
                }
                Some((FaultKind::DuplicateUpdates, _)) => copies = 2,
                _ => {}
            }
            let held = session.held.take();
            for updates in std::iter::repeat_n(bytes.to_vec(), copies).chain(held) {
                transaction.deliveries.push(Delivery { outbox: session.outbox.clone(), updates });
            }
        }
    }

    fn has_sessions(&self, user_id: i64) -> bool {
        let keys = self.state.users.get(&user_id).into_iter().flat_map(|user| &user.keys);
        keys.into_iter().any(|key| self.sessions.contains_key(key))
    }

    /// Hands a call's changes to the journal, and its updates to the sessions once they are durable.
    pub fn finish(&mut self, transaction: Transaction) -> Written {
        self.journal.write(&transaction.events, transaction.deliveries, &self.state)
    }

    /// A session has a connection.
    pub fn open_session(&mut self, address: SessionAddress, outbox: mpsc::Sender<Vec<u8>>) {
        let session = Session { outbox, wants_updates: true, held: None };
        self.sessions.entry(address.into()).or_default().insert(address.session_id, session);
    }

    /// A session's connection is gone.
    pub fn close_session(&mut self, address: SessionAddress) {
        let key = KeyAddress::from(address);
        if let Some(sessions) = self.sessions.get_mut(&key) {
            sessions.remove(&address.session_id);
            if sessions.is_empty() {
                self.sessions.remove(&key);
                self.clients.remove(&key);
            }
        }
    }

    /// A session said, by how it calls, whether it wants updates.
    pub fn set_wants_updates(&mut self, address: SessionAddress, wants_updates: bool) {
        let sessions = self.sessions.get_mut(&KeyAddress::from(address));
        if let Some(session) = sessions.and_then(|sessions| sessions.get_mut(&address.session_id)) {
            session.wants_updates = wants_updates;
        }
    }

    /// A client said what it is.
    pub fn set_client(&mut self, key: KeyAddress, client: ClientInfo) {
        self.clients.insert(key, client);
    }

    /// What the client with this key is.
    pub fn client(&self, key: KeyAddress) -> ClientInfo {
        self.clients.get(&key).cloned().unwrap_or_default()
    }

    /// Keeps a challenge that `make` builds for the id it is given.
    pub fn open_challenge(&mut self, user_id: i64, make: impl FnOnce(i64) -> Challenge) -> &Challenge {
        while self.challenges.len() >= CHALLENGES_MAX {
            self.challenges.pop_first();
        }
        self.last_challenge += 1;
        let id = self.last_challenge;
        let open = OpenChallenge { user_id, challenge: make(id) };
        &self.challenges.entry(id).insert_entry(open).into_mut().challenge
    }

    /// Takes a user's challenge, which serves once.
    pub fn take_challenge(&mut self, user_id: i64, id: i64) -> Option<Challenge> {
        if self.challenges.get(&id)?.user_id != user_id {
            return None;
        }
        self.challenges.remove(&id).map(|open| open.challenge)
    }
}

/// Sends updates so many seconds later, unless the connection is gone by then.
fn send_later(outbox: mpsc::Sender<Vec<u8>>, updates: Vec<u8>, seconds: u32) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        let _client_may_be_gone = outbox.send(updates).await;
    });
}
