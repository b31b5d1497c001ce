//! One request: its document parsed once, held to the limits, and prepared to be run.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, Type,
};
use async_graphql::{Name, Positioned, Request, ServerError, Variables};
use async_graphql_value::Value;
use serde_json::{Map, Value as Json};
use vasya_actors::error::{Code, Error};

use super::limits;
use super::problem;
use super::scalars::LONG;
use super::shape::{Kind, Member, Shape};
use crate::config::GraphQlConfiguration;

/// The longest name of an operation that is looked for, in bytes.
const OPERATION_NAME_BYTES_MAX: usize = 256;

/// A request as its client sends it (GraphQL over HTTP, section 5).
#[derive(Debug)]
pub(crate) struct Asked {
    query: String,
    operation_name: Option<String>,
    variables: Map<String, Json>,
    is_persisted: bool,
    request_id: Option<String>,
}

impl Asked {
    /// Reads a request; an error says what it lacks.
    pub(crate) fn read(value: Json) -> Result<Self, String> {
        let Json::Object(mut members) = value else { return Err("a request must be a JSON object".to_owned()) };
        let extensions = members.remove("extensions").unwrap_or_default();
        let is_persisted = extensions.get("persistedQuery").is_some_and(Json::is_object);
        let request_id = extensions.get("requestId").and_then(Json::as_str).map(str::to_owned);
        let query = match members.remove("query") {
            Some(Json::String(query)) => query,
            None if is_persisted => String::new(),
            _ => return Err("query must be a text".to_owned()),
        };
        let operation_name = match members.remove("operationName") {
            None | Some(Json::Null) => None,
            Some(Json::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(_) => return Err("operationName must be a text".to_owned()),
        };
        let variables = match members.remove("variables") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(variables)) => variables,
            Some(_) => return Err("variables must be an object".to_owned()),
        };
        Ok(Self { query, operation_name, variables, is_persisted, request_id })
    }

    /// The id that its client has given it, as `extensions.requestId`: a WebSocket has no headers for it.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The arguments of the fields of a root type.
pub(super) type Root = BTreeMap<String, Vec<Member>>;

/// The root types.
#[derive(Debug, Default)]
pub(super) struct Roots {
    pub(super) query: Root,
    pub(super) mutation: Root,
    pub(super) subscription: Root,
}

impl Roots {
    fn of(&self, kind: OperationType) -> &Root {
        match kind {
            OperationType::Query => &self.query,
            OperationType::Mutation => &self.mutation,
            OperationType::Subscription => &self.subscription,
        }
    }
}

/// A request that may be run.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) request: Request,
    pub(super) kind: OperationType,
    /// How many calls it makes.
    pub(super) calls: usize,
    /// The names of its fields in the answer, in their order.
    pub(super) names: Vec<Name>,
}

impl Prepared {
    /// Whether it is a subscription.
    pub(crate) fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }

    /// How many calls it makes.
    pub(crate) fn calls(&self) -> usize {
        self.calls
    }

    /// How many mutations it makes.
    pub(crate) fn mutations(&self) -> usize {
        if self.kind == OperationType::Mutation { self.calls } else { 0 }
    }

    /// Parses a request and holds it to the limits.
    pub(super) fn of(asked: Asked, roots: &Roots, limits: &GraphQlConfiguration, request_id: &str) -> Result<Self, ServerError> {
        let refused = |code: &str, reason: String| problem::of_request(&Error::new(Code::BadRequest, reason), code, request_id);
        if asked.query.is_empty() && asked.is_persisted {
            return Err(refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported".to_owned()));
        }
        let exceeded = |error: limits::Exceeded| refused("GRAPHQL_LIMIT_EXCEEDED", error.to_string());
        limits::scan(&asked.query, limits.tokens_max).map_err(exceeded)?;
        let parsed = parse_query(&asked.query).map_err(|error| {
            let mut told = refused("GRAPHQL_PARSE_FAILED", unreadable(&error.to_string()));
            told.locations = error.positions().collect();
            told
        });
        let mut document = parsed?;
        document
            .operations
            .iter()
            .try_for_each(|(_, operation)| limits::check(&document, &operation.node, limits))
            .map_err(exceeded)?;
        let operation = chosen(&document, asked.operation_name.as_deref());
        let operation = operation
            .ok_or_else(|| refused("GRAPHQL_VALIDATION_FAILED", "operationName must name one of the operations".into()))?;
        let kind = operation.ty;
        let mut fields = Vec::new();
        collect(&document, &operation.selection_set.node, &mut fields);
        check_root(operation, &fields).map_err(|reason| refused("GRAPHQL_VALIDATION_FAILED", reason))?;
        let calls = fields.iter().filter(|field| !field.name.node.starts_with("__")).count();
        let names = fields.iter().map(|field| field.response_key().node.clone()).collect();
        let longs = long_variables(&fields, roots.of(kind));
        take_for_long(&mut document, &longs);
        let mut request = Request::new(String::new());
        request.operation_name = asked.operation_name;
        request.variables = Variables::from_json(Json::Object(asked.variables));
        request.set_parsed_query(document);
        Ok(Self { request, kind, calls, names })
    }
}

