//! From the JSON Schemas of the operations to GraphQL's types.
//!
//! Objects have the names of the schemas' definitions, input objects those with `Input` behind it; where the reference has the type, it
//! has the reference's name. Fields are in camelCase. A choice between words is a `String`, since words such as `telegram:new-message`
//! are no GraphQL names; a choice between objects is one object with the fields of all; what has no fixed fields is `JSON`.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::Value;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};
use vasya_actors::operation::Entry;

use super::reference;
use super::shape::{Kind, Member, Shape, camel_case};

/// Whether a type is taken or given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

/// An object or an input object.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) description: Option<String>,
    pub(super) members: Vec<Member>,
}

/// What an operation takes and gives.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) arguments: Vec<Member>,
    pub(super) answer: Given,
}

/// What an operation gives.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// Nothing but that it is done.
    Nothing,
    /// This.
    Whole(Shape),
    /// A list of such items, page by page; the type of a page is called so.
    Pages(Shape, String),
}

/// The types of a catalogue.
#[derive(Debug, Default)]
pub(super) struct Types {
    pub(super) signatures: BTreeMap<&'static str, Signature>,
    pub(super) objects: BTreeMap<String, Fields>,
    pub(super) inputs: BTreeMap<String, Fields>,
}

impl Types {
    /// The types of these operations.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut input = SchemaSettings::draft2020_12().into_generator();
        let mut output = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let mut schemas = Vec::new();
        for entry in entries {
            let taken = entry.input_schema(&mut input).to_value();
            let given = entry.output_schema(&mut output).map(schemars::Schema::to_value);
            schemas.push((entry.declaration().name, taken, given));
        }
        let (inputs, outputs) = (input.take_definitions(true), output.take_definitions(true));
        let mut reader = Reader { inputs, outputs, types: Self::default() };
        for (name, taken, given) in schemas {
            let signature = Signature { arguments: reader.arguments(&taken), answer: reader.given(given.as_ref()) };
            reader.types.signatures.insert(name, signature);
        }
        reader.types
    }
}

struct Reader {
    inputs: Map<String, Json>,
    outputs: Map<String, Json>,
    types: Types,
}

impl Reader {
    fn definition(&self, side: Side, name: &str) -> Json {
        let definitions = if side == Side::Input { &self.inputs } else { &self.outputs };
        definitions.get(name).cloned().unwrap_or_default()
    }

    fn arguments(&mut self, schema: &Json) -> Vec<Member> {
        match reference_of(schema) {
            // A type that is another one by another name has that one's fields.
            Some(name) => {
                let definition = self.definition(Side::Input, name);
                self.members(Side::Input, &definition)
            }
            None => self.members(Side::Input, schema),
        }
    }

    fn given(&mut self, schema: Option<&Json>) -> Given {
        let Some(schema) = schema else { return Given::Nothing };
        let name = reference_of(schema).unwrap_or_default().to_owned();
        let shape = self.shape(Side::Output, schema);
        match shape.kind {
            Kind::List(item) if !name.is_empty() => Given::Pages(*item, name),
            _ => Given::Whole(shape),
        }
    }

    fn members(&mut self, side: Side, schema: &Json) -> Vec<Member> {
        let required: BTreeSet<&str> = texts(schema.get("required")).collect();
        let properties = schema.get("properties").and_then(Json::as_object);
        let properties = properties.into_iter().flatten();
        properties.map(|(json, schema)| self.member(side, json, schema, required.contains(json.as_str()))).collect()
    }

    fn member(&mut self, side: Side, json: &str, schema: &Json, is_required: bool) -> Member {
        let shape = self.shape(side, schema);
        let is_plain = |value: &&Json| !value.is_null() && value.as_object().is_none();
        let default =
            schema.get("default").filter(is_plain).filter(|_| side == Side::Input && !is_required && !shape.is_nullable);
        let is_nullable = shape.is_nullable || (!is_required && default.is_none());
        Member {
            name: camel_case(json),
            json: json.to_owned(),
            description: self.description(side, schema),
            shape: shape.nullable(is_nullable),
            default: default.and_then(|value| Value::from_json(value.clone()).ok()),
        }
    }

