//! The state of one session, which outlives its connections.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::sync::mpsc;

use super::Message;
use crate::clock;

/// Client messages that are remembered to recognise repeats.
const RECEIVED_MAX: usize = 1_024;

/// Server messages that are kept until the client acknowledges them, and how many bytes they may have in all.
const UNACKNOWLEDGED_MAX: usize = 512;
const UNACKNOWLEDGED_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A message on its way to whatever connection the session has now.
pub type Outgoing = Message;

/// What a session knows of a client's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    /// It needs no answer, or has none yet.
    Taken,
    /// It is a call that is at work.
    Running,
    /// The server's message with this id answers it.
    Answered(i64),
}

/// One session: which messages have come, which were sent and not acknowledged, and where it can be reached.
pub struct Session {
    last_id: i64,
    content_messages: i32,
    received: HashMap<i64, Received>,
    received_order: VecDeque<i64>,
    unacknowledged: BTreeMap<i64, Message>,
    connection: Option<mpsc::Sender<Outgoing>>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session that nothing was said in.
    pub fn new() -> Self {
        Self {
            last_id: 0,
            content_messages: 0,
            received: HashMap::new(),
            received_order: VecDeque::new(),
            unacknowledged: BTreeMap::new(),
            connection: None,
        }
    }

    /// Binds the session to a connection. What was not acknowledged is sent again.
    pub fn bind(&mut self, connection: mpsc::Sender<Outgoing>) {
        for message in self.unacknowledged.values() {
            let _resent_after_the_next_reconnect_if_full = connection.try_send(message.clone());
        }
        self.connection = Some(connection);
    }

    /// Unbinds the session from a connection that has ended, unless it has another by now. Answers whether it was bound to it.
    pub fn unbind(&mut self, connection: &mpsc::Sender<Outgoing>) -> bool {
        let bound = self.connection.as_ref().is_some_and(|current| current.same_channel(connection));
        if bound {
            self.connection = None;
        }
        bound
    }

    /// Notes a client's message. `false` means that it has come before and must not be done again.
    pub fn note(&mut self, id: i64) -> bool {
        if self.received.contains_key(&id) {
            return false;
        }
        self.received.insert(id, Received::Taken);
        self.received_order.push_back(id);
        if self.received_order.len() > RECEIVED_MAX
            && let Some(oldest) = self.received_order.pop_front()
        {
            self.received.remove(&oldest);
        }
        true
    }

    /// Whether a client's message is older than all that are remembered, so that nobody can tell whether it is a repeat.
    pub fn is_forgotten(&self, id: i64) -> bool {
        self.received_order.len() == RECEIVED_MAX && self.received_order.iter().all(|known| id < *known)
    }

    /// The states of client messages as `msgs_state_info` tells them: 4 for one that has come, 3 for one beyond all that have, 1
    /// for one from before those that are remembered, and 2 for any other that has not come.
    pub fn states(&self, ids: &[i64]) -> Vec<u8> {
        let newest = self.received_order.iter().max().copied().unwrap_or(i64::MIN);
        let full = self.received_order.len() == RECEIVED_MAX;
        let oldest = self.received_order.iter().min().copied().filter(|_| full).unwrap_or(i64::MIN);
        let state = |id: &i64| match *id {
            id if self.received.contains_key(&id) => 4,
            id if id > newest => 3,
            id if id < oldest => 1,
            _ => 2,
        };
        ids.iter().map(state).collect()
    }

    /// Notes that a request is a call that is now at work.
    pub fn begin(&mut self, request: i64) {
        if let Some(received) = self.received.get_mut(&request) {
            *received = Received::Running;
        }
    }

    /// Sends a message that the client must acknowledge, in answer to a request or of the server's own accord. A request is
    /// answered once: what comes after `rpc_answer_dropped_running` is not sent.
    pub fn send(&mut self, body: Vec<u8>, answers: Option<i64>) {
        let received = answers.and_then(|request| self.received.get(&request));
        if matches!(received, Some(Received::Answered(_))) {
            return;
        }
        let message = Message { id: self.next_id(answers.is_some()), sequence: self.content_messages * 2 + 1, body };
        self.content_messages += 1;
        if let Some(received) = answers.and_then(|request| self.received.get_mut(&request)) {
            *received = Received::Answered(message.id);
        }
        self.unacknowledged.insert(message.id, message.clone());
        self.forget_oldest();
        self.deliver(message);
    }

