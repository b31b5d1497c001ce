//! The fields of the root types: one for each operation, and those of the reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::Value;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, InputValue, ResolverContext};
use serde_json::{Map, Value as Json};
use vasya_actors::operation::{Access, Answer, Body, Declaration};

use super::answers;
use super::arguments::Given as GivenArguments;
use super::call::Exchange;
use super::reference::{Reading, ReferenceField};
use super::shape::{Kind, Member, Shape, camel_case};
use super::types::{Fields, Given, Signature};

/// The argument that makes a repetition of a mutation harmless.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotencyKey";

const IDEMPOTENCY_KEY_DESCRIPTION: &str = "Makes a repetition of this call harmless, as the header `Idempotency-Key` does over REST: 1 to 255 \
printable ASCII characters, remembered for a day. `extensions.replayed` names the fields whose answers are repetitions.";

/// A field of a root type.
#[derive(Debug)]
pub(super) struct RootField {
    pub(super) name: String,
    pub(super) declaration: &'static Declaration,
    pub(super) arguments: Vec<Member>,
    prepare: fn(&mut Map<String, Json>),
    answer: AnswerReading,
}

/// How an answer becomes the field's value.
#[derive(Clone, Debug)]
enum AnswerReading {
    /// `true`.
    Done,
    Whole(Shape),
    /// The items of a page; where they go on is told beside the data.
    Items(Shape),
    /// An object with the items and where they go on.
    Page(Shape),
    Member(&'static str, Shape),
}

impl RootField {
    /// The operation's own field.
    pub(super) fn of(declaration: &'static Declaration, signature: &Signature) -> Self {
        let answer = match &signature.answer {
            Given::Nothing => AnswerReading::Done,
            Given::Whole(shape) => AnswerReading::Whole(shape.clone()),
            Given::Pages(_, name) => AnswerReading::Page(Shape::of(Kind::Named(name.clone()))),
        };
        Self {
            name: camel_case(declaration.name),
            declaration,
            arguments: with_key(declaration, signature.arguments.clone()),
            prepare: |_| (),
            answer,
        }
    }

    /// A field of the reference.
    pub(super) fn of_reference(field: &ReferenceField, declaration: &'static Declaration, signature: &Signature) -> Self {
        let is_hidden = |member: &Member| {
            field.hidden.contains(&member.json.as_str()) || (field.hidden.contains(&"*") && member.json != "accountId")
        };
        let mut arguments: Vec<Member> = signature.arguments.iter().filter(|member| !is_hidden(member)).cloned().collect();
        for member in &mut arguments {
            if let Some((_, retyped)) = field.retyped.iter().find(|(name, _)| *name == member.name) {
                member.shape = Shape::parse(retyped);
                member.default = None;
            }
        }
        arguments.extend(field.added.iter().map(|(name, shape, default)| Member {
            name: (*name).to_owned(),
            json: (*name).to_owned(),
            shape: Shape::parse(shape),
            description: None,
            default: default.map(Value::from),
        }));
        let answer = match (&signature.answer, field.reading) {
            (Given::Nothing, _) | (_, Reading::Done) => AnswerReading::Done,
            (_, Reading::As(name)) => AnswerReading::Whole(Shape::of(Kind::Named(name.to_owned()))),
            (_, Reading::Member(name)) => {
                let kind = if name == "configured" { Kind::Boolean } else { Kind::Long };
                AnswerReading::Member(name, Shape::of(kind))
            }
            (Given::Whole(shape), Reading::Whole) => AnswerReading::Whole(shape.clone()),
            (Given::Pages(item, _), Reading::Whole) => AnswerReading::Items(Shape::of(Kind::List(Box::new(item.clone())))),
        };
        Self {
            name: field.name.to_owned(),
            declaration,
            arguments: with_key(declaration, arguments),
            prepare: field.prepare,
            answer,
        }
    }

    fn shape(&self) -> Shape {
        match &self.answer {
            AnswerReading::Done => Shape::of(Kind::Boolean),
            AnswerReading::Whole(shape) | AnswerReading::Items(shape) | AnswerReading::Page(shape) => shape.clone(),
            AnswerReading::Member(_, shape) => shape.clone(),
        }
    }

