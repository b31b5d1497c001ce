//! From a tool's arguments to what an operation is decoded from.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};
use vasya_actors::error::{Code, Error};
use vasya_actors::idempotency::{HEADER, IdempotencyKey};
use vasya_actors::operation::{Declaration, Entry};

use super::spelling::{argument, camel_case, is_hidden};
use super::{IDEMPOTENCY_KEY, schema};

/// What text in a header is encoded for: whatever a header cannot hold as it is.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// What is said of arguments that many tools have.
const SAID: &[(&str, &str)] = &[("accountId", "From list_accounts."), ("cursor", "nextCursor of the page before.")];

/// How long a wait for messages is unless it says otherwise, in seconds.
const WAIT_SECS: u32 = 30;

/// One field of an operation.
#[derive(Clone, Debug)]
struct Field {
    argument: String,
    field: String,
    /// As the operation spells it.
    schema: Value,
    header: Option<&'static str>,
    is_required: bool,
}

/// What an operation takes, and how it is given.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    declaration: &'static Declaration,
    fields: Vec<Field>,
    definitions: Option<Value>,
    /// The field that is the length of the body.
    length: Option<String>,
    /// Inputs that are not the caller's to give.
    fixed: Vec<(&'static str, Value)>,
    /// Inputs where the caller gives none.
    defaults: Vec<(&'static str, Value)>,
}

/// A call that is ready to be decoded.
#[derive(Debug)]
pub(in crate::mcp) struct Prepared {
    pub(in crate::mcp) inputs: Value,
    pub(in crate::mcp) body: Option<Vec<u8>>,
    pub(in crate::mcp) idempotency_key: Option<IdempotencyKey>,
}

impl Fields {
    /// The fields of an operation.
    pub(super) fn of(entry: &Entry) -> Self {
        let declaration = entry.declaration();
        let mut input = schema::input(entry);
        let required = input.remove("required").and_then(|names| names.as_array().cloned()).unwrap_or_default();
        let Some(Value::Object(properties)) = input.remove("properties") else { return Self::none(declaration) };
        let header_of =
            |field: &str| declaration.header_fields.iter().find(|(_, name)| *name == field).map(|(header, _)| *header);
        let length = declaration.header_fields.iter().find(|(header, _)| *header == "content-length");
        let mut fields = Vec::new();
        for (field, schema) in properties {
            let header = header_of(&field);
            if is_hidden(&field, header) {
                continue;
            }
            let argument = argument(declaration.name, &field);
            let is_required = required.iter().any(|name| *name == field.as_str());
            fields.push(Field { argument, header, is_required, field, schema });
        }
        let length = length.map(|(_, field)| (*field).to_owned());
        Self { fields, length, definitions: input.remove("$defs"), ..Self::none(declaration) }
    }

    fn none(declaration: &'static Declaration) -> Self {
        Self { declaration, fields: Vec::new(), definitions: None, length: None, fixed: Vec::new(), defaults: Vec::new() }
    }

    /// The same for waiting: new messages only, with patience.
    pub(super) fn waiting(mut self) -> Self {
        self.fields.retain(|field| field.field != "types");
        self.fixed.push(("types", "telegram:new-message".into()));
        self.defaults.push(("waitSecs", WAIT_SECS.into()));
        self
    }

    fn takes_data(&self) -> bool {
        self.declaration.takes_bytes && !self.declaration.takes_form
    }

    /// The schema of the arguments.
    pub(super) fn schema(&self) -> Map<String, Value> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in &self.fields {
            let mut schema = schema::plain(&field.schema);
            if let Some((_, said)) = SAID.iter().find(|(name, _)| *name == field.argument)
                && let Some(members) = schema.as_object_mut()
            {
                members.insert("description".into(), (*said).into());
            }
            if field.schema.pointer("/items/format") == Some(&"binary".into()) {
                schema = files();
            }
            properties.insert(field.argument.clone(), schema);
            if field.is_required {
                required.push(Value::from(field.argument.clone()));
            }
        }
        let mut add = |name: &str, schema: Value| _ = properties.insert(name.to_owned(), schema);
        if self.takes_data() {
            add("data", json!({ "type": "string", "description": "The file, in base64." }));
            add("path", json!({ "type": "string", "description": "No file is read over HTTP: send data." }));
        }
        if self.declaration.gives_bytes {
            let description = "base64; no file is written over HTTP.";
            add("output", json!({ "enum": ["path", "base64"], "description": description }));
        }
        if self.declaration.name == "list_chats" {
            add("live", json!({ "type": "boolean", "description": "Ask Telegram, whatever is kept." }));
        }
        if self.declaration.effect.is_mutation() {
            let description = "A text of your own, to repeat a call without harm.";
            add(IDEMPOTENCY_KEY, json!({ "type": "string", "description": description }));
        }
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        if let Some(definitions) = &self.definitions {
            schema.insert("$defs".into(), schema::plain(definitions));
        }
        schema
    }

    /// What is to be decoded.
    ///
    /// # Errors
    /// Names the argument that there is not, or that is no base64.
    pub(in crate::mcp) fn read(&self, mut arguments: Map<String, Value>) -> Result<Prepared, Error> {
        let idempotency_key = match arguments.remove(IDEMPOTENCY_KEY) {
            Some(Value::String(text)) if self.declaration.effect.is_mutation() => {
                Some(IdempotencyKey::parse(&text).map_err(|error| self.spelled(error))?)
            }
            None | Some(Value::Null) => None,
            Some(_) if self.declaration.effect.is_mutation() => {
                return Err(Error::invalid(IDEMPOTENCY_KEY, "must be a text"));
            }
            Some(_) => return Err(Error::invalid(IDEMPOTENCY_KEY, "is for what changes something, which this tool does not")),
        };
        let data = self.data(&mut arguments)?;
        let mut inputs = Map::new();
        for (name, value) in std::mem::take(&mut arguments) {
            let Some(field) = self.fields.iter().find(|field| field.argument == name) else {
                if !self.read_special(&name, &value, &mut inputs)? {
                    return Err(self.unknown(&name));
                }
                continue;
            };
            if value.is_null() && !field.is_required {
                continue;
            }
            inputs.insert(field.field.clone(), field.input(value));
        }
        for (name, value) in &self.defaults {
            inputs.entry(*name).or_insert_with(|| value.clone());
        }
        inputs.extend(self.fixed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let body = if self.declaration.takes_form { Some(self.form(&mut inputs)?) } else { data };
        if let (Some(length), Some(body)) = (&self.length, &body) {
            inputs.insert(length.clone(), body.len().into());
        }
        Ok(Prepared { inputs: Value::Object(inputs), body, idempotency_key })
    }

    /// The body of bytes.
    fn data(&self, arguments: &mut Map<String, Value>) -> Result<Option<Vec<u8>>, Error> {
        if !self.takes_data() {
            return Ok(None);
        }
        if arguments.remove("path").is_some_and(|path| !path.is_null()) {
            let rule = "no file is read for a request over HTTP: send data";
            return Err(Error::invalid("path", rule));
        }
        match arguments.remove("data") {
            None | Some(Value::Null) if self.declaration.takes_json_instead => Ok(None),
            Some(Value::String(text)) => decoded("data", &text).map(Some),
            _ => Err(Error::invalid("data", "must be the file, in base64")),
        }
    }

    fn read_special(&self, name: &str, value: &Value, inputs: &mut Map<String, Value>) -> Result<bool, Error> {
        match (name, value) {
            ("live", Value::Bool(live)) if self.declaration.name == "list_chats" => {
                if *live {
                    inputs.insert("source".into(), "live".into());
                }
                Ok(true)
            }
            ("live", _) if self.declaration.name == "list_chats" => Err(Error::invalid("live", "must be true or false")),
            ("output", Value::Null) if self.declaration.gives_bytes => Ok(true),
            ("output", value) if self.declaration.gives_bytes => match value.as_str() {
                Some("base64") => Ok(true),
                Some("path") => {
                    let rule = "no file is written for a request over HTTP: ask for base64";
                    Err(Error::invalid("output", rule))
                }
                _ => Err(Error::invalid("output", "must be path or base64")),
            },
            _ => Ok(false),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<&str> = self.fields.iter().map(|field| field.argument.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let name: String = name.chars().take(64).collect();
        Error::invalid(&name, format!("is no argument of this tool, which has {known}"))
    }

    /// A form: what is no file first, as JSON, and then the files. The same arguments make the same bytes.
    fn form(&self, inputs: &mut Map<String, Value>) -> Result<Vec<u8>, Error> {
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        let mut files = Vec::new();
        for field in self.fields.iter().filter(|field| field.header.is_none() && !self.is_in_path(&field.field)) {
            let Some(value) = inputs.remove(&field.field) else { continue };
            match value {
                Value::Array(items) if field.schema.pointer("/items/format").is_some() => {
                    for (place, item) in items.iter().enumerate() {
                        files.push(file_part(&field.field, &format!("{}[{place}]", field.argument), item)?);
                    }
                }
                value => {
                    let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n\r\n", field.field);
                    parts.push((head, value.to_string().into_bytes()));
                }
            }
        }
        parts.append(&mut files);
        let holds =
            |boundary: &str| parts.iter().any(|(_, bytes)| bytes.windows(boundary.len()).any(|part| part == boundary.as_bytes()));
        let boundary =
            (0_u32..).map(|number| format!("vasya-part-{number}")).find(|boundary| !holds(boundary)).unwrap_or_default();
        let mut body = Vec::new();
        for (head, bytes) in &parts {
            body.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        if let Some((_, field)) = self.declaration.header_fields.iter().find(|(header, _)| *header == "content-type") {
            inputs.insert((*field).to_owned(), format!("multipart/form-data; boundary={boundary}").into());
        }
        Ok(body)
    }

    fn is_in_path(&self, field: &str) -> bool {
        self.declaration.path.contains(&format!("{{{field}}}"))
    }

    /// The same error, in the words of the tool.
    pub(in crate::mcp) fn spelled(&self, error: Error) -> Error {
        let Some(given) = error.field() else { return error };
        let (root, rest) = given.split_at(given.find(['.', '[']).unwrap_or(given.len()));
        let known = |field: &&Field| field.field == root || field.header == Some(root);
        let argument = match self.fields.iter().find(known) {
            Some(field) => field.argument.clone(),
            None if root == HEADER => IDEMPOTENCY_KEY.to_owned(),
            None => return error,
        };
        let spelled = argument + &rest.split('.').map(camel_case).collect::<Vec<_>>().join(".");
        if spelled == given {
            return error;
        }
        let detail =
            error.detail().strip_prefix(given).map_or_else(|| error.detail().to_owned(), |rest| format!("{spelled}{rest}"));
        let detail = detail.replace(&format!("`{root}`"), &format!("`{spelled}`"));
        let renamed = Error::new(error.code(), detail).in_field(spelled);
        error.retry_after().map_or(renamed.clone(), |seconds| renamed.retry_after_secs(seconds))
    }
}

impl Field {
    /// The value as the operation takes it.
    fn input(&self, value: Value) -> Value {
        let value = restored(value, &self.schema);
        match (self.header, value) {
            (Some(_), Value::String(text)) => utf8_percent_encode(&text, IN_HEADER).to_string().into(),
            (_, value) => value,
        }
    }
}

/// A value with the names that the schema has, and whole numbers where they were given as text, which many models do.
fn restored(value: Value, schema: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let known = properties(schema);
            let restored = members.into_iter().map(|(name, value)| {
                match known.iter().find(|(field, _)| **field == name || camel_case(field) == name) {
                    Some((field, schema)) => ((*field).clone(), restored(value, schema)),
                    None => (name, value),
                }
            });
            Value::Object(restored.collect())
        }
        Value::Array(items) => {
            let schema = schema.get("items").unwrap_or(&Value::Null);
            items.into_iter().map(|item| restored(item, schema)).collect()
        }
        Value::String(text) if is_whole_number(schema) => text.parse::<i64>().map_or(Value::String(text), Value::from),
        value => value,
    }
}

fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|choice| schema.get(choice)?.as_array()).flatten()
}

fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    own.chain(choices(schema).flat_map(properties)).collect()
}

fn is_whole_number(schema: &Value) -> bool {
    let named = |kind: &Value| kind == "integer";
    let own = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(named) && !kinds.contains(&json!("string")),
        Some(kind) => named(kind),
        None => false,
    };
    own || choices(schema).any(is_whole_number) && !choices(schema).any(|choice| choice["type"] == "string")
}

fn files() -> Value {
    json!({
        "type": "array",
        "description": "The files, in order: photos and videos together, or pieces of music, or other files.",
        "items": {
            "type": "object",
            "properties": {
                "data": { "type": "string", "description": "The file, in base64." },
                "fileName": { "type": "string" },
                "mimeType": { "type": "string" },
            },
            "required": ["data", "fileName"],
        },
    })
}

/// The head and the bytes of a file of a form.
fn file_part(field: &str, named: &str, item: &Value) -> Result<(String, Vec<u8>), Error> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let missing = |name: &str, what: &str| Error::invalid(&format!("{named}.{name}"), what);
    let name = text("fileName").ok_or_else(|| missing("fileName", "must be the file's name"))?;
    let data = text("data").ok_or_else(|| missing("data", "must be the file, in base64"))?;
    if name.chars().any(|symbol| symbol.is_control() || matches!(symbol, '"' | '\\')) {
        return Err(missing("fileName", "must not have quotes, backslashes or control characters"));
    }
    let mut head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n");
    if let Some(kind) = text("mimeType") {
        if !kind.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(missing("mimeType", "must be a media type, such as image/png"));
        }
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    head.push_str("\r\n");
    Ok((head, decoded(&format!("{named}.data"), data)?))
}

/// Bytes in base64 of either alphabet, with or without padding.
fn decoded(name: &str, text: &str) -> Result<Vec<u8>, Error> {
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let bytes = engines.into_iter().find_map(|engine| engine.decode(text).ok());
    match bytes {
        Some(bytes) if bytes.is_empty() => Err(Error::new(Code::InvalidInput, format!("{name}: is empty")).in_field(name)),
        Some(bytes) => Ok(bytes),
        None => Err(Error::invalid(name, "must be the file, in base64")),
    }
}
