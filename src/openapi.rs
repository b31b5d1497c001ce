//! The OpenAPI 3.1 document, made from the catalogue.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::Code;
use vasya_actors::idempotency::{HEADER, KEY_CHARACTERS_MAX};
use vasya_actors::operation::{Access, Declaration, Effect, Entry, RateClass};

use crate::http::BASE_PATH;
use crate::http::arguments::path_parameters;

/// The document that describes a catalogue's REST interface.
pub fn document(catalogue: &Catalogue) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for (path, summary, schema) in service_routes() {
        let success = json!({ "description": "Success", "content": { "application/json": { "schema": schema } } });
        let operation = json!({ "summary": summary, "security": [], "responses": { "200": success } });
        paths.insert(format!("{BASE_PATH}{path}"), json!({ "get": operation }));
    }
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        let item = paths.entry(format!("{BASE_PATH}{}", declaration.path)).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(declaration.method.name().to_lowercase(), operation(entry, &mut generator));
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "vasya-server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Telegram user clients behind REST, for people and agents.",
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A JWT (HS256) of the operator's backend, the local token, or an agent key (vk_…).",
            } },
        },
    })
}

fn service_routes() -> [(&'static str, &'static str, Value); 3] {
    let boolean = || json!({ "type": "boolean" });
    let ready = json!({
        "type": "object",
        "required": ["ready", "audit", "store", "accountsTotal"],
        "properties": { "ready": boolean(), "audit": boolean(), "store": boolean(), "accountsTotal": { "type": "integer" } },
    });
    let health = json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } });
    [
        ("/health", "Tell that the process answers.", health),
        ("/ready", "Tell whether the server can do its work; 503 if it cannot.", ready),
        ("/openapi.json", "This document.", json!({ "type": "object" })),
    ]
}

fn operation(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let declaration = entry.declaration();
    let input = input(entry, generator);
    let mut object = Map::new();
    object.insert("operationId".into(), declaration.name.into());
    object.insert("summary".into(), declaration.summary.into());
    object.insert("tags".into(), json!([tag(declaration)]));
    object.insert("description".into(), description(declaration).into());
    object.insert("x-effect".into(), effect(declaration.effect).into());
    if let Access::Scope(scope) = declaration.access {
        object.insert("x-scope".into(), scope.name().into());
    }
    let mut parameters = input.parameters;
    if declaration.effect.is_mutation() {
        parameters.push(idempotency_key());
    }
    if !parameters.is_empty() {
        object.insert("parameters".into(), Value::Array(parameters));
    }
    let mut content = Map::new();
    if declaration.takes_bytes {
        content.insert("application/octet-stream".into(), json!({}));
    }
    if let Some(body) = input.body {
        content.insert("application/json".into(), json!({ "schema": body }));
    }
    if !content.is_empty() {
        object.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }
    object.insert("responses".into(), responses(entry, generator));
    Value::Object(object)
}

fn idempotency_key() -> Value {
    json!({
        "name": HEADER,
        "in": "header",
        "required": false,
        "description": "Makes sending the request again harmless: it is answered as the first one was.",
        "schema": { "type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX, "pattern": "^[ -~]+$" },
    })
}

struct Input {
    parameters: Vec<Value>,
    body: Option<Value>,
}

/// An operation's fields as REST takes them: in the path, in the query, or in the body.
fn input(entry: &Entry, generator: &mut SchemaGenerator) -> Input {
    let declaration = entry.declaration();
    let mut schema = entry.input_schema(generator).to_value();
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut parameters = Vec::new();
    for name in path_parameters(declaration.path) {
        let schema = properties.remove(name).unwrap_or_else(|| json!({ "type": "string" }));
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    let with_headers = properties.clone();
    for (header, field) in declaration.header_fields {
        if let Some(schema) = properties.remove(*field) {
            let required = required.iter().any(|required| *required == *field);
            parameters.push(json!({ "name": header, "in": "header", "required": required, "schema": schema }));
        }
    }
    if declaration.takes_json_instead {
        // What is in headers beside bytes is in the object where there is one.
        properties = with_headers;
    } else if !declaration.method.has_body() || declaration.takes_bytes {
        for (name, schema) in properties {
            let spelled = declaration.query_spellings.iter().find(|(_, field)| *field == name);
            let spelling = spelled.map_or(name.as_str(), |(spelling, _)| spelling);
            let required = required.iter().any(|required| *required == name.as_str());
            parameters.push(json!({ "name": spelling, "in": "query", "required": required, "schema": schema }));
        }
        return Input { parameters, body: None };
    }
    if properties.is_empty() {
        return Input { parameters, body: None };
    }
    if let Some(body) = declaration.body_field.and_then(|field| properties.remove(field)) {
        return Input { parameters, body: Some(body) };
    }
    let required: Vec<Value> =
        required.into_iter().filter(|name| name.as_str().is_some_and(|name| properties.contains_key(name))).collect();
    if let Some(object) = schema.as_object_mut() {
        object.insert("properties".into(), Value::Object(properties));
        object.insert("required".into(), Value::Array(required));
    }
    Input { parameters, body: Some(schema) }
}

fn responses(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let declaration = entry.declaration();
    let mut success = json!({ "description": "Success" });
    if let (true, Some(success)) = (declaration.gives_bytes, success.as_object_mut()) {
        success.insert("content".into(), json!({ "application/octet-stream": {} }));
    }
    if let (true, Some(success)) = (declaration.gives_events, success.as_object_mut()) {
        success.insert("content".into(), json!({ "text/event-stream": { "schema": { "type": "string" } } }));
    }
    if let (Some(schema), Some(success)) = (entry.output_schema(generator), success.as_object_mut()) {
        success.insert("content".into(), json!({ "application/json": { "schema": schema } }));
    }
    let problem = json!({
        "description": "A refusal or failure; docs/status-codes.md lists the codes",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut responses = Map::new();
    responses.insert(declaration.success.to_string(), success);
    responses.insert("default".into(), problem);
    Value::Object(responses)
}

fn description(declaration: &Declaration) -> String {
    let access = match declaration.access {
        Access::Scope(scope) => format!("Agents need the scope `{}`.", scope.name()),
        Access::Authenticated => "Anyone with a token may call it.".to_owned(),
        Access::Human(_) => "For people only: an agent's key is refused.".to_owned(),
        Access::Admin(_) => "For administrators only.".to_owned(),
    };
    let rate = match declaration.rate {
        RateClass::Unlimited => "",
        RateClass::Account => " Draws from the account's rate limit.",
        RateClass::Login => " Draws from the user's rate limit for logins.",
    };
    format!("{access}{rate}")
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    }
}

/// The first fixed segment that says what an operation is about.
fn tag(declaration: &Declaration) -> &'static str {
    let mut fixed = declaration.path.split('/').filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
    let first = fixed.next().unwrap_or("service");
    let last_collection = fixed.rfind(|segment| matches!(*segment, "chats" | "messages"));
    last_collection.unwrap_or(first)
}

fn problem_schema() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "error"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What is wrong, for a person." },
            "code": { "type": "string", "enum": codes },
            "requestId": { "type": "string", "description": "Quote it to the operator. Left out of account_forbidden." },
            "field": { "type": "string", "description": "The input field at fault." },
            "retryAfterSecs": { "type": "integer", "description": "As in the header Retry-After." },
            "error": { "type": "string", "description": "The same as `detail`, for older clients." },
        },
    })
}
