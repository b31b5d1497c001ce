//! Tools of the Model Context Protocol.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use vasya_actors::operation::{Declaration, Entry};

use super::super::inputs::Fields;
use super::Call;
use crate::harness::{Answer, Api, Era, McpClient};

/// Calls tools in one era. Each caller has one session, in the era that has sessions.
pub(in crate::walk) struct Mcp {
    era: Era,
    clients: Mutex<HashMap<String, McpClient>>,
}

impl Mcp {
    pub(in crate::walk) fn new(era: Era) -> Self {
        Self { era, clients: Mutex::default() }
    }

    async fn client(&self, api: &Api) -> Result<McpClient, Answer> {
        let mut clients = self.clients.lock().await;
        let token = api.token().unwrap_or_default().to_owned();
        if let Some(client) = clients.get(&token) {
            return Ok(client.clone());
        }
        let client = McpClient::open(api, self.era).await?;
        clients.insert(token, client.clone());
        Ok(client)
    }

    pub(super) async fn call(&self, api: &Api, call: Call<'_>) -> Answer {
        let declaration = call.entry.declaration();
        let client = match self.client(api).await {
            Ok(client) => client,
            Err(refused) => return refused,
        };
        let arguments = arguments(declaration, call.inputs, call.bytes);
        let request = json!({ "name": declaration.name, "arguments": arguments });
        match client.request("tools/call", request, Some(call.request_id)).await {
            Ok(result) => told(call.entry, &result),
            Err(refused) => refused,
        }
    }
}

/// The arguments as the reference spells them.
fn arguments(declaration: &Declaration, inputs: &Map<String, Value>, bytes: &[u8]) -> Value {
    let mut arguments = Map::new();
    for (field, value) in inputs {
        arguments.insert(spelled(declaration, field), camel(value));
    }
    if declaration.takes_form {
        arguments.insert("files".into(), files(bytes));
        arguments.remove("contentType");
        if let Some(album) = part(bytes, "name=\"album\"") {
            arguments.insert("album".into(), serde_json::from_slice(&album).expect("the album is JSON"));
        }
    } else if declaration.takes_bytes && !declaration.takes_json_instead {
        arguments.insert("data".into(), STANDARD.encode(bytes).into());
    }
    Value::Object(arguments)
}

fn spelled(declaration: &Declaration, field: &str) -> String {
    match (declaration.name, field) {
        (_, "q") => "query".into(),
        ("delete_folder", "id") => "folderId".into(),
        ("poll_events", "account") => "accountId".into(),
        ("poll_events", "chat") => "chatId".into(),
        _ => camel_case(field),
    }
}

fn camel_case(name: &str) -> String {
    let mut made = String::new();
    for (place, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if place > 0 => made.push(first.to_ascii_uppercase()),
            Some(first) => made.push(first),
            None => {}
        }
        made.push_str(letters.as_str());
    }
    made
}

fn camel(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (camel_case(name), camel(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

/// The parts of a form, each with its head.
fn parts(form: &[u8]) -> Vec<(String, Vec<u8>)> {
    let end = form.windows(2).position(|pair| pair == b"\r\n").unwrap_or(0);
    let boundary = &form[..end];
    let mut starts: Vec<usize> =
        (0..form.len().saturating_sub(boundary.len())).filter(|at| form[*at..].starts_with(boundary)).collect();
    starts.dedup();
    let pairs = starts.windows(2).map(|pair| &form[pair[0] + boundary.len() + 2..pair[1] - 2]);
    pairs
        .map(|part| {
            let head = part.windows(4).position(|end| end == b"\r\n\r\n").expect("a part has a head");
            (String::from_utf8_lossy(&part[..head]).into_owned(), part[head + 4..].to_vec())
        })
        .collect()
}

fn part(form: &[u8], named: &str) -> Option<Vec<u8>> {
    parts(form).into_iter().find(|(head, _)| head.contains(named)).map(|(_, bytes)| bytes)
}

fn files(form: &[u8]) -> Value {
    let between = |head: &str, before: &str, after: &str| {
        head.split_once(before).map(|(_, rest)| rest.split(after).next().unwrap_or_default().trim().to_owned())
    };
    let files = parts(form).into_iter().filter_map(|(head, bytes)| {
        let name = between(&head, "filename=\"", "\"")?;
        let mut file = json!({ "fileName": name, "data": STANDARD.encode(bytes) });
        if let Some(kind) = between(&head, "Content-Type: ", "\r\n") {
            file["mimeType"] = kind.into();
        }
        Some(file)
    });
    files.collect()
}

/// A result as REST would have told it.
fn told(entry: &Entry, result: &Value) -> Answer {
    let declaration = entry.declaration();
    let structured = &result["structuredContent"];
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    let mut headers = HeaderMap::new();
    if result["isError"] == true {
        let problem = &structured["problem"];
        assert!(text.contains(problem["code"].as_str().expect("a problem has a code")), "the text tells the problem too: {text}");
        let mut problem = problem.clone();
        if let Some(field) = problem["field"].as_str() {
            problem["field"] = unspelled(declaration, &Fields::of(entry), field).into();
        }
        headers.insert("content-type", "application/problem+json".parse().expect("a header"));
        let status = problem["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        return Answer { status, headers, body: problem.to_string().into_bytes() };
    }
    let status = declaration.success;
    if declaration.gives_bytes {
        let kind = structured["contentType"].as_str().expect("a type").to_owned();
        let image = result["content"][0]["data"].as_str();
        let bytes = STANDARD.decode(image.or(structured["base64"].as_str()).expect("bytes")).expect("base64");
        assert_eq!(structured["bytes"], bytes.len(), "the file is as long as it says");
        headers.insert("content-type", kind.parse().expect("a header"));
        return Answer { status, headers, body: bytes };
    }
    let body: Value = serde_json::from_str(text).expect("the text is JSON");
    if status == 204 {
        assert_eq!((&body, structured), (&json!({ "ok": true }), &json!({ "ok": true })));
        return Answer { status, headers, body: Vec::new() };
    }
    let same = if body.is_object() { &body == structured } else { body == structured["items"] };
    assert!(same, "what is structured is what is readable: {text} {structured}");
    let empty = body == json!({ "ok": true }) && !declaration.gives_bytes;
    Answer { status, headers, body: if empty { Vec::new() } else { text.as_bytes().to_vec() } }
}

/// The field that an argument is.
fn unspelled(declaration: &Declaration, fields: &Fields, argument: &str) -> String {
    match (declaration.name, argument) {
        ("delete_folder", "folderId") => "id".into(),
        ("poll_events", "accountId") => "account".into(),
        ("poll_events", "chatId") => "chat".into(),
        (_, "query") if fields.has("q") => "q".into(),
        ("save_folder", other) => {
            let mut field = String::new();
            for letter in other.chars() {
                if letter.is_ascii_uppercase() {
                    field.push('_');
                }
                field.push(letter.to_ascii_lowercase());
            }
            field
        }
        _ => argument.to_owned(),
    }
}
