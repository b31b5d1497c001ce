//! From the parts of an HTTP request to the one JSON object that an operation is decoded from.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use matchit::Params;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use tokio::time::{Duration, timeout};
use vasya_actors::error::{Code, Error};
use vasya_actors::operation::Entry;

/// What a path or query parameter, which is text, is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

/// What a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyForm {
    /// There is none.
    Absent,
    /// The JSON object that the fields are in.
    Json,
    /// Bytes.
    Bytes,
    /// Bytes that are a form.
    Form,
    /// Bytes, or the JSON object that the fields are in.
    BytesOrJson,
}

/// The input fields of one operation, as REST gives them.
#[derive(Debug)]
pub(super) struct Fields {
    kinds: BTreeMap<String, Kind>,
    in_path: BTreeSet<String>,
    spellings: &'static [(&'static str, &'static str)],
    /// The field that the body is; none where the body is an object of fields.
    body_field: Option<&'static str>,
    headers: &'static [(&'static str, &'static str)],
    body: BodyForm,
}

/// How much of a body is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// In bytes.
    pub(crate) bytes_max: usize,
    /// From the end of the head to the end of the body.
    pub(crate) within: Duration,
}

impl BodyLimits {
    /// The same, with a smaller body if an operation takes no more.
    pub(super) fn at_most(self, bytes_max: Option<usize>) -> Self {
        Self { bytes_max: bytes_max.map_or(self.bytes_max, |bytes| bytes.min(self.bytes_max)), ..self }
    }
}

impl Fields {
    /// The fields of an operation, read from its declaration and its schema.
    pub(super) fn of(entry: &Entry) -> Self {
        let declaration = entry.declaration();
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        let schema = entry.input_schema(&mut settings.into_generator());
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let kinds = properties.iter().map(|(name, schema)| (name.clone(), kind(schema))).collect();
        let in_path = path_parameters(declaration.path).map(str::to_owned).collect();
        let body = match (declaration.takes_bytes, declaration.takes_json_instead) {
            _ if declaration.takes_form => BodyForm::Form,
            (true, true) => BodyForm::BytesOrJson,
            (true, false) => BodyForm::Bytes,
            (false, _) if declaration.method.has_body() => BodyForm::Json,
            (false, _) => BodyForm::Absent,
        };
        Self {
            kinds,
            in_path,
            spellings: declaration.query_spellings,
            body_field: declaration.body_field,
            headers: declaration.header_fields,
            body,
        }
    }

    /// Whether a request's body is to be handed on as bytes.
    pub(super) fn are_bytes(&self, request: &HttpRequest) -> bool {
        match self.body {
            BodyForm::Absent | BodyForm::Json => false,
            BodyForm::Bytes | BodyForm::Form => true,
            BodyForm::BytesOrJson => !is_json(request),
        }
    }

    /// The arguments of a request. What is in the path wins over the body; where there is a body, the query is not read, so that what
    /// belongs in a body cannot end up in the logs of proxies.
    ///
    /// # Errors
    /// [`Code::BadRequest`], [`Code::PayloadTooLarge`], [`Code::RequestTimeout`] or [`Code::UnsupportedMediaType`].
    pub(super) async fn read(
        &self,
        request: &HttpRequest,
        parameters: &Params<'_, '_>,
        payload: Option<web::Payload>,
        limits: BodyLimits,
    ) -> Result<Value, Error> {
        let (mut arguments, headers) = match (self.body, payload) {
            (BodyForm::Json, Some(payload)) => (self.read_json(request, payload, limits).await?, self.headers),
            // The object holds every field, those among them that are headers beside bytes.
            (BodyForm::BytesOrJson, Some(payload)) => (self.read_json(request, payload, limits).await?, [].as_slice()),
            (BodyForm::BytesOrJson, None) | (BodyForm::Form, _) => (Map::new(), self.headers),
            (BodyForm::Absent | BodyForm::Bytes | BodyForm::Json, _) => (self.read_query(request)?, self.headers),
        };
        for (header, name) in headers {
            let Some(value) = request.headers().get(*header) else { continue };
            let unfit = || Error::new(Code::BadRequest, format!("{header}: must be visible ASCII")).in_field(*name);
            arguments.insert((*name).to_owned(), self.value(name, value.to_str().map_err(|_| unfit())?)?);
        }
        for name in &self.in_path {
            let text = parameters.get(name).unwrap_or_default();
            arguments.insert(name.clone(), self.value(name, text)?);
        }
        Ok(Value::Object(arguments))
    }