    /// The field as the library has it.
    pub(super) fn field(self: Arc<Self>, inputs: Arc<BTreeMap<String, Fields>>) -> Field {
        let root = Arc::clone(&self);
        let field = Field::new(&self.name, self.shape().type_ref(), move |context| {
            let (root, inputs) = (Arc::clone(&root), Arc::clone(&inputs));
            FieldFuture::new(async move { root.resolve(&inputs, context).await })
        });
        let field = field.description(description(self.declaration));
        self.arguments.iter().fold(field, |field, member| field.argument(input_value(member)))
    }

    async fn resolve(
        &self,
        inputs: &BTreeMap<String, Fields>,
        context: ResolverContext<'_>,
    ) -> async_graphql::Result<Option<FieldValue<'static>>> {
        let mut arguments = given(&context, inputs, &self.arguments);
        let key = match arguments.remove(IDEMPOTENCY_KEY) {
            Some(Json::String(key)) => Some(key),
            _ => None,
        };
        (self.prepare)(&mut arguments);
        let exchange = context.data::<Arc<Exchange>>()?;
        let answer = exchange.call(context.ctx, self.declaration.name, arguments, key).await?;
        let field = context.ctx.item.node.response_key().node.as_str();
        self.read(answer, exchange, field)
    }

    fn read(&self, answer: Answer, exchange: &Exchange, field: &str) -> async_graphql::Result<Option<FieldValue<'static>>> {
        let Answer { body, next_cursor, .. } = answer;
        let json: Json = match body {
            Body::Json(json) => serde_json::from_slice(&json)?,
            Body::Empty | Body::Bytes(..) | Body::Events(_) => Json::Null,
        };
        Ok(match &self.answer {
            AnswerReading::Done => Some(FieldValue::value(true)),
            AnswerReading::Whole(shape) => answers::owned(json, shape),
            AnswerReading::Items(shape) => {
                if let Some(cursor) = next_cursor {
                    exchange.tell_next_cursor(field, &cursor);
                }
                answers::owned(json, shape)
            }
            AnswerReading::Page(shape) => answers::owned(serde_json::json!({ "items": json, "nextCursor": next_cursor }), shape),
            AnswerReading::Member(name, shape) => {
                let Json::Object(mut members) = json else { return Ok(None) };
                members.remove(*name).and_then(|value| answers::owned(value, shape))
            }
        })
    }
}

/// The arguments of a field of a root type, as its operation reads them.
pub(super) fn given(context: &ResolverContext<'_>, inputs: &BTreeMap<String, Fields>, members: &[Member]) -> Map<String, Json> {
    let environment = context.ctx.query_env;
    let given = GivenArguments {
        variables: &environment.variables,
        definitions: &environment.operation.node.variable_definitions,
        inputs,
    };
    given.arguments(members, &context.ctx.item.node.arguments)
}

fn with_key(declaration: &Declaration, mut arguments: Vec<Member>) -> Vec<Member> {
    if declaration.effect.is_mutation() {
        arguments.push(Member {
            name: IDEMPOTENCY_KEY.to_owned(),
            json: IDEMPOTENCY_KEY.to_owned(),
            shape: Shape::of(Kind::Text).nullable(true),
            description: Some(IDEMPOTENCY_KEY_DESCRIPTION.to_owned()),
            default: None,
        });
    }
    arguments
}

/// An argument, or a field of an input object, as the library has it.
pub(super) fn input_value(member: &Member) -> InputValue {
    let value = InputValue::new(&member.name, member.shape.type_ref());
    let value = match &member.description {
        Some(description) => value.description(description),
        None => value,
    };
    match &member.default {
        Some(default) => value.default_value(default.clone()),
        None => value,
    }
}

fn description(declaration: &Declaration) -> String {
    let access = match declaration.access {
        Access::Scope(scope) => format!("Agents need the scope `{}`.", scope.name()),
        Access::Authenticated => "Anyone with a token may call it.".to_owned(),
        Access::Human(_) => "For people only.".to_owned(),
        Access::Admin(_) => "For administrators only.".to_owned(),
    };
    let (method, path) = (declaration.method.name(), declaration.path);
    format!("{}\n\n{access} Over REST: `{method} {path}`.", declaration.summary)
}
