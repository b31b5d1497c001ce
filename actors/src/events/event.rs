//! One event: before it is taken up, as it is kept, and as readers see it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{Cursor, EventName};
use crate::agent_text;
use crate::identity::{AccountId, KeyId};
use crate::shield;
use crate::telegram::ChatId;

/// The largest content of one event, in bytes of JSON. Telegram's longest texts fit.
pub(super) const CONTENT_BYTES_MAX: usize = 24 * 1_024;

/// Something that happened, not yet taken up: it has no place among the others.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(super) name: EventName,
    pub(super) chat: Option<i64>,
    key: Option<KeyId>,
    content: Box<RawValue>,
    /// Whether only people may see it.
    shielded: bool,
}

/// What stands for a content that is too large to be kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Truncated {
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<i64>,
    truncated: bool,
}

impl NewEvent {
    /// An event of this chat, if it is of one. `content` is an object: its members follow `accountId` and `cursor`.
    pub(crate) fn new(name: EventName, chat: Option<ChatId>, content: &impl Serialize) -> Self {
        let chat = chat.map(ChatId::value);
        let whole = to_raw_value(content).ok().filter(|content| content.get().len() <= CONTENT_BYTES_MAX);
        let content = whole.unwrap_or_else(|| {
            tracing::warn!(name = name.as_str(), "an event is too large and is kept without its content");
            to_raw_value(&Truncated { chat_id: chat, truncated: true }).unwrap_or_default()
        });
        Self { name, chat, key: None, content, shielded: false }
    }

    /// The same, for people and for the agent with this key: no other agent sees it.
    pub(crate) fn of_key(self, key: KeyId) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The same, for people only.
    pub(crate) fn for_people(self) -> Self {
        Self { shielded: true, ..self }
    }

    /// Whether it is of this chat.
    pub(crate) fn is_of(&self, chat: ChatId) -> bool {
        self.chat == Some(chat.value())
    }

    /// What happened.
    pub(crate) fn content(&self) -> Value {
        serde_json::from_str(self.content.get()).unwrap_or_default()
    }

    /// Keeps it for people if it tells one of these login codes.
    pub(crate) fn shield_from(&mut self, codes: &[String]) {
        self.shielded |= shield::blank(&mut self.content(), codes);
    }

    /// How many bytes its content has.
    pub(super) fn size(&self) -> usize {
        self.content.get().len()
    }

    pub(super) fn stored(&self, position: u64) -> StoredEvent {
        let (name, chat, content, shielded) = (self.name, self.chat, self.content.clone(), self.shielded);
        StoredEvent { position, name, chat, key: self.key.clone(), content, shielded }
    }
}

/// An event as it lies in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEvent {
    #[serde(rename = "p")]
    pub(super) position: u64,
    #[serde(rename = "n")]
    name: EventName,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    chat: Option<i64>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    key: Option<KeyId>,
    #[serde(rename = "d")]
    content: Box<RawValue>,
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    shielded: bool,
}

impl StoredEvent {
    /// As readers see it.
    pub(super) fn told(self, account: AccountId) -> Event {
        let (key, shielded) = (self.key, self.shielded);
        Event { key, shielded, ..Event::new(account, self.position, self.name, self.chat, self.content.get()) }
    }
}

/// An event as readers see it. Its payload is encoded once and shared by all of them.
#[derive(Debug)]
pub struct Event {
    account: AccountId,
    position: u64,
    name: EventName,
    chat: Option<i64>,
    key: Option<KeyId>,
    payload: Bytes,
    shielded: bool,
}

impl Event {
    fn new(account: AccountId, position: u64, name: EventName, chat: Option<i64>, content: &str) -> Self {
        let mut payload = format!("{{\"accountId\":\"{account}\"");
        if name.is_kept() {
            payload.push_str(&format!(",\"cursor\":\"{}\"", Cursor::at(position)));
        }
        let members = content.strip_prefix('{').unwrap_or("}");
        if members != "}" {
            payload.push(',');
        }
        payload.push_str(members);
        Self { account, position, name, chat, key: None, payload: payload.into(), shielded: false }
    }

    /// The note that an account's events up to this place are not kept any more.
    pub(super) fn expired(account: AccountId, position: u64) -> Self {
        let content = r#"{"scope":"account","reason":"log_expired"}"#;
        Self::new(account, position, EventName::Gap, None, content)
    }

    /// The same as agents read it.
    pub(super) fn for_agents(&self) -> Option<Self> {
        let payload = agent_text::payload(&self.payload);
        let (account, position, name, chat) = (self.account, self.position, self.name, self.chat);
        let key = self.key.clone();
        (payload != self.payload).then_some(Self { account, position, name, chat, key, payload, shielded: self.shielded })
    }

    /// Whether only people may see it: login codes must not reach agents.
    pub(super) fn is_shielded(&self) -> bool {
        self.shielded
    }

    /// The account that it is of.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What kind of event it is.
    pub fn name(&self) -> EventName {
        self.name
    }

    /// The chat that it is of, in the marked form, if it is of one.
    pub fn chat(&self) -> Option<i64> {
        self.chat
    }

    /// The place behind it; none for an event that is not kept, which nobody can return to.
    pub fn cursor(&self) -> Option<Cursor> {
        self.name.is_kept().then(|| Cursor::at(self.position))
    }

    /// A JSON object on one line: `accountId`, `cursor`, and what happened.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Its place among the events of its user.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether this agent may know what it tells of calls: what became of one agent's call is told to no other.
    pub(super) fn is_for(&self, agent: &KeyId) -> bool {
        self.key.as_ref().is_none_or(|key| key == agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn payload(name: EventName, content: &Value) -> Value {
        let account = AccountId::from_bytes([1; 16]);
        let event = NewEvent::new(name, ChatId::from_marked(5), content).stored(7).told(account);
        serde_json::from_slice(event.payload()).unwrap()
    }

    #[test]
    fn a_payload_begins_with_the_account_and_the_cursor() {
        let account = "01010101-0101-0101-0101-010101010101";
        let cursor = "0000000000000007";
        let told = payload(EventName::NewMessage, &json!({ "id": 3 }));
        assert_eq!(told, json!({ "accountId": account, "cursor": cursor, "id": 3 }));
        assert_eq!(payload(EventName::NewMessage, &json!({})), json!({ "accountId": account, "cursor": cursor }));
        assert_eq!(payload(EventName::Typing, &json!({ "chatId": 5 })), json!({ "accountId": account, "chatId": 5 }));
    }

    #[test]
    fn a_content_that_is_too_large_is_left_out_and_said_to_be() {
        let told = payload(EventName::NewMessage, &json!({ "text": "a".repeat(CONTENT_BYTES_MAX) }));
        assert_eq!((&told["truncated"], &told["chatId"], &told["text"]), (&json!(true), &json!(5), &Value::Null));
    }
}
