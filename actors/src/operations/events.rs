//! Events: the stream that goes on until somebody ends it, and the poll for those who cannot hold one.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::error::Error;
use crate::events::{Cursor, EndReason, Event, EventName, EventStream, READ_MAX, Read};
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, StreamOperation, UserOperation};
use crate::scope::Scope;
use crate::telegram::ChatId;
use crate::user::{EventsWanted, UserCall};

/// How many events a poll gives unless it says otherwise.
const POLL_LENGTH: u32 = 100;

/// The longest wait of a poll, in seconds; shorter where callers are not given so long (`limits.call_secs`).
const WAIT_SECS_MAX: u32 = 50;

/// What a poll leaves of the time that its caller is given, to be answered in.
const ANSWER_MARGIN: Duration = Duration::from_secs(5);

/// Kinds that one request may name.
const TYPES_MAX: usize = 64;

/// The kinds that a list names, separated by commas.
fn names(types: Option<&str>) -> Result<Vec<EventName>, Error> {
    let texts = types.into_iter().flat_map(|types| types.split(',')).map(str::trim).filter(|text| !text.is_empty());
    let known = |text: &str| {
        let unknown = || Error::invalid("types", format!("{text:?} is no kind of event; docs/api lists them"));
        EventName::from_text(text).ok_or_else(unknown)
    };
    let names: Vec<EventName> = texts.take(TYPES_MAX + 1).map(known).collect::<Result<_, _>>()?;
    if names.len() > TYPES_MAX {
        return Err(Error::invalid("types", format!("may name {TYPES_MAX} kinds")));
    }
    Ok(names)
}

fn place(field: &str, text: Option<&str>) -> Result<Option<Cursor>, Error> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|error| Error::invalid(field, error))).transpose()
}

/// Follows the events of the caller's accounts: of all of them, or of one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamEvents {
    /// Only this account.
    account: Option<AccountReference>,
    /// Only this chat.
    chat: Option<ChatId>,
    /// Only these kinds, separated by commas, such as `telegram:new-message,telegram:message-edited`. Gaps are told all the same.
    types: Option<String>,
    /// Where to go on: the `id` of the last event that was received, or `oldest`. Without it: from now on.
    cursor: Option<String>,
    /// The same, as browsers send it; it comes before `cursor`.
    last_event_id: Option<String>,
}

impl Operation for StreamEvents {
    const DECLARATION: Declaration = Declaration::new(
        "stream_events",
        "Follow events as they happen, as Server-Sent Events; resumes exactly with Last-Event-ID.",
        Method::Get,
        "/events",
        Access::Scope(Scope::EventsRead),
        Effect::Read,
    )
    .header_fields(&[("last-event-id", "lastEventId")])
    .gives_events();
    type Output = ();

    fn account(&self) -> Option<AccountReference> {
        self.account
    }

    fn chats(&self) -> Vec<ChatId> {
        self.chat.into_iter().collect()
    }

    fn validate(&self) -> Result<(), Error> {
        names(self.types.as_deref())?;
        place("lastEventId", self.last_event_id.as_deref())?;
        place("cursor", self.cursor.as_deref()).map(|_| ())
    }
}

impl StreamOperation for StreamEvents {
    fn run(self, call: UserCall) -> Result<EventStream, Error> {
        let resumed = place("lastEventId", self.last_event_id.as_deref())?;
        let from = match resumed {
            Some(cursor) => Some(cursor),
            None => place("cursor", self.cursor.as_deref())?,
        };
        let account = self.account.and_then(AccountReference::id);
        let names = names(self.types.as_deref())?;
        Ok(EventStream::new(call.read_events(EventsWanted { account, chat: self.chat, names, from })?))
    }
}

/// One event of a page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolledEvent {
    /// What kind it is.
    event: EventName,
    /// The account that it is of.
    account_id: AccountId,
    /// The place behind it; none for kinds that are not kept.
    cursor: Option<Cursor>,
    /// What happened, with `accountId` and `cursor` again: what the stream has in `data`.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    payload: Box<RawValue>,
}

impl PolledEvent {
    fn of(event: &Event) -> Result<Self, Error> {
        let payload = std::str::from_utf8(event.payload()).map_err(Error::internal)?;
        let payload = RawValue::from_string(payload.to_owned()).map_err(Error::internal)?;
        Ok(Self { event: event.name(), account_id: event.account(), cursor: event.cursor(), payload })
    }
}

/// A page of events.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// The events, in order; none when nothing came in time.
    items: Vec<PolledEvent>,
    /// Where to go on.
    next_cursor: Cursor,
}

/// Reads events after a cursor; waits for the first of them if it may.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PollEvents {
    /// Only this account.
    account: Option<AccountReference>,
    /// Only this chat.
    chat: Option<ChatId>,
    /// Only these kinds, separated by commas. Gaps are told all the same.
    types: Option<String>,
    /// Where to go on: `nextCursor` of the page before, or `oldest`. Without it: from now on.
    cursor: Option<String>,
    /// How long to wait while there is nothing, in seconds: 0 (the default) to 50.
    wait_secs: Option<u32>,
    /// How many events at most: 1 to 1000, 100 by default.
    limit: Option<u32>,
}

impl Operation for PollEvents {
    const DECLARATION: Declaration = Declaration::new(
        "poll_events",
        "Read events after a cursor, waiting for the first of them.",
        Method::Get,
        "/events/poll",
        Access::Scope(Scope::EventsRead),
        Effect::Read,
    );
    type Output = EventPage;

    fn account(&self) -> Option<AccountReference> {
        self.account
    }

    fn chats(&self) -> Vec<ChatId> {
        self.chat.into_iter().collect()
    }

    fn validate(&self) -> Result<(), Error> {
        names(self.types.as_deref())?;
        place("cursor", self.cursor.as_deref()).map(|_| ())
    }

    fn next_cursor(output: &EventPage) -> Option<String> {
        Some(output.next_cursor.to_string())
    }
}

impl UserOperation for PollEvents {
    async fn run(self, call: UserCall) -> Result<EventPage, Error> {
        let account = self.account.and_then(AccountReference::id);
        let from = place("cursor", self.cursor.as_deref())?;
        let names = names(self.types.as_deref())?;
        let mut reader = call.read_events(EventsWanted { account, chat: self.chat, names, from })?;
        let limit = usize::try_from(self.limit.unwrap_or(POLL_LENGTH)).unwrap_or(READ_MAX).clamp(1, READ_MAX);
        let patience = call.environment.settings.limits.call_timeout.saturating_sub(ANSWER_MARGIN);
        let wait = Duration::from_secs(u64::from(self.wait_secs.unwrap_or(0).min(WAIT_SECS_MAX))).min(patience);
        let items = match reader.next(limit, Instant::now() + wait).await {
            Read::Events(events) => events.iter().map(|event| PolledEvent::of(event)).collect::<Result<_, _>>()?,
            Read::Nothing | Read::End(EndReason::ServerStopping) => Vec::new(),
            Read::End(reason) => return Err(reason.into()),
        };
        Ok(EventPage { items, next_cursor: reader.cursor() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_name_or_refused() {
        assert_eq!(names(None).unwrap(), []);
        assert_eq!(names(Some("gap, telegram:typing,")).unwrap(), [EventName::Gap, EventName::Typing]);
        assert_eq!(names(Some("new-message")).unwrap_err().field(), Some("types"));
        assert!(names(Some(&"gap,".repeat(TYPES_MAX + 1))).is_err());
    }
}
