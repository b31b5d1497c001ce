//! REST.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::Call;
use crate::harness::{Answer, Api, EventStream, send};

/// Calls an operation over REST: each input travels where the declaration says. What may be bytes or JSON is JSON.
pub(super) async fn call(api: &Api, call: Call<'_>) -> Answer {
    let Call { entry, inputs, bytes, request_id } = call;
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
