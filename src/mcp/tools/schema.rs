//! The schemas of tools, each of which stands by itself, and no longer than it need be: models read them.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::operation::Entry;

use super::spelling::camel_case;

/// How much is told of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything.
    Whole,
    /// The members' names.
    Outline,
}

/// The schema of what an operation takes, as the operation spells it; no reference leads out of it.
pub(super) fn input(entry: &Entry) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut schema = entry.input_schema(&mut generator).to_value();
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.insert("$defs".into(), Value::Object(definitions));
    }
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// A schema with the names of members in camelCase and without what tells a model nothing.
pub(super) fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(plain_members(members)),
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn plain_members(members: &Map<String, Value>) -> Map<String, Value> {
    let mut made = Map::new();
    for (name, member) in members {
        let member = match (name.as_str(), member) {
            ("format" | "$schema" | "title", Value::String(_)) | ("default", Value::Null) => continue,
            // An argument that may be null may as well be left out.
            ("type", Value::Array(names)) if names.contains(&json!("null")) => {
                let mut names: Vec<Value> = names.iter().filter(|name| **name != "null").cloned().collect();
                if names.len() == 1 { names.swap_remove(0) } else { Value::Array(names) }
            }
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, schema)| (camel_case(name), plain(schema))).collect::<Map<_, _>>().into()
            }
            ("required", Value::Array(names)) => names.iter().filter_map(Value::as_str).map(camel_case).collect(),
            ("enum", Value::Array(values)) => values.iter().filter(|value| !value.is_null()).cloned().collect(),
            ("const" | "examples", value) => value.clone(),
            ("anyOf" | "oneOf", Value::Array(choices)) => {
                let choices: Vec<Value> = choices.iter().filter(|choice| choice["type"] != "null").map(plain).collect();
                if let [Value::Object(only)] = choices.as_slice() {
                    for (name, member) in only {
                        made.entry(name.clone()).or_insert_with(|| member.clone());
                    }
                    continue;
                }
                Value::Array(choices)
            }
            (_, member) => plain(member),
        };
        made.insert(name.clone(), member);
    }
    made
}

/// The schema of a tool's structured output. A result is what the operation answers, or the problem that there was.
pub(super) fn output(entry: &Entry, detail: Detail) -> Map<String, Value> {
    let declaration = entry.declaration();
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = entry.output_schema(&mut generator).map(schemars::Schema::to_value);
    let definitions = generator.take_definitions(true);
    let schema = match schema {
        _ if declaration.gives_bytes => file(),
        None => json!({ "type": "object", "properties": { "ok": { "const": true } }, "required": ["ok"] }),
        Some(schema) => enveloped(schema, &definitions),
    };
    match detail {
        Detail::Whole => or_problem(with_definitions(schema, definitions)),
        Detail::Outline => outline(&schema, &definitions),
    }
}

fn file() -> Value {
    json!({
        "type": "object",
        "properties": {
            "contentType": { "type": "string" },
            "bytes": { "type": "integer", "description": "How many." },
            "contentRange": { "type": "string" },
            "base64": { "type": "string", "description": "The file, unless it is an image, which is a block of its own." },
        },
        "required": ["contentType", "bytes"],
    })
}

/// What is no object is the member `items` of one.
fn enveloped(schema: Value, definitions: &Map<String, Value>) -> Value {
    let resolved = resolve(&schema, definitions);
    let is_object = resolved.get("type").is_none_or(|kind| kind == "object");
    if is_object {
        return schema;
    }
    json!({
        "type": "object",
        "properties": { "items": schema, "nextCursor": { "type": "string", "description": "Pass it as cursor for what follows." } },
        "required": ["items"],
    })
}

fn resolve<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| definitions.get(name)).unwrap_or(schema)
}

fn with_definitions(mut schema: Value, definitions: Map<String, Value>) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        if !definitions.is_empty() {
            members.insert("$defs".into(), Value::Object(definitions));
        }
    }
    schema
}

/// The same schema with less said: whatever fits the whole one fits its outline.
fn outline(schema: &Value, definitions: &Map<String, Value>) -> Map<String, Value> {
    let known = resolve(schema, definitions).get("properties").and_then(Value::as_object);
    let members = known.into_iter().flat_map(Map::keys).map(|name| (name.clone(), json!({})));
    let mut made = Map::from_iter([("type".to_owned(), "object".into())]);
    let members: Map<String, Value> = members.collect();
    if !members.is_empty() {
        made.insert("properties".into(), Value::Object(members));
    }
    made
}

/// The schema of an object, or of one with the member `problem` alone.
fn or_problem(schema: Value) -> Map<String, Value> {
    let Value::Object(mut schema) = schema else { return Map::new() };
    let problem = json!({ "type": "object" });
    let mut whole = Map::new();
    whole.insert("type".into(), "object".into());
    if let Some(definitions) = schema.remove("$defs") {
        whole.insert("$defs".into(), definitions);
    }
    let told = schema.remove("required");
    schema.remove("type");
    let is_plain = schema.keys().all(|name| matches!(name.as_str(), "properties" | "description" | "title"));
    let choice = if is_plain {
        let mut properties = schema.remove("properties").and_then(|members| members.as_object().cloned()).unwrap_or_default();
        properties.insert("problem".into(), problem);
        whole.insert("properties".into(), Value::Object(properties));
        json!({ "required": told.unwrap_or_else(|| json!([])) })
    } else {
        whole.insert("properties".into(), json!({ "problem": problem }));
        if let Some(told) = told {
            schema.insert("required".into(), told);
        }
        Value::Object(schema)
    };
    whole.insert("anyOf".into(), json!([choice, { "required": ["problem"] }]));
    whole
}