    /// What is said of a value, and the words that it may be.
    fn description(&self, side: Side, schema: &Json) -> Option<String> {
        let said = schema.get("description").and_then(Json::as_str);
        let definition = referred_to(schema).map(|name| self.definition(side, name));
        let words = words(definition.as_ref().unwrap_or(schema)).filter(|words| !words.is_empty());
        let words =
            words.map(|words| format!("One of {}.", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")));
        match (said, words) {
            (Some(said), Some(words)) => Some(format!("{said}\n\n{words}")),
            (said, words) => said.map(str::to_owned).or(words),
        }
    }

    fn shape(&mut self, side: Side, schema: &Json) -> Shape {
        if let Some(name) = reference_of(schema) {
            let name = name.to_owned();
            return self.defined(side, &name);
        }
        if words(schema).is_some() {
            return Shape::of(Kind::Text);
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            let Some(choices) = schema.get(choice).and_then(Json::as_array) else { continue };
            let others: Vec<&Json> = choices.iter().filter(|choice| !is_null(choice)).collect();
            let is_nullable = others.len() < choices.len();
            return match others.as_slice() {
                [only] => {
                    let shape = self.shape(side, only);
                    let is_nullable = is_nullable || shape.is_nullable;
                    shape.nullable(is_nullable)
                }
                _ => Shape::of(Kind::Json).nullable(is_nullable),
            };
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(Json::String(only)) => vec![only],
            several => texts(several).collect(),
        };
        let is_nullable = types.contains(&"null");
        let mut named = types.iter().filter(|name| **name != "null");
        let kind = match (named.next(), named.next()) {
            (Some(&"string"), None) => Kind::Text,
            (Some(&"boolean"), None) => Kind::Boolean,
            (Some(&"number"), None) => Kind::Float,
            (Some(&"integer"), None) => whole_number(schema),
            (Some(&"array"), None) => match schema.get("items") {
                Some(items) => Kind::List(Box::new(self.shape(side, items))),
                None => Kind::Json,
            },
            _ if schema.get("const").is_some_and(Json::is_boolean) => Kind::Boolean,
            _ => Kind::Json,
        };
        Shape::of(kind).nullable(is_nullable)
    }

    /// A type that has a name.
    fn defined(&mut self, side: Side, name: &str) -> Shape {
        let definition = self.definition(side, name);
        let is_choice = ["oneOf", "anyOf"].iter().any(|choice| definition.get(*choice).is_some()) && words(&definition).is_none();
        let variants = if is_choice { self.variants(side, &definition) } else { None };
        let has_fields = definition.get("properties").is_some_and(|properties| properties != &Json::Object(Map::new()));
        let whole = match (side, is_choice, variants) {
            (_, false, _) if has_fields => definition.clone(),
            (Side::Output, true, Some(variants)) => union(&definition, &variants),
            // Which fields go together cannot be said; the operation checks it.
            (_, true, _) if has_fields => return Shape::of(Kind::Json),
            _ => return self.shape(side, &definition),
        };
        let type_name = reference::type_name(name, side == Side::Input);
        let known = if side == Side::Input { &self.types.inputs } else { &self.types.objects };
        if !known.contains_key(&type_name) {
            let description = whole.get("description").and_then(Json::as_str).map(str::to_owned);
            self.keep(side, &type_name, Fields { description, members: Vec::new() });
            let members = self.members(side, &whole);
            let known = if side == Side::Input { &mut self.types.inputs } else { &mut self.types.objects };
            if let Some(fields) = known.get_mut(&type_name) {
                fields.members = members;
            }
        }
        Shape::of(Kind::Named(type_name))
    }

    fn keep(&mut self, side: Side, name: &str, fields: Fields) {
        let known = if side == Side::Input { &mut self.types.inputs } else { &mut self.types.objects };
        known.insert(name.to_owned(), fields);
    }

    /// The objects that a choice is between; `None` if one of them is no object.
    fn variants(&self, side: Side, schema: &Json) -> Option<Vec<Json>> {
        let choices = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
        let resolved = choices.iter().map(|choice| match reference_of(choice) {
            Some(name) => self.definition(side, name),
            None => choice.clone(),
        });
        let variants: Vec<Json> = resolved.collect();
        variants.iter().all(|variant| variant.get("properties").is_some()).then_some(variants)
    }
}

/// One object with the fields of all; those that all have are always there.
fn union(schema: &Json, variants: &[Json]) -> Json {
    let mut properties = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut required: BTreeSet<&str> = texts(schema.get("required")).collect();
    let mut in_all: Option<BTreeSet<&str>> = None;
    for variant in variants {
        for (name, property) in variant.get("properties").and_then(Json::as_object).into_iter().flatten() {
            properties.entry(name.clone()).or_insert_with(|| property.clone());
        }
        let of_variant: BTreeSet<&str> = texts(variant.get("required")).collect();
        in_all = Some(in_all.map_or_else(|| of_variant.clone(), |in_all| in_all.intersection(&of_variant).copied().collect()));
    }
    required.extend(in_all.unwrap_or_default());
    serde_json::json!({
        "description": schema.get("description"),
        "properties": properties,
        "required": required,
    })
}

/// The name of the definition that a schema is nothing but a reference to.
fn reference_of(schema: &Json) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// The name of the definition that a schema refers to, be it with null as the other choice.
fn referred_to(schema: &Json) -> Option<&str> {
    let choices = schema.get("anyOf").and_then(Json::as_array);
    reference_of(schema).or_else(|| choices?.iter().find_map(reference_of))
}

fn is_null(schema: &Json) -> bool {
    schema.get("type").is_some_and(|name| name == "null")
}

fn texts(list: Option<&Json>) -> impl Iterator<Item = &str> {
    list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// The words that a value may be, if it is a choice between words.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const") {
        return word.as_str().map(|word| vec![word]);
    }
    if let Some(choices) = schema.get("enum").and_then(Json::as_array) {
        return choices.iter().map(Json::as_str).collect();
    }
    let choices = schema.get("oneOf").and_then(Json::as_array)?;
    let words: Option<Vec<Vec<&str>>> = choices.iter().map(words).collect();
    words.map(|words| words.concat())
}

fn whole_number(schema: &Json) -> Kind {
    match schema.get("format").and_then(Json::as_str) {
        Some("int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32") => Kind::Int,
        _ => Kind::Long,
    }
}
