//! From the arguments of a field, as they stand in the request, to the one JSON object that an operation is decoded from.
//!
//! What was not given is not there: neither a default of the schema nor a variable without a value, since leaving a field alone and
//! setting it to null are two things, and a repetition under an idempotency key must be the same request on every transport.

use std::collections::BTreeMap;

use async_graphql::parser::types::VariableDefinition;
use async_graphql::{Name, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};
use serde_json::{Map, Value as Json};

use super::scalars;
use super::shape::{Kind, Member, Shape};
use super::types::Fields;

/// The values of variables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) variables: &'a Variables,
    pub(super) definitions: &'a [Positioned<VariableDefinition>],
    pub(super) inputs: &'a BTreeMap<String, Fields>,
}

impl Given<'_> {
    /// The arguments of a field that has these.
    pub(super) fn arguments(&self, members: &[Member], given: &[(Positioned<Name>, Positioned<Value>)]) -> Map<String, Json> {
        let mut arguments = Map::new();
        for (name, value) in given {
            let Some(member) = members.iter().find(|member| member.name == name.node.as_str()) else { continue };
            if let Some(value) = self.json(&value.node, &member.shape) {
                arguments.insert(member.json.clone(), value);
            }
        }
        arguments
    }

    fn variable(&self, name: &Name) -> Option<ConstValue> {
        let definition = self.definitions.iter().find(|definition| definition.node.name.node == *name);
        let default = || definition.and_then(|definition| definition.node.default_value.as_ref()).map(|value| value.node.clone());
        self.variables.get(name).cloned().or_else(default)
    }

    /// A value as the operations read it; `None` where it is a variable that has none.
    fn json(&self, value: &Value, shape: &Shape) -> Option<Json> {
        match (value, &shape.kind) {
            (Value::Variable(name), _) => self.json(&self.variable(name)?.into_value(), shape),
            (Value::Null, _) => Some(Json::Null),
            (Value::List(items), Kind::List(item)) => {
                Some(items.iter().map(|value| self.json(value, item).unwrap_or_default()).collect())
            }
            // One item stands for a list of it (GraphQL, section 3.11).
            (value, Kind::List(item)) => Some(Json::Array(vec![self.json(value, item)?])),
            (Value::Object(members), Kind::Named(name)) => Some(self.object(members.iter(), name)),
            (value, Kind::Long) => self.plain(value).map(scalars::long_given),
            (value, _) => self.plain(value),
        }
    }

    fn object<'v>(&self, given: impl Iterator<Item = (&'v Name, &'v Value)>, name: &str) -> Json {
        let fields = self.inputs.get(name).map(|fields| fields.members.as_slice()).unwrap_or_default();
        let mut object = Map::new();
        for (name, value) in given {
            let Some(member) = fields.iter().find(|member| member.name == name.as_str()) else { continue };
            if let Some(value) = self.json(value, &member.shape) {
                object.insert(member.json.clone(), value);
            }
        }
        Json::Object(object)
    }

    /// A value that is what it looks like.
    fn plain(&self, value: &Value) -> Option<Json> {
        Some(match value {
            Value::Variable(name) => self.plain(&self.variable(name)?.into_value())?,
            Value::Null | Value::Binary(_) => Json::Null,
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => text.as_str().into(),
            Value::Boolean(value) => (*value).into(),
            Value::Enum(name) => name.as_str().into(),
            Value::List(items) => items.iter().map(|value| self.plain(value).unwrap_or_default()).collect(),
            Value::Object(members) => {
                let members = members.iter().filter_map(|(name, value)| Some((name.to_string(), self.plain(value)?)));
                Json::Object(members.collect())
            }
        })
    }
}
