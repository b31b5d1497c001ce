//! The reference that people read, made from the OpenAPI document: docs/api/README.md, and the page at `GET /docs`.

mod page;

use std::fmt::Write;

use serde_json::{Map, Value};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::events::{EndReason, EventName};
use vasya_actors::scope::Scope;

use crate::openapi;

pub use page::page;

const INTRODUCTION: &str = include_str!("../docs/api/parts/introduction.md");
const CONVENTIONS: &str = include_str!("../docs/api/parts/conventions.md");
const EVENTS: &str = include_str!("../docs/api/parts/events.md");
const APPROVALS: &str = include_str!("../docs/api/parts/approvals.md");
const WEBHOOKS: &str = include_str!("../docs/api/parts/webhooks.md");
const POLICIES: &str = include_str!("../docs/api/parts/policies.md");
const GRAPHQL: &str = include_str!("../docs/api/parts/graphql.md");
const MCP: &str = include_str!("../docs/api/parts/mcp.md");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The reference, in Markdown.
pub fn document(catalogue: &Catalogue) -> String {
    let openapi = openapi::document(catalogue);
    let schemas = openapi.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let families = families(&openapi);
    let prose = |text: &str| text.to_owned();
    let beginning = [
        prose(INTRODUCTION),
        scopes(),
        surface(&families),
        prose(CONVENTIONS),
        prose(APPROVALS),
        prose(EVENTS),
        kinds_of_events(),
        prose(WEBHOOKS),
        prose(POLICIES),
        prose(GRAPHQL),
        prose(MCP),
    ];
    let ending = [details(&families, &schemas), types(&schemas)];
    beginning.into_iter().chain(ending).collect::<Vec<_>>().join("\n")
}

/// The anchor that forges give a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// One operation as the document describes it.
struct Described<'a> {
    method: String,
    path: &'a str,
    operation: &'a Value,
}

impl Described<'_> {
    fn name(&self) -> &str {
        text(self.operation, "operationId")
    }

    fn is_open(&self) -> bool {
        self.operation.get("security").is_some()
    }

    fn who(&self) -> String {
        let described = text(self.operation, "description");
        match text(self.operation, "x-scope") {
            "" if self.is_open() => "anybody".into(),
            "" if described.starts_with("For people") => "people only".into(),
            "" if described.starts_with("For administrators") => "administrators".into(),
            "" => "any token".into(),
            scope if described.contains("a person's approval") => format!("`{scope}`, with a person's approval"),
            scope => format!("`{scope}`"),
        }
    }
}

struct Family<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<Described<'a>>,
}

/// The operations by family, in the document's order of families and of names in each.
fn families(openapi: &Value) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for tag in openapi.get("tags").and_then(Value::as_array).into_iter().flatten() {
        families.push(Family { name: text(tag, "name"), description: text(tag, "description"), operations: Vec::new() });
    }
    for (path, item) in openapi.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str);
            if let Some(family) = families.iter_mut().find(|family| Some(family.name) == tag) {
                family.operations.push(Described { method: method.to_uppercase(), path, operation });
            }
        }
    }
    families.retain(|family| !family.operations.is_empty());
    families
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn line(to: &mut String, text: std::fmt::Arguments<'_>) {
    let _writing_to_text_cannot_fail = writeln!(to, "{text}");
}

fn scopes() -> String {
    let mut text = String::from("## Scopes\n\n| scope | what it grants | destructive |\n|---|---|---|\n");
    for scope in Scope::ALL {
        let destructive = if scope.is_destructive() { "yes" } else { "" };
        line(&mut text, format_args!("| `{}` | {} | {destructive} |", scope.name(), scope.description()));
    }
    text
}

/// When each event comes, and why streams end.
fn kinds_of_events() -> String {
    let mut text = String::from("| event | when |\n|---|---|\n");
    for name in EventName::ALL {
        line(&mut text, format_args!("| `{}` | {} |", name.as_str(), name.description()));
    }
    text.push_str("\n| a stream ends with | when |\n|---|---|\n");
    for reason in EndReason::ALL {
        line(&mut text, format_args!("| `{}` | {}. |", reason.name(), reason.detail()));
    }
    text
}