    fn forget_oldest(&mut self) {
        let mut bytes: usize = self.unacknowledged.values().map(|message| message.body.len()).sum();
        while self.unacknowledged.len() > UNACKNOWLEDGED_MAX || bytes > UNACKNOWLEDGED_BYTES_MAX {
            let Some((_, oldest)) = self.unacknowledged.pop_first() else { return };
            bytes -= oldest.body.len();
        }
    }

    /// Sends a service message that nobody acknowledges.
    pub fn send_service(&mut self, body: Vec<u8>, answers: bool) {
        let message = Message { id: self.next_id(answers), sequence: self.content_messages * 2, body };
        self.deliver(message);
    }

    /// Sends the answer to a repeated request again, if it is still kept.
    pub fn answer_again(&self, request: i64) {
        if let Some(Received::Answered(answer)) = self.received.get(&request) {
            self.resend(*answer);
        }
    }

    /// Sends a message again, if it is still kept. Answers whether it is.
    pub fn resend(&self, id: i64) -> bool {
        let kept = self.unacknowledged.get(&id);
        if let Some(message) = kept {
            self.deliver(message.clone());
        }
        kept.is_some()
    }

    /// Forgets messages that the client has received.
    pub fn acknowledge(&mut self, ids: &[i64]) {
        for id in ids {
            self.unacknowledged.remove(id);
        }
    }

    /// Forgets the answer to a request; gives its id, sequence number and length.
    pub fn drop_answer(&mut self, request: i64) -> Option<(i64, i32, usize)> {
        let Some(Received::Answered(answer)) = self.received.get(&request) else { return None };
        let message = self.unacknowledged.remove(answer)?;
        Some((message.id, message.sequence, message.body.len()))
    }

    /// Whether a request is a call that is at work.
    pub fn is_running(&self, request: i64) -> bool {
        self.received.get(&request) == Some(&Received::Running)
    }

    fn deliver(&self, message: Message) {
        if let Some(connection) = &self.connection {
            let _kept_for_the_next_connection_if_full = connection.try_send(message);
        }
    }

    /// Server ids are Unix time times 2^32, with 1 as remainder modulo 4 for answers and 3 for other messages.
    fn next_id(&mut self, answers: bool) -> i64 {
        let now = clock::now();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(0);
        let fraction = (i64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
        let id = ((seconds << 32) | fraction) & !3;
        let id = id.max((self.last_id & !3) + 4) | if answers { 1 } else { 3 };
        self.last_id = id;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_tell_answers_from_notices() {
        let mut session = Session::new();
        let ids: Vec<i64> = (0..1_000).map(|number| session.next_id(number % 2 == 0)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().enumerate().all(|(number, id)| id % 4 == if number % 2 == 0 { 1 } else { 3 }));
    }

    #[test]
    fn a_new_connection_gets_what_was_not_acknowledged() {
        let mut session = Session::new();
        let (first, mut first_received) = mpsc::channel(8);
        session.bind(first.clone());
        assert!(session.note(4));
        session.send(vec![1], Some(4));
        session.send(vec![2], None);
        let sent = [first_received.try_recv().unwrap(), first_received.try_recv().unwrap()];
        session.acknowledge(&[sent[0].id]);
        let (second, mut second_received) = mpsc::channel(8);
        session.bind(second);
        assert_eq!(second_received.try_recv().unwrap(), sent[1]);
        assert!(second_received.try_recv().is_err());
        assert!(!session.unbind(&first), "it has another connection by now");
        assert!(!session.note(4), "a repeat is recognised");
    }

    #[test]
    fn memory_is_bounded() {
        let mut session = Session::new();
        for id in 0..10_000 {
            session.note(id);
            session.send(vec![0; 8], Some(id));
        }
        assert_eq!(session.received.len(), RECEIVED_MAX);
        assert_eq!(session.unacknowledged.len(), UNACKNOWLEDGED_MAX);
        assert!(session.is_forgotten(3) && !session.is_forgotten(9_999));
    }
}
