//! How one operation is called, and the request that it becomes.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use vasya_actors::operation::Entry;

use crate::harness::{Answer, Api, EventStream, send};

/// Inputs that an operation takes, and what else is known of calling it.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) inputs: Map<String, Value>,
    pub(super) bytes: Vec<u8>,
    pub(super) refused: Vec<(&'static str, Value)>,
    pub(super) takes_any: Vec<&'static str>,
    pub(super) status: Option<u16>,
    pub(super) is_others: bool,
}

/// An example with these input fields, in camelCase, wherever they travel. `accountId` is filled in where it is absent.
pub(super) fn example(inputs: Value) -> Example {
    let Value::Object(inputs) = inputs else { panic!("inputs are an object: {inputs}") };
    Example { inputs, bytes: b"bytes".to_vec(), refused: Vec::new(), takes_any: Vec::new(), status: None, is_others: false }
}

impl Example {
    /// The same with this body of bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes = bytes.to_vec();
        self
    }

    /// The same, and this value of a field is refused by the field's name.
    pub(super) fn refuses(mut self, field: &'static str, value: Value) -> Self {
        self.refused.push((field, value));
        self
    }

    /// The same, and no value of this field is refused.
    pub(super) fn takes_any(mut self, field: &'static str) -> Self {
        self.takes_any.push(field);
        self
    }

    /// The same, of something that an agent who did not make it does not find.
    pub(super) fn hidden_from_others(mut self) -> Self {
        self.is_others = true;
        self
    }

    /// The same, and what is answered is a refusal with this status.
    pub(super) fn answers(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}

/// Calls an operation over REST: each input travels where the declaration says. What may be bytes or JSON is JSON.
pub(super) async fn call(api: &Api, entry: &Entry, inputs: &Map<String, Value>, bytes: &[u8], request_id: &str) -> Answer {
    let declaration = entry.declaration();
    let mut left = inputs.clone();
    let mut path = declaration.path.to_owned();
    left.retain(|name, value| {
        let placeholder = format!("{{{name}}}");
        let in_path = path.contains(&placeholder);
        path = path.replace(&placeholder, &utf8_percent_encode(&text(value), NON_ALPHANUMERIC).to_string());
        !in_path
    });
    let mut request = api.request(declaration.method.name().parse().unwrap(), &path).header("x-request-id", request_id);
    for (header, field) in declaration.header_fields.iter().filter(|_| !declaration.takes_json_instead) {
        match left.remove(*field) {
            Some(value) if *header != "content-length" => request = request.header(*header, text(&value)),
            _ => {}
        }
    }
    request = if declaration.takes_bytes && !declaration.takes_json_instead {
        request.query(&query(declaration.query_spellings, &left)).body(bytes.to_vec())
    } else if declaration.method.has_body() {
        match declaration.body_field {
            Some(field) => request.json(left.get(field).unwrap_or(&Value::Null)),
            None => request.json(&left),
        }
    } else {
        request.query(&query(declaration.query_spellings, &left))
    };
    if declaration.gives_events { EventStream::first_piece(request).await } else { send(request).await }
}

fn query<'a>(spellings: &[(&'a str, &str)], inputs: &'a Map<String, Value>) -> Vec<(&'a str, String)> {
    let spelled = |name: &'a String| spellings.iter().find(|(_, field)| field == name).map_or(name.as_str(), |(known, _)| *known);
    inputs.iter().map(|(name, value)| (spelled(name), text(value))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
