//! The schemas of what goes in and what comes out. They are made apart, since what may be left out of a request is always in an answer;
//! a type that reads the same both ways is listed once.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use vasya_actors::operation::Entry;

const PLACE: &str = "#/components/schemas/";
const INPUT_PLACE: &str = "#/components/inputs/";

/// Makes schemas and keeps the types that they refer to.
pub(super) struct Generators {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

impl Generators {
    pub(super) fn new() -> Self {
        let mut input = SchemaSettings::draft2020_12();
        input.definitions_path = "/components/inputs".into();
        let mut output = SchemaSettings::draft2020_12().for_serialize();
        output.definitions_path = "/components/schemas".into();
        Self { input: input.into_generator(), output: output.into_generator() }
    }

    /// The schema of what an operation takes.
    pub(super) fn input(&mut self, entry: &Entry) -> Value {
        let schema = plain(entry.input_schema(&mut self.input));
        // A type that is another one by another name has that one's fields.
        let other = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(INPUT_PLACE));
        other.and_then(|name| self.input.definitions().get(name)).cloned().unwrap_or(schema)
    }

    /// The schema of what it answers, if it answers JSON.
    pub(super) fn output(&mut self, entry: &Entry) -> Option<Value> {
        entry.output_schema(&mut self.output).map(plain)
    }

    /// The types that were referred to. References of inputs in `paths` are led to them.
    pub(super) fn definitions(mut self, paths: &mut Map<String, Value>) -> Map<String, Value> {
        let mut schemas = self.output.take_definitions(true);
        let inputs = self.input.take_definitions(true);
        let mut renamed = Map::new();
        for (name, mut schema) in inputs.clone() {
            rename(&mut schema, &|reference| reference.strip_prefix(INPUT_PLACE).map(|name| format!("{PLACE}{name}")));
            let is_taken = schemas.get(&name).is_some_and(|output| *output != schema);
            renamed.insert(name.clone(), if is_taken { format!("{name}Input") } else { name }.into());
        }
        let lead = |reference: &str| {
            let name = renamed.get(reference.strip_prefix(INPUT_PLACE)?)?.as_str()?;
            Some(format!("{PLACE}{name}"))
        };
        for (name, mut schema) in inputs {
            rename(&mut schema, &lead);
            if let Some(name) = renamed.get(&name).and_then(Value::as_str) {
                schemas.insert(name.to_owned(), schema);
            }
        }
        paths.values_mut().for_each(|item| rename(item, &lead));
        schemas.values_mut().for_each(simplify);
        paths.values_mut().for_each(simplify);
        schemas
    }
}

fn plain(schema: Schema) -> Value {
    let mut schema = schema.to_value();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
    }
    schema
}

/// Changes every reference in a value.
fn rename(value: &mut Value, change: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(reference) if name == "$ref" => {
                        if let Some(changed) = change(reference) {
                            *reference = changed;
                        }
                    }
                    other => rename(other, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, change)),
        _ => {}
    }
}

/// Says in the words that every generator of clients knows what a schema, and each one in it, says.
fn simplify(value: &mut Value) {
    if let Value::Array(items) = value {
        return items.iter_mut().for_each(simplify);
    }
    let Some(members) = value.as_object_mut() else { return };
    bound(members);
    enumerate(members);
    members.values_mut().for_each(simplify);
}

/// OpenAPI knows `int32` and `int64` only.
fn bound(members: &mut Map<String, Value>) {
    let range = match members.get("format").and_then(Value::as_str) {
        Some("int32") => Some((json!(i32::MIN), Some(json!(i32::MAX)), "int32")),
        Some("uint8") => Some((json!(0), Some(json!(u8::MAX)), "int32")),
        Some("uint16") => Some((json!(0), Some(json!(u16::MAX)), "int32")),
        Some("uint32") => Some((json!(0), Some(json!(u32::MAX)), "int64")),
        Some("uint64" | "uint") => Some((json!(0), None, "int64")),
        _ => None,
    };
    if let Some((minimum, maximum, format)) = range {
        members.entry("minimum").or_insert(minimum);
        if let Some(maximum) = maximum {
            members.entry("maximum").or_insert(maximum);
        }
        members.insert("format".into(), format.into());
    }
}

/// A choice between words is an `enum`; what is said of each word goes into the description.
fn enumerate(members: &mut Map<String, Value>) {
    let Some(choices) = members.get("oneOf").and_then(Value::as_array) else { return };
    let mut words = Vec::new();
    let mut said: Vec<String> = members.get("description").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    for choice in choices {
        let (word, more) = (choice.get("const").filter(|word| word.is_string()), choice.get("enum").and_then(Value::as_array));
        if word.is_none() && !more.is_some_and(|words| words.iter().all(Value::is_string)) {
            return;
        }
        if let (Some(word), Some(meaning)) = (word.and_then(Value::as_str), choice.get("description").and_then(Value::as_str)) {
            said.push(format!("`{word}`: {}", meaning.trim_end_matches('.')));
        }
        words.extend(word.into_iter().chain(more.into_iter().flatten()).cloned());
    }
    members.remove("oneOf");
    members.insert("type".into(), "string".into());
    members.insert("enum".into(), words.into());
    if !said.is_empty() {
        members.insert("description".into(), said.join("\n\n").into());
    }
}
