//! The OpenAPI 3.1 document, made from the catalogue. The reference for people is made from this document, so that they say the same.

mod answers;
mod example;
pub(crate) mod family;
mod input;
mod schemas;

use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::Code;
use vasya_actors::operation::{Access, Declaration, Effect, Entry, RateClass};

use crate::http::BASE_PATH;
use schemas::Generators;

/// The document that describes a catalogue's REST interface.
pub fn document(catalogue: &Catalogue) -> Value {
    let mut generators = Generators::new();
    let mut paths = Map::new();
    for (path, operation) in service_routes() {
        paths.insert(format!("{BASE_PATH}{path}"), json!({ "get": operation }));
    }
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        let item = paths.entry(format!("{BASE_PATH}{}", declaration.path)).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(declaration.method.name().to_lowercase(), operation(entry, &mut generators));
        }
    }
    let mut schemas = generators.definitions(&mut paths);
    schemas.insert("Problem".into(), problem_schema());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "vasya-server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Telegram user clients behind REST, for people and agents.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": family::tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": answers::headers(),
            "responses": answers::shared(),
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A JWT (HS256) of the operator's backend, the local token, or an agent key (vk_…).",
            } },
        },
    });
    example::add(&mut document);
    document
}

fn service_routes() -> [(&'static str, Value); 4] {
    let boolean = || json!({ "type": "boolean" });
    let ready = json!({
        "type": "object",
        "required": ["ready", "audit", "store", "accountsTotal"],
        "properties": {
            "ready": boolean(), "audit": boolean(), "store": boolean(), "accountsTotal": { "type": "integer", "minimum": 0 },
        },
    });
    let health = json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } });
    let success = |media_type: &str, schema: Value| json!({ "description": "Success", "headers": answers::common_headers(), "content": { media_type: { "schema": schema } } });
    let route = |name: &str, summary: &str, responses: Value| json!({ "operationId": name, "summary": summary, "tags": [family::SERVICE], "security": [], "responses": responses });
    let both = json!({ "200": success("application/json", ready.clone()), "503": success("application/json", ready) });
    [
        ("/health", route("health", "Tell that the process answers.", json!({ "200": success("application/json", health) }))),
        ("/ready", route("ready", "Tell whether the server can do its work; 503 if it cannot.", both)),
        (
            "/openapi.json",
            route("openapi", "This document.", json!({ "200": success("application/json", json!({ "type": "object" })) })),
        ),
        (
            "/docs",
            route("docs", "The reference for people.", json!({ "200": success("text/html", json!({ "type": "string" })) })),
        ),
    ]
}

fn operation(entry: &Entry, generators: &mut Generators) -> Value {
    let declaration = entry.declaration();
    let input = input::of(entry, generators);
    let mut object = Map::new();
    object.insert("operationId".into(), declaration.name.into());
    object.insert("summary".into(), declaration.summary.into());
    object.insert("tags".into(), json!([family::of(declaration)]));
    object.insert("description".into(), description(declaration).into());
    object.insert("x-effect".into(), effect(declaration.effect).into());
    if let Access::Scope(scope) = declaration.access {
        object.insert("x-scope".into(), scope.name().into());
    }
    object.insert("parameters".into(), Value::Array(input.parameters));
    if let Some(body) = input.body {
        object.insert("requestBody".into(), body);
    }
    object.insert("responses".into(), answers::responses(entry, generators));
    object.insert("x-problems".into(), answers::problems(entry, generators));
    Value::Object(object)
}

fn description(declaration: &Declaration) -> String {
    let access = match declaration.access {
        Access::Scope(scope) if scope.needs_approval() => {
            let scope = scope.name();
            format!("Agents need the scope `{scope}` and a person's approval of each call.")
        }
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

fn problem_schema() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "error"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 202, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong, for a person." },
            "code": { "type": "string", "enum": codes },
            "requestId": { "type": "string", "description": "Quote it to the operator. Left out of account_forbidden." },
            "field": { "type": "string", "description": "The input field at fault." },
            "method": { "type": "string", "description": "With telegram_flood: which of Telegram's methods is to wait." },
            "approvalId": { "type": "string", "description": "With approval_required: the approval that the call waits for." },
            "expiresAt": { "type": "integer", "minimum": 0, "description": "With approval_required: until when it can be given (Unix seconds)." },
            "retryAfterSecs": { "type": "integer", "minimum": 0, "description": "As in the header Retry-After." },
            "error": { "type": "string", "description": "The same as `detail`, for older clients." },
        },
    })
}
