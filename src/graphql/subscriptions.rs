//! Subscriptions: the event log, read as Server-Sent Events read it, with the same permit and the same cursors.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::dynamic::{
    Field, FieldFuture, FieldValue, Object, ResolverContext, SubscriptionField, SubscriptionFieldFuture, TypeRef,
};
use async_graphql::{Name, Value};
use futures::{Stream, StreamExt, stream};
use serde_json::{Map, Value as Json};
use vasya_actors::error::{Code, Error};
use vasya_actors::events::{EndReason, Event, EventStream, StreamItem};
use vasya_actors::operation::Body;

use super::call::Exchange;
use super::fields::{given, input_value};
use super::problem;
use super::reference::SUBSCRIPTIONS;
use super::shape::{Member, Shape};

/// The operation that gives the permit.
const OPERATION: &str = "stream_events";

/// The type of an event.
const PAYLOAD: &str = "EventPayload";

const AFTER: &str = "Where to go on: the `cursor` of the last event that was received, or `oldest`. Without it: from now on.";

/// A field of the subscription root.
#[derive(Debug)]
pub(super) struct EventField {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<Member>,
    description: String,
    /// The kinds of events, separated by commas; none where the client says.
    kinds: Option<String>,
}

fn argument(name: &str, json: &str, shape: &str, description: Option<&str>) -> Member {
    Member {
        name: name.to_owned(),
        json: json.to_owned(),
        shape: Shape::parse(shape),
        description: description.map(str::to_owned),
        default: None,
    }
}

/// Every subscription: those of the reference, and one for all kinds of events.
pub(super) fn all() -> Vec<EventField> {
    let of_reference = SUBSCRIPTIONS.iter().map(|(name, is_of_chat, kinds)| {
        let mut arguments = vec![argument("accountId", "account", "String!", None)];
        if *is_of_chat {
            arguments.push(argument("chatId", "chat", "Long", Some("Only this chat.")));
        }
        arguments.push(argument("after", "cursor", "String", Some(AFTER)));
        let said = match kinds {
            [] => "This server has no such events. Tells of gaps only.".to_owned(),
            kinds => {
                format!("Tells of {}, and of gaps.", kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", "))
            }
        };
        // Gaps are told whatever is asked for.
        let kinds = if kinds.is_empty() { "gap".to_owned() } else { kinds.join(",") };
        EventField { name, arguments, description: said, kinds: Some(kinds) }
    });
    let events = EventField {
        name: "events",
        arguments: vec![
            argument("accountId", "account", "String", Some("Only this account.")),
            argument("chatId", "chat", "Long", Some("Only this chat.")),
            argument("types", "types", "[String!]", Some("Only these kinds. Gaps are told all the same.")),
            argument("after", "cursor", "String", Some(AFTER)),
        ],
        description: "Follow events as they happen; resumes exactly with `after`.\n\nAgents need the scope `events:read`."
            .to_owned(),
        kinds: None,
    };
    of_reference.chain([events]).collect()
}

impl EventField {
    /// The field as the library has it.
    pub(super) fn field(self: Arc<Self>) -> SubscriptionField {
        let root = Arc::clone(&self);
        let field = SubscriptionField::new(self.name, TypeRef::named_nn(PAYLOAD), move |context| {
            let root = Arc::clone(&root);
            SubscriptionFieldFuture::new(async move { root.open(context).await })
        });
        let field = field.description(&self.description);
        self.arguments.iter().fold(field, |field, member| field.argument(input_value(member)))
    }

    async fn open<'a>(
        &self,
        context: ResolverContext<'a>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<FieldValue<'a>>> + use<'a>> {
        let mut arguments = given(&context, &BTreeMap::new(), &self.arguments);
        if let Some(types) = self.kinds.clone().or_else(|| kinds(&arguments)) {
            arguments.insert("types".to_owned(), types.into());
        }
        let exchange = Arc::clone(context.data::<Arc<Exchange>>()?);
        let answer = exchange.call(context.ctx, OPERATION, arguments, None).await;
        let answer = answer.map_err(with_own_names)?;
        let field = context.ctx.item.node.response_key().node.clone();
        let Body::Events(events) = answer.body else {
            return Err(problem::of_call(&Error::internal("no events"), &field, exchange.request_id()));
        };
        Ok(values(events, exchange, field))
    }
}

/// The kinds that a client names, as the operation reads them.
fn kinds(arguments: &Map<String, Json>) -> Option<String> {
    let kinds = arguments.get("types")?.as_array()?;
    Some(kinds.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(","))
}

/// Names the argument at fault as the subscription does, and not as the operation does.
fn with_own_names(mut error: async_graphql::Error) -> async_graphql::Error {
    if let Some(extensions) = &mut error.extensions {
        let own = match extensions.get("field") {
            Some(Value::String(field)) if field == "account" => Some("accountId"),
            Some(Value::String(field)) if field == "chat" => Some("chatId"),
            Some(Value::String(field)) if field == "cursor" => Some("after"),
            _ => None,
        };
        if let Some(own) = own {
            extensions.set("field", own);
        }
    }
    error
}

/// The events, one by one, and at the end why there are no more.
fn values<'a>(
    events: EventStream,
    exchange: Arc<Exchange>,
    field: Name,
) -> impl Stream<Item = async_graphql::Result<FieldValue<'a>>> + use<'a> {
    let items = stream::unfold(events, async |mut events| Some((events.next().await?, events)));
    items.flat_map(move |item| {
        let values = match item {
            StreamItem::Events(events) => events.into_iter().map(|event| Ok(FieldValue::owned_any(event))).collect(),
            StreamItem::Heartbeat(_) => Vec::new(),
            StreamItem::End(reason, cursor) => {
                let mut error = problem::of_call(&ended(reason), &field, exchange.request_id());
                if let Some(extensions) = &mut error.extensions {
                    extensions.set("reason", reason.name());
                    extensions.set("cursor", cursor.to_string());
                }
                vec![Err(error)]
            }
        };
        stream::iter(values)
    })
}

/// Why a stream has ended, with the words of its reason.
fn ended(reason: EndReason) -> Error {
    let error = Error::from(reason);
    match error.code() {
        Code::AccountForbidden => error,
        code => Error::new(code, reason.detail()),
    }
}

/// The type of an event.
pub(super) fn payload() -> Object {
    let field = |name: &str, shape: &str, description: &str, read: fn(&Event) -> Option<Value>| {
        let field = Field::new(name, Shape::parse(shape).type_ref(), move |context| {
            let event = context.parent_value.downcast_ref::<Arc<Event>>();
            FieldFuture::Value(event.and_then(|event| read(event)).map(FieldValue::value))
        });
        field.description(description)
    };
    Object::new(PAYLOAD)
        .description("One event.")
        .field(field("event", "String!", "What kind it is.", |event| Some(Value::from(event.name().as_str()))))
        .field(field("payload", "JSON!", "What happened, with `accountId` and `cursor` among its members.", |event| {
            serde_json::from_slice(event.payload()).ok()
        }))
        .field(field("accountId", "String!", "The account that it is of.", |event| Some(event.account().to_string().into())))
        .field(field("cursor", "String", "The place behind it, to resume from; none for kinds that are not kept.", |event| {
            event.cursor().map(|cursor| cursor.to_string().into())
        }))
}