/// What the parser says without the line of the document that it shows, which may be long.
fn unreadable(message: &str) -> String {
    let rule = message.rsplit_once("= ").map_or(message, |(_, rule)| rule);
    format!("The document cannot be read: {}", rule.trim().chars().take(200).collect::<String>())
}

fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1).map(|operation| &operation.node)
        }
        (DocumentOperations::Multiple(operations), Some(name)) => {
            let name = Some(name).filter(|name| name.len() <= OPERATION_NAME_BYTES_MAX)?;
            operations.get(name).map(|operation| &operation.node)
        }
    }
}

/// The fields of a root type that a selection set has, those of fragments among them. The limits have bounded how many there are.
fn collect<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, fields: &mut Vec<&'a Field>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => fields.push(&field.node),
            Selection::InlineFragment(fragment) => collect(document, &fragment.node.selection_set.node, fields),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(document, &fragment.node.selection_set.node, fields);
                }
            }
        }
    }
}

/// What the library does not check: that no mutation is made twice because its name stands twice, and that a subscription is one.
fn check_root(operation: &OperationDefinition, fields: &[&Field]) -> Result<(), String> {
    match operation.ty {
        OperationType::Query => Ok(()),
        OperationType::Mutation => {
            let mut names = BTreeSet::new();
            let twice = fields.iter().map(|field| field.response_key().node.as_str()).find(|name| !names.insert(*name));
            twice.map_or(Ok(()), |name| Err(format!("{name} stands twice in the mutation: give each an alias of its own")))
        }
        OperationType::Subscription => {
            let is_direct =
                matches!(operation.selection_set.node.items.as_slice(), [one] if matches!(one.node, Selection::Field(_)));
            let is_one = is_direct && fields.iter().all(|field| !field.name.node.starts_with("__"));
            if is_one { Ok(()) } else { Err("A subscription must have exactly one field, outside of fragments".to_owned()) }
        }
    }
}

/// The variables that stand where a `Long` is wanted.
fn long_variables(fields: &[&Field], root: &Root) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    for field in fields {
        let Some(members) = root.get(field.name.node.as_str()) else { continue };
        for (name, value) in &field.arguments {
            if let Some(member) = members.iter().find(|member| member.name == name.node.as_str()) {
                note_variables(&value.node, &member.shape, &mut names);
            }
        }
    }
    names
}

fn note_variables(value: &Value, shape: &Shape, names: &mut BTreeSet<Name>) {
    match (value, &shape.kind) {
        (Value::Variable(name), Kind::Long) => _ = names.insert(name.clone()),
        (Value::Variable(name), Kind::List(item)) if item.kind == Kind::Long => _ = names.insert(name.clone()),
        (Value::List(items), Kind::List(item)) => items.iter().for_each(|value| note_variables(value, item, names)),
        _ => {}
    }
}

/// Clients of the reference declare 64-bit ids as `Int`, which they are there: such a variable is taken for a `Long`.
fn take_for_long(document: &mut ExecutableDocument, names: &BTreeSet<Name>) {
    let retype = |operation: &mut Positioned<OperationDefinition>| {
        for definition in &mut operation.node.variable_definitions {
            if names.contains(&definition.node.name.node) {
                take_type_for_long(&mut definition.node.var_type.node);
            }
        }
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => retype(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(retype),
    }
}

fn take_type_for_long(kind: &mut Type) {
    match &mut kind.base {
        BaseType::Named(name) if name.as_str() == "Int" => *name = Name::new(LONG),
        BaseType::Named(_) => {}
        BaseType::List(item) => take_type_for_long(item),
    }
}
