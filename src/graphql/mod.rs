//! GraphQL: the catalogue as one schema. Each operation is a field, and each field is one call down the gateway's road, whichever
//! transport it came by.

mod answers;
mod arguments;
mod call;
mod document;
mod fields;
mod limits;
mod problem;
mod reference;
mod scalars;
mod shape;
mod subscriptions;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::dynamic::{InputObject, Object, Schema, SchemaError, Subscription};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, PathSegment, Request, Response, ServerError, Value};
use futures::{Stream, StreamExt};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::Gateway;
use vasya_actors::operation::Declaration;

use crate::config::GraphQlConfiguration;
use document::Roots;
use fields::RootField;
use shape::{Kind, Member, Shape};
use types::{Fields, Given, Types};

pub(crate) use call::{Exchange, RequestIds};
pub(crate) use document::{Asked, Prepared};

const QUERY: &str = "QueryRoot";
const MUTATION: &str = "MutationRoot";
const SUBSCRIPTION: &str = "SubscriptionRoot";

/// The schema of a catalogue, made once and shared by all threads.
#[derive(Debug)]
pub(crate) struct GraphQl {
    schema: Schema,
    sdl: String,
    roots: Roots,
    limits: GraphQlConfiguration,
}

/// Whether an operation is a field. Those that take or give bytes are not, except where they take JSON instead; the stream of events is
/// there as the subscriptions.
pub(crate) fn is_field(declaration: &Declaration) -> bool {
    (!declaration.takes_bytes || declaration.takes_json_instead) && !declaration.gives_bytes && !declaration.gives_events
}

impl GraphQl {
    /// The schema of a gateway's catalogue.
    ///
    /// # Errors
    /// When the operations contradict each other: two types with one name, or a name that GraphQL does not have.
    pub(crate) fn new(gateway: &Gateway, limits: &GraphQlConfiguration) -> Result<Self, SchemaError> {
        Self::of(gateway.catalogue(), Some(gateway), limits)
    }

    fn of(catalogue: &Catalogue, gateway: Option<&Gateway>, limits: &GraphQlConfiguration) -> Result<Self, SchemaError> {
        let mut types = Types::of(catalogue.entries().iter().filter(|entry| is_field(entry.declaration())));
        add_types_of_reference(&mut types);
        let inputs = Arc::new(std::mem::take(&mut types.inputs));
        let mut roots = Roots::default();
        let (mut query, mut mutation) = (Object::new(QUERY), Object::new(MUTATION));
        for field in root_fields(catalogue, &types) {
            let field = Arc::new(field);
            let is_mutation = field.declaration.effect.is_mutation();
            let root = if is_mutation { &mut roots.mutation } else { &mut roots.query };
            root.insert(field.name.clone(), field.arguments.clone());
            let made = Arc::clone(&field).field(Arc::clone(&inputs));
            if is_mutation {
                mutation = mutation.field(made);
            } else {
                query = query.field(made);
            }
        }
        let mut subscription = Subscription::new(SUBSCRIPTION);
        for field in subscriptions::all() {
            let field = Arc::new(field);
            roots.subscription.insert(field.name.to_owned(), field.arguments.clone());
            subscription = subscription.field(field.field());
        }
        let mut builder = Schema::build(QUERY, Some(MUTATION), Some(SUBSCRIPTION));
        builder = scalars::all().into_iter().fold(builder, |builder, scalar| builder.register(scalar));
        builder = types.objects.iter().fold(builder, |builder, (name, fields)| builder.register(answers::object(name, fields)));
        builder = inputs.iter().fold(builder, |builder, (name, fields)| builder.register(input_object(name, fields)));
        builder = builder.register(subscriptions::payload()).register(query).register(mutation).register(subscription);
        if !limits.introspection {
            builder = builder.disable_introspection().disable_suggestions();
        }
        if let Some(gateway) = gateway {
            builder = builder.data(gateway.clone());
        }
        let schema = builder.finish()?;
        Ok(Self { sdl: schema.sdl(), schema, roots, limits: limits.clone() })
    }

    /// The schema as text; `None` where introspection is off.
    pub(crate) fn sdl(&self) -> Option<&str> {
        self.limits.introspection.then_some(self.sdl.as_str())
    }

    /// The limits that requests are held to.
    pub(crate) fn limits(&self) -> &GraphQlConfiguration {
        &self.limits
    }

    /// Parses a request and holds it to the limits.
    ///
    /// # Errors
    /// What its client is answered instead.
    pub(crate) fn prepare(&self, asked: Asked, request_id: &str) -> Result<Prepared, Box<Response>> {
        Prepared::of(asked, &self.roots, &self.limits, request_id)
            .map_err(|error: ServerError| Box::new(Response::from_errors(vec![error])))
    }

    /// Runs a query or mutation.
    pub(crate) async fn execute(&self, prepared: Prepared, exchange: &Arc<Exchange>) -> Response {
        let names = prepared.names.clone();
        let mut response = self.schema.execute(with_exchange(prepared, exchange)).await;
        complete(&mut response, exchange);
        arrange(&mut response, &names);
        response
    }

