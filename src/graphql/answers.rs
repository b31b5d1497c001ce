//! From the JSON of an operation's answer to the values that GraphQL selects from. Nothing is copied but what is selected.

use async_graphql::Value;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, Object};
use serde_json::Value as Json;

use super::scalars;
use super::shape::{Kind, Member, Shape};
use super::types::Fields;

/// An object whose values are JSON.
pub(super) fn object(name: &str, fields: &Fields) -> Object {
    let object = Object::new(name);
    let object = match &fields.description {
        Some(description) => object.description(description),
        None => object,
    };
    fields.members.iter().fold(object, |object, member| object.field(field(member)))
}

fn field(member: &Member) -> Field {
    let (json, shape) = (member.json.clone(), member.shape.clone());
    let field = Field::new(&member.name, member.shape.type_ref(), move |context| {
        let value = context.parent_value.downcast_ref::<Json>().and_then(|parent| parent.get(&json));
        FieldFuture::Value(value.and_then(|value| borrowed(value, &shape)))
    });
    match &member.description {
        Some(description) => field.description(description),
        None => field,
    }
}

/// A value within an answer; `None` for null.
fn borrowed<'a>(value: &'a Json, shape: &Shape) -> Option<FieldValue<'a>> {
    match (value, &shape.kind) {
        (Json::Null, _) => None,
        (Json::Array(items), Kind::List(item)) => {
            Some(FieldValue::list(items.iter().map(|value| borrowed(value, item).unwrap_or(FieldValue::NULL))))
        }
        (value, Kind::Named(_)) => Some(FieldValue::borrowed_any(value)),
        (value, _) => Some(FieldValue::value(scalar(value, &shape.kind))),
    }
}

/// A whole answer; `None` for null.
pub(super) fn owned(value: Json, shape: &Shape) -> Option<FieldValue<'static>> {
    match (value, &shape.kind) {
        (Json::Null, _) => None,
        (Json::Array(items), Kind::List(item)) => {
            Some(FieldValue::list(items.into_iter().map(|value| owned(value, item).unwrap_or(FieldValue::NULL))))
        }
        (value, Kind::Named(_)) => Some(FieldValue::owned_any(value)),
        (value, _) => Some(FieldValue::value(scalar(&value, &shape.kind))),
    }
}

fn scalar(value: &Json, kind: &Kind) -> Value {
    match (value, kind) {
        (Json::Number(number), Kind::Long) => scalars::long(number),
        (Json::String(text), _) => Value::String(text.clone()),
        (Json::Bool(value), _) => Value::Boolean(*value),
        (Json::Number(number), _) => Value::Number(number.clone()),
        (value, _) => Value::from_json(value.clone()).unwrap_or_default(),
    }
}
