//! The messages of the two protocols of GraphQL over WebSocket: `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>) and the older `graphql-ws` of subscriptions-transport-ws.

use async_graphql::{Response, ServerError};
use serde_json::{Value, json};

/// The longest id that a client may give an operation, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Which protocol a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`.
    Transport,
    /// `graphql-ws`.
    Legacy,
}

/// What clients may ask for, the newer first.
pub(super) const NAMES: [&str; 2] = ["graphql-transport-ws", "graphql-ws"];

/// Why the server closes a socket: the code and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    fn new(code: u16, reason: &str) -> Self {
        Self(code, reason.to_owned())
    }

    /// The client has ended it.
    pub(super) fn done() -> Self {
        Self::new(1000, "")
    }

    /// The server is stopping: the client may connect again in a moment.
    pub(super) fn stopping() -> Self {
        Self::new(1001, "The server is stopping")
    }

    /// Nothing came for too long.
    pub(super) fn silent() -> Self {
        Self::new(1001, "Nothing came for too long")
    }

    /// The token is not good. The code is the reference's.
    pub(super) fn bad_token() -> Self {
        Self::new(1002, "Unauthorized")
    }

    /// What was sent is no WebSocket.
    pub(super) fn broken() -> Self {
        Self::new(1002, "This is no WebSocket message")
    }

    /// A message is too large.
    pub(super) fn too_large() -> Self {
        Self::new(1009, "The message is too large")
    }

    /// An operation came before the client said who it is. The code is the reference's.
    pub(super) fn too_early() -> Self {
        Self::new(1011, "connection_init comes first")
    }

    /// A message that the protocol does not have.
    pub(super) fn invalid() -> Self {
        Self::new(4400, "Invalid message")
    }

    /// There is no token, or it is not good any more.
    pub(super) fn unauthorized(reason: &str) -> Self {
        Self::new(4401, reason)
    }

    /// The client asks for a protocol that is not spoken here.
    pub(super) fn unknown_protocol() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    /// The client has not said in time who it is.
    pub(super) fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// Two operations would have one id.
    pub(super) fn id_taken(id: &str) -> Self {
        Self(4409, format!("Subscriber for {id} already exists"))
    }

    /// The client says again who it is.
    pub(super) fn repeated_init() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }
}

/// What a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Who it is.
    Init(Value),
    /// It asks for a sign of life, with this.
    Ping(Option<Value>),
    /// It gives one.
    Pong,
    /// Run this under this id.
    Run(String, Value),
    /// Stop this.
    Stop(String),
    /// It goes.
    Terminate,
}

impl Protocol {
    /// The protocol with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "graphql-transport-ws" => Some(Self::Transport),
            "graphql-ws" => Some(Self::Legacy),
            _ => None,
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`Close::invalid`].
    pub(super) fn read(self, text: &str) -> Result<Said, Close> {
        let mut message: Value = serde_json::from_str(text).map_err(|_| Close::invalid())?;
        let payload = message.get_mut("payload").map(Value::take);
        let id = || {
            let id = message.get("id").and_then(Value::as_str).filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()));
            id.map(str::to_owned).ok_or_else(Close::invalid)
        };
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
        Ok(match (self, kind) {
            (_, "connection_init") => Said::Init(payload.unwrap_or_default()),
            (Self::Transport, "ping") => Said::Ping(payload),
            (Self::Transport, "pong") => Said::Pong,
            (Self::Transport, "subscribe") | (Self::Legacy, "start") => Said::Run(id()?, payload.ok_or_else(Close::invalid)?),
            (Self::Transport, "complete") | (Self::Legacy, "stop") => Said::Stop(id()?),
            (Self::Legacy, "connection_terminate") => Said::Terminate,
            _ => return Err(Close::invalid()),
        })
    }

    /// Says that the client is known.
    pub(super) fn acknowledgement(self) -> String {
        json!({ "type": "connection_ack" }).to_string()
    }

    /// A sign of life that is a message, which only the older protocol has.
    pub(super) fn sign_of_life(self) -> Option<String> {
        (self == Self::Legacy).then(|| json!({ "type": "ka" }).to_string())
    }

    /// The answer to a ping.
    pub(super) fn pong(payload: Option<Value>) -> String {
        match payload {
            Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
            None => json!({ "type": "pong" }).to_string(),
        }
    }

    /// One result of an operation.
    pub(super) fn result(self, id: &str, response: &Response) -> String {
        let kind = if self == Self::Transport { "next" } else { "data" };
        json!({ "type": kind, "id": id, "payload": response }).to_string()
    }

    /// Why an operation was not run at all.
    pub(super) fn refusal(self, id: &str, errors: &[ServerError]) -> String {
        match self {
            Self::Transport => json!({ "type": "error", "id": id, "payload": errors }).to_string(),
            Self::Legacy => json!({ "type": "error", "id": id, "payload": errors.first() }).to_string(),
        }
    }

    /// The end of an operation.
    pub(super) fn end(self, id: &str) -> String {
        json!({ "type": "complete", "id": id }).to_string()
    }
}

/// The token in what a client says of itself: a member `Authorization` in any case, with or without `Bearer` before the token.
pub(super) fn token(payload: &Value) -> Option<&str> {
    let members = payload.as_object()?;
    let (_, value) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let text = value.as_str()?.trim();
    let bare = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer ")).and_then(|_| text.get(7..));
    Some(bare.unwrap_or(text).trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_however_it_is_written() {
        for payload in [
            json!({ "Authorization": "Bearer t" }),
            json!({ "authorization": "bearer t" }),
            json!({ "other": 1, "AUTHORIZATION": " t " }),
        ] {
            assert_eq!(token(&payload), Some("t"), "{payload}");
        }
        for payload in [json!({}), json!(null), json!({ "Authorization": "" }), json!({ "Authorization": 5 }), json!("Bearer t")]
        {
            assert_eq!(token(&payload), None, "{payload}");
        }
    }

    #[test]
    fn messages_are_those_of_the_protocol_that_was_agreed() {
        let run = r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#;
        let started = Said::Run("1".into(), json!({ "query": "{a}" }));
        assert_eq!(Protocol::Transport.read(run), Ok(started));
        assert_eq!(Protocol::Legacy.read(run), Err(Close::invalid()));
        assert_eq!(Protocol::Legacy.read(r#"{"type":"stop","id":"1"}"#), Ok(Said::Stop("1".into())));
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "i".repeat(129));
        for unfit in ["", "5", "{}", r#"{"type":"subscribe","id":"1"}"#, r#"{"type":"subscribe","payload":{}}"#, &long] {
            assert_eq!(Protocol::Transport.read(unfit), Err(Close::invalid()), "{unfit}");
        }
    }
}