    /// Runs a subscription: each response is one event, the last one perhaps why there are no more.
    pub(crate) fn subscribe(&self, prepared: Prepared, exchange: &Arc<Exchange>) -> impl Stream<Item = Response> + Send + use<> {
        let responses = self.schema.execute_stream(with_exchange(prepared, exchange));
        let exchange = Arc::clone(exchange);
        responses.map(move |mut response| {
            complete(&mut response, &exchange);
            response
        })
    }
}

/// Why an operation is not run: the socket has as many as it may.
pub(crate) fn too_many(operations_max: usize, request_id: &str) -> ServerError {
    let detail = format!("{operations_max} operations of this socket are at work: end one first");
    problem::of_request(&Error::new(Code::RateLimited, detail), "GRAPHQL_LIMIT_EXCEEDED", request_id)
}

fn with_exchange(prepared: Prepared, exchange: &Arc<Exchange>) -> Request {
    prepared.request.data(Arc::clone(exchange))
}

/// Puts the fields in the order in which they were asked for. One that has failed is null, and takes nothing with it that others have
/// answered: what was done is told.
fn arrange(response: &mut Response, names: &[Name]) {
    let Value::Object(fields) = &mut response.data else { return };
    let mut arranged = IndexMap::with_capacity(fields.len());
    for name in names {
        let has_failed = || {
            response.errors.iter().any(|error| matches!(error.path.first(), Some(PathSegment::Field(field)) if *field == *name))
        };
        match fields.swap_remove(name) {
            Some(value) => _ = arranged.insert(name.clone(), value),
            None if !arranged.contains_key(name) && has_failed() => _ = arranged.insert(name.clone(), Value::Null),
            None => {}
        }
    }
    response.data = Value::Object(arranged);
}

fn complete(response: &mut Response, exchange: &Exchange) {
    problem::complete(&mut response.errors, exchange.request_id());
    for (name, value) in exchange.extensions() {
        response.extensions.insert(name.to_owned(), value);
    }
}

/// The fields of the query and mutation roots. One of the reference stands in the place of the operation's own that has its name.
fn root_fields(catalogue: &Catalogue, types: &Types) -> Vec<RootField> {
    let mut fields = Vec::new();
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        let Some(signature) = types.signatures.get(declaration.name) else { continue };
        let of_reference: Vec<_> = reference::FIELDS.iter().filter(|field| field.operation == declaration.name).collect();
        let own = RootField::of(declaration, signature);
        if !of_reference.iter().any(|field| field.name == own.name) {
            fields.push(own);
        }
        fields.extend(of_reference.into_iter().map(|field| RootField::of_reference(field, declaration, signature)));
    }
    fields
}

/// The types that only the reference has, and its stricter fields.
fn add_types_of_reference(types: &mut Types) {
    for (name, other) in reference::COPIES {
        if let Some(fields) = types.objects.get(*other).cloned() {
            types.objects.insert((*name).to_owned(), fields);
        }
    }
    for (name, operation) in reference::INPUTS_OF_OPERATIONS {
        let Some(signature) = types.signatures.get(operation) else { continue };
        let members = signature.arguments.iter().filter(|member| member.json != "accountId").cloned().collect();
        types.inputs.insert((*name).to_owned(), Fields { description: None, members });
    }
    for (name, field, shape) in reference::STRICTER {
        let fields = types.objects.get_mut(*name).or_else(|| types.inputs.get_mut(*name));
        let member = fields.and_then(|fields| fields.members.iter_mut().find(|member| member.name == *field));
        if let Some(member) = member {
            member.shape = Shape::parse(shape);
        }
    }
    for (name, item) in pages(types) {
        types.objects.insert(name, page(item));
    }
}

fn pages(types: &Types) -> BTreeMap<String, Shape> {
    let pages = types.signatures.values().filter_map(|signature| match &signature.answer {
        Given::Pages(item, name) => Some((name.clone(), item.clone())),
        Given::Nothing | Given::Whole(_) => None,
    });
    pages.collect()
}

fn page(item: Shape) -> Fields {
    let member = |name: &str, shape: Shape, description: &str| Member {
        name: name.to_owned(),
        json: name.to_owned(),
        shape,
        description: Some(description.to_owned()),
        default: None,
    };
    let members = vec![
        member("items", Shape::of(Kind::List(Box::new(item))), "What is on this page."),
        member("nextCursor", Shape::parse("String"), "Where the list goes on; none at its end."),
    ];
    Fields { description: Some("A page of a list.".to_owned()), members }
}

fn input_object(name: &str, fields: &Fields) -> InputObject {
    let object = InputObject::new(name);
    let object = match &fields.description {
        Some(description) => object.description(description),
        None => object,
    };
    fields.members.iter().fold(object, |object, member| object.field(fields::input_value(member)))
}
