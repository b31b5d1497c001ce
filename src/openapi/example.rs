//! Examples: one value for each field by its name, of which whole requests and answers are composed.

use serde_json::{Map, Value, json};

/// How deep an example goes into types that hold others.
const DEPTH_MAX: usize = 6;

const ACCOUNT: &str = "0199f7c2-5b1e-7c3a-9d41-6f0e2a7b8c90";

/// What the fields of these names are, wherever they are.
fn known(name: &str) -> Option<Value> {
    let value = match name {
        "accountId" | "account_id" => json!(ACCOUNT),
        "chatId" | "chat_id" | "fromChatId" | "userId" | "user_id" | "senderId" | "sender_id" | "peerUserId" => {
            json!(5_000_000_003_i64)
        }
        "toChatId" => json!(5_000_000_002_i64),
        "userIds" => json!([5_000_000_003_i64]),
        "messageId" | "message_id" | "maxId" | "replyTo" => json!(7),
        "messageIds" => json!([7]),
        "phone" => json!("+15550000001"),
        "phoneNumber" | "phone_number" => json!("+15550000003"),
        "code" => json!("12345"),
        "password" => json!("correct horse"),
        "link" => json!("https://t.me/+AbCdEfGh12345678"),
        "q" | "username" => json!("clara"),
        "query" => json!("pier"),
        "scopes" => json!(["chats:read", "messages:read"]),
        "text" => json!("The lamp is lit."),
        "title" | "name" => json!("Keepers"),
        "about" | "bio" => json!("Keeps the light."),
        "firstName" | "first_name" => json!("Clara"),
        "lastName" | "last_name" => json!("Keeper"),
        "apiId" => json!(12_345),
        "apiHash" => json!("0123456789abcdef0123456789abcdef"),
        "x-file-name" | "fileName" => json!("chart.pdf"),
        "folderId" | "id" => json!(2),
        "folderIds" => json!([2, 3]),
        "topicId" => json!(7),
        "hash" => json!("AbCdEfGh12345678"),
        "question" => json!("Who has the watch?"),
        "options" => json!(["Ada", "Boris"]),
        "reaction" | "emoji" | "emoticon" => json!("👍"),
        "latitude" => json!(59.9),
        "longitude" => json!(30.3),
        "contacts" => json!([{ "phone": "+15550000003", "firstName": "Clara" }]),
        "callId" => json!(7_000_001),
        "accessHash" => json!(7_000_002),
        "language" => json!("en"),
        "date" | "createdAt" | "created_at" | "ts" => json!(1_795_500_000),
        "requestId" => json!("0199f7c25b1e7c3a9d416f0e2a7b8c90"),
        "urls" => json!([format!("/api/v1/accounts/{ACCOUNT}/chats/5000000003/photos/0")]),
        "url" => json!("https://example.org/chart.pdf"),
        // As Telethon writes it: a datacentre, its address and a key of 256 bytes.
        "session" => json!(format!("1ApWapzMBu0FB{}QUE=", "QUFB".repeat(84))),
        "token" | "botToken" => json!("123456:AbCdEf"),
        "sessionId" => json!("7000003"),
        "approvalId" => json!("apr_000650a1b2c3d4e501234567"),
        "digest" => json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        "state" => json!("pending"),
        "webhookId" => json!("wh_0123456789abcdef"),
        "deliveryId" | "since" | "upTo" => json!("evt_000650a1b2c3d4e5"),
        "label" | "deviceName" => json!("Lighthouse"),
        "host" => json!("proxy.example"),
        "port" => json!(1_080),
        _ => return None,
    };
    Some(value)
}

/// Adds an example to every parameter, request body and answer.
pub(super) fn add(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let is_required = parameter.get("required") == Some(&Value::Bool(true));
            let value = match parameter.get("schema") {
                Some(schema) if is_required || known(&name).is_some() => of_field(&name, schema, &schemas, 0),
                _ => continue,
            };
            insert(parameter, "example", value);
        }
        if let Some(body) = operation.get_mut("requestBody") {
            add_to_content(body, &schemas);
        }
        for response in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            add_to_content(response, &schemas);
        }
    }
}

fn add_to_content(holder: &mut Value, schemas: &Map<String, Value>) {
    let Some(body) = holder.pointer_mut("/content/application~1json") else { return };
    if let Some(schema) = body.get("schema") {
        let example = composed(schema, schemas);
        insert(body, "example", example);
    }
}

/// An example of what a schema describes.
fn composed(schema: &Value, schemas: &Map<String, Value>) -> Value {
    of_field("", schema, schemas, 0)
}

fn of_field(name: &str, schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    let schema = resolved(schema, schemas);
    if let Some(value) = known(name).filter(|value| fits(value, schema)) {
        return value;
    }
    if let Some(first) = schema.get("const").or_else(|| first_of(schema, "examples")).or_else(|| first_of(schema, "enum")) {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = first_of(schema, choice) {
            return merge_with(of_field(name, first, schemas, depth), schema, schemas, depth);
        }
    }
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" if depth < DEPTH_MAX => match schema.get("items") {
            Some(items) => json!([of_field(name.strip_suffix('s').unwrap_or(name), items, schemas, depth + 1)]),
            None => json!([]),
        },
        "array" => json!([]),
        "integer" | "number" => {
            let minimum = schema.get("minimum").and_then(Value::as_i64).unwrap_or(1);
            schema
                .get("maximum")
                .and_then(Value::as_i64)
                .map_or(json!(minimum.max(1)), |maximum| json!(minimum.max(1).min(maximum)))
        }
        "boolean" => json!(true),
        "null" => Value::Null,
        _ if schema.get("format").is_some_and(|format| format == "uuid") => json!(ACCOUNT),
        _ => json!("text"),
    }
}

fn object(schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    let mut members = Map::new();
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        // Where nothing is required by itself, something is all the same: what has an example of its own.
        if required.contains(&name.as_str()) || (required.is_empty() && known(name).is_some()) {
            let value = if depth < DEPTH_MAX { of_field(name, property, schemas, depth + 1) } else { Value::Null };
            members.insert(name.clone(), value);
        }
    }
    Value::Object(members)
}

/// An alternative beside members that all alternatives share.
fn merge_with(value: Value, schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    match value {
        Value::Object(mut members) if schema.get("properties").is_some() => {
            if let Value::Object(shared) = object(schema, schemas, depth) {
                members.extend(shared);
            }
            Value::Object(members)
        }
        other => other,
    }
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

fn first_of<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get(name).and_then(Value::as_array).and_then(|values| values.first())
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        _ => "string",
    }
}

/// Whether a value is of the type that a schema names; a field of the same name may be another thing elsewhere.
fn fits(value: &Value, schema: &Value) -> bool {
    if schema.get("enum").is_some() || schema.get("const").is_some() || schema.get("oneOf").is_some() {
        return false;
    }
    let is_of = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.as_array().is_some_and(|values| match schema.get("items") {
            // What a type of its own stands for is not looked into.
            Some(items) if items.get("type").is_some() => values.iter().all(|value| fits(value, items)),
            _ => true,
        }),
        _ => false,
    };
    match schema.get("type") {
        Some(Value::String(kind)) => is_of(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is_of),
        _ => false,
    }
}

fn insert(value: &mut Value, name: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
}