/// Every operation in one line.
fn surface(families: &[Family<'_>]) -> String {
    let mut text = String::from("## Operations\n");
    for family in families {
        line(&mut text, format_args!("\n### {}\n\n{}\n", capital(family.name), family.description));
        text.push_str("| operation | route | who | effect |\n|---|---|---|---|\n");
        for operation in &family.operations {
            let effect = operation.operation.get("x-effect").and_then(Value::as_str).unwrap_or("read");
            let path = operation.path.strip_prefix(crate::http::BASE_PATH).unwrap_or(operation.path);
            let (name, method, who) = (operation.name(), &operation.method, operation.who());
            // What needs no token has no section of its own.
            let name = if operation.is_open() { format!("`{name}`") } else { format!("[`{name}`](#{name})") };
            line(&mut text, format_args!("| {name} | {method} {path} | {who} | {effect} |"));
        }
    }
    text
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn details(families: &[Family<'_>], schemas: &Map<String, Value>) -> String {
    let mut text = String::from("## Each operation\n");
    for operation in families.iter().flat_map(|family| &family.operations).filter(|operation| !operation.is_open()) {
        detail(&mut text, operation, schemas);
    }
    text
}

fn detail(to: &mut String, described: &Described<'_>, schemas: &Map<String, Value>) {
    let Described { method, path, operation } = described;
    line(to, format_args!("\n### {}\n", described.name()));
    line(to, format_args!("`{method} {path}`\n\n{} {}\n", text(operation, "summary"), text(operation, "description")));
    let inputs = inputs(operation, schemas);
    if !inputs.is_empty() {
        to.push_str("| input | where | type | required | |\n|---|---|---|---|---|\n");
        to.push_str(&inputs);
        to.push('\n');
    }
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        if response.get("$ref").is_none() {
            line(to, format_args!("{status}: {}\n", answer(response)));
        }
    }
    let problems = operation.get("x-problems").and_then(Value::as_object).into_iter().flatten();
    let refusals = problems.filter_map(|(status, codes)| {
        let codes: Vec<String> = codes.as_array()?.iter().filter_map(|code| Some(format!("`{}`", code.as_str()?))).collect();
        Some(format!("{status} {}", codes.join(", ")))
    });
    line(to, format_args!("Refusals: {}\n", refusals.collect::<Vec<_>>().join(" · ")));
    line(to, format_args!("```sh\n{}\n```", curl(described)));
    if let Some(example) = example_of_answer(operation) {
        line(to, format_args!("\n```json\n{example}\n```"));
    }
}

fn inputs(operation: &Value, schemas: &Map<String, Value>) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, place: &str, schema: &Value, required: bool, description: &str| {
        let required = if required { "yes" } else { "" };
        line(&mut rows, format_args!("| `{name}` | {place} | {} | {required} | {} |", kind(schema), cell(description)));
    };
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        // Every change takes one; the conventions say what it does.
        if text(parameter, "name").eq_ignore_ascii_case("idempotency-key") {
            continue;
        }
        let (schema, required) =
            (parameter.get("schema").unwrap_or(&Value::Null), parameter.get("required") == Some(&true.into()));
        row(text(parameter, "name"), text(parameter, "in"), schema, required, text(parameter, "description"));
    }
    if operation.pointer("/requestBody/content/application~1octet-stream").is_some() {
        row("(the body)", "body", &Value::Null, true, "Bytes.");
    }
    for (name, property) in form_of(operation).into_iter().flatten() {
        row(name, "form", property, false, text(property, "description"));
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        let schema = resolved(schema, schemas);
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => {
                for (name, property) in properties {
                    row(name, "body", property, requires(schema, name), text(property, "description"));
                }
            }
            None => row("(the body)", "body", schema, true, text(schema, "description")),
        }
    }
    rows
}

