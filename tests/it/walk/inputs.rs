//! Inputs that cannot be, made from an operation's schema.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::operation::{Declaration, Entry};

use super::example::Example;

/// More characters than any text may have.
const TOO_LONG: usize = 40_000;

/// More items than any list may have.
const TOO_MANY: usize = 10_001;

/// What the field that names an account is called: where it narrows what would be of all accounts, it is a filter like others.
const ACCOUNT_FIELDS: [&str; 2] = ["accountId", "account"];

/// What an operation takes.
pub(super) struct Fields {
    properties: Map<String, Value>,
    required: Vec<String>,
}

/// One change of good inputs that makes them bad.
pub(super) struct Spoiled {
    pub(super) field: String,
    /// The names under which a refusal may speak of the field.
    pub(super) names: Vec<String>,
    pub(super) how: &'static str,
    pub(super) inputs: Map<String, Value>,
}

impl Fields {
    pub(super) fn of(entry: &Entry) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        let schema = entry.input_schema(&mut settings.into_generator()).to_value();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        Self { properties, required: required.iter().filter_map(Value::as_str).map(str::to_owned).collect() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// The field that names an account, where there is one.
    pub(super) fn account(&self) -> Option<&'static str> {
        ACCOUNT_FIELDS.into_iter().find(|name| self.has(name))
    }

    /// Every way in which these inputs are made bad. The account is left alone: an id of no account is a foreign one.
    pub(super) fn spoil(&self, declaration: &Declaration, example: &Example) -> Vec<Spoiled> {
        let mut spoiled = Vec::new();
        for (field, schema) in self.properties.iter().filter(|(field, _)| !ACCOUNT_FIELDS.contains(&field.as_str())) {
            let place = Place::of(declaration, field);
            if place == Place::Computed || example.takes_any.iter().any(|any| any == field) {
                continue;
            }
            let mut with = |how: &'static str, value: Option<Value>| {
                let mut inputs = example.inputs.clone();
                match value {
                    Some(value) => inputs.insert(field.clone(), value),
                    None => inputs.remove(field),
                };
                spoiled.push(Spoiled { field: field.clone(), names: names(declaration, field), how, inputs });
            };
            if let Some(value) = of_another_type(schema, place) {
                with("a value of another type", Some(value));
            }
            if takes(schema, &json!("x".repeat(TOO_LONG))) && place != Place::Path {
                with("a text that is far too long", Some(json!("x".repeat(TOO_LONG))));
            }
            if let Some([item, ..]) = example.inputs.get(field).and_then(Value::as_array).map(Vec::as_slice) {
                with("far too many items", Some(json!(vec![item; TOO_MANY])));
            }
            if place != Place::Path && self.required.contains(field) && declaration.body_field != Some(field) {
                with("nothing", None);
            }
        }
        for (field, value) in &example.refused {
            let mut inputs = example.inputs.clone();
            inputs.insert((*field).to_owned(), value.clone());
            let names = names(declaration, field);
            spoiled.push(Spoiled { field: (*field).to_owned(), names, how: "what the row names", inputs });
        }
        spoiled
    }

    /// Whether there is nothing about the inputs that could be bad.
    pub(super) fn cannot_be_spoiled(&self, declaration: &Declaration, example: &Example) -> bool {
        self.properties.iter().all(|(field, schema)| {
            ACCOUNT_FIELDS.contains(&field.as_str())
                || example.takes_any.iter().any(|any| any == field)
                || Place::of(declaration, field) == Place::Path && takes(schema, &json!("x"))
        })
    }
}

/// Where a field travels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    /// As text, in the query or a header.
    Text,
    Body,
    /// In what the HTTP library writes, or the row itself: headers about the body, and the parts of a form.
    Computed,
}

impl Place {
    fn of(declaration: &Declaration, field: &str) -> Self {
        let header = declaration.header_fields.iter().find(|(_, name)| *name == field);
        if declaration.takes_json_instead {
            Place::Body
        } else if header.is_some_and(|(header, _)| *header == "content-length") {
            Place::Computed
        } else if declaration.path.contains(&format!("{{{field}}}")) {
            Place::Path
        } else if declaration.takes_form && header.is_none() {
            Place::Computed
        } else if header.is_some() || declaration.takes_bytes || !declaration.method.has_body() {
            Place::Text
        } else {
            Place::Body
        }
    }
}

/// A value that the schema's types do not allow; none where everything that can travel there is allowed.
fn of_another_type(schema: &Value, place: Place) -> Option<Value> {
    let candidates = match place {
        Place::Body => vec![json!(7.5), json!("elsewhere"), json!({ "x": [] })],
        _ => vec![json!("elsewhere")],
    };
    candidates.into_iter().find(|value| !takes(schema, value))
}

fn takes(schema: &Value, value: &Value) -> bool {
    // Lengths are tried on purpose, so only types and enumerations count here.
    let mut types_only = schema.clone();
    for limit in ["maxLength", "minLength", "pattern", "maxItems", "minItems", "format"] {
        types_only.as_object_mut().map(|schema| schema.remove(limit));
    }
    jsonschema::is_valid(&types_only, value)
}

fn names(declaration: &Declaration, field: &str) -> Vec<String> {
    let spellings = declaration.query_spellings.iter().chain(declaration.header_fields);
    let spelled = spellings.filter(|(_, name)| *name == field).map(|(spelling, _)| (*spelling).to_owned());
    std::iter::once(field.to_owned()).chain(spelled).collect()
}
