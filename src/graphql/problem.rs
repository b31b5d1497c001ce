//! Errors as GraphQL tells them: `message` for a person, `extensions` for a program.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, Name, PathSegment, ServerError, Value};
use vasya_actors::error::{Code, Error};

use crate::http::problem;

/// What an error's `extensions.code` is, in the reference's way: `UNAUTHORIZED` for 401, `FORBIDDEN` for 403, and else our code's name.
fn code(error: &Error) -> String {
    match error.code().status() {
        401 => "UNAUTHORIZED".to_owned(),
        403 => "FORBIDDEN".to_owned(),
        _ => error.code().name().to_ascii_uppercase(),
    }
}

/// The name in the answer of the field whose error it is: the library tells it of some errors only.
struct OfField(Name);

/// An error of one call. Its extensions are the members of the problem body that REST answers, with our own code as `problem`.
pub(super) fn of_call(error: &Error, field: &Name, request_id: &str) -> async_graphql::Error {
    let mut told = async_graphql::Error::new(error.detail());
    told.extensions = Some(extensions(error, request_id));
    told.source = Some(Arc::new(OfField(field.clone())));
    told
}

/// An error of a whole request.
pub(super) fn of_request(error: &Error, code: &str, request_id: &str) -> ServerError {
    let mut told = ServerError::new(error.detail(), None);
    let mut extensions = extensions(error, request_id);
    extensions.set("code", code);
    told.extensions = Some(extensions);
    told
}

fn extensions(error: &Error, request_id: &str) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    for (name, value) in problem::members(error, request_id) {
        match name.as_str() {
            "type" | "title" | "detail" | "error" => {}
            "code" => {
                extensions.set("code", code(error));
                extensions.set("problem", error.code().name());
            }
            _ => extensions.set(name, Value::from_json(value).unwrap_or_default()),
        }
    }
    extensions
}

/// Says of each error which field it is of, and gives extensions to those that the library itself made: those of its validation, and
/// faults of ours that it has found.
pub(super) fn complete(errors: &mut [ServerError], request_id: &str) {
    for error in errors.iter_mut().filter(|error| error.path.is_empty()) {
        if let Some(OfField(name)) = error.source.as_ref().and_then(|source| source.downcast_ref::<OfField>()) {
            error.path = vec![PathSegment::Field(name.to_string())];
        }
    }
    for error in errors.iter_mut().filter(|error| error.extensions.is_none()) {
        if error.message.starts_with("internal:") {
            let fault = Error::internal(&error.message);
            error.message = fault.detail().to_owned();
            error.extensions = Some(extensions(&fault, request_id));
            continue;
        }
        let unfit = Error::new(Code::BadRequest, error.message.clone());
        let unfit = match argument(&error.message) {
            Some(field) => unfit.in_field(field),
            None => unfit,
        };
        let mut told = extensions(&unfit, request_id);
        told.set("code", "GRAPHQL_VALIDATION_FAILED");
        error.extensions = Some(told);
    }
}

/// The argument that a message of the validation names in quotes.
fn argument(message: &str) -> Option<&str> {
    let message = message.strip_prefix("Invalid value for").or_else(|| message.strip_prefix("Unknown")).or_else(|| {
        // `Field "chats" argument "accountId" of type "String!" is required but not provided`
        message.strip_prefix("Field \"").and_then(|rest| rest.split_once('"')).map(|(_, rest)| rest)
    })?;
    message.trim_start().strip_prefix("argument \"")?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_at_fault_is_found_in_what_validation_says() {
        for (message, found) in [
            (r#"Invalid value for argument "chatId", expected type "Long""#, Some("chatId")),
            (r#"Invalid value for argument "folder.name", expected type "String""#, Some("folder.name")),
            (r#"Field "chats" argument "accountId" of type "String!" is required but not provided"#, Some("accountId")),
            (r#"Unknown argument "when" on field "chats" of type "QueryRoot"."#, Some("when")),
            (r#"Unknown field "a" on type "QueryRoot"."#, None),
        ] {
            assert_eq!(argument(message), found, "{message}");
        }
    }
}