    async fn read_json(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        limits: BodyLimits,
    ) -> Result<Map<String, Value>, Error> {
        let body = read_body(request, payload, limits).await?;
        let unfit = |what: &str| Error::new(Code::UnprocessableInput, format!("The body must be a JSON {what}"));
        match (body, self.body_field) {
            (None, _) => Ok(Map::new()),
            (Some(Value::Object(members)), None) => Ok(members),
            (Some(_), None) => Err(unfit("object")),
            (Some(items @ Value::Array(_)), Some(field)) => Ok(Map::from_iter([(field.to_owned(), items)])),
            (Some(_), Some(field)) => Err(unfit("array").in_field(field)),
        }
    }

    fn read_query(&self, request: &HttpRequest) -> Result<Map<String, Value>, Error> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| Error::new(Code::BadRequest, "The query cannot be read"))?.into_inner();
        let mut arguments = Map::new();
        for (spelling, text) in pairs {
            let spelled = self.spellings.iter().find(|(known, _)| *known == spelling);
            let name = spelled.map_or(spelling.as_str(), |(_, field)| field);
            let elsewhere = self.in_path.contains(name) || self.headers.iter().any(|(_, field)| *field == name);
            if !self.kinds.contains_key(name) || elsewhere {
                continue;
            }
            if arguments.insert(name.to_owned(), self.value(name, &text)?).is_some() {
                return Err(Error::new(Code::BadRequest, format!("{name}: is given twice")).in_field(name));
            }
        }
        Ok(arguments)
    }

    fn value(&self, name: &str, text: &str) -> Result<Value, Error> {
        let wanted = |what: &str| Error::new(Code::BadRequest, format!("{name}: must be {what}")).in_field(name);
        match self.kinds.get(name).unwrap_or(&Kind::Text) {
            Kind::Text => Ok(Value::from(text)),
            Kind::Integer => text.parse::<i64>().map(Value::from).map_err(|_| wanted("a whole number")),
            Kind::Boolean => text.parse::<bool>().map(Value::from).map_err(|_| wanted("true or false")),
        }
    }
}

/// The names in braces of a path.
pub(crate) fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// A type, or several of which one may be null.
fn kind(schema: &Value) -> Kind {
    let named = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    if named("integer") {
        Kind::Integer
    } else if named("boolean") {
        Kind::Boolean
    } else {
        Kind::Text
    }
}

/// A body as it is.
///
/// # Errors
/// [`Code::BadRequest`], [`Code::PayloadTooLarge`] or [`Code::RequestTimeout`].
pub(crate) async fn read_bytes(request: &HttpRequest, payload: web::Payload, limits: BodyLimits) -> Result<web::Bytes, Error> {
    let too_large = || Error::new(Code::PayloadTooLarge, format!("The body may have at most {} bytes", limits.bytes_max));
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.bytes_max) {
        return Err(too_large());
    }
    let read = timeout(limits.within, payload.to_bytes_limited(limits.bytes_max)).await;
    let late = |_| Error::new(Code::RequestTimeout, format!("The body must arrive within {} s", limits.within.as_secs()));
    let bytes = read.map_err(late)?.map_err(|_| too_large())?;
    bytes.map_err(|_| Error::new(Code::BadRequest, "The body did not arrive whole"))
}

/// The JSON of a body; `None` where the body is empty.
pub(super) async fn read_body(request: &HttpRequest, payload: web::Payload, limits: BodyLimits) -> Result<Option<Value>, Error> {
    let bytes = read_bytes(request, payload, limits).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_json(request) {
        return Err(Error::new(Code::UnsupportedMediaType, "The body must be JSON, with Content-Type: application/json"));
    }
    // The parser's own text names the place only, never the content.
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::new(Code::BadRequest, format!("The body is not JSON: {place}"))
    })
}

/// `application/json`, or a type with the suffix `+json` (RFC 6839).
fn is_json(request: &HttpRequest) -> bool {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vasya_actors::catalogue::Catalogue;

    #[test]
    fn text_becomes_what_the_operation_declares() {
        let catalogue = Catalogue::standard();
        let fields = Fields::of(catalogue.find("get_messages").unwrap());
        assert_eq!(fields.value("chatId", "-42").unwrap(), Value::from(-42));
        assert_eq!(fields.value("limit", "10").unwrap(), Value::from(10));
        assert_eq!(fields.value("accountId", "10").unwrap(), Value::from("10"));
        let error = fields.value("chatId", "forty-two").unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::BadRequest, Some("chatId")));
    }

    #[test]
    fn every_path_parameter_is_a_field() {
        for entry in Catalogue::standard().entries() {
            let fields = Fields::of(entry);
            for name in &fields.in_path {
                assert!(fields.kinds.contains_key(name), "{}: {name}", entry.declaration().name);
            }
            for (_, field) in entry.declaration().query_spellings {
                assert!(fields.kinds.contains_key(*field), "{}: {field}", entry.declaration().name);
            }
            if let Some(field) = fields.body_field {
                assert!(fields.kinds.contains_key(field), "{}: {field}", entry.declaration().name);
            }
        }
    }
}
