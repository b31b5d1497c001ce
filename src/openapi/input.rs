//! What an operation takes, and where each field of it travels.

use serde_json::{Map, Value, json};
use vasya_actors::idempotency::{HEADER, KEY_CHARACTERS_MAX};
use vasya_actors::operation::{Declaration, Entry};

use super::schemas::Generators;
use crate::http::arguments::path_parameters;

/// An operation's input as REST takes it.
pub(super) struct Input {
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
}

/// An operation's fields: in the path, in headers, in the query, or in the body.
pub(super) fn of(entry: &Entry, generators: &mut Generators) -> Input {
    let declaration = entry.declaration();
    let mut schema = generators.input(entry);
    let required: Vec<String> = strings(schema.get("required"));
    let is_required = |name: &str| required.iter().any(|required| required == name);
    let mut properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut parameters = Vec::new();
    for name in path_parameters(declaration.path) {
        let schema = properties.remove(name).unwrap_or_else(|| json!({ "type": "string" }));
        parameters.push(parameter(name, "path", true, schema));
    }
    let with_headers = properties.clone();
    for (header, field) in declaration.header_fields {
        let Some(schema) = properties.remove(*field) else { continue };
        // What a client says of its body's length and type is HTTP's own matter.
        if !matches!(*header, "content-length" | "content-type") {
            parameters.push(parameter(header, "header", is_required(field), schema));
        }
    }
    let has_plain_bytes = declaration.takes_bytes && !declaration.takes_form;
    let in_query = !declaration.method.has_body() || (has_plain_bytes && !declaration.takes_json_instead);
    if in_query {
        for (name, schema) in std::mem::take(&mut properties) {
            let spelled = declaration.query_spellings.iter().find(|(_, field)| *field == name);
            let spelling = spelled.map_or(name.as_str(), |(spelling, _)| spelling);
            parameters.push(parameter(spelling, "query", is_required(&name), schema));
        }
    } else if declaration.takes_json_instead {
        // What is in headers beside bytes is in the object where there is one.
        properties = with_headers;
    }
    if declaration.effect.is_mutation() {
        parameters.push(idempotency_key());
    }
    let mut content = Map::new();
    if has_plain_bytes {
        let bytes = json!({ "schema": { "type": "string", "format": "binary", "minLength": 1 } });
        content.insert("application/octet-stream".into(), bytes);
    }
    if let Some(body) = json_body(declaration, properties, &required, &mut schema) {
        let kind = if declaration.takes_form { "multipart/form-data" } else { "application/json" };
        content.insert(kind.into(), json!({ "schema": body }));
    }
    let needs_body = declaration.takes_bytes || declaration.body_field.is_some() || has_required(&content);
    let body = (!content.is_empty()).then(|| json!({ "required": needs_body, "content": content }));
    Input { parameters, body }
}

fn has_required(content: &Map<String, Value>) -> bool {
    let body = content.get("application/json").and_then(|body| body.pointer("/schema/required"));
    body.and_then(Value::as_array).is_some_and(|required| !required.is_empty())
}

/// The fields that are left, as one object or as the one array that the body is.
fn json_body(
    declaration: &Declaration,
    mut properties: Map<String, Value>,
    required: &[String],
    schema: &mut Value,
) -> Option<Value> {
    if properties.is_empty() {
        return None;
    }
    if let Some(body) = declaration.body_field.and_then(|field| properties.remove(field)) {
        return Some(body);
    }
    let required: Vec<&String> = required.iter().filter(|name| properties.contains_key(*name)).collect();
    let required = json!(required);
    let object = schema.as_object_mut()?;
    object.insert("properties".into(), Value::Object(properties));
    object.insert("required".into(), required);
    Some(schema.clone())
}

/// A parameter is there or is not, so the `null` of an optional field has no meaning for it.
fn parameter(name: &str, place: &str, required: bool, mut schema: Value) -> Value {
    let mut parameter = json!({ "name": name, "in": place, "required": required });
    if let (Some(members), Some(parameter)) = (schema.as_object_mut(), parameter.as_object_mut()) {
        members.remove("default").filter(|default| !default.is_null()).map(|default| members.insert("default".into(), default));
        if let Some(description) = members.remove("description").or_else(|| known_description(name)) {
            parameter.insert("description".into(), description);
        }
    }
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("schema".into(), without_null(schema));
    }
    parameter
}

/// What a parameter of this name is, wherever it is.
fn known_description(name: &str) -> Option<Value> {
    let description = match name {
        "accountId" => "The account's id.",
        "chatId" => {
            "The chat's marked id: of a person positive, of a basic group negative, of a channel -1000000000000 minus its id."
        }
        "messageId" => "The message's id in this chat.",
        _ => return None,
    };
    Some(description.into())
}

fn without_null(mut schema: Value) -> Value {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema = merged(&schema, "type", only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        let mut choices = choices.iter().filter(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let (Some(only), None) = (choices.next(), choices.next()) {
            return only.clone();
        }
    }
    schema
}

fn merged(schema: &Value, name: &str, value: Value) -> Value {
    let mut members = schema.as_object().cloned().unwrap_or_default();
    members.insert(name.to_owned(), value);
    Value::Object(members)
}

fn strings(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn idempotency_key() -> Value {
    // Bare, or as a quoted string.
    let (bare, quoted) = (r"[!#-~][ -~]", r#""([ !#-\[\]-~]|\\["\\])"#);
    let pattern = format!("^({bare}{{0,{}}}|{quoted}{{1,{KEY_CHARACTERS_MAX}}}\" *)$", KEY_CHARACTERS_MAX - 1);
    json!({
        "name": HEADER,
        "in": "header",
        "required": false,
        "description": "Makes sending the request again harmless: it is answered as the first one was.",
        "schema": { "type": "string", "pattern": pattern },
    })
}