/// The parts of the form that an operation takes, if it takes one.
fn form_of(operation: &Value) -> Option<&Map<String, Value>> {
    operation.pointer("/requestBody/content/multipart~1form-data/schema/properties")?.as_object()
}

fn requires(schema: &Value, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|required| required.iter().any(|one| one == name))
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// What a cell of a table may hold.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A type in a few words, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next()) {
        return format!("[{name}](#{})", slug(name));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values
            .iter()
            .map(|value| format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect::<Vec<_>>()
            .join(", ");
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            return choices.iter().map(kind).filter(|kind| kind != "null").collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "bytes".into(),
    };
    match schema.get("items") {
        Some(items) if name.starts_with("array") => format!("{name} of {}", kind(items)),
        _ => name,
    }
}

fn answer(response: &Value) -> String {
    if let Some(schema) = response.pointer("/content/application~1json/schema") {
        return kind(schema);
    }
    match response.get("content") {
        Some(_) => "bytes".into(),
        None => "no body".into(),
    }
}

/// The call as a command.
fn curl(described: &Described<'_>) -> String {
    let Described { method, path, operation } = described;
    let path = path.strip_prefix(crate::http::BASE_PATH).unwrap_or(path);
    let (mut path, mut query, mut options) = (path.to_owned(), Vec::new(), String::new());
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let (name, required) = (text(parameter, "name"), parameter.get("required") == Some(&true.into()));
        let Some(example) = parameter.get("example") else { continue };
        let value = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        match text(parameter, "in") {
            // As docs/clients.md calls it.
            "path" if name == "accountId" => path = path.replace("{accountId}", "$ACCOUNT"),
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" if required => query.push(format!("{name}={}", value.replace('+', "%2B").replace(' ', "%20"))),
            "header" if required || name == "x-file-name" => options.push_str(&format!(" -H '{name}: {value}'")),
            _ => {}
        }
    }
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/example") {
        options.push_str(&format!(" --json '{}'", body.to_string().replace('\'', "'\\''")));
    } else if operation.pointer("/requestBody/content/application~1octet-stream").is_some() {
        options.push_str(" --data-binary @file");
    } else if let Some(form) = form_of(operation) {
        // Parts that may be several are files.
        for (name, _) in form.iter().filter(|(_, part)| part.get("items").is_some()) {
            options.push_str(&format!(" -F {name}=@one -F {name}=@another"));
        }
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let method = if method == "GET" { String::new() } else { format!(" -X {method}") };
    format!("curl{method} -H \"Authorization: Bearer $TOKEN\"{options} \"$URL{path}{query}\"")
}

fn example_of_answer(operation: &Value) -> Option<String> {
    let responses = operation.get("responses")?.as_object()?.values();
    let example = responses.filter(|response| response.get("$ref").is_none());
    let example = example.filter_map(|response| response.pointer("/content/application~1json/example")).next()?;
    serde_json::to_string_pretty(example).ok()
}

/// The types that inputs and answers refer to.
fn types(schemas: &Map<String, Value>) -> String {
    let mut to = String::from("## Types\n");
    for (name, schema) in schemas {
        line(&mut to, format_args!("\n### {name}\n"));
        if !text(schema, "description").is_empty() {
            line(&mut to, format_args!("{}\n", text(schema, "description")));
        }
        let choices = ["oneOf", "anyOf"].into_iter().find_map(|choice| schema.get(choice)?.as_array());
        for choice in choices.into_iter().flatten() {
            members(&mut to, choice);
        }
        members(&mut to, schema);
    }
    to
}

fn members(to: &mut String, schema: &Value) {
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            to.push_str("\n| member | type | always | |\n|---|---|---|---|\n");
            for (name, property) in properties {
                let always = if requires(schema, name) { "yes" } else { "" };
                line(to, format_args!("| `{name}` | {} | {always} | {} |", kind(property), cell(text(property, "description"))));
            }
        }
        None if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() => {}
        None => line(to, format_args!("- {}: {}", kind(schema), text(schema, "description"))),
    }
}
